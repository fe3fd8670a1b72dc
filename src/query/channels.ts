// Kinds of sources: which channel a visit came through, from its source's name, its campaign and
// its click id. One table of names; the rules stand in order and the first that holds wins.
import { type Sql, sql } from "../core/sql.ts";
import type { ColumnSql } from "./dimensions.ts";

/** Source names and hosts by kind, in lower case. */
export const SOURCE_KINDS = {
  search: [
    "google",
    "bing",
    "yahoo",
    "duckduckgo",
    "ecosia",
    "yandex",
    "baidu",
    "brave",
    "brave search",
    "startpage",
    "qwant",
    "kagi",
    "naver",
    "seznam",
    "sogou",
    "ask",
    "aol",
    "swisscows",
    "mojeek",
    "presearch",
    "you.com",
    "daum",
    "coccoc",
    "metager",
    "dogpile",
    "searx",
    "lycos",
    "webcrawler",
    "360 search",
    "petal search",
    "rambler",
    "mail.ru search",
    "lilo",
    "gibiru",
    "yep",
    "so.com",
    "haosou",
    "info.com",
    "excite",
    "wolfram alpha",
    "onesearch",
    "ixquick",
    "msn",
    "exalead",
  ],
  social: [
    "facebook",
    "twitter",
    "x",
    "instagram",
    "linkedin",
    "reddit",
    "pinterest",
    "tiktok",
    "threads",
    "mastodon",
    "bluesky",
    "snapchat",
    "tumblr",
    "vk",
    "vkontakte",
    "weibo",
    "wechat",
    "whatsapp",
    "telegram",
    "discord",
    "quora",
    "hacker news",
    "lobsters",
    "github",
    "gitlab",
    "stack overflow",
    "medium",
    "substack",
    "slack",
    "messenger",
    "line",
    "viber",
    "signal",
    "xing",
    "flipboard",
    "product hunt",
    "indie hackers",
    "lemmy",
    "odnoklassniki",
    "douban",
    "zhihu",
    "meetup",
    "nextdoor",
    "goodreads",
    "myspace",
    "flickr",
    "deviantart",
    "behance",
    "dribbble",
    "minds",
    "gab",
    "parler",
    "truth social",
    "livejournal",
    "dev.to",
    "hashnode",
    "disqus",
    "stack exchange",
    "news.ycombinator.com",
    "t.co",
    "x.com",
    "lobste.rs",
    "bsky.app",
    "mastodon.social",
  ],
  video: [
    "youtube",
    "vimeo",
    "twitch",
    "dailymotion",
    "netflix",
    "rumble",
    "bilibili",
    "odysee",
    "peertube",
    "niconico",
    "ted",
  ],
  shopping: [
    "amazon",
    "ebay",
    "etsy",
    "walmart",
    "aliexpress",
    "alibaba",
    "shopify",
    "mercado libre",
    "rakuten",
    "taobao",
    "google shopping",
    "idealo",
    "zalando",
    "temu",
    "shein",
    "target",
    "igshopping",
  ],
  email: [
    "gmail",
    "outlook",
    "outlook.com",
    "yahoo mail",
    "proton mail",
    "protonmail",
    "fastmail",
    "thunderbird",
    "mailchimp",
    "gmx",
    "web.de",
    "zoho mail",
    "icloud mail",
    "hey",
    "aol mail",
    "mail.ru",
    "yandex mail",
    "newsletter",
    "e-mail",
    "email",
    "mail",
    "superhuman",
    "tutanota",
    "hotmail",
    "sendgrid",
    "mailgun",
    "campaign monitor",
    "hubspot",
    "buttondown",
    "convertkit",
  ],
  assistant: [
    "chatgpt",
    "openai",
    "claude",
    "perplexity",
    "gemini",
    "copilot",
    "microsoft copilot",
    "mistral",
    "le chat",
    "deepseek",
    "grok",
    "meta ai",
    "poe",
    "phind",
    "you",
    "pi",
    "character.ai",
    "kimi",
    "qwen",
    "duck.ai",
    "lumo",
    "chatgpt.com",
    "claude.ai",
    "perplexity.ai",
    "gemini.google.com",
    "copilot.microsoft.com",
    "chat.mistral.ai",
    "chat.deepseek.com",
    "meta.ai",
    "huggingchat",
  ],
} as const satisfies Record<string, readonly string[]>;

type Kind = keyof typeof SOURCE_KINDS;

const PAID_MEDIUM = "^(.*cp.*|ppc|retargeting|paid.*)$";
const PAID_CLICK_IDS = ["gclid", "gbraid", "wbraid", "msclkid", "dclid", "yclid", "ttclid"];

/** Names of the channels, in the order of the rules. */
export const CHANNELS = [
  "Paid Shopping",
  "Paid Search",
  "Paid Social",
  "Paid Video",
  "Display",
  "Paid Other",
  "AI Assistants",
  "Organic Shopping",
  "Organic Social",
  "Organic Video",
  "Organic Search",
  "Email",
  "Affiliates",
  "Audio",
  "SMS",
  "Mobile Push Notifications",
  "Referral",
  "Direct",
] as const;

/** The channel of a visit; NULL is direct. */
export function channelOf(column: ColumnSql): Sql {
  const source = sql`lower(coalesce(${column("referrer_source")}, ${column("utm_source")}, ''))`;
  const medium = sql`lower(coalesce(${column("utm_medium")}, ''))`;
  const campaign = sql`lower(coalesce(${column("utm_campaign")}, ''))`;
  const is = (kind: Kind) => sql`list_contains(${SOURCE_KINDS[kind]}, ${source})`;
  const mediumIn = (...names: string[]) => sql`list_contains(${names}, ${medium})`;
  const shop = sql`(${is("shopping")} or contains(${campaign}, 'shopping'))`;
  const clicked = sql`coalesce(list_contains(${PAID_CLICK_IDS}, ${column("click_id")}), false)`;
  const paid = sql`(regexp_matches(${medium}, ${PAID_MEDIUM}) or ${clicked})`;
  return sql`case
    when ${paid} and ${shop} then 'Paid Shopping'
    when ${paid} and ${is("search")} then 'Paid Search'
    when ${paid} and ${is("social")} then 'Paid Social'
    when ${paid} and ${is("video")} then 'Paid Video'
    when ${mediumIn("display", "banner", "expandable", "interstitial", "cpm")} then 'Display'
    when ${paid} then 'Paid Other'
    when ${is("assistant")} then 'AI Assistants'
    when ${shop} then 'Organic Shopping'
    when ${is("social")} or ${
    mediumIn("social", "social-network", "social-media", "sm", "social network", "social media")
  } then 'Organic Social'
    when ${is("video")} or contains(${medium}, 'video') then 'Organic Video'
    when ${is("search")} or ${medium} = 'organic' then 'Organic Search'
    when ${is("email")} or ${
    mediumIn("email", "e-mail", "e_mail", "e mail", "newsletter")
  } then 'Email'
    when ${mediumIn("affiliate", "affiliates")} then 'Affiliates'
    when ${medium} = 'audio' then 'Audio'
    when ${medium} = 'sms' or ${source} = 'sms' then 'SMS'
    when suffix(${medium}, 'push') or contains(${medium}, 'mobile')
      or contains(${medium}, 'notification') then 'Mobile Push Notifications'
    when ${source} <> '' or ${column("referrer")} is not null or ${
    mediumIn("referral", "app", "link")
  } then 'Referral'
    end`;
}
