// The event as it is stored: one table of columns that the DuckDB tables, the Parquet files, the
// journal and the exports are all made from. Nothing here depends on the source of an event.

/** How much a column reveals about a person; the privacy page and documents use it. */
export type PrivacyClass = "none" | "content" | "coarse" | "pseudonym";

/** One stored column. `type` is DuckDB's; `required` columns are never NULL. */
export interface EventColumn {
  readonly type: "VARCHAR" | "TIMESTAMP" | "DECIMAL(12,2)" | "BOOLEAN" | "INTEGER";
  readonly required: boolean;
  readonly privacy: PrivacyClass;
  readonly doc: string;
}

function vital(what: string) {
  return {
    type: "INTEGER",
    required: false,
    privacy: "none",
    doc: `of an engagement alone, where the client measures the load of the page: ${what}`,
  } as const;
}

/** Every stored column in the order of the Parquet files. New ones are added at the end only. */
export const EVENT_COLUMNS = {
  site_id: { type: "VARCHAR", required: true, privacy: "none", doc: "the site" },
  visitor_id: {
    type: "VARCHAR",
    required: true,
    privacy: "pseudonym",
    doc: "keyed hash of address and browser, 64 hex digits, changes every UTC day",
  },
  timestamp: { type: "TIMESTAMP", required: true, privacy: "none", doc: "when, in UTC" },
  event_name: {
    type: "VARCHAR",
    required: true,
    privacy: "content",
    doc: "`pageview` or the name of a custom event",
  },
  pathname: {
    type: "VARCHAR",
    required: true,
    privacy: "content",
    doc: "path of the page's URL, by the site's path rules",
  },
  hostname: { type: "VARCHAR", required: false, privacy: "content", doc: "host of the page's URL" },
  referrer: {
    type: "VARCHAR",
    required: false,
    privacy: "content",
    doc: "URL of the page that led here",
  },
  referrer_source: {
    type: "VARCHAR",
    required: false,
    privacy: "content",
    doc: "name of the referrer (Google, Hacker News …), or its host",
  },
  utm_source: { type: "VARCHAR", required: false, privacy: "content", doc: "campaign source" },
  utm_medium: { type: "VARCHAR", required: false, privacy: "content", doc: "campaign medium" },
  utm_campaign: { type: "VARCHAR", required: false, privacy: "content", doc: "campaign name" },
  utm_content: { type: "VARCHAR", required: false, privacy: "content", doc: "campaign content" },
  utm_term: { type: "VARCHAR", required: false, privacy: "content", doc: "campaign term" },
  browser: { type: "VARCHAR", required: false, privacy: "coarse", doc: "browser name" },
  browser_version: {
    type: "VARCHAR",
    required: false,
    privacy: "coarse",
    doc: "browser version",
  },
  os: { type: "VARCHAR", required: false, privacy: "coarse", doc: "operating system" },
  os_version: {
    type: "VARCHAR",
    required: false,
    privacy: "coarse",
    doc: "version of the operating system",
  },
  device_type: {
    type: "VARCHAR",
    required: false,
    privacy: "coarse",
    doc: "desktop, mobile or tablet",
  },
  screen_size: {
    type: "VARCHAR",
    required: false,
    privacy: "coarse",
    doc: "screen width in pixels, as text",
  },
  country_code: {
    type: "VARCHAR",
    required: false,
    privacy: "coarse",
    doc: "country, ISO 3166-1 alpha-2",
  },
  region: { type: "VARCHAR", required: false, privacy: "coarse", doc: "name of the region" },
  city: { type: "VARCHAR", required: false, privacy: "coarse", doc: "name of the city" },
  props: {
    type: "VARCHAR",
    required: false,
    privacy: "content",
    doc: "custom properties, a JSON object as text",
  },
  revenue_amount: {
    type: "DECIMAL(12,2)",
    required: false,
    privacy: "content",
    doc: "revenue of the event",
  },
  revenue_currency: {
    type: "VARCHAR",
    required: false,
    privacy: "content",
    doc: "currency of the revenue, ISO 4217",
  },
  click_id: {
    type: "VARCHAR",
    required: false,
    privacy: "content",
    doc: "name of the advertising click id the URL carried (gclid …), never its value",
  },
  source_tag: {
    type: "VARCHAR",
    required: false,
    privacy: "content",
    doc: "value of `source` in the URL's query, else of `ref`",
  },
  interactive: {
    type: "BOOLEAN",
    required: false,
    privacy: "none",
    doc: "false where the event tells of nothing that the visitor did; else empty",
  },
  title: {
    type: "VARCHAR",
    required: false,
    privacy: "content",
    doc: "title of the page, where the client sends it",
  },
  language: {
    type: "VARCHAR",
    required: false,
    privacy: "coarse",
    doc: "language of the browser with its country (`de`, `en-US`), where the client sends it",
  },
  engaged_ms: {
    type: "INTEGER",
    required: false,
    privacy: "none",
    doc: "of an engagement alone: how long the page was visible since the last one, milliseconds",
  },
  scroll_depth: {
    type: "INTEGER",
    required: false,
    privacy: "none",
    doc: "of an engagement alone: how far down the page was seen, 0 to 100",
  },
  lcp_ms: vital("largest contentful paint, milliseconds"),
  inp_ms: vital("interaction to next paint, milliseconds"),
  cls_ten_thousandths: vital("cumulative layout shift, in ten-thousandths"),
  fcp_ms: vital("first contentful paint, milliseconds"),
  ttfb_ms: vital("time to the first byte, milliseconds"),
} as const satisfies Record<string, EventColumn>;

/** Name of a stored column. */
export type EventColumnName = keyof typeof EVENT_COLUMNS;

type Value<C extends EventColumn> = C["type"] extends "VARCHAR" ? string
  : C["type"] extends "BOOLEAN" ? boolean
  : number;

/**
 * One event. Keys are the column names. `timestamp` is whole microseconds since
 * 1970 UTC; `revenue_amount` is whole hundredths of the currency's unit (an exact DECIMAL(12,2)).
 */
export type Event = {
  [K in EventColumnName]: (typeof EVENT_COLUMNS)[K]["required"] extends true
    ? Value<(typeof EVENT_COLUMNS)[K]>
    : Value<(typeof EVENT_COLUMNS)[K]> | null;
};

/** Column names in storage order. */
export const EVENT_COLUMN_NAMES = Object.keys(EVENT_COLUMNS) as EventColumnName[];

/** The name of the event that counts as a view of a page. */
export const PAGEVIEW = "pageview";

/**
 * The name of rows that tell how long a page view was visible, and how far it was seen. What makes
 * them one is `engaged_ms`: they are no events, and nothing but visits and pages reads them.
 */
export const ENGAGEMENT = "engagement";

/** UTC date `YYYY-MM-DD` of a time in microseconds: the partition an event belongs to. */
export function utcDate(timestampUs: number): string {
  return new Date(Math.floor(timestampUs / 1000)).toISOString().slice(0, 10);
}
