// Channels: the way a visit came, told from its source, its campaign and its click id. One table,
// read twice: by `channelOf` for one visit, by `channelSql` for the rows of a query.
import { ident, raw, type Sql, sql } from "./sql.ts";
import { comparableSource, kindOfSource, SOURCE_TEXTS, type SourceKind } from "./sources.ts";

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
export interface ChannelFacts {
  readonly referrer_source: string | null;
  readonly utm_source: string | null;
  readonly utm_medium: string | null;
  readonly utm_campaign: string | null;
  readonly click_id: string | null;
}

/** What stands behind a source: the kind of a known one, an unknown site, or nothing at all. */
type Origin = SourceKind | "site" | "none";

/** What becomes of each origin, and of those not named. */
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
const MEANINGS = {
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

type Meaning = keyof typeof MEANINGS;

/** Values of utm_medium, in lower case, parted by commas. */
const MEDIUMS: readonly (readonly [Meaning, string])[] = [
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
const PAID_MEDIUM = "^(?:.*cp[acl].*|ppc|paid.*|.*[-_ ]paid|retargeting|remarketing|ads?)$";

/**
 * Parameters that networks add to the links they send visitors through: whose they are, and what
 * they mean where no medium says so. Only the parameter's name is ever stored.
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

const SHOPPING_CAMPAIGN = "shopping";
const CROSS_CAMPAIGN = "cross-network";

const ORIGINS: readonly Origin[] = [
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
const MEANING_NAMES = Object.keys(MEANINGS) as Meaning[];
const PAID_PATTERN = new RegExp(PAID_MEDIUM);

function comparable(text: string | null): string {
  return (text ?? "").replace(/^ +| +$/g, "").toLowerCase();
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

function cell(meaning: Meaning, origin: Origin): Channel {
  const row: Row = MEANINGS[meaning];
  return row[origin] ?? row.rest;
}

/** The channel of a visit with these facts. */
export function channelOf(facts: ChannelFacts): Channel {
  const id = comparable(facts.click_id);
  const click = Object.hasOwn(CLICK_IDS, id) ? CLICK_IDS[id as ClickId] : null;
  const named = [facts.utm_source, facts.referrer_source].map((text) => text ?? "");
  const origin = named.map(kindOfSource).find((kind) => kind !== null) ?? click?.kind ??
    (named.some((text) => comparableSource(text) !== "") ? "site" : "none");
  const meaning = mediumMeaning(facts);
  const open = meaning === "untagged" || meaning === "other";
  return cell(open ? click?.meaning ?? meaning : meaning, origin);
}

const SOURCE_PAIRS = [...SOURCE_TEXTS].map(([text, kind]) =>
  [text, ORIGINS.indexOf(kind)] as const
);
const CELLS = MEANING_NAMES.flatMap((meaning) => ORIGINS.map((origin) => cell(meaning, origin)));
const MEDIUM_PAIRS = MEDIUMS.flatMap(([meaning, texts]) =>
  texts.split(",").map((text) => [text, MEANING_NAMES.indexOf(meaning)] as const)
);

function clickPairs(of: "kind" | "meaning"): (readonly [string, number])[] {
  return Object.entries(CLICK_IDS).flatMap(([id, row]) => {
    const { kind, meaning } = row;
    if (of === "kind") return kind === null ? [] : [[id, ORIGINS.indexOf(kind)] as const];
    return meaning === null ? [] : [[id, MEANING_NAMES.indexOf(meaning)] as const];
  });
}

function number(value: number): Sql {
  return raw(String(value));
}

/** The number that stands beside a text, NULL where there is none. DuckDB makes it a hash join. */
function lookup(pairs: readonly (readonly [string, number])[], text: Sql): Sql {
  const texts = pairs.map(([key]) => key);
  const numbers = pairs.map(([, value]) => String(value));
  return sql`(select any_value(known_number) from (
      select unnest(${texts}) as known_text, unnest(${numbers})::integer as known_number
    ) where known_text = ${text})`;
}

/** A column as `comparable` gives it; never NULL. */
function comparableSql(column: Sql): Sql {
  return sql`lower(trim(coalesce(${column}, ''), ' '))`;
}

/** A column as `comparableSource` gives it; never NULL. */
function comparableSourceSql(column: Sql): Sql {
  const text = comparableSql(column);
  return sql`case when starts_with(${text}, 'www.') then substr(${text}, 5) else ${text} end`;
}

function meaningSql(columns: ChannelColumns): Sql {
  const medium = comparableSql(columns("utm_medium"));
  const campaign = comparableSql(columns("utm_campaign"));
  const index = (meaning: Meaning) => number(MEANING_NAMES.indexOf(meaning));
  return sql`case
    when contains(${campaign}, ${CROSS_CAMPAIGN}) then ${index("cross_network")}
    else coalesce(
      ${lookup(MEDIUM_PAIRS, medium)},
      case when regexp_matches(${medium}, ${PAID_MEDIUM})
        then case when contains(${campaign}, ${SHOPPING_CAMPAIGN})
          then ${index("paid_shopping")} else ${index("paid")} end end,
      ${lookup(clickPairs("meaning"), comparableSql(columns("click_id")))},
      case when ${medium} = '' and ${campaign} = ''
        then ${index("untagged")} else ${index("other")} end)
    end`;
}

function originSql(columns: ChannelColumns): Sql {
  const index = (origin: Origin) => number(ORIGINS.indexOf(origin));
  return sql`coalesce(
    ${lookup(SOURCE_PAIRS, comparableSourceSql(columns("utm_source")))},
    ${lookup(SOURCE_PAIRS, comparableSourceSql(columns("referrer_source")))},
    ${lookup(clickPairs("kind"), comparableSql(columns("click_id")))},
    case when ${comparableSourceSql(columns("utm_source"))} = ''
        and ${comparableSourceSql(columns("referrer_source"))} = ''
      then ${index("none")} else ${index("site")} end)`;
}

/** Gives the SQL of a column the rules look at. */
export type ChannelColumns = (name: keyof ChannelFacts) => Sql;

/**
 * `channelOf` as an expression over columns, never NULL. The two agree on every row; a change of
 * the tables changes both.
 */
export function channelSql(columns: ChannelColumns = (name) => ident(name)): Sql {
  return sql`list_extract(${CELLS},
    1 + ${number(ORIGINS.length)} * (${meaningSql(columns)}) + ${originSql(columns)})`;
}
