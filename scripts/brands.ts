// Which values of sources, browsers and systems have an icon of simple-icons or, where that lacks
// them (Bing, Edge, LinkedIn, ChatGPT), of bootstrap-icons, and the modules of them. Brands that
// neither has have letters or shapes of our own, in dashboard/lib/marks/shapes.js.

/** An icon of the package. */
interface Icon {
  readonly title: string;
  /** Six hexadecimal digits. */
  readonly hex: string;
  /** In a box of 24 by 24. */
  readonly path: string;
}

/** Names of values; after `=` the slug of the icon, where it is not the name in small letters. */
const BRANDS = "Android,Android Browser=android,Baidu,Bilibili,Bitbucket,Bluesky,Brave," +
  "Brave Search=brave,Chrome=googlechrome,Chrome OS=googlechrome,Claude,Codeberg,Dailymotion," +
  "DEV=devdotto,Discord,DuckDuckGo,eBay,Ecosia,Etsy,Facebook,Feedly,Firefox=firefoxbrowser," +
  "Flickr,Flipboard,FreeBSD,Gemini=googlegemini,GitHub,GitLab,Gmail,GMX,GMX Search=gmx,Google," +
  "Google App=google,Google Docs=googledocs,Google Maps=googlemaps,Google News=googlenews," +
  "Google Play=googleplay,Google Scholar=googlescholar,Hacker News=ycombinator,HubSpot,iCloud " +
  "Mail=icloud,Inoreader,Instagram,iOS=apple,Kagi,KaiOS,KakaoTalk,Le Chat=mistralai,LINE," +
  "Linktree,Linux,macOS=apple,Mail.ru=maildotru,Mail.ru Mail=maildotru,Mastodon,Medium," +
  "Messenger,MetaGer,Naver,Naver Blog=naver,Naver Cafe=naver,Naver Mail=naver,Netflix,Notion," +
  "npm,Odnoklassniki,Opera,Patreon,PeerTube,Perplexity,Pinterest,PlayStation,Product " +
  "Hunt=producthunt,Proton Mail=protonmail,QQ Browser=qq,QQ Mail=qq,Quora,Qwant,Qwen,Rakuten," +
  "Reddit,Signal,Slashdot,Snapchat,Stack Exchange=stackexchange,Stack Overflow=stackoverflow," +
  "Startpage,Substack,Telegram,Threads,TikTok,Trustpilot,Tumblr,Twitch,Twitter=x,Vimeo,Vivaldi," +
  "VK,VK Video=vk,WeChat,WhatsApp,Wikipedia,XING,YouTube,Zalando";

/** Values by the name of their icon in bootstrap-icons, with the colour of their brand. */
const MORE_BRANDS: readonly (readonly [name: string, icon: string, hex: string])[] = [
  ["Amazon", "amazon", "ff9900"],
  ["Bing", "bing", "007079"],
  ["ChatGPT", "openai", "0b7a61"],
  ["Edge", "browser-edge", "0b6f80"],
  ["LinkedIn", "linkedin", "0a66c2"],
  ["Microsoft Teams", "microsoft-teams", "5059c9"],
  ["Skype", "skype", "0a6fbf"],
  ["Slack", "slack", "4a154b"],
];

/** The least contrast of a white shape on the colour of its brand. */
const CONTRAST_MIN = 3;

/** How bright a colour is, 0 to 1, as WCAG says. */
export function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = (hex.match(/../g) ?? []).map((part) => {
    const value = parseInt(part, 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast of white on a colour. */
export function contrastOfWhite(hex: string): number {
  return 1.05 / (luminance(hex) + 0.05);
}

/** The module: of each value the colours of the field and of the shape, and the shape. */
export function brandsModule(icons: Readonly<Record<string, Icon>>): string {
  const lines = BRANDS.split(",").map((brand) => {
    const [name = "", slug = name.toLowerCase()] = brand.split("=");
    const icon = icons[`si${slug[0]?.toUpperCase()}${slug.slice(1)}`];
    if (!icon) throw new Error(`Cannot find the icon of ${name}: there is none called ${slug}`);
    const { hex, path } = icon;
    return line(name, hex, path);
  });
  return moduleOf(lines);
}

/** The same of icons in a sprite of bootstrap-icons, whose boxes are of 16 by 16. */
export function moreBrandsModule(sprite: string): string {
  const lines = MORE_BRANDS.map(([name, icon, hex]) => {
    const symbol = new RegExp(`<symbol [^>]*id="${icon}">(.*?)</symbol>`).exec(sprite)?.[1] ?? "";
    const paths = [...symbol.matchAll(/ d="([^"]+)"/g)].map(([, path = ""]) => path);
    if (paths.length === 0) throw new Error(`Cannot find the icon of ${name}: ${icon}`);
    return line(name, hex, withoutFrame(paths.map(fromMove).join("")));
  });
  return moduleOf(lines);
}

/** A path that begins where its own move says, also behind another: its first move is absolute. */
function fromMove(path: string): string {
  return path.replace(/^m/, "M");
}

/** A path without the square around it, if it has one: the field is drawn under every icon. */
function withoutFrame(path: string): string {
  const framed = /^M([\d.]+) ([\d.]+)C0 [^zm]*zm([\d.]+) ([\d.]+)/.exec(path);
  if (!framed) return path;
  const [frame, ...numbers] = framed;
  const [x = 0, y = 0, right = 0, down = 0] = numbers.map(Number);
  return `M${round(x + right)} ${round(y + down)}${path.slice(frame.length)}`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function line(name: string, hex: string, path: string): string {
  const shape = contrastOfWhite(hex) >= CONTRAST_MIN ? "fff" : "111";
  return `${JSON.stringify(name)}:${JSON.stringify([hex.toLowerCase(), shape, path])}`;
}

function moduleOf(lines: readonly string[]): string {
  return `export default {\n${lines.join(",\n")}\n};\n`;
}
