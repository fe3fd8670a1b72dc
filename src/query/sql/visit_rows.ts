// A query as one statement over the stored visits of closed days and events of the others: whatever
// filters and splits by values of visits, and by page, name and host of their events. Pure.
import { conditionsOf, isCondition } from "../../../dashboard/grammar/filter.js";
import { DAY_US } from "../../core/durations.ts";
import type { Range } from "../../core/period.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { DimensionRef } from "../dimensions.ts";
import { type AggregateName, AGGREGATES, metricOf } from "../metrics.ts";
import type { CheckedFilter, Query } from "../query.ts";
import { laterName, listName } from "../rollups/day_rows.ts";
import { PART_DIMENSIONS, valueName, VISIT_DIMENSIONS } from "../rollups/day_tables.ts";
import { isOfDays } from "../rollups/shapes.ts";
import type { VisitSplit } from "../rollups/split.ts";
import { finished, groupBy, mergedOf, rowsByVisitor } from "./build.ts";
import { filterSql, keyOf, type RowShape, VISIT_ROW } from "./expressions.ts";
import { levelOf, type Plan, planOf } from "./plan.ts";
import { Relations } from "./relations.ts";
import { basesOf, dayBucket, type EventsOf } from "./rolled.ts";

/** Each aggregate over a stored visit `r`, which is a visit on one day; visits on their first. */
const OF_VISITS: Readonly<Partial<Record<AggregateName, string>>> = {
  visitors: "1",
  pageviews: "r.pageviews",
  events: "r.events",
  visits: "r.is_start::integer",
  bounces: "(r.is_start and r.is_bounce)::integer",
  visit_us: "case when r.is_start then r.visit_us else 0 end",
  visit_pageviews: "case when r.is_start then r.visit_pageviews else 0 end",
};

/** The same over a part of it: some events of one page, name and host. */
const OF_PARTS: typeof OF_VISITS = {
  visitors: "1",
  pageviews: "case when r.part_name = 'pageview' then r.part_events else 0 end",
  events: "r.part_events",
};

const KEPT: ReadonlySet<string> = new Set(VISIT_DIMENSIONS);
const PARTS: ReadonlySet<string> = new Set(Object.keys(PART_DIMENSIONS));

/** Stored visits under the alias `r`, or parts of them. */
const STORED: RowShape = {
  ...VISIT_ROW,
  value: (ref) => sql`r.${PARTS.has(ref) ? listName(ref) : valueName(ref)}`,
};

/** Whether stored visits hold all that a query asks about. */
export function isOfVisits(query: Query, plan: Plan): boolean {
  const bases = query.metrics.map((name) => metricOf(name).base);
  const isKept = (ref: DimensionRef) =>
    isOfDays(ref) || PARTS.has(ref) ||
    (KEPT.has(ref) && levelOf(ref, query.ownColumns) === "visit");
  return plan.aggregates.length > 0 && !plan.money && !bases.includes("goalless_group") &&
    plan.aggregates.every((name) => name in OF_VISITS) &&
    query.dimensions.every(isKept) && isOfKept(query.filter, query);
}

function isOfKept(filter: CheckedFilter | null, query: Query): boolean {
  if (filter === null) return true;
  if (!isCondition(filter)) {
    const isHistory = filter.op === "has_done" || filter.op === "has_not_done";
    return !isHistory && filter.of.every((part) => isOfKept(part, query));
  }
  if (filter.dimension === "goal") return query.goals.every((goal) => isOfKept(goal.filter, query));
  return KEPT.has(filter.dimension) || PARTS.has(filter.dimension);
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
  const merged = mergedOf(query, plan, counts(query, plan.aggregates), null);
  return finished(
    query,
    plan,
    sql`with ${merged}`,
    basesOf(query, (whole) => counts(whole, ["visitors"])),
  );
}

/**
 * The visitors of the stored visits that meet the filter, as a relation of visitor_id and
 * timestamp: one row for each visitor and day, at least, at noon of the day.
 */
export function visitorsOfDays(query: Query, split: VisitSplit, paths: readonly string[]): Sql {
  const daily: Query = { ...query, dimensions: ["day"] };
  const noons = split.days.map(({ day, startUs }) =>
    raw(`(${day * DAY_US}, ${startUs + DAY_US / 2})`)
  );
  const rows = join(storedRows(daily, ["visitors"], split, paths), "");
  return sql`select r.visitor_id, make_timestamp(d.us) as timestamp
    from (${rows}) r
    join (values ${join(noons)}) d(k0, us) using (k0)`;
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
  const parts = [
    ...storedRows(query, aggregates, split, paths),
    ...split.events.map((range) => ofEvents(query, aggregates, range, events)),
  ];
  const all = join(parts, "\n  union all by name\n  ");
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

/** Statements of the keys, the visitor and the aggregates of stored visits. */
function storedRows(
  query: Query,
  aggregates: readonly AggregateName[],
  split: VisitSplit,
  paths: readonly string[],
): Sql[] {
  const refs = partsOf(query);
  const within = sql`r.day between ${split.first} and ${split.last}`;
  const meets = filterSql(query.filter, STORED, query);
  const keys = keysOf(query, split);
  const counts = (wanted: readonly AggregateName[], of: typeof OF_VISITS) =>
    wanted.map((name) => sql`${raw(of[name] ?? "0")} as ${ident(name)}`);
  const ofEvent = aggregates.filter((name) => AGGREGATES[name].of === "event");
  const ofVisit = aggregates.filter((name) => AGGREGATES[name].of === "visit");
  if (refs.length === 0) {
    const kept = ofEvent.length > 0 ? raw("") : raw(" and r.is_start");
    return [sql`select ${join([...keys, raw("r.visitor_id"), ...counts(aggregates, OF_VISITS)])}
      from read_parquet(${paths}) r
      where ${within}${kept} and ${meets}`];
  }
  const rows: Sql[] = [];
  if (ofEvent.length > 0) {
    const lists = unnested([...refs, "events", "name"], (name) => listName(name));
    rows.push(sql`select ${join([...keys, raw("r.visitor_id"), ...counts(ofEvent, OF_PARTS)])}
      from (select r.* exclude (${lists.names}), ${lists.columns}
        from read_parquet(${paths}) r where ${within}) r
      where ${meets}`);
  }
  if (ofVisit.length > 0) {
    const lists = unnested(refs, (name) => sql`list_concat(${listName(name)}, ${laterName(name)})`);
    const numbers = [...counts(ofVisit, OF_VISITS), raw("r.day"), raw("r.visit")];
    rows.push(sql`select * exclude (day, visit) from (
      select distinct ${join([...keys, raw("r.visitor_id"), ...numbers])}
      from (select r.* exclude (${lists.names}), ${lists.columns}
        from read_parquet(${paths}) r where ${within} and r.is_start) r
      where ${meets}
    )`);
  }
  return rows;
}

/** Lists as rows, under their own names. */
function unnested(names: readonly string[], list: (name: string) => Sql) {
  const all = [...new Set(names)];
  return {
    names: join(all.map(listName)),
    columns: join(all.map((name) => sql`unnest(${list(name)}) as ${listName(name)}`)),
  };
}

/** The dimensions of events that a query reads. */
function partsOf({ dimensions, filter, goals }: Query): string[] {
  const refs = conditionsOf(filter).map(({ dimension }) => dimension);
  const ofGoals = refs.includes("goal")
    ? goals.flatMap((goal) => conditionsOf(goal.filter)).map(({ dimension }) => dimension)
    : [];
  return [...new Set<string>([...dimensions, ...refs, ...ofGoals])].filter((ref) => PARTS.has(ref));
}

function keysOf(query: Query, { firstLocalDay }: VisitSplit): Sql[] {
  return query.dimensions.map((ref, index) => {
    const key = isOfDays(ref) ? dayBucket(ref, query, firstLocalDay) : keyOf(ref, STORED, query);
    return sql`${key} as ${ident(`k${index}`)}`;
  });
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
