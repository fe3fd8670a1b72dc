// Which values of sources, browsers and systems have an icon of simple-icons, and the module of
// them. Brands that the package lacks (Bing, Edge, LinkedIn, ChatGPT, Windows, …) have letters or
// shapes of our own, in dashboard/lib/marks/shapes.js.

/** An icon of the package. */
interface Icon {
  readonly title: string;
  /** Six hexadecimal digits. */
  readonly hex: string;
  /** In a box of 24 by 24. */
  readonly path: string;
}

/** Names of values; after `=` the slug of the icon, where it is not the name in small letters. */
const BRANDS = "Android,Baidu,Bilibili,Bluesky,Brave,Brave Search=brave,Chrome=" +
  "googlechrome,Chrome OS=googlechrome,Claude,Codeberg,Dailymotion,DEV=devdotto,Discord," +
  "DuckDuckGo,eBay,Ecosia,Etsy,Facebook,Feedly,Firefox=firefoxbrowser,Flipboard,FreeBSD,Gemini=" +
  "googlegemini,GitHub,GitLab,Gmail,Google,Google App=google,Google Maps=googlemaps,Google News=" +
  "googlenews,Hacker News=ycombinator,HubSpot,Instagram,iOS=apple,Kagi,KakaoTalk,Le " +
  "Chat=mistralai,LINE,Linktree,Linux,macOS=apple,Mastodon,Medium,Messenger,Naver,Notion," +
  "npm,Opera,Patreon,Perplexity,Pinterest,Product Hunt=producthunt,Proton Mail=protonmail,Quora," +
  "Qwant,Reddit,Signal,Snapchat,Stack Exchange=stackexchange,Stack Overflow=stackoverflow," +
  "Startpage,Substack,Telegram,Threads,TikTok,Trustpilot,Tumblr,Twitch,Twitter=x,Vimeo,VK," +
  "WhatsApp,Wikipedia,XING,YouTube";

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
    const shape = contrastOfWhite(icon.hex) >= CONTRAST_MIN ? "fff" : "111";
    const { hex, path } = icon;
    return `${JSON.stringify(name)}:${JSON.stringify([hex.toLowerCase(), shape, path])}`;
  });
  return `export default {\n${lines.join(",\n")}\n};\n`;
}
