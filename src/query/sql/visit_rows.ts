// A query about visits as one statement over the stored visits of closed days and events of the
// others: whatever filters and splits by values that a visit has one of. Pure.
import { conditionsOf, isCondition } from "../../../dashboard/grammar/filter.js";
import type { Range } from "../../core/period.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { DimensionRef } from "../dimensions.ts";
import { type AggregateName, AGGREGATES, metricOf } from "../metrics.ts";
import type { CheckedFilter, Query } from "../query.ts";
import { valueName, VISIT_DIMENSIONS } from "../rollups/day_tables.ts";
import { isOfDays } from "../rollups/shapes.ts";
import type { VisitSplit } from "../rollups/split.ts";
import { finished, mergedOf, rowsByVisitor } from "./build.ts";
import { filterSql, keyOf, type RowShape, type Terms, VISIT_ROW } from "./expressions.ts";
import { levelOf, type Plan, planOf } from "./plan.ts";
import { Relations } from "./relations.ts";
import { basesOf, dayBucket, type EventsOf } from "./rolled.ts";

/** Each aggregate over a stored row, which is a visit on one day. */
const STORED: Readonly<Partial<Record<AggregateName, string>>> = {
  visitors: "1",
  pageviews: "r.pageviews",
  events: "r.events",
  visits: "r.is_start::integer",
  bounces: "(r.is_start and r.is_bounce)::integer",
  visit_us: "case when r.is_start then r.visit_us else 0 end",
  visit_pageviews: "case when r.is_start then r.visit_pageviews else 0 end",
};

/** Stored visits under the alias `r`. */
const STORED_VISIT: RowShape = {
  ...VISIT_ROW,
  value: (ref) => sql`r.${valueName(ref)}`,
};

const KEPT: ReadonlySet<DimensionRef> = new Set(VISIT_DIMENSIONS);

/** Whether stored visits hold all that a query asks about. */
export function isOfVisits(query: Query, plan: Plan): boolean {
  const bases = query.metrics.map((name) => metricOf(name).base);
  return plan.aggregates.length > 0 && !plan.money && !bases.includes("goalless_group") &&
    plan.aggregates.every((name) => name in STORED) &&
    query.dimensions.every((ref) =>
      isOfDays(ref) || (KEPT.has(ref) && levelOf(ref, query.ownColumns) === "visit")
    ) && isOfKept(query.filter);
}

function isOfKept(filter: CheckedFilter | null): boolean {
  if (filter === null) return true;
  if (isCondition(filter)) return KEPT.has(filter.dimension);
  if (filter.op === "has_done" || filter.op === "has_not_done") return false;
  return filter.of.every(isOfKept);
}

/** Whether a query reads the referrers of visits. */
export function readsReferrers({ dimensions, filter }: Query): boolean {
  const refs = [...dimensions, ...conditionsOf(filter).map(({ dimension }) => dimension)];
  return refs.includes("referrer");
}

/** The statement; its columns are those of `buildQuery`. `paths` are files on disk. */
export function buildOfVisits(
  query: Query,
  plan: Plan,
  split: VisitSplit,
  events: EventsOf,
  paths: readonly string[],
): Sql {
  const counts = (query: Query, aggregates: readonly AggregateName[]) =>
    countsOf(query, aggregates, split, events, paths);
  const visitors = () => counts({ ...query, metrics: ["visitors"], dimensions: [] }, ["visitors"]);
  const merged = mergedOf(query, plan, counts(query, plan.aggregates), null);
  return finished(query, plan, sql`with ${merged}`, basesOf(query, visitors));
}

/** One row per combination of keys, with the aggregates. */
function countsOf(
  query: Query,
  aggregates: readonly AggregateName[],
  split: VisitSplit,
  events: EventsOf,
  paths: readonly string[],
): Sql {
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const parts = split.events.map((range) => ofEvents(query, aggregates, range, events));
  const all = join(
    [stored(query, aggregates, split, paths), ...parts],
    "\n  union all by name\n  ",
  );
  const sums = aggregates.map((name) =>
    sql`coalesce(sum(${ident(name)}), 0)::bigint as ${ident(name)}`
  );
  if (!aggregates.includes("visitors")) {
    return sql`select ${join([...keys, ...sums])} from (${all})${groupBy(keys)}`;
  }
  const own = aggregates.map((name) =>
    name === "visitors"
      ? sql`coalesce(max(visitors), 0) as visitors`
      : sql`sum(${ident(name)}) as ${ident(name)}`
  );
  return sql`select ${join([...keys, ...sums])} from (
    select ${join([...keys, ...own])} from (${all})${groupBy([...keys, raw("visitor_id")])}
  )${groupBy(keys)}`;
}

function groupBy(keys: readonly Sql[]): Sql {
  return keys.length > 0 ? sql`\n  group by ${join(keys)}` : raw("");
}

function stored(
  query: Query,
  aggregates: readonly AggregateName[],
  { first, last, firstLocalDay }: VisitSplit,
  paths: readonly string[],
): Sql {
  const terms: Terms = query;
  const keys = query.dimensions.map((ref, index) => {
    const key = isOfDays(ref)
      ? dayBucket(ref, query, firstLocalDay)
      : keyOf(ref, STORED_VISIT, terms);
    return sql`${key} as ${ident(`k${index}`)}`;
  });
  const counts = aggregates.map((name) => sql`${raw(STORED[name] ?? "0")} as ${ident(name)}`);
  const ofEvents = aggregates.some((name) => AGGREGATES[name].of === "event");
  const kept = ofEvents ? raw("") : raw(" and r.is_start");
  return sql`select ${join([...keys, raw("r.visitor_id"), ...counts])}
    from read_parquet(${paths}) r
    where r.day between ${first} and ${last}${kept}
      and ${filterSql(query.filter, STORED_VISIT, terms)}`;
}

function ofEvents(
  query: Query,
  aggregates: readonly AggregateName[],
  range: Range,
  events: EventsOf,
): Sql {
  const own: Query = { ...query, range };
  const plan = { ...planOf(own), aggregates };
  const relations = new Relations(own, plan, events(plan.span), query.range);
  return sql`select * from (${rowsByVisitor(own, plan, relations)})`;
}
