// Google Analytics 4's CSV files: reports, and explorations with the date among their rows. They
// have sums; a table without dates is kept where its file is of one day. Columns are known by their
// English names.
import { isDate } from "../../../../dashboard/grammar/days.js";
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { SumColumn, SumKind } from "../../../storage/history/sum_kinds.ts";
import { literal } from "../../../storage/parquet/schema.ts";
import {
  type Importer,
  ImportFault,
  notes,
  type SumsSource,
  tellable,
  textList,
} from "../../importer.ts";
import { csvRows, delimiterOf, headerCells } from "../csv.ts";
import { hasComments, type Section, sectionsOf } from "./google_sections.ts";
import { browserName, deviceName, systemName } from "./names.ts";
import { countryCode } from "./places.ts";
import { type ShapedTable, together } from "./shapes.ts";

/** What the columns are that rows are split by, by their names there. */
const DIMENSIONS = {
  "date": "date",
  "nth day": "nth",
  "page path and screen class": "page",
  "page path": "page",
  "page path + query string": "page",
  "hostname": "hostname",
  "page title and screen class": "title",
  "page title and screen name": "title",
  "page title": "title",
  "landing page": "entry_page",
  "landing page + query string": "entry_page",
  "session source": "source",
  "session manual source": "source",
  "session source / medium": "source_medium",
  "session medium": "medium",
  "session manual medium": "medium",
  "session campaign": "campaign",
  "session default channel group": "channel",
  "session primary channel group": "channel",
  "session primary channel group (default channel group)": "channel",
  "country": "country",
  "country id": "country",
  "region": "region",
  "city": "city",
  "device category": "device",
  "browser": "browser",
  "operating system": "os",
  "os version": "os_version",
  "language code": "language",
  "event name": "event",
} as const;
type Dimension = (typeof DIMENSIONS)[keyof typeof DIMENSIONS];

const METRICS = {
  "total users": "visitors",
  "active users": "active",
  "users": "active",
  "sessions": "visits",
  "views": "pageviews",
  "event count": "events",
  "engaged sessions": "engaged",
  "bounce rate": "bounced",
  "average session duration": "seconds",
} as const;
type Metric = (typeof METRICS)[keyof typeof METRICS];

/** The dimensions that a kind is split by; the first has to be there. */
const KINDS: Readonly<Partial<Record<SumKind, readonly Dimension[]>>> = {
  pages: ["page", "hostname"],
  titles: ["title"],
  entry_pages: ["entry_page"],
  sources: ["source", "medium", "campaign", "channel"],
  channels: ["channel"],
  locations: ["country", "region", "city"],
  devices: ["device"],
  browsers: ["browser"],
  systems: ["os", "os_version"],
  languages: ["language"],
  events: ["event"],
};
/** Events that the tool makes by itself, beside those that they are about. */
const AUTOMATIC = ["session_start", "first_visit", "user_engagement"];

/** The row of IMPORTERS. */
export const GOOGLE_REPORTS: Importer = {
  name: "google-analytics-csv",
  label: "Google Analytics 4 (CSV of reports and explorations)",
  detect: ({ text, header }) => {
    if (hasComments(text)) return "report";
    const cells = headerCells(header, delimiterOf(header)).map((cell) => cell.toLowerCase());
    const own = ["total users", "active users", "sessions", "event count"];
    return cells.includes("date") && own.some((name) => cells.includes(name)) ? "report" : null;
  },
  read: async (files, context) => {
    const unread = new Map<string, string>();
    const tables: Table[] = [];
    const seen = new Set<string>();
    for (const file of files) {
      for (const section of await sectionsOf(file, context)) {
        const table = tableOf(section);
        const key = `${file.sample.name} ${typeof table === "string" ? "" : contentOf(table)}`;
        if (typeof table === "string") unread.set(section.file, table);
        // An overview shows some numbers more than once.
        else if (seen.has(key)) unread.set(section.file, "the file has these numbers before");
        else {
          seen.add(key);
          tables.push(table);
        }
      }
    }
    if (tables.length === 0) throw new ImportFault(faultOf(unread));
    const hasEvents = tables.some(({ kind }) => kind === "events");
    const left = new Set<string>();
    const sums = await together(
      tables.flatMap((table) => sumsOf(table, hasEvents)),
      context,
      left,
    );
    for (const name of left) unread.set(name, "another table tells more of the same");
    const others = [...unread].map(([name, why]) => [name, null, why] as const);
    return { sums, columns: [...COLUMN_NOTES, ...notes(...others)] } satisfies SumsSource;
  },
};

function faultOf(unread: ReadonlyMap<string, string>): string {
  const [first = ["the file", "it has no table"]] = unread;
  return `Cannot import ${first[0]}: ${first[1]}`;
}

interface Table {
  readonly section: Section;
  readonly kind: SumKind;
  readonly split: readonly Dimension[];
  readonly column: (field: Dimension | Metric) => Sql | undefined;
  readonly date: Sql;
}

/** What a table counts, and of which days. */
function contentOf({ section: { range }, kind, split, column }: Table): string {
  const metrics = Object.values(METRICS).filter((metric) => column(metric));
  return JSON.stringify([kind, split, metrics, range]);
}

/** A table as far as it can be kept, or why it cannot be. */
function tableOf(section: Section): Table | string {
  const names = section.cells.map((cell) => cell.toLowerCase().trim());
  const fields = new Map<Dimension | Metric, string>();
  const others: string[] = [];
  const known: Readonly<Record<string, Dimension | Metric>> = { ...DIMENSIONS, ...METRICS };
  const firstMetric = names.findIndex((name) => Object.hasOwn(METRICS, name));
  if (firstMetric < 0) {
    return `its columns are ${tellable(names.slice(0, 4).join(", "))}, and none has a count that ` +
      "is kept; set the language of your Google account to English";
  }
  for (const [at, name] of names.entries()) {
    const field = Object.hasOwn(known, name) ? known[name] : undefined;
    if (field !== undefined && !fields.has(field)) fields.set(field, `c${at}`);
    else if (field === undefined && at < firstMetric) others.push(name);
  }
  if (others.length > 0) return `it is split by ${tellable(others.join(", "))}, which is not kept`;
  const column = (field: Dimension | Metric) => {
    const name = fields.get(field);
    return name === undefined ? undefined : sql`row.${ident(name)}`;
  };
  const date = dateOf(section, column);
  if (typeof date === "string") return date;
  const split = [...fields.keys()].flatMap((field): Dimension[] => {
    if (field === "source_medium") return ["source", "medium"];
    const isDimension = (Object.values(DIMENSIONS) as string[]).includes(field);
    return isDimension && field !== "date" && field !== "nth" ? [field as Dimension] : [];
  });
  const kind = split.length === 0 ? "days" : kindOf(split);
  if (kind === null) return `it is split by ${split.join(" and ")}, which are not kept together`;
  return { section, kind, split, column, date };
}

function kindOf(split: readonly Dimension[]): SumKind | null {
  const fits = Object.entries(KINDS).find(([, [first, ...rest]]) =>
    first !== undefined && split.includes(first) &&
    split.every((one) => one === first || rest.includes(one))
  );
  return (fits?.[0] as SumKind | undefined) ?? null;
}

/** Ways to write a date, beside ISO 8601; none can be read in two ways. */
const FORMATS = ["%Y%m%d", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d.%m.%Y", "%Y/%m/%d"];

function dateOf(
  { range }: Section,
  column: (field: Dimension) => Sql | undefined,
): Sql | string {
  const [date, nth] = [column("date"), column("nth")];
  if (date) {
    return sql`coalesce(try_cast(${date} as date),
      try_strptime(trim(${date}), [${textList(FORMATS)}])::date)`;
  }
  const from = range && isDate(range.from) ? range.from : null;
  if (nth && from) return sql`${literal(from)}::date + try_cast(${nth} as integer)`;
  if (from !== null && from === range?.to) return literal(from);
  const of = range ? `, but a range, ${range.from} to ${range.to}` : "";
  return `it has no days${of}; take an exploration with Date as its first row, or the report of ` +
    "one day";
}

const GROUPED = "^[0-9]{1,3}([., ''\u00a0\u202f\u2019][0-9]{3})+$";

/** A whole number, with whatever separates its thousands. */
function whole(value: Sql): Sql {
  return sql`try_cast(case when regexp_matches(trim(${value}), '${raw(GROUPED)}')
    then regexp_replace(${value}, '[^0-9]', '', 'g') else trim(${value}) end as double)`;
}

/** A number with a point or a comma before its decimals. */
function decimal(value: Sql): Sql {
  const text = sql`regexp_replace(${value}, '[^0-9.,-]', '', 'g')`;
  const hasComma = sql`regexp_matches(${text}, ',[0-9]*$')
    and not regexp_matches(${text}, '^[0-9]+,[0-9]{3}$')`;
  return sql`try_cast(case when ${hasComma} then replace(replace(${text}, '.', ''), ',', '.')
    else replace(${text}, ',', '') end as double)`;
}

type Counts = Partial<Record<SumColumn, Sql>>;

function countsOf({ kind, column }: Table): Counts {
  const number = (field: Metric) => {
    const value = column(field);
    return value && whole(value);
  };
  const visitors = number("visitors") ?? number("active");
  const [pageviews, events, visits] = [number("pageviews"), number("events"), number("visits")];
  if (kind === "events") {
    const name = column("event") ?? raw("null");
    const views = sql`case when ${name} = 'page_view' then ${events ?? raw("null")} else 0 end`;
    return { ...visitors && { visitors }, ...events && { events, pageviews: views } };
  }
  const seen: Counts = { ...visitors && { visitors }, ...pageviews && { pageviews } };
  if (kind === "pages" || kind === "titles") return seen;
  const [engaged, bounced, seconds] = [
    number("engaged"),
    column("bounced"),
    column("seconds"),
  ];
  const rate = bounced &&
    sql`${decimal(bounced)} / case when contains(${bounced}, '%') then 100 else 1 end`;
  const bounces = engaged ? sql`${visits ?? raw("0")} - ${engaged}` : rate &&
    sql`round(${visits ?? raw("0")} * ${rate})`;
  return {
    ...seen,
    ...kind === "days" && pageviews && { events: pageviews },
    ...visits && { visits, ...pageviews && { visit_pageviews: pageviews } },
    ...visits && bounces && { bounces },
    ...visits && seconds && { visit_us: sql`${visits} * ${decimal(seconds)} * 1e6` },
  };
}

function sumsOf(table: Table, hasEvents: boolean): ShapedTable[] {
  const { section, kind, split, column, date } = table;
  const names = section.cells.map((_, at) => `c${at}`);
  const dated = [column("date"), column("nth")].filter((value) => value !== undefined);
  const totals = dated.map((value) => sql`and nullif(trim(${value}), '') is not null`);
  const isAutomatic = kind === "events"
    ? sql`and coalesce(${column("event") ?? raw("''")} not in (${textList(AUTOMATIC)}), true)`
    : raw("");
  // Rows of totals have one cell more, or no day.
  const from = sql`(select row.* from ${
    csvRows(section.path, [...names, "more"], { delimiter: section.delimiter, isPadded: true })
  } as row where row.more is null ${join(totals, " ")} ${isAutomatic})`;
  const counts = countsOf(table);
  const base = { file: section.file, from, date, split };
  const own: ShapedTable = { ...base, kind, values: valuesOf(table), counts };
  const { events, pageviews, visitors } = counts;
  const again = { ...base, isRepeated: true } as const;
  if (kind === "events" && events) {
    const name = column("event") ?? raw("''");
    const ofDays = sql`case when ${name} = 'page_view' then 0 else ${events} end`;
    return [own, { ...again, kind: "days", values: [], counts: { events: ofDays } }];
  }
  if (kind !== "days" || !pageviews || hasEvents) return [own];
  const named = [raw("'pageview'"), NONE, NONE];
  const both = { ...visitors && { visitors }, pageviews, events: pageviews };
  return [own, { ...again, kind: "events", values: named, counts: both }];
}

const NONE = raw("null::varchar");

function valuesOf({ kind, column }: Table): Sql[] {
  const text = (field: Dimension) => {
    const value = column(field);
    return value ? sql`nullif(nullif(trim(${value}), ''), '(not set)')` : NONE;
  };
  const both = column("source_medium");
  const part = (at: 1 | 2) =>
    sql`nullif(split_part(${both ?? NONE}, ' / ', ${raw(String(at))}), '')`;
  const without = (value: Sql) =>
    sql`case when ${value} in ('(direct)', '(none)', '(not set)') then null else ${value} end`;
  switch (kind) {
    case "days":
      return [];
    case "pages":
      return [text("hostname"), text("page")];
    case "titles":
      return [text("title")];
    case "sources": {
      const source = without(both ? part(1) : text("source"));
      const medium = without(both ? part(2) : text("medium"));
      return [source, NONE, NONE, medium, without(text("campaign")), NONE, NONE, text("channel")];
    }
    case "locations":
      return [countryCode(text("country")), text("region"), text("city")];
    case "devices":
      return [deviceName(text("device"))];
    case "browsers":
      return [browserName(text("browser")), NONE];
    case "systems":
      return [systemName(text("os")), text("os_version")];
    case "events":
      return [
        sql`case ${text("event")} when 'page_view' then 'pageview' else ${text("event")} end`,
        NONE,
        NONE,
      ];
    default:
      return [text(KINDS[kind]?.[0] ?? "page")];
  }
}

const COLUMN_NOTES = notes(
  ["Date, Nth day, or the day of the file", "day", "of the property's time zone"],
  ["Total users, else Active users", "visitors"],
  ["Sessions", "visits"],
  ["Views", "pageviews"],
  ["Engaged sessions, or Bounce rate", "bounce_rate", "what was not engaged is a bounce"],
  ["Average session duration", "visit_duration"],
  ["Event name, Event count", "name, events", "page_view is pageview"],
  ["session_start, first_visit, user_engagement", null, "made by the tool"],
  ["Page path, Hostname, Page title, Landing page", "page, hostname, title, entry_page"],
  ["Session source, medium, campaign, channel group", "source, utm_medium, utm_campaign, channel"],
  ["Country, Region, City", "country, region, city", "regions and cities as they are"],
  ["Browser, Operating system, OS version, Device category", "browser, os, device"],
  ["Language code", "language"],
  ["other averages and rates, revenue, key events", null],
);
