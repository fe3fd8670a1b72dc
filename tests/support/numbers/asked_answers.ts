// What an independent count answers to a request of /api/stats/query, with its comparison.
import type { Event } from "../../../src/core/event.ts";
import { METRICS } from "../../../src/query/metrics.ts";
import type { Query } from "../../../src/query/query.ts";
import type { AskedQuestion } from "./asked_questions.ts";
import { bruteBuckets, type BruteRow, bruteRows, type Rank } from "./brute.ts";
import { clockOf, dateText, type Span } from "./local_time.ts";
import { TIME } from "./random_questions.ts";

const DAY = 86_400_000_000;

type Values = BruteRow["values"];

/** A row as the report shows it. */
export interface ExpectedRow {
  readonly dimensions: readonly string[];
  readonly metrics: Values;
  readonly comparison?: Values;
  readonly change?: Values;
}

/** The rows and their number before limit and offset. */
export interface ExpectedAnswer {
  readonly results: readonly ExpectedRow[];
  readonly total: number;
}

/** The answer to a request over these events. */
export function expectedAnswer(
  { query, comparison }: AskedQuestion,
  events: readonly Event[],
  rank: Rank,
): ExpectedAnswer {
  const all = rowsOf(query, events, rank);
  const filled = isSeries(query);
  const rows = filled ? all : all.slice(query.offset, query.offset + query.limit);
  const before = comparison && earlierRows(query, comparison, events, rank);
  const results = rows.map((row, index): ExpectedRow => {
    const shown = { dimensions: labels(query, row), metrics: row.values };
    const old = before?.(row, index);
    return old ? { ...shown, comparison: old, change: changes(query, row.values, old) } : shown;
  });
  return { results, total: all.length };
}

/** By time alone, every bucket is a row. */
function isSeries({ dimensions }: Query): boolean {
  return dimensions.length === 1 && TIME.has(String(dimensions[0]));
}

/** All rows of a query; by time alone, every bucket. */
export function rowsOf(query: Query, events: readonly Event[], rank: Rank): BruteRow[] {
  const rows = bruteRows(query, events, rank);
  if (!isSeries(query)) return rows;
  const byKey = new Map(rows.map((row) => [row.keys[0], row]));
  return bruteBuckets(query, String(query.dimensions[0])).map((key) =>
    byKey.get(key) ?? { keys: [key], values: nothing(query) }
  );
}

/** Values where nothing was counted. */
function nothing({ metrics }: Query): Values {
  return Object.fromEntries(metrics.map((name) => {
    const { unit } = METRICS[name];
    return [name, unit === "money" ? [] : unit === "count" ? 0 : null];
  }));
}

/** The names of a row's keys. */
export function labels(query: Query, { keys }: BruteRow): string[] {
  return keys.map((key, index) => label(query, String(query.dimensions[index]), key));
}

/** The name of a bucket, to the minute; any other value as it is. */
function label({ zone }: Query, ref: string, key: string | number): string {
  if (typeof key === "string") return key;
  if (ref !== "hour" && ref !== "minute") return dateText(key / DAY);
  const text = new Date(clockOf(zone, key) / 1000).toISOString().replace("T", " ");
  return ref === "hour" ? `${text.slice(0, 13)}:00` : text.slice(0, 16);
}

/** The values of a row in the earlier range: buckets by their place, others by their keys. */
function earlierRows(query: Query, span: Span, events: readonly Event[], rank: Rank) {
  const range = { fromUs: span.fromUs, toUs: span.toUs, dates: null };
  const scope = { ...query, range, search: null, order: [] };
  const rows = rowsOf(scope, events, rank);
  const byKeys = new Map(rows.map(({ keys, values }) => [JSON.stringify(keys), values]));
  const time = query.dimensions.findIndex((ref) => TIME.has(ref));
  const places = query.dimensions.map((ref) => {
    if (!TIME.has(ref)) return null;
    const there = bruteBuckets(scope, ref);
    return new Map(bruteBuckets(query, ref).map((key, place) => [key, there[place]]));
  });
  return (row: BruteRow, _: number): Values | undefined => {
    const keys = row.keys.map((key, index) => {
      const map = places[index];
      return map ? map.get(key) : key;
    });
    if (keys.some((key) => key === undefined)) return undefined;
    const values = byKeys.get(JSON.stringify(keys)) ?? nothing(query);
    const at = keys[time];
    if (at === undefined) return values;
    return { ...values, bucket: label(query, String(query.dimensions[time]), at) };
  };
}

function changes({ metrics }: Query, now: Values, before: Values): Values {
  return Object.fromEntries(metrics.map((name) => {
    const [a, b] = [amount(now[name]), amount(before[name])];
    if (a === null || b === null || a.currency !== b.currency) return [name, null];
    if (METRICS[name].unit === "ratio") return [name, a.value - b.value];
    return [name, b.value === 0 ? null : (a.value - b.value) / b.value];
  }));
}

function amount(value: unknown): { value: number; currency: string } | null {
  if (typeof value === "number") return { value, currency: "" };
  return Array.isArray(value) && value.length === 1 ? value[0] : null;
}

/** A report's rows with buckets named to the minute, as the expected ones are. */
export function shownRows(rows: readonly ExpectedRow[], { dimensions }: Query): ExpectedRow[] {
  const short = (text: string) => text.slice(0, 16);
  return rows.map((row) => ({
    ...row,
    dimensions: row.dimensions.map((text, index) =>
      TIME.has(String(dimensions[index])) ? short(text) : text
    ),
    ...(typeof row.comparison?.["bucket"] === "string"
      ? { comparison: { ...row.comparison, bucket: short(row.comparison["bucket"]) } }
      : {}),
  }));
}
