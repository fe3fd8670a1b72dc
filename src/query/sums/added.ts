// Asks the sums of imported days that a query can have, and says which are in it and which are not.
// Days count whole, and only where the range has all of them.
import { dateOfDay, dayOfDate } from "../../../dashboard/grammar/days.js";
import { DAY_US } from "../../core/durations.ts";
import { type Sql, sql } from "../../core/sql.ts";
import { localDate, localUs, startOfDate } from "../../core/zone.ts";
import type { Row } from "../../storage/duckdb.ts";
import type { SumColumn } from "../../storage/history/sum_kinds.ts";
import type { Sums } from "../../storage/history/sums.ts";
import type { SummedImport, SumsQuestion } from "../../storage/history/sums_ops.ts";
import { type MetricName, metricOf } from "../metrics.ts";
import type { AddedSums, Query } from "../query.ts";
import { withoutGoals } from "../sql/build.ts";
import { filterSql } from "../sql/expressions.ts";
import { readsReferrers } from "../sql/visit_rows.ts";
import { type Fit, fitsOf } from "./fit.ts";
import type { LeftOutReason, Told } from "./told.ts";

/** What asking needs. */
export interface SumsContext {
  readonly sums: Pick<Sums, "of" | "ask">;
  /** Runs a statement that reads nothing stored. */
  readonly run: (statement: Sql) => Promise<Row[]>;
  readonly isPublicOnly: boolean;
}

/** The sums to be added to a query; null where there are none. */
export async function addedTo(
  query: Query,
  context: SumsContext,
  told: Told,
): Promise<AddedSums | null> {
  const imports = await context.sums.of(query.site);
  if (imports.length === 0) return null;
  const parts = partsOf(query, imports, context, told);
  if (parts.length === 0) return null;
  const rows = (await Promise.all(parts.map((part) => rowsOf(query, part, context)))).flat();
  const bases = new Set(query.metrics.map((name) => metricOf(name).base));
  const whole = { ...query, dimensions: [], metrics: ["visitors"] } as const;
  return {
    rows: JSON.stringify(rows),
    bases: {
      query: bases.has("query") ? await visitorsOf(whole, context) : null,
      goalless: bases.has("goalless")
        ? await visitorsOf({ ...whole, filter: withoutGoals(query.filter) }, context)
        : null,
    },
  };
}

/** Days of one import that answer a query, and how. */
interface Part {
  readonly of: SummedImport;
  readonly dates: readonly string[];
  readonly fit: Fit;
}

async function visitorsOf(query: Query, context: SumsContext): Promise<number | null> {
  const fits = fitsOf(query);
  if (typeof fits === "string") return null;
  let sum = 0;
  for (const of of await context.sums.of(query.site)) {
    const fit = fits.find(({ kind }) => of.kinds[kind]?.includes("visitors"));
    const dates = datesIn(query, of.dates).whole;
    if (!fit) return null;
    for (const row of await rowsOf(query, { of, dates, fit }, context)) sum += Number(row[0] ?? 0);
  }
  return sum;
}

/** What each import has of a query; the rest is told. */
function partsOf(
  query: Query,
  imports: readonly SummedImport[],
  { isPublicOnly }: SumsContext,
  told: Told,
): Part[] {
  const fits: readonly Fit[] | LeftOutReason = isPublicOnly && readsReferrers(query)
    ? "public"
    : fitsOf(query);
  return imports.flatMap((of) => {
    const { whole, cut } = datesIn(query, of.dates);
    told.leave(of, cut, "part_of_day");
    if (whole.length === 0) return [];
    if (typeof fits === "string") {
      told.leave(of, whole, fits);
      return [];
    }
    const there = fits.filter(({ kind }) => of.kinds[kind] !== undefined);
    const counted = ({ kind }: Fit) => query.metrics.filter((name) => isHeld(name, of.kinds[kind]));
    const fit = there.find((one) => counted(one).length > 0);
    if (!fit) {
      const reason = query.filter === null ? "dimension" : "filter";
      told.leave(of, whole, there.length > 0 ? "metrics" : reason);
      return [];
    }
    const metrics = counted(fit);
    told.add(of, whole, metrics);
    const lacking = query.metrics.filter((name) => !metrics.includes(name));
    if (lacking.length > 0) told.leave(of, whole, "metrics", lacking);
    return [{ of, dates: whole, fit }];
  });
}

/** Whether rows that have these counts have all that a metric is made of. */
function isHeld(name: MetricName, columns: readonly SumColumn[] | undefined): boolean {
  const { needs, money, base } = metricOf(name);
  if (money !== undefined || base === "goalless_group") return false;
  return needs.every((need) => columns?.some((column) => column === need));
}

/** The dates that a range has whole, and those that it has a part of. */
export function datesIn(
  { range: { fromUs, toUs }, zone }: Pick<Query, "range" | "zone">,
  dates: readonly string[],
): { readonly whole: readonly string[]; readonly cut: readonly string[] } {
  if (fromUs >= toUs) return { whole: [], cut: [] };
  const [first, last] = [localDate(zone, fromUs), localDate(zone, toUs - 1)];
  const next = (date: string) => dateOfDay(dayOfDate(date) + 1);
  const edges = [first, last].filter((date) =>
    startOfDate(zone, date) < fromUs || startOfDate(zone, next(date)) > toUs
  );
  const within = dates.filter((date) => date >= first && date <= last);
  return {
    whole: within.filter((date) => !edges.includes(date)),
    cut: within.filter((date) => edges.includes(date)),
  };
}

/** Tells the days of imports within a range, of which a report that reads events says nothing. */
export function leaveOut(
  scope: Pick<Query, "range" | "zone">,
  imports: readonly SummedImport[],
  told: Told,
): void {
  for (const of of imports) {
    const { whole, cut } = datesIn(scope, of.dates);
    told.leave(of, [...whole, ...cut].sort(), "report");
  }
}

/** Rows of keys and counts, as the statement reads them. */
async function rowsOf(
  query: Query,
  { of, dates, fit }: Part,
  context: SumsContext,
): Promise<(string | null)[][]> {
  const places = [...new Set(fit.keys.filter((place) => place !== null))];
  const base = { import_id: of.id, kind: fit.kind, places };
  const only = await onlyOf(query, fit, { ...base, dates, byDate: false }, context);
  const groups = bucketsOf(query, dates);
  // A question for each bucket, or one where buckets are days.
  const byDate = groups.length === dates.length && groups.length > 1;
  const questions: SumsQuestion[] = byDate
    ? [{ ...base, dates, byDate, only }]
    : groups.map((group) => ({ ...base, dates: group.dates, byDate, only }));
  const rows: (string | null)[][] = [];
  for (const [index, question] of questions.entries()) {
    for (const { date, values, counts } of await context.sums.ask(question)) {
      const times = byDate ? timesOf(query, date) : groups[index]?.times ?? [];
      const keys = query.dimensions.map((_, at) => {
        const place = fit.keys[at] ?? null;
        return place === null ? times[at] ?? null : values[places.indexOf(place)] ?? null;
      });
      rows.push([...keys, ...counts.map((count) => count === null ? null : String(count))]);
    }
  }
  return rows;
}

/** The dates by the buckets of the query's dimensions of time. */
function bucketsOf(query: Query, dates: readonly string[]) {
  const groups = new Map<string, { times: (string | null)[]; dates: string[] }>();
  for (const date of dates) {
    const times = timesOf(query, date);
    const key = JSON.stringify(times);
    const known = groups.get(key);
    if (known) known.dates.push(date);
    else groups.set(key, { times, dates: [date] });
  }
  return [...groups.values()];
}

/** The keys of a date in the dimensions of time; null at the others. */
function timesOf({ dimensions, range, zone, weekStart }: Query, date: string): (string | null)[] {
  const day = dayOfDate(date);
  const firstDay = Math.floor(localUs(zone, range.fromUs) / DAY_US);
  const bucket = (first: number) => String(Math.max(first, firstDay) * DAY_US);
  // 1970-01-01 was a Thursday.
  const weekday = (day + 3) % 7;
  return dimensions.map((ref) => {
    switch (ref) {
      case "day":
        return bucket(day);
      case "week":
        return bucket(day - (weekStart === 7 ? (weekday + 1) % 7 : weekday));
      case "month":
        return bucket(dayOfDate(`${date.slice(0, 7)}-01`));
      case "day_of_week":
        return String(weekday + 1);
      default:
        return null;
    }
  });
}

/** The values that a filter keeps: DuckDB judges each different one, by the SQL of any filter. */
async function onlyOf(
  query: Query,
  fit: Fit,
  question: Omit<SumsQuestion, "only">,
  { sums, run }: SumsContext,
): Promise<SumsQuestion["only"]> {
  const { filter } = query;
  const at = [...new Set([...fit.only ? [fit.only.at] : [], ...fit.filtered])];
  if (at.length === 0 && filter === null) return null;
  const found = at.length === 0
    ? [{ values: [] }]
    : await sums.ask({ ...question, places: at, only: null });
  const lists = found.map(({ values }) => values)
    .filter((values) => fit.only === null || values[at.indexOf(fit.only.at)] === fit.only.value);
  if (filter === null) return { at, lists: lists.map((values) => JSON.stringify(values)) };
  const texts = JSON.stringify(lists.map((values, index) => [String(index), ...values]));
  const row = {
    own: noColumn,
    visit: noColumn,
    us: sql`null`,
    value: (ref: Parameters<Fit["valueOf"]>[0]) => {
      const place = fit.valueOf(ref);
      if (typeof place === "string") return sql`${place}::varchar`;
      return sql`r.v[${at.indexOf(place) + 2}]`;
    },
  };
  const kept = await run(sql`
    select r.v[1] as at from (
      select unnest(from_json(${texts}::varchar, '[["VARCHAR"]]')) as v
    ) r where ${filterSql(filter, row, query)}`);
  const keptLists = kept.map((one) => JSON.stringify(lists[Number(one["at"])] ?? []));
  // Where nothing is split or stored by the filter's values, all rows are kept or none.
  if (at.length === 0) return keptLists.length > 0 ? null : { at: [], lists: [] };
  return { at, lists: keptLists };
}

function noColumn(name: string): Sql {
  throw new TypeError(`Cannot read ${name}: sums have no columns of events`);
}
