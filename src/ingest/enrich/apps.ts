// Apps that show pages in a browser of their own, as their user agents name them. The parser knows
// some of them, and takes the others for the engine of the system.

/** An app and its version; null where it names none. */
export interface App {
  readonly name: string;
  readonly version: string | null;
}

/** How a user agent names an app. The version is group 1 of `version`, else of `token`. */
interface AppToken {
  readonly name: string;
  readonly token: RegExp;
  readonly version?: RegExp;
}

const BYTEDANCE_VERSION =
  /\bapp_version\/([\d.]+)|\b(?:musical_ly|tiktok|aweme)[_/ ](\d+\.[\d.]+)/i;
const META_VERSION = /\bFBAV\/([\d.]+)/i;

/** The first that a text has decides: apps of one maker share tokens. */
const APPS: readonly AppToken[] = [
  { name: "Threads", token: /\bBarcelona\b(?:[ /]([\d.]+))?/ },
  { name: "Instagram", token: /\bInstagram\b(?:[ /]([\d.]+))?/i },
  { name: "Messenger", token: /\b(?:FBAN|FB_IAB)\/(?:Messenger|Orca)/i, version: META_VERSION },
  { name: "Facebook", token: /\b(?:FBAN|FB_IAB|FBIA|FBAV)\//i, version: META_VERSION },
  { name: "Douyin", token: /\baweme[_/ ]|\bAppName\/aweme/i, version: BYTEDANCE_VERSION },
  {
    name: "TikTok",
    token: /\b(?:musical_?ly|trill|tiktok)(?:_|\b)|\bAppName\/trill|\bBytedanceWebview\b/i,
    version: BYTEDANCE_VERSION,
  },
  { name: "Pinterest", token: /\bPinterest(?: for \w+)?\b(?:\/([\d.]+))?/i },
  { name: "LINE", token: /\bLine\/([\d.]+)?/i },
  { name: "WeCom", token: /\bwxwork\b(?:\/([\d.]+))?/i },
  { name: "WeChat", token: /\bMicroMessenger\b(?:\/([\d.]+))?/i },
  { name: "QQ", token: /\bQQ\/([\d.]+)/ },
  { name: "Snapchat", token: /\bSnapchat\b(?:[ /]([\d.]+))?/i },
  { name: "LinkedIn", token: /\bLinkedInApp\b(?:\]?\/([\d.]+))?/i },
  { name: "Twitter", token: /\bTwitter(?:Android| for \w+|\/)\/?([\d.]+)?/i },
  { name: "Reddit", token: /\bReddit\/(?:Version )?([\d.]+)?/i },
  { name: "Tumblr", token: /\bTumblr\/(?:[a-z]+\/)?([\d.]+)?/i },
  { name: "Telegram", token: /\bTelegram-(?:Android|iOS)\b(?:\/([\d.]+))?/i },
  { name: "Viber", token: /\bViber\/([\d.]+)?/i },
  { name: "VK", token: /\b(?:VKAndroidApp|VKiOSApp|com\.vk\.vkclient)\b(?:\/([\d.]+))?/i },
  { name: "Zalo", token: /\bZalo(?: iOS| Android)?\/([\d.]+)?/i },
  { name: "Xiaohongshu", token: /\bxhsdiscover\b(?:\/([\d.]+))?/i },
  { name: "Alipay", token: /\bAliApp\(AP\/([\d.]+)|\bAlipayClient\b(?:\/([\d.]+))?/i },
  { name: "Taobao", token: /\bAliApp\(TB\/([\d.]+)/i },
  { name: "DingTalk", token: /\bDingTalk[/(]([\d.]+)?/i },
  { name: "Lark", token: /\b(?:Lark|Feishu)\/([\d.]+)?/ },
  { name: "Bing", token: /\bBingSapphire\b(?:\/([\d.]+))?/i },
  { name: "Yahoo Japan", token: /\bYJApp-(?:iOS|Android)\b/i },
  { name: "SmartNews", token: /\bSmartNews\b(?:[ /]([\d.]+))?/i },
  { name: "Flipboard", token: /\bFlipboard(?:-Briefing)?\/([\d.]+)/i },
  { name: "Quora", token: /\bQuora[ /]([\d.]+)/i },
  { name: "Ecosia", token: /\bEcosia (?:iOS|Android)@([\d.]+)/i },
  { name: "BAND", token: /\bBAND\/([\d.]+)/ },
  { name: "Outlook", token: /\bOutlook-(?:iOS|Android)\b(?:\/([\d.]+))?/i },
  { name: "Slack", token: /\bSlack(?:_SSB)?\/([\d.]+)/ },
  { name: "Discord", token: /\bDiscord\/([\d.]+)/i },
  { name: "Microsoft Teams", token: /\bTeams(?:Mobile-\w+)?\/([\d.]+)/ },
];

function versionIn(text: string, pattern: RegExp): string | null {
  return pattern.exec(text)?.slice(1).find((group) => group !== undefined) ?? null;
}

/** The app whose browser a user agent is; null where it names none. */
export function appOf(userAgent: string): App | null {
  const app = APPS.find(({ token }) => token.test(userAgent));
  if (!app) return null;
  return { name: app.name, version: versionIn(userAgent, app.version ?? app.token) };
}
