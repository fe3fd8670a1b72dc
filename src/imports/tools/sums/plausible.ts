// Plausible's export of a site: a ZIP of eleven tables, each with sums of days by some values. The
// tables are told apart by their columns, whatever their files are called.
import { ident, raw, type Sql, sql } from "../../../core/sql.ts";
import type { SumColumn, SumKind } from "../../../storage/history/sum_kinds.ts";
import { channelOf } from "../../../reference/channels.ts";
import {
  countOf,
  type Importer,
  type InputFile,
  notes,
  type ReadContext,
  type SumsSource,
  type SumTable,
  textOrNull,
} from "../../importer.ts";
import { fill } from "../../stage/enrich.ts";
import { columnName, csvRows, delimiterOf, headerCells } from "../csv.ts";
import { browserName, deviceName, systemName } from "./names.ts";
import { fillPlaces, placeName } from "./places.ts";

/** Counts by their columns there. Durations are sums of seconds. */
const COUNTS: Readonly<Record<string, Readonly<Partial<Record<SumColumn, string>>>>> = {
  visits: {
    visitors: "visitors",
    visits: "visits",
    pageviews: "pageviews",
    visit_pageviews: "pageviews",
    bounces: "bounces",
    visit_us: "visit_duration * 1e6",
  },
  entries: {
    visitors: "visitors",
    visits: "entrances",
    pageviews: "pageviews",
    visit_pageviews: "pageviews",
    bounces: "bounces",
    visit_us: "visit_duration * 1e6",
  },
  exits: {
    visitors: "visitors",
    visits: "exits",
    pageviews: "pageviews",
    visit_pageviews: "pageviews",
    bounces: "bounces",
    visit_us: "visit_duration * 1e6",
  },
  pages: {
    visitors: "visitors",
    visits: "visits",
    pageviews: "pageviews",
    depth_sum: "total_scroll_depth",
    depths: "total_scroll_depth_visits",
    page_us: "total_time_on_page * 1e6",
    page_times: "total_time_on_page_visits",
  },
  events: { visitors: "visitors", events: "events" },
};

/** One table: its kind, its columns beside counts, and what it counts. */
interface Table {
  readonly kind: SumKind;
  readonly columns: readonly string[];
  readonly counts: keyof typeof COUNTS;
}

/** The tables by name; each has at least these columns, and a date. */
const TABLES: Readonly<Record<string, Table>> = {
  browsers: { kind: "browsers", columns: ["browser", "browser_version"], counts: "visits" },
  operating_systems: {
    kind: "systems",
    columns: ["operating_system", "operating_system_version"],
    counts: "visits",
  },
  devices: { kind: "devices", columns: ["device"], counts: "visits" },
  locations: { kind: "locations", columns: ["country", "region", "city"], counts: "visits" },
  sources: {
    kind: "sources",
    columns: [
      ...["source", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_content"],
      "utm_term",
    ],
    counts: "visits",
  },
  entry_pages: { kind: "entry_pages", columns: ["entry_page"], counts: "entries" },
  exit_pages: { kind: "exit_pages", columns: ["exit_page"], counts: "exits" },
  pages: { kind: "pages", columns: ["page"], counts: "pages" },
  custom_events: { kind: "events", columns: ["name"], counts: "events" },
  custom_props: { kind: "props", columns: ["property", "value"], counts: "events" },
  visitors: { kind: "days", columns: ["visits", "bounces"], counts: "visits" },
};

/** Columns of a table that it need not have. */
const OPTIONAL: Readonly<Record<string, readonly string[]>> = {
  pages: ["hostname"],
  custom_events: ["link_url", "path"],
  sources: ["channel"],
};

function cellsOf(header: string): string[] {
  return headerCells(header, delimiterOf(header)).map(columnName);
}

/** The table that a header is of. */
function tableOf(header: string): string | null {
  const cells = cellsOf(header);
  if (!cells.includes("date") || !cells.includes("visitors")) return null;
  for (const [name, { columns, counts }] of Object.entries(TABLES)) {
    const numbers = Object.values(COUNTS[counts] ?? {}).map((text) => text.split(" ", 1)[0] ?? "");
    const known = ["date", ...columns, ...numbers, ...OPTIONAL[name] ?? []];
    const has = columns.every((one) => cells.includes(one));
    if (has && cells.every((cell) => known.includes(cell))) return name;
  }
  return null;
}

/** The row of IMPORTERS. */
export const PLAUSIBLE: Importer = {
  name: "plausible",
  label: "Plausible (export of tables)",
  detect: ({ header }) => tableOf(header),
  read: async (files, context) => {
    const rows = files.map((file) => [file, rowsOf(file)] as const);
    await fillNames(rows, context);
    const sums = rows.flatMap(([file, from]) => tablesOf(file, from));
    return { sums, columns: COLUMN_NOTES } satisfies SumsSource;
  },
};

function rowsOf({ path, sample: { header } }: InputFile): Sql {
  return csvRows(path, cellsOf(header), { delimiter: delimiterOf(header) });
}

/** Channels of sources, and names of regions and cities, each read once. */
async function fillNames(
  rows: readonly (readonly [InputFile, Sql])[],
  { db, signal }: ReadContext,
): Promise<void> {
  const of = (role: string) => rows.filter(([file]) => file.role === role).map(([, from]) => from);
  const union = (relations: readonly Sql[]) =>
    relations.reduce((all, one) => sql`${all} union all by name select * from ${one}`);
  const pause = () => Promise.resolve(signal.throwIfAborted());
  const sources = of("sources").map((from) => sql`select * from ${from}`);
  if (sources.length > 0) {
    const texts = ["source", "utm_medium", "utm_campaign"].map((name) =>
      sql`coalesce(${ident(name)}, '') as ${ident(name)}`
    );
    const from = sql`(select ${texts[0] ?? raw("")}, ${texts[1] ?? raw("")}, ${
      texts[2] ?? raw("")
    } from (${union(sources)}))`;
    await fill(db, from, {
      table: "channels",
      keys: ["source", "utm_medium", "utm_campaign"],
      columns: ["channel"],
      read: ({ source, utm_medium, utm_campaign }) => ({
        channel: channelBy(source, utm_medium, utm_campaign),
      }),
    }, pause);
  }
  const places = of("locations").map((from) => sql`select * from ${from}`);
  if (places.length > 0) await fillPlaces(db, sql`(${union(places)})`, pause);
}

function channelBy(source: unknown, medium: unknown, campaign: unknown): string {
  const text = (value: unknown) => value === "" || value === DIRECT ? null : String(value);
  return channelOf({
    referrer_source: text(source),
    utm_source: null,
    source_tag: null,
    utm_medium: text(medium),
    utm_campaign: text(campaign),
    click_id: null,
  });
}

const DIRECT = "Direct / None";

/** The tables of sums that one file makes. */
function tablesOf({ role, sample: { name: file, header } }: InputFile, from: Sql): SumTable[] {
  const table = TABLES[role];
  if (!table) return [];
  const cells = new Set(cellsOf(header));
  const counts = Object.fromEntries(
    Object.entries(COUNTS[table.counts] ?? {}).flatMap(([to, text]) => {
      const [column = "", scale = ""] = text.split(/(?= \*)/);
      if (!cells.has(column)) return [];
      return [[to, sql`${countOf(sql`row.${ident(column)}`)}${raw(scale)}`]];
    }),
  );
  const column = (name: string) =>
    cells.has(name) ? textOrNull(sql`row.${ident(name)}`) : raw("null::varchar");
  const base = { file, from, date: sql`row.date` };
  const values = valuesOf(role, column);
  const own: SumTable = { ...base, kind: table.kind, values, counts };
  if (role === "visitors") {
    // Pageviews are events, as everywhere here.
    const { visitors, pageviews } = counts;
    const named = [raw("'pageview'"), raw("null"), raw("null")];
    const events = pageviews ? { events: pageviews } : {};
    const both = { ...visitors ? { visitors } : {}, ...pageviews ? { pageviews } : {}, ...events };
    return [
      { ...own, counts: { ...counts, ...events } },
      { ...base, kind: "events", values: named, counts: both, isRepeated: true },
    ];
  }
  if (role !== "custom_events") return [own];
  const { events } = counts;
  const none = { pageviews: raw("0") };
  return [
    { ...own, counts: { ...counts, ...none } },
    ...(events
      ? [{ ...base, kind: "days", values: [], counts: { events }, isRepeated: true } as const]
      : []),
  ];
}

function valuesOf(role: string, column: (name: string) => Sql): Sql[] {
  switch (role) {
    case "visitors":
      return [];
    case "pages":
      return [column("hostname"), column("page")];
    case "sources": {
      const named = (name: string) => sql`nullif(${column(name)}, '${raw(DIRECT)}')`;
      const channel = sql`(select any_value(channel) from channels
        where channels.source = coalesce(row.source, '')
          and channels.utm_medium = coalesce(row.utm_medium, '')
          and channels.utm_campaign = coalesce(row.utm_campaign, ''))`;
      const tags = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"];
      return [named("source"), named("referrer"), ...tags.map(column), channel];
    }
    case "locations": {
      const region = placeName("regions", raw("row.region"));
      return [sql`upper(${column("country")})`, region, placeName("cities", raw("row.city"))];
    }
    case "devices":
      return [deviceName(column("device"))];
    case "browsers":
      return [browserName(column("browser")), column("browser_version")];
    case "operating_systems":
      return [systemName(column("operating_system")), column("operating_system_version")];
    case "custom_events":
      return [column("name"), column("link_url"), column("path")];
    case "custom_props":
      return [column("property"), column("value")];
    default:
      return [column(TABLES[role]?.columns[0] ?? "")];
  }
}

const COLUMN_NOTES = notes(
  ["date", "day", "a day of Plausible's time zone is taken as one of the site's"],
  ["visitors", "visitors", "of each day; over several days their sum"],
  ["visits, entrances, exits", "visits"],
  ["pageviews", "pageviews, views_per_visit"],
  ["bounces", "bounce_rate"],
  ["visit_duration", "visit_duration"],
  ["total_time_on_page, total_time_on_page_visits", "time_on_page"],
  ["total_scroll_depth, total_scroll_depth_visits", "scroll_depth"],
  ["source, referrer, utm_*", "source, referrer, utm_*, channel", "channel as it is counted here"],
  ["country, region, city", "country, region, city", "codes and GeoName ids as names"],
  ["device", "device", "Laptop and Ultrawide as desktop"],
  ["browser, operating_system", "browser, os", "by the names used here"],
  ["name", "name"],
  ["link_url, path", "props:url, props:path"],
  ["property, value", "props:KEY"],
);
