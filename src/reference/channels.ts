// Channels: how a visit arrived, derived from its source, its campaign and its click id. The tables
// are read twice: by `channelOf` for one visit, by query/sql/channels.ts for the rows of a query.
import {
  comparableSource,
  type SourceFacts,
  type SourceKind,
  sourceOfText,
  taggedSource,
  trimmed,
} from "./sources.ts";

/** Every channel, with a sentence for documents and the dashboard. */
export const CHANNELS = {
  "Direct": "typed in, bookmarked, or nothing told where it came from",
  "Organic Search": "an unpaid result of a search engine",
  "Paid Search": "an advertisement of a search engine",
  "Organic Social": "a social network, forum or messenger",
  "Paid Social": "an advertisement of a social network",
  "Organic Video": "a video platform",
  "Paid Video": "an advertisement of a video platform",
  "Organic Shopping": "a shop, marketplace or price comparison",
  "Paid Shopping": "an advertisement of a shop or of products",
  "Email": "a mail program, mail site or newsletter",
  "AI Assistants": "an AI assistant",
  "Referral": "a link on any other site",
  "Display": "a banner or other advertisement shown on a site",
  "Affiliates": "a partner paid for what it brings",
  "Cross-network": "a campaign that runs in several networks at once",
  "Paid Other": "any other advertisement",
  "Audio": "a podcast or other audio",
  "SMS": "a text message",
  "Push": "a notification on a device",
} as const satisfies Record<string, string>;

/** Name of a channel. */
export type Channel = keyof typeof CHANNELS;

/** What the rules look at; the names are columns of the event. */
export interface ChannelFacts extends SourceFacts {
  readonly utm_medium: string | null;
  readonly utm_campaign: string | null;
  readonly click_id: string | null;
}

/** What a source is: a kind of known source, an unknown site, or none. */
export type Origin = SourceKind | "site" | "none";

/** The channel of each origin, and of those not listed. */
type Row = Readonly<Partial<Record<Origin, Channel>>> & { readonly rest: Channel };

const UNPAID = {
  search: "Organic Search",
  social: "Organic Social",
  video: "Organic Video",
  shopping: "Organic Shopping",
  email: "Email",
  assistant: "AI Assistants",
} as const;

const PAID = {
  search: "Paid Search",
  social: "Paid Social",
  video: "Paid Video",
  shopping: "Paid Shopping",
} as const;

/** The channel by the meaning of the medium, and then by the origin. */
export const MEANINGS = {
  untagged: { ...UNPAID, none: "Direct", rest: "Referral" },
  other: { ...UNPAID, rest: "Referral" },
  organic: { ...UNPAID, rest: "Organic Search" },
  cross_network: { rest: "Cross-network" },
  paid_shopping: { rest: "Paid Shopping" },
  paid_search: { rest: "Paid Search" },
  paid_social: { rest: "Paid Social" },
  paid_video: { rest: "Paid Video" },
  paid_display: { ...PAID, rest: "Display" },
  paid: { ...PAID, rest: "Paid Other" },
  display: { rest: "Display" },
  affiliate: { rest: "Affiliates" },
  email: { rest: "Email" },
  social: { video: "Organic Video", rest: "Organic Social" },
  video: { rest: "Organic Video" },
  assistant: { rest: "AI Assistants" },
  audio: { rest: "Audio" },
  sms: { rest: "SMS" },
  push: { rest: "Push" },
} as const satisfies Record<string, Row>;

/** Meaning of a medium. */
export type Meaning = keyof typeof MEANINGS;

/** Values of utm_medium, in lower case, separated by commas. */
export const MEDIUMS: readonly (readonly [Meaning, string])[] = [
  ["paid_search", "paidsearch,paid-search,paid_search,paid search,sem,adwords"],
  ["paid_social", "paidsocial,paid-social,paid_social,paid social"],
  ["paid_video", "paidvideo,paid-video,paid_video,paid video,cpv"],
  ["paid_shopping", "paidshopping,paid-shopping,paid_shopping,paid shopping,pla"],
  ["display", "display,banner,banners,expandable,interstitial,gdn,programmatic"],
  ["paid_display", "cpm"],
  ["email", "email,e-mail,e_mail,e mail,mail,newsletter,edm"],
  ["affiliate", "affiliate,affiliates,affiliation,partner-program"],
  ["social", "social,social-network,social-media,social network,social media,social_network"],
  ["social", "social_media,socialmedia,sm,organic-social,organic_social"],
  ["video", "video,organic-video,organic_video"],
  ["organic", "organic,organic-search,organic_search,seo"],
  ["assistant", "ai,ai-assistant,ai_assistant,chatbot,llm"],
  ["audio", "audio,podcast"],
  ["sms", "sms,text-message"],
  ["push", "push,web-push,webpush,mobile-push,push-notification,notification"],
];

/** Any other medium that is paid for: cpc, ppc, ecpc, paid…, retargeting. */
export const PAID_MEDIUM = "^(?:.*cp[acl].*|ppc|paid.*|.*[-_ ]paid|retargeting|remarketing|ads?)$";

/**
 * Click ids: parameters that advertising networks add to links, with the kind of the network and
 * what they mean where utm_medium is missing. Only the parameter's name is ever stored.
 */
export const CLICK_IDS = {
  gclid: { kind: "search", meaning: "paid", doc: "Google Ads" },
  gbraid: { kind: "search", meaning: "paid", doc: "Google Ads, from an app on iOS" },
  wbraid: { kind: "search", meaning: "paid", doc: "Google Ads, to an app on iOS" },
  msclkid: { kind: "search", meaning: "paid", doc: "Microsoft Advertising" },
  yclid: { kind: "search", meaning: "paid", doc: "Yandex Direct" },
  s_kwcid: { kind: "search", meaning: "paid", doc: "Adobe Advertising" },
  twclid: { kind: "social", meaning: "paid", doc: "Twitter" },
  ttclid: { kind: "social", meaning: "paid", doc: "TikTok" },
  li_fat_id: { kind: "social", meaning: "paid", doc: "LinkedIn" },
  rdt_cid: { kind: "social", meaning: "paid", doc: "Reddit" },
  sccid: { kind: "social", meaning: "paid", doc: "Snapchat" },
  qclid: { kind: "social", meaning: "paid", doc: "Quora" },
  dclid: { kind: null, meaning: "display", doc: "Google Display & Video" },
  tblci: { kind: null, meaning: "display", doc: "Taboola" },
  dicbo: { kind: null, meaning: "display", doc: "Outbrain" },
  irclickid: { kind: null, meaning: "affiliate", doc: "Impact" },
  cjevent: { kind: null, meaning: "affiliate", doc: "CJ" },
  awc: { kind: null, meaning: "affiliate", doc: "Awin" },
  fbclid: { kind: "social", meaning: null, doc: "Facebook and Instagram, on every link" },
  igshid: { kind: "social", meaning: null, doc: "Instagram, on shared links" },
  epik: { kind: "social", meaning: null, doc: "Pinterest" },
  ysclid: { kind: "search", meaning: null, doc: "Yandex, on every result" },
  mc_eid: { kind: "email", meaning: "email", doc: "Mailchimp" },
  _hsenc: { kind: "email", meaning: "email", doc: "HubSpot" },
  mkt_tok: { kind: "email", meaning: "email", doc: "Marketo" },
  _kx: { kind: "email", meaning: "email", doc: "Klaviyo" },
} as const satisfies Record<
  string,
  { readonly kind: SourceKind | null; readonly meaning: Meaning | null; readonly doc: string }
>;

/** Name of a click id. */
export type ClickId = keyof typeof CLICK_IDS;

/** A campaign whose name contains this advertises products. */
export const SHOPPING_CAMPAIGN = "shopping";
/** A campaign whose name contains this runs in several networks. */
export const CROSS_CAMPAIGN = "cross-network";

/** Every origin. */
export const ORIGINS: readonly Origin[] = [
  "search",
  "social",
  "video",
  "shopping",
  "email",
  "assistant",
  "other",
  "site",
  "none",
];
const PAID_PATTERN = new RegExp(PAID_MEDIUM);

function comparable(text: string | null): string {
  return trimmed(text).toLowerCase();
}

function mediumMeaning(facts: ChannelFacts): Meaning {
  const medium = comparable(facts.utm_medium);
  const campaign = comparable(facts.utm_campaign);
  if (campaign.includes(CROSS_CAMPAIGN)) return "cross_network";
  const listed = MEDIUMS.find(([, texts]) => texts.split(",").includes(medium))?.[0];
  if (listed) return listed;
  if (PAID_PATTERN.test(medium)) {
    return campaign.includes(SHOPPING_CAMPAIGN) ? "paid_shopping" : "paid";
  }
  return medium === "" && campaign === "" ? "untagged" : "other";
}

/** The channel of one meaning and one origin. */
export function channelAt(meaning: Meaning, origin: Origin): Channel {
  const row: Row = MEANINGS[meaning];
  return row[origin] ?? row.rest;
}

/** The channel of a visit with these facts. */
export function channelOf(facts: ChannelFacts): Channel {
  const id = comparable(facts.click_id);
  const click = Object.hasOwn(CLICK_IDS, id) ? CLICK_IDS[id as ClickId] : null;
  const named = [taggedSource(facts), facts.referrer_source ?? ""];
  const origin = named.map(sourceOfText).find((known) => known !== null)?.kind ?? click?.kind ??
    (named.some((text) => comparableSource(text) !== "") ? "site" : "none");
  const meaning = mediumMeaning(facts);
  const open = meaning === "untagged" || meaning === "other";
  return channelAt(open ? click?.meaning ?? meaning : meaning, origin);
}
