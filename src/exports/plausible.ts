// Plausible's export of tables: a ZIP of sums of days, made of the answers that this program gives,
// so that events and imported sums are in it alike.
import { dateOfDay, dayOfDate } from "../../dashboard/grammar/days.js";
import { DAY_US } from "../core/durations.ts";
import { rangeOfDays } from "../core/period.ts";
import { sql } from "../core/sql.ts";
import { localDate } from "../core/zone.ts";
import type { AnswerRow } from "../query/answer.ts";
import type { DimensionRef } from "../query/dimensions.ts";
import type { MetricName } from "../query/metrics.ts";
import { type CheckedFilter, queryOf, type Scope } from "../query/query.ts";
import type { QueryContext } from "../query/reports/report.ts";
import { type Places, readPlaces } from "../reference/places.ts";
import type { AnswerForm } from "../storage/backup/export_file.ts";
import type { Sums } from "../storage/history/sums.ts";
import { zipOf } from "../storage/archive/zip.ts";

/** What its tables cannot keep. */
export const PLAUSIBLE_LACKS: readonly string[] = [
  "single events and visits: the tables have sums of days",
  "how values of different tables go together; titles, languages, screens and revenue",
  "time on page and scroll depth",
  "cities whose name several cities have: the tables have ids of GeoNames",
];

/** What the tables are made from. */
export interface PlausibleSource {
  readonly scope: Omit<Scope, "range" | "filter" | "goals">;
  readonly context: Pick<QueryContext, "query" | "rows">;
  readonly sums: Pick<Sums, "of" | "ask">;
  /** Time of the first event or imported day; null where there is none. */
  readonly firstUs: () => Promise<number | null>;
}

/** One table: its columns are the dimensions', then the counts. */
interface Table {
  readonly name: string;
  readonly dimensions: readonly (readonly [column: string, ref: DimensionRef])[];
  readonly counts: readonly Count[];
  readonly filter?: CheckedFilter;
}

type Count = keyof typeof COUNTS;

/** How a count is made of metrics. Durations are sums of seconds. */
const COUNTS = {
  visitors: ["visitors"],
  visits: ["visits"],
  entrances: ["visits"],
  exits: ["visits"],
  pageviews: ["pageviews"],
  events: ["events"],
  bounces: ["bounce_rate", "visits"],
  visit_duration: ["visit_duration", "visits"],
} as const satisfies Record<string, readonly MetricName[]>;

const USUAL: readonly Count[] = ["visitors", "visits", "visit_duration", "bounces", "pageviews"];
const CAMPAIGN = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"] as const;
const NO_PAGEVIEW = { op: "is_not", dimension: "name", values: ["pageview"] } as const;

const TABLES: readonly Table[] = [
  {
    name: "visitors",
    dimensions: [],
    counts: ["visitors", "pageviews", "bounces", "visits", "visit_duration"],
  },
  {
    name: "sources",
    dimensions: [
      ["source", "source"],
      ["referrer", "referrer"],
      ...CAMPAIGN.map((name) => [name, name] as const),
    ],
    counts: ["pageviews", "visitors", "visits", "visit_duration", "bounces"],
  },
  {
    name: "pages",
    dimensions: [["hostname", "hostname"], ["page", "page"]],
    counts: ["visits", "visitors", "pageviews"],
  },
  {
    name: "entry_pages",
    dimensions: [["entry_page", "entry_page"]],
    counts: ["visitors", "entrances", "visit_duration", "bounces", "pageviews"],
  },
  {
    name: "exit_pages",
    dimensions: [["exit_page", "exit_page"]],
    counts: ["visitors", "visit_duration", "exits", "bounces", "pageviews"],
  },
  {
    name: "locations",
    dimensions: [["country", "country"], ["region", "region"], ["city", "city"]],
    counts: USUAL,
  },
  { name: "devices", dimensions: [["device", "device"]], counts: USUAL },
  {
    name: "browsers",
    dimensions: [["browser", "browser"], ["browser_version", "browser_version"]],
    counts: USUAL,
  },
  {
    name: "operating_systems",
    dimensions: [["operating_system", "os"], ["operating_system_version", "os_version"]],
    counts: USUAL,
  },
  {
    name: "custom_events",
    dimensions: [["name", "name"], ["link_url", "props:url"], ["path", "props:path"]],
    counts: ["visitors", "events"],
    filter: NO_PAGEVIEW,
  },
];

/** Days whose rows are in memory at once. */
const DAYS_AT_ONCE = 30;
const ROWS_MAX = 10_000_000;

/** The form. */
export function plausibleForm(source: PlausibleSource): AnswerForm {
  return {
    write: async ({ site, span }) => {
      const { zone, nowUs } = source.scope;
      const first = await source.firstUs() ?? nowUs;
      const from = dayOfDate(localDate(zone, Math.max(first, span.fromUs)));
      const to = dayOfDate(localDate(zone, Math.min(nowUs, span.toUs - 1))) + 1;
      const days = { from, to: Math.max(from, to) };
      const told = { rows: 0 };
      const places = await readPlaces();
      const keys = await propertyKeys(source, site, days);
      const name = (table: string) =>
        `imported_${table}_${compact(days.from)}_${compact(Math.max(days.from, days.to - 1))}.csv`;
      const entries = [
        ...TABLES.map((table) => ({
          name: name(table.name),
          content: () => linesOf(source, days, table, places, told),
        })),
        { name: name("custom_props"), content: () => propertyLines(source, days, keys, told) },
      ];
      return { content: ReadableStream.from(zipOf(entries)), rows: () => told.rows };
    },
  };
}

interface Days {
  readonly from: number;
  /** Excluded. */
  readonly to: number;
}

function compact(day: number): string {
  return dateOfDay(day).replaceAll("-", "");
}

async function* linesOf(
  source: PlausibleSource,
  days: Days,
  { dimensions, counts, filter }: Table,
  places: Places,
  told: { rows: number },
): AsyncGenerator<string> {
  const names = ["date", ...dimensions.map(([column]) => column), ...counts];
  yield `${names.map(cell).join(",")}\n`;
  const metrics = [...new Set(counts.flatMap((count) => COUNTS[count]))];
  const refs = dimensions.map(([, ref]) => ref);
  for await (const row of rowsOf(source, days, { metrics, refs, filter: filter ?? null })) {
    const values = shownValues(refs, row.keys.slice(1).map(String), places);
    told.rows++;
    yield `${
      [dateOf(row), ...values, ...counts.map((count) => countOf(row, count))]
        .map(cell).join(",")
    }\n`;
  }
}

/** Rows of some days by day and dimensions, in order of the days. */
async function* rowsOf(
  { scope, context }: PlausibleSource,
  { from, to }: Days,
  { metrics, refs, filter }: {
    readonly metrics: readonly MetricName[];
    readonly refs: readonly DimensionRef[];
    readonly filter: CheckedFilter | null;
  },
): AsyncGenerator<AnswerRow> {
  for (let day = from; day < to; day += DAYS_AT_ONCE) {
    const range = rangeOfDays(scope.zone, day, Math.min(to, day + DAYS_AT_ONCE));
    const query = queryOf({ ...scope, range, filter, goals: [] }, {
      metrics,
      dimensions: ["day", ...refs],
      missing: "",
      order: [{ by: "day", direction: "asc" }],
      limit: ROWS_MAX,
    });
    yield* (await context.query(query)).rows;
  }
}

function dateOf({ keys: [day] }: AnswerRow): string {
  return dateOfDay(Math.floor(Number(day) / DAY_US));
}

function countOf({ values }: AnswerRow, count: Count): number {
  const [first, second] = COUNTS[count].map((name) => Number(values[name] ?? 0));
  return Math.round((first ?? 0) * (second ?? 1));
}

function cell(value: string | number): string {
  return typeof value === "number" ? String(value) : `"${value.replaceAll('"', '""')}"`;
}

const NAMES: Readonly<Partial<Record<DimensionRef, Readonly<Record<string, string>>>>> = {
  device: { desktop: "Desktop", mobile: "Mobile", tablet: "Tablet" },
  browser: { "Edge": "Microsoft Edge" },
  os: { "macOS": "Mac", "Linux": "GNU/Linux" },
};

/** Values as Plausible writes them: codes of places, and its names. */
function shownValues(
  refs: readonly DimensionRef[],
  values: readonly string[],
  places: Places,
): (string | number)[] {
  const country = values[refs.indexOf("country")] ?? "";
  return values.map((value, at) => {
    const ref = refs[at];
    if (ref === "region") return places.regionCode(country, value);
    if (ref === "city") return places.cityId(value);
    if (ref === "referrer") return value.replace(/^https?:\/\/(?:www\.)?/, "");
    return (ref && NAMES[ref]?.[value]) ?? value;
  });
}

/** The keys of properties of events and of imported sums. */
async function propertyKeys(
  { scope, context, sums }: PlausibleSource,
  site: string,
  { from, to }: Days,
): Promise<string[]> {
  const { fromUs, toUs } = rangeOfDays(scope.zone, from, to);
  const rows = from === to
    ? []
    : await context.rows({ fromUs, toUs }, (events) =>
      sql`select distinct unnest(json_keys(props)) as key from ${events} where props is not null`);
  const keys = new Set(rows.map((row) => String(row["key"])));
  for (const { id, dates } of await sums.of(site)) {
    const question = { import_id: id, kind: "props" as const, dates, places: [0] };
    const found = await sums.ask({ ...question, byDate: false, only: null });
    for (const { values: [key] } of found) if (typeof key === "string") keys.add(key);
  }
  // These two are columns of custom_events.
  return [...keys].filter((key) => key !== "url" && key !== "path").sort();
}

async function* propertyLines(
  source: PlausibleSource,
  days: Days,
  keys: readonly string[],
  told: { rows: number },
): AsyncGenerator<string> {
  yield `${["date", "property", "value", "visitors", "events"].map(cell).join(",")}\n`;
  const metrics = ["visitors", "events"] as const;
  for (const key of keys) {
    const ref = `props:${key}` as const;
    const filter = { op: "is_set", dimension: ref, values: [] } as const;
    for await (const row of rowsOf(source, days, { metrics, refs: [ref], filter })) {
      const counts = metrics.map((name) => Number(row.values[name] ?? 0));
      told.rows++;
      yield `${[dateOf(row), key, String(row.keys[1] ?? ""), ...counts].map(cell).join(",")}\n`;
    }
  }
}
