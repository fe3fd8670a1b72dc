// What numbers can be split by and filtered on: one row per dimension. An expression sees columns
// only through `column`, so the same row serves an event's own value and its visit's.
import { channelSql } from "./sql/channels.ts";
import type { EventColumnName } from "../core/event.ts";
import { asciiLabels } from "../../dashboard/grammar/host_name.js";
import { writtenPath } from "../core/paths/normal_form.ts";
import { type Sql, sql } from "../core/sql.ts";
import { mediumSql, referrerHostSql, sourceSql } from "./sql/sources.ts";
import { propText } from "./sql/props.ts";

/** Gives the SQL of a stored column, of the event or of its visit. */
export type ColumnSql = (name: EventColumnName) => Sql;

/** One dimension. */
export interface Dimension {
  readonly label: string;
  readonly group: "pages" | "sources" | "campaigns" | "locations" | "devices" | "events" | "time";
  /** Whose value it is: the event's own, or that of the visit's first event. */
  readonly of: "event" | "visit" | "time";
  readonly columns: readonly EventColumnName[];
  /** The value as VARCHAR, NULL when there is none. Absent where the builder makes it. */
  readonly expr?: (column: ColumnSql) => Sql;
  /**
   * Whether `expr` is long: then it is a column of the relation under the name of the dimension,
   * which is computed once for each row and never repeated where the value is used.
   */
  readonly computed?: true;
  /** Names and codes: case does not count for `is`, unless the condition says that it does. */
  readonly anyCase?: true;
  /** The text shown for NULL. */
  readonly missing: string;
  readonly doc: string;
}

const NOT_SET = "(not set)";

/** A visit's first event's column as a dimension. */
function visitColumn<G extends Dimension["group"]>(
  column: EventColumnName,
  label: string,
  group: G,
  doc: string,
  missing = NOT_SET,
): Dimension {
  return {
    label,
    group,
    of: "visit",
    columns: [column],
    expr: (own) => own(column),
    missing,
    doc,
  };
}

/** The same for names and codes, which match in any case. */
function visitName(...row: Parameters<typeof visitColumn>): Dimension {
  return { ...visitColumn(...row), anyCase: true };
}

function eventColumn(
  column: EventColumnName,
  label: string,
  group: Dimension["group"],
  doc: string,
): Dimension {
  return { ...visitColumn(column, label, group, doc), of: "event" };
}

function visitPage(label: string, doc: string): Dimension {
  return { label, group: "pages", of: "visit", columns: [], missing: NOT_SET, doc };
}

function timePart(label: string, doc: string): Dimension {
  return { label, group: "time", of: "time", columns: [], missing: "", doc };
}

const DIRECT = "Direct / None";
const NONE = "(none)";

/** `XXX` is the code of ISO 4217 for an amount without a currency. Without an amount: none. */
export function currencySql(amount: Sql, currency: Sql): Sql {
  return sql`case when ${amount} is not null then coalesce(${currency}, 'XXX') end`;
}

/** Width classes of a screen, by its width in pixels. */
function screenClass(column: ColumnSql): Sql {
  const width = sql`try_cast(${column("screen_size")} as integer)`;
  return sql`case when ${width} < 768 then 'mobile' when ${width} < 1024 then 'tablet'
    when ${width} < 1440 then 'laptop' when ${width} >= 1440 then 'desktop' end`;
}

/** Every dimension but `props:KEY`, which `propertyDimension` makes. */
export const DIMENSIONS = {
  page: eventColumn("pathname", "Page", "pages", "path of the event's page"),
  title: eventColumn("title", "Title", "pages", "title of the event's page"),
  hostname: {
    ...eventColumn("hostname", "Hostname", "pages", "host of the event's page"),
    anyCase: true,
  },
  name: eventColumn("event_name", "Event", "events", "`pageview` or the custom event's name"),
  goal: {
    label: "Goal",
    group: "events",
    of: "event",
    columns: [],
    missing: NONE,
    doc: "name of a goal of the site that the event meets; an event may meet several",
  },
  revenue: {
    label: "Revenue",
    group: "events",
    of: "event",
    columns: ["revenue_amount"],
    expr: (own) => sql`${own("revenue_amount")}::varchar`,
    missing: NONE,
    doc: "amount of the event's revenue",
  },
  currency: {
    label: "Currency",
    group: "events",
    of: "event",
    columns: ["revenue_amount", "revenue_currency"],
    expr: (own) => currencySql(own("revenue_amount"), own("revenue_currency")),
    anyCase: true,
    missing: NONE,
    doc: "currency of the event's revenue, ISO 4217; `XXX` where the revenue has none",
  },
  entry_hostname: visitName(
    "hostname",
    "Entry hostname",
    "pages",
    "host of the visit's first event",
  ),
  entry_page: visitPage("Entry page", "page of the visit's first pageview"),
  exit_page: visitPage("Exit page", "page of the visit's last pageview"),
  exit_hostname: {
    ...visitPage("Exit hostname", "host of the visit's last pageview"),
    columns: ["hostname"],
    anyCase: true,
  },
  source: {
    label: "Source",
    group: "sources",
    of: "visit",
    columns: ["referrer_source", "utm_source", "source_tag"],
    expr: sourceSql,
    computed: true,
    anyCase: true,
    missing: DIRECT,
    doc: "where the visit came from, by name: utm_source, else `source`, else `ref` of the URL, " +
      "else the referrer's",
  },
  referrer_source: visitName(
    "referrer_source",
    "Referrer source",
    "sources",
    "name of the referrer's site, or its host",
    DIRECT,
  ),
  referrer: visitColumn(
    "referrer",
    "Referrer",
    "sources",
    "URL of the page the visit came from",
    DIRECT,
  ),
  referrer_host: {
    label: "Referrer host",
    group: "sources",
    of: "visit",
    columns: ["referrer", "referrer_source"],
    expr: referrerHostSql,
    anyCase: true,
    missing: DIRECT,
    doc: "host of the page the visit came from, without `www.`; none of the site's own",
  },
  channel: {
    label: "Channel",
    group: "sources",
    of: "visit",
    columns: [
      "referrer_source",
      "utm_source",
      "source_tag",
      "utm_medium",
      "utm_campaign",
      "click_id",
    ],
    expr: channelSql,
    computed: true,
    anyCase: true,
    missing: "Direct",
    doc: "kind of source: search, social, mail, paid or not …",
  },
  utm_source: visitColumn("utm_source", "Campaign source", "campaigns", "utm_source"),
  utm_medium: visitColumn("utm_medium", "Campaign medium", "campaigns", "utm_medium"),
  medium: {
    label: "Medium",
    group: "campaigns",
    of: "visit",
    columns: ["utm_medium", "click_id", "referrer_source", "utm_source", "source_tag"],
    expr: mediumSql,
    computed: true,
    missing: NOT_SET,
    doc: "utm_medium, else `(gclid)` of Google and `(msclkid)` of Bing, where the URL had " +
      "that click id",
  },
  utm_campaign: visitColumn("utm_campaign", "Campaign", "campaigns", "utm_campaign"),
  utm_content: visitColumn("utm_content", "Campaign content", "campaigns", "utm_content"),
  utm_term: visitColumn("utm_term", "Campaign term", "campaigns", "utm_term"),
  country: visitName("country_code", "Country", "locations", "ISO 3166-1 alpha-2 code"),
  region: visitName("region", "Region", "locations", "name of the region"),
  city: visitName("city", "City", "locations", "name of the city"),
  language: visitName(
    "language",
    "Language",
    "locations",
    "language of the browser, with its country where it has one",
  ),
  device: visitName("device_type", "Device", "devices", "desktop, mobile or tablet"),
  browser: visitName("browser", "Browser", "devices", "name of the browser"),
  browser_version: visitColumn("browser_version", "Browser version", "devices", "its version"),
  os: visitName("os", "Operating system", "devices", "name of the operating system"),
  os_version: visitColumn("os_version", "System version", "devices", "its version"),
  screen: {
    label: "Screen",
    group: "devices",
    of: "visit",
    columns: ["screen_size"],
    expr: screenClass,
    anyCase: true,
    missing: NOT_SET,
    doc: "mobile below 768 pixels of width, tablet below 1024, laptop below 1440, else desktop",
  },
  screen_width: visitColumn(
    "screen_size",
    "Screen width",
    "devices",
    "width of the screen in pixels",
  ),
  minute: timePart("Minute", "minute of the event, or of the visit's start"),
  hour: timePart("Hour", "hour, in the site's time zone"),
  day: timePart("Day", "date, in the site's time zone"),
  week: timePart("Week", "first day of the week"),
  month: timePart("Month", "first day of the month"),
  hour_of_day: timePart("Hour of day", "`00` to `23`, in the site's time zone"),
  day_of_week: timePart("Day of week", "`1` Monday to `7` Sunday"),
} as const satisfies Record<string, Dimension>;

/** Name of a built-in dimension. */
export type DimensionName = keyof typeof DIMENSIONS;

/** A dimension of a query: a built-in one, or a custom property by its key. */
export type DimensionRef = DimensionName | `props:${string}`;

/** Whether the name is a built-in dimension. */
export function isDimensionName(name: string): name is DimensionName {
  return Object.hasOwn(DIMENSIONS, name);
}

/** How texts of some dimensions are written as they are stored. */
const STORED_FORMS: Readonly<Partial<Record<DimensionName, (text: string) => string>>> = {
  page: writtenPath,
  entry_page: writtenPath,
  exit_page: writtenPath,
  hostname: asciiLabels,
  entry_hostname: asciiLabels,
  exit_hostname: asciiLabels,
  source: asciiLabels,
  referrer_source: asciiLabels,
  referrer: asciiLabels,
  referrer_host: asciiLabels,
};

/**
 * Texts to look for in a dimension: of one that holds paths or hosts also as they are stored,
 * however they are written. As they are, too: "(not set)" has a space, and so may a path that
 * another program has stored.
 */
export function textsToFind(ref: DimensionRef, texts: readonly string[]): readonly string[] {
  const storedForm = isDimensionName(ref) ? STORED_FORMS[ref] : undefined;
  if (!storedForm) return texts;
  return [...new Set(texts.flatMap((text) => [text, storedForm(text)]))];
}

/** Whether a dimension has names of hosts, which are stored in punycode. */
export function isHostDimension(ref: DimensionRef): boolean {
  return isDimensionName(ref) && STORED_FORMS[ref] === asciiLabels;
}

/** The row of a dimension. */
export function dimensionOf(ref: DimensionRef): Dimension {
  if (isDimensionName(ref)) return DIMENSIONS[ref];
  return propertyDimension(ref.slice("props:".length));
}

/** A custom property as a dimension. The key is a bound value. */
function propertyDimension(key: string): Dimension {
  return {
    label: key,
    group: "events",
    of: "event",
    columns: ["props"],
    expr: (own) => propText(own("props"), key),
    missing: NONE,
    doc: "value of a custom property",
  };
}
