// Fathom's exports: tables of hours or days, one for each dimension, and the ZIP of its dashboard,
// whose tables have no dates and are kept where its summary names one day. Tables are told apart by
// their columns, whatever their files are called.
import { isDate } from "../../../../dashboard/grammar/days.js";
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import { Referrers, sourceOf } from "../../../ingest/enrich/referrer.ts";
import { channelOf } from "../../../reference/channels.ts";
import type { SumColumn, SumKind } from "../../../storage/history/sum_kinds.ts";
import { literal } from "../../../storage/parquet/schema.ts";
import {
  countOf,
  type Importer,
  ImportFault,
  type InputFile,
  notes,
  type ReadContext,
  type SumsSource,
  textOrNull,
} from "../../importer.ts";
import { fill } from "../../stage/enrich.ts";
import { columnName, csvRows, delimiterOf, headerCells } from "../csv.ts";
import { browserName, deviceName, systemName } from "./names.ts";
import { countryCode } from "./places.ts";
import { type ShapedTable, together } from "./shapes.ts";

/** What columns are called, by the export that they are in; the first that is there is read. */
const NAMES = {
  date: ["timestamp", "date", "day"],
  visitors: ["visits", "visitors"],
  uniques: ["uniques", "visitors", "visits"],
  pageviews: ["pageviews", "views"],
  share: ["bounce_rate"],
  percent: ["bounce_rate_"],
  seconds: ["avg_duration"],
  completions: ["completions", "conversions"],
  completed: ["unique_completions", "unique_conversions"],
  event: ["event_name"],
  code: ["event_code"],
  rate: ["conversion_rate_"],
  value: ["value"],
  entry_page: ["entry_page"],
  exit_page: ["exit_page"],
  hostname: ["hostname"],
  page: ["pathname", "page"],
  page_seconds: ["avg_time_seconds_"],
  browser: ["browser"],
  os: ["operating_system", "os"],
  device: ["device_type"],
  country: ["country", "country_code"],
  region: ["state", "region"],
  city: ["city"],
  referrer: ["referrer_hostname", "referrer"],
  referrer_path: ["referrer_pathname"],
  source: ["source"],
  utm_source: ["utm_source"],
  utm_medium: ["utm_medium"],
  utm_campaign: ["utm_campaign"],
  utm_content: ["utm_content"],
  utm_term: ["utm_term"],
} as const;
type Field = keyof typeof NAMES;

const TAGS = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"] as const;

/** What each table is split by, the first of which it has to have, and what it counts. */
const TABLES: Readonly<
  Record<string, {
    readonly kind: SumKind;
    readonly split: readonly Field[];
    readonly visitors: "visitors" | "uniques" | "completed";
  }>
> = {
  events: { kind: "events", split: ["event"], visitors: "completed" },
  entry_pages: { kind: "entry_pages", split: ["entry_page"], visitors: "visitors" },
  exit_pages: { kind: "exit_pages", split: ["exit_page"], visitors: "visitors" },
  referrers: {
    kind: "sources",
    split: ["referrer", "referrer_path", ...TAGS],
    visitors: "visitors",
  },
  sources: { kind: "sources", split: ["source"], visitors: "visitors" },
  pages: { kind: "pages", split: ["page", "hostname"], visitors: "uniques" },
  browsers: { kind: "browsers", split: ["browser"], visitors: "visitors" },
  systems: { kind: "systems", split: ["os"], visitors: "visitors" },
  devices: { kind: "devices", split: ["device"], visitors: "visitors" },
  countries: { kind: "locations", split: ["country", "region", "city"], visitors: "visitors" },
  site: { kind: "days", split: [], visitors: "visitors" },
};

const SUMMARY = "summary";
/** Tables that say nothing of what is counted together with the others. */
const ALONE = /^(?:utm_\w+|region|state|city),visitors\b/;

/** The row of IMPORTERS. */
export const FATHOM: Importer = {
  name: "fathom",
  label: "Fathom (CSV exports)",
  detect: ({ header }) => roleOf(cellsOf(header)),
  read: async (files, context) => {
    const unread = new Set<string>();
    const tables = files.flatMap((file) => {
      if (file.role !== SUMMARY && TABLES[file.role] === undefined) unread.add(file.sample.name);
      return file.role === SUMMARY ? [] : [{ file, table: tableOf(file) }];
    });
    const days = await summaries(files, context);
    await fillReferrers(tables.map(({ table }) => table), context);
    const sums = await together(
      [
        ...tables.flatMap(({ file, table }) => sumsOf(file, table, days)),
        ...[...days.values()].map(({ table }) => table),
      ],
      context,
      unread,
    );
    await requireDays(sums, context);
    const left = [...unread].sort().map((name) => [name, null, "not counted together"] as const);
    return { sums, columns: [...COLUMN_NOTES, ...notes(...left)] } satisfies SumsSource;
  },
};

/** The columns of a file, by what they are. */
interface Table {
  readonly from: Sql;
  readonly fields: ReadonlyMap<Field, Sql>;
}

function cellsOf(header: string): string[] {
  return headerCells(header, delimiterOf(header)).map(columnName);
}

function fieldIn(cells: readonly string[], field: Field): string | undefined {
  return NAMES[field].find((name) => cells.includes(name));
}

function roleOf(cells: readonly string[]): string | null {
  if (cells.join() === "metric,value") return SUMMARY;
  if (ALONE.test(cells.join())) return "alone";
  const known = new Set<string>(Object.values(NAMES).flat());
  if (!cells.every((cell) => known.has(cell))) return null;
  const has = (field: Field) => fieldIn(cells, field) !== undefined;
  const isDated = has("date");
  if (!["visitors", "uniques", "pageviews", "completions"].some((one) => has(one as Field))) {
    return null;
  }
  for (const [role, { split: [first] }] of Object.entries(TABLES)) {
    if (first !== undefined && has(first)) return role;
  }
  return isDated && has("visitors") && has("seconds") ? "site" : null;
}

function tableOf({ path, sample: { header } }: InputFile): Table {
  const cells = cellsOf(header);
  const fields = (Object.keys(NAMES) as Field[]).flatMap((field) => {
    const name = fieldIn(cells, field);
    return name === undefined ? [] : [[field, sql`row.${ident(name)}`] as const];
  });
  return {
    from: csvRows(path, cells, { delimiter: delimiterOf(header) }),
    fields: new Map(fields),
  };
}

/** What the dashboard's summary says of its day. */
interface Summary {
  readonly day: string;
  readonly table: ShapedTable;
}

/** The days of archives without dates. Throws an ImportFault for a range or a part of a site. */
async function summaries(
  files: readonly InputFile[],
  { files: system }: ReadContext,
): Promise<ReadonlyMap<string, Summary>> {
  const days = new Map<string, Summary>();
  for (const { role, path, sample: { archive, name } } of files) {
    if (role !== SUMMARY) continue;
    const text = await system.readText(path) ?? "";
    const said = (label: string) =>
      new RegExp(`^"?${label}"?[,;\\t]"?([^"\\r\\n]*)`, "im").exec(text)?.[1]?.trim();
    const range = said("Export Date Range") ?? "";
    const [, day = "", to = "", end = ""] =
      /^(\d{4}-\d\d-\d\d) 00:00:00 to (\d{4}-\d\d-\d\d) (\d\d:\d\d)/.exec(range) ?? [];
    if (!isDate(day) || day !== to || end < "23:59") {
      throw new ImportFault(
        `Cannot import ${archive}: Fathom's dashboard export has sums of a range and no dates, ` +
          `here of ${range || "a range that it does not name"}; export one whole day at a time, ` +
          "or take the data export, grouped by day",
      );
    }
    if (Number(said("Filters Applied") ?? "0") !== 0) {
      throw new ImportFault(
        `Cannot import ${archive}: it was exported with filters, and has a part of the site only`,
      );
    }
    const count = (label: string) => countOf(literal(said(label) ?? ""));
    const visitors = count("People");
    const pageviews = count("Pageviews");
    const table: ShapedTable = {
      file: name,
      kind: "days",
      from: raw("(select 1)"),
      date: literal(day),
      values: [],
      split: [],
      counts: {
        ...siteCounts(visitors, pageviews),
        bounces: sql`round(${visitors} * ${count("Bounce Rate \\(%\\)")} / 100)`,
        visit_us: sql`${visitors} * ${count("Avg Time on Site \\(seconds\\)")} * 1e6`,
      },
    };
    days.set(archive, { day, table });
  }
  return days;
}

/** Fathom knows visitors of a day and no visits: each is taken as one. */
function siteCounts(visitors: Sql, pageviews: Sql) {
  return { visitors, visits: visitors, pageviews, visit_pageviews: pageviews, events: pageviews };
}

function sumsOf(
  { role, sample: { name: file, archive } }: InputFile,
  { from, fields }: Table,
  days: ReadonlyMap<string, Summary>,
): ShapedTable[] {
  const about = TABLES[role];
  if (!about) return [];
  const own = fields.get("date");
  const day = days.get(archive)?.day;
  if (!own && day === undefined) {
    throw new ImportFault(
      `Cannot import ${file}: it has no dates; of Fathom's dashboard export give the whole ZIP ` +
        "file, with Summary.csv, of one day",
    );
  }
  const date = own ? sql`left(trim(${own}), 10)` : literal(day ?? "");
  const split = about.split.filter((field) => fields.has(field));
  const base = { file, from, date, split };
  const count = (field: Field) => {
    const column = fields.get(field);
    return column && countOf(column);
  };
  const counts = countsOf(role, count, count(about.visitors));
  const table: ShapedTable = { ...base, kind: about.kind, values: valuesOf(role, fields), counts };
  const { events, pageviews, visitors } = counts;
  if (role === "events") {
    const ofDays = { ...base, kind: "days", values: [], isRepeated: true } as const;
    return events ? [table, { ...ofDays, counts: { events } }] : [table];
  }
  if (role !== "site" || !pageviews) return [table];
  return [table, {
    ...base,
    kind: "events",
    values: [raw("'pageview'"), NONE, NONE],
    counts: { ...visitors ? { visitors } : {}, pageviews, events: pageviews },
    isRepeated: true,
  }];
}

type Counts = Partial<Record<SumColumn, Sql>>;

function countsOf(
  role: string,
  count: (field: Field) => Sql | undefined,
  visitors: Sql | undefined,
): Counts {
  const pageviews = count("pageviews");
  const seen: Counts = { ...visitors ? { visitors } : {}, ...pageviews ? { pageviews } : {} };
  if (role === "events") {
    const events = count("completions");
    return { ...visitors ? { visitors } : {}, pageviews: raw("0"), ...events ? { events } : {} };
  }
  if (role === "pages") return seen;
  const visits: Counts = {
    ...seen,
    ...visitors ? { visits: visitors } : {},
    ...pageviews ? { visit_pageviews: pageviews } : {},
  };
  if (role !== "site") return visits;
  const [share, percent] = [count("share"), count("percent")];
  const rate = share ?? (percent && sql`${percent} / 100`);
  const seconds = count("seconds");
  return {
    ...visits,
    ...pageviews ? { events: pageviews } : {},
    ...visitors && rate ? { bounces: sql`round(${visitors} * ${rate})` } : {},
    ...visitors && seconds ? { visit_us: sql`${visitors} * ${seconds} * 1e6` } : {},
  };
}

const NONE = raw("null::varchar");

function valuesOf(role: string, fields: Table["fields"]): Sql[] {
  const text = (field: Field) => {
    const column = fields.get(field);
    return column ? textOrNull(column) : NONE;
  };
  switch (role) {
    case "site":
      return [];
    case "pages":
      return [sql`regexp_replace(${text("hostname")}, '^[a-z]+://', '')`, text("page")];
    case "events":
      return [text("event"), NONE, NONE];
    case "browsers":
      return [browserName(text("browser")), NONE];
    case "systems":
      return [systemName(text("os")), NONE];
    case "devices":
      return [deviceName(text("device"))];
    case "countries":
      return [countryCode(text("country")), text("region"), text("city")];
    case "referrers": {
      const named = (name: string) =>
        sql`(select any_value(${ident(name)}) from referrer_names
          where referrer_names.address = ${addressOf(fields)})`;
      return [named("source"), named("referrer"), ...TAGS.map(text), named("channel")];
    }
    case "sources": {
      const source = sql`case when starts_with(lower(${text("source")}), 'direct') then null
        else ${text("source")} end`;
      return [source, ...Array<Sql>(7).fill(NONE)];
    }
    default:
      return [text(role === "entry_pages" ? "entry_page" : "exit_page")];
  }
}

/** The address of a referrer, which some tables have in two columns; null where there is none. */
function addressOf(fields: Table["fields"]): Sql {
  const [host, path] = [fields.get("referrer"), fields.get("referrer_path")];
  const address = path ? sql`concat(trim(${host ?? NONE}), ${path})` : textOrNull(host ?? NONE);
  return sql`case when ${textOrNull(host ?? NONE)} is null
    or starts_with(lower(${host ?? NONE}), 'direct') then null else ${address} end`;
}

/** What referrers are called, each read once. */
async function fillReferrers(
  tables: readonly Table[],
  { db, signal }: ReadContext,
): Promise<void> {
  const lists = tables.filter(({ fields }) => fields.has("referrer"))
    .map(({ from, fields }) => sql`select ${addressOf(fields)} as address from ${from} as row`);
  if (lists.length === 0) return;
  const referrers = new Referrers({ stripQuery: false });
  await fill(db, sql`(${join(lists, " union all ")})`, {
    table: "referrer_names",
    keys: ["address"],
    columns: ["source", "referrer", "channel"],
    read: ({ address }) => {
      const text = String(address);
      const read = referrers.read(/^\w+:/.test(text) ? text : `https://${text}`);
      const source = sourceOf(read, []) ?? text;
      const none = { utm_source: null, source_tag: null, utm_medium: null };
      const facts = { ...none, referrer_source: source, utm_campaign: null, click_id: null };
      return { source, referrer: read.stored ?? text, channel: channelOf(facts) };
    },
  }, () => Promise.resolve(signal.throwIfAborted()));
}

/** Throws an ImportFault where the rows are of months. */
async function requireDays(
  tables: readonly { readonly from: Sql; readonly date: Sql }[],
  { db }: Pick<ReadContext, "db">,
): Promise<void> {
  const dates = tables.map(({ from, date }) =>
    sql`select try_cast(${date} as date) as day from ${from} as row`
  );
  if (dates.length === 0) return;
  const [row] = await db.query(sql`
    select count(distinct day)::integer as days, count(*) filter (day(day) <> 1)::integer as others
    from (${join(dates, " union all ")}) where day is not null`);
  if (Number(row?.["days"]) < 2 || Number(row?.["others"]) > 0) return;
  throw new ImportFault(
    "Cannot import: every date is the first of a month, so that the rows look like sums of " +
      "months; export them grouped by day or hour",
  );
}

const COLUMN_NOTES = notes(
  ["Timestamp", "day", "hours are added up; a day of Fathom is one of UTC"],
  ["Visits", "visitors, visits", "Fathom counts visitors of a day, and no visits"],
  ["Uniques", "visitors", "of a page; in hours they are added up"],
  ["Pageviews, Views", "pageviews"],
  ["Avg Duration, Bounce Rate", "visit_duration, bounce_rate", "of the site; of pages not kept"],
  ["Hostname, Pathname, Page", "hostname, page"],
  ["Entry Page, Exit Page", "entry_page, exit_page"],
  ["Referrer, Source, UTM …", "source, referrer, utm_…, channel", "channel as it is counted here"],
  ["Country, State, City", "country, region, city", "regions and cities as they are"],
  ["Browser, Operating System, Device Type", "browser, os, device", "by the names used here"],
  ["Event Name, Completions, Unique Completions", "name, events, visitors"],
  ["Event Code, Value, Conversion Rate", null],
);
