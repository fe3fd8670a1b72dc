// Rows of stored visits, and of recent ones: for each the keys, the visitor and the aggregates of a
// query. Pure.
import { conditionsOf } from "../../../dashboard/grammar/filter.js";
import { DAY_US } from "../../core/durations.ts";
import type { EventColumnName } from "../../core/event.ts";
import type { Range } from "../../core/period.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { EventsOf, SpanUs } from "../../storage/tiers/event_rows.ts";
import { type AggregateName, AGGREGATES } from "../metrics.ts";
import type { Query } from "../query.ts";
import type { PartValue } from "../steps.ts";
import { laterName, listName } from "../rollups/day_rows.ts";
import { PART_DIMENSIONS, valueName, VISIT_DIMENSIONS } from "../rollups/day_tables.ts";
import { isOfDays } from "../rollups/shapes.ts";
import type { RecentPart, VisitSplit } from "../rollups/split.ts";
import type { DimensionRef } from "../dimensions.ts";
import { bucketKey } from "./buckets.ts";
import { groupBy, rowsByVisitor } from "./build.ts";
import { filterSql, keyOf, type RowShape, VISIT_ROW } from "./expressions.ts";
import { type Plan, planOf } from "./plan.ts";
import { Relations } from "./relations.ts";

/** Each aggregate over a stored visit `r`, which is a visit on one day; visits on their first. */
export const OF_VISITS: Readonly<Partial<Record<AggregateName, string>>> = {
  visitors: "1",
  pageviews: "r.pageviews",
  events: "r.events",
  visits: "r.is_start::integer",
  bounces: "(r.is_start and r.is_bounce)::integer",
  engaged_visits: "(r.is_start and r.is_engaged)::integer",
  visit_us: "case when r.is_start then r.visit_us else 0 end",
  visit_pageviews: "case when r.is_start then r.visit_pageviews else 0 end",
};

/** The same over a part of it: one event. */
const OF_PARTS: typeof OF_VISITS = {
  visitors: "1",
  pageviews: "case when r.part_name = 'pageview' then 1 else 0 end",
  events: "1",
};

/** Dimensions that stored visits have. */
export const KEPT: ReadonlySet<string> = new Set(VISIT_DIMENSIONS);
/** Dimensions of their parts. */
export const PARTS: ReadonlySet<string> = new Set(Object.keys(PART_DIMENSIONS));

/** Columns of events that stored visits have the values of, and how. */
const OF_EVENTS: Readonly<Partial<Record<EventColumnName, Sql>>> = {
  visitor_id: raw("visitor_id"),
  timestamp: sql`make_timestamp(day * ${DAY_US} + ${listName("us")})`,
  ...Object.fromEntries(
    Object.entries(PART_DIMENSIONS).map(([ref, column]) => [column, listName(ref)]),
  ),
};

/** Whether stored visits hold the events of a query, with these columns. */
export function holdEvents({ filter }: Query, columns: readonly EventColumnName[]): boolean {
  return columns.every((name) => name in OF_EVENTS) &&
    conditionsOf(filter).every(({ dimension }) => KEPT.has(dimension));
}

/** Whether a stored visit `r` has an event with one of these values. */
export function hasValue(values: readonly PartValue[]): Sql {
  const each = values.map(({ ref, value }) => sql`list_contains(r.${listName(ref)}, ${value})`);
  return sql`(${join(each, " or ")})`;
}

/**
 * The events of stored visits that meet the filter of a query, which is one of visits; `which` is a
 * condition on a visit `r`.
 */
export function storedEvents(
  query: Query,
  columns: readonly EventColumnName[],
  stored: Sql,
  which: Sql | null = null,
): Sql {
  const refs = Object.entries(PART_DIMENSIONS).filter(([, column]) => columns.includes(column));
  const lists = unnested(["us", ...refs.map(([ref]) => ref)], listName);
  const values = columns.map((name) => sql`${OF_EVENTS[name] ?? raw("null")} as ${ident(name)}`);
  return sql`select ${join(values)}
    from (select r.day, r.visitor_id, ${lists.columns}
      from ${stored} r where ${filterSql(query.filter, STORED, query)}${
    which ? sql` and ${which}` : raw("")
  })`;
}

const storedValue = (ref: DimensionRef) =>
  sql`r.${PARTS.has(ref) ? listName(ref) : valueName(ref)}`;

/** Stored visits under the alias `r`, or parts of them. */
const STORED: RowShape = { ...VISIT_ROW, value: storedValue };

/** The visits of the days of a split, as a relation. `paths` are files on disk. */
export function storedVisits(
  { first, last, recent }: Pick<VisitSplit, "first" | "last" | "recent">,
  paths: readonly string[],
): Sql {
  const files = sql`select * from read_parquet(${paths})
        where day between ${first} and ${last}`;
  const parts = [
    ...(paths.length > 0 ? [files] : []),
    ...(recent ? [sql`select * from ${recentVisits(recent)}`] : []),
  ];
  return sql`(${join(parts, "\n        union all by name\n        ")})`;
}

/** The visits of a day with what of it is in a part of it, as `storedVisits`. */
export function visitsWithin(
  day: number,
  { fromUs, toUs }: Range,
  path: string,
): Sql {
  const us = listName("us");
  const isIn = sql`between ${fromUs - day * DAY_US} and ${toUs - day * DAY_US - 1}`;
  return sql`(select * from (
        select * replace (
          is_start and ${us}[1] ${isIn} as is_start,
          len(list_filter(${us}, lambda x: x ${isIn})) as events,
          len(list_filter(${us}, lambda x, i: x ${isIn} and ${
    listName("name")
  }[i] = 'pageview')) as pageviews
        ) from read_parquet(${[path]}) where day = ${day}
      ) where events > 0)`;
}

/** The visits of a table that are whole. */
export function recentVisits({ table, first, hasLater }: RecentPart): Sql {
  const others = hasLater ? raw(" anti join later_visitors using (visitor_id)") : raw("");
  return sql`(select * from ${ident(table)}${others} where day >= ${first})`;
}

/**
 * The visitors whose recent visits are answered from events: a named relation, and a comma.
 * `rows` gives events and engagements.
 */
export function laterVisitors(
  recent: RecentPart | null,
  { toUs }: SpanUs,
  rows: EventsOf,
): Sql {
  if (!recent?.hasLater) return raw("");
  return sql`later_visitors as materialized (
  select distinct visitor_id from ${rows({ fromUs: recent.toUs + 1, toUs }, ["visitor_id"])}
),
`;
}

/** Rows of the keys, the visitor and the aggregates, from the events of those visitors. */
export function laterRows(
  query: Query,
  aggregates: readonly AggregateName[],
  { hasLater, startUs }: RecentPart,
  events: EventsOf,
): Sql[] {
  if (!hasLater) return [];
  const range = { fromUs: startUs, toUs: query.range.toUs, dates: null };
  return [eventRows(query, aggregates, range, (plan) => laterEvents(plan, events))];
}

/**
 * All events of those visitors in the span of a plan, at once: to leave some out, they would be
 * read in parts, and planning each part takes longer than reading few events does.
 */
export function laterEvents({ span, columns }: Plan, events: EventsOf): Sql {
  return sql`(${events(span, columns)} semi join later_visitors using (visitor_id))`;
}

/**
 * Rows of the keys, the visitor and the aggregates, from the events of a part of the range:
 * `eventsFor` gives what a plan reads of them.
 */
export function eventRows(
  query: Query,
  aggregates: readonly AggregateName[],
  range: Range,
  eventsFor: (plan: Plan) => Sql | EventsOf,
): Sql {
  const own: Query = { ...query, range };
  const plan = { ...planOf(own), aggregates };
  const relations = new Relations(own, plan, eventsFor(plan), query.range);
  return sql`select * from (${rowsByVisitor(own, plan, relations)})`;
}

/** One row per combination of keys and visitor, of rows that may have several. */
export function visitorRows(
  query: Query,
  aggregates: readonly AggregateName[],
  parts: readonly Sql[],
): Sql {
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const all = join(parts, "\n  union all by name\n  ");
  const own = aggregates.map((name) =>
    name === "visitors"
      ? sql`coalesce(max(visitors), 0) as visitors`
      : sql`sum(${ident(name)}) as ${ident(name)}`
  );
  return sql`select ${join([...keys, raw("visitor_id"), ...own])}
    from (${all})${groupBy([...keys, raw("visitor_id")])}`;
}

/**
 * Statements of the keys, the visitor and the aggregates of stored visits. A key that has no value
 * is NULL where `keepsNull`.
 */
export function storedRows(
  query: Query,
  aggregates: readonly AggregateName[],
  stored: Sql,
  split: Pick<VisitSplit, "firstLocalDay">,
  keepsNull = false,
): Sql[] {
  const refs = partsOf(query);
  const meets = filterSql(query.filter, STORED, query);
  const keys = keepsNull ? valuesOf(query) : keysOf(query, split);
  const ofEvent = aggregates.filter((name) => AGGREGATES[name].of === "event");
  const ofVisit = aggregates.filter((name) => AGGREGATES[name].of === "visit");
  if (refs.length === 0) {
    const kept = ofEvent.length > 0 ? raw("") : raw("r.is_start and ");
    return [sql`select ${join([...keys, raw("r.visitor_id"), ...counts(aggregates, OF_VISITS)])}
      from ${stored} r
      where ${kept}${meets}`];
  }
  const rows: Sql[] = [];
  if (ofEvent.length > 0) {
    const { counts, from } = unnestedParts(refs, ofEvent, stored);
    rows.push(sql`select ${join([...keys, raw("r.visitor_id"), counts])}
      from ${from} r
      where ${meets}`);
  }
  if (ofVisit.length > 0) {
    const lists = unnested(refs, (name) => sql`list_concat(${listName(name)}, ${laterName(name)})`);
    const numbers = [...counts(ofVisit, OF_VISITS), raw("r.day"), raw("r.visit")];
    rows.push(sql`select * exclude (day, visit) from (
      select distinct ${join([...keys, raw("r.visitor_id"), ...numbers])}
      from (select r.* exclude (${lists.names}), ${lists.columns}
        from ${stored} r where r.is_start) r
      where ${meets}
    )`);
  }
  return rows;
}

/** The parts of stored visits that have these dimensions, and what is counted of each. */
export function unnestedParts(
  refs: readonly string[],
  aggregates: readonly AggregateName[],
  stored: Sql,
): { readonly counts: Sql; readonly from: Sql } {
  const lists = unnested([...refs, "name"], (name) => listName(name));
  return {
    counts: join(counts(aggregates, OF_PARTS)),
    from: sql`(select r.* exclude (${lists.names}), ${lists.columns}
        from ${stored} r)`,
  };
}

function counts(wanted: readonly AggregateName[], of: typeof OF_VISITS): Sql[] {
  return wanted.map((name) => sql`${raw(of[name] ?? "0")} as ${ident(name)}`);
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

function keysOf(query: Query, { firstLocalDay }: Pick<VisitSplit, "firstLocalDay">): Sql[] {
  return query.dimensions.map((ref, index) => {
    const key = isOfDays(ref) ? dayBucket(ref, query, firstLocalDay) : keyOf(ref, STORED, query);
    return sql`${key} as ${ident(`k${index}`)}`;
  });
}

/** A dimension of a stored visit `r`, or of a part of it, as a key. */
export function storedKey(ref: DimensionRef, query: Query): Sql {
  return keyOf(ref, STORED, query);
}

function valuesOf({ dimensions }: Query): Sql[] {
  return dimensions.map((ref, index) => sql`${storedValue(ref)} as ${ident(`k${index}`)}`);
}

/** The bucket of the local day of a row `r`, as events of the day would give it. */
export function dayBucket(
  interval: "day" | "week" | "month",
  { weekStart }: Pick<Query, "weekStart">,
  firstLocalDay: number,
): Sql {
  if (interval === "day") return sql`(r.day * ${DAY_US})`;
  // Local days as if in UTC: the bucket's first local date.
  const firstUs = firstLocalDay * DAY_US;
  const calendar = {
    range: { fromUs: firstUs, toUs: firstUs, dates: null },
    zone: "UTC",
    weekStart,
  };
  return bucketKey(interval, sql`(r.day * ${DAY_US})`, calendar);
}
