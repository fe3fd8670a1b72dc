// The SQL that adds closed days up: tables of their events and visits, and from them the rows of a
// file of rollups. The values and the visits are those of the answers of queries. Pure.
//
// A row counts `visitors` by `gap`: the days since the same visitor was last seen on the site with
// the same values, 0 for never. Visitors of days a … b are the sum over days d of those whose gap
// is 0 or more than d − a: each is counted on the first of its days in the range, for any a.
import { DAY_US } from "../../core/durations.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { dimensionOf, type DimensionRef } from "../dimensions.ts";
import { AGGREGATES } from "../metrics.ts";
import { type Query, queryOf, type Scope } from "../query.ts";
import { CENTS, CURRENCY } from "../sql/build.ts";
import { keyOf, TAGGED_AT_START, TAGGED_ROW, type Terms } from "../sql/expressions.ts";
import { type Plan, planOf } from "../sql/plan.ts";
import { Relations } from "../sql/relations.ts";
import { isOfOneVisit, type Shape, SHAPES } from "./shapes.ts";

/** The shape whose rows are the keys of the visitors of each day. */
export const VISITORS = "visitors";

/** Begins the shapes of edges. */
export const EDGE = "edge:";

/** Stands for NULL while keys are texts: no value holds a control character. */
const NULL_TEXT = "\u0001null";

/** Counts of a row. */
const COUNTS: readonly string[] = [...Object.keys(AGGREGATES), "cents", "paid"];

/** Names of the tables that a build makes. */
export interface Tables {
  readonly events: string;
  readonly visits: string;
  readonly rows: string;
}

/** The days of a build. `scope.range` is what visitors look back to, up to the end of the days. */
export interface Days {
  readonly scope: Scope;
  /** Day to look back to, and the first and the last that are added up: days since 1970. */
  readonly back: number;
  readonly first: number;
  readonly last: number;
}

/** A day with an edge: `sinceUs` is when whoever is seen after it was seen at the earliest. */
export interface EdgeDay {
  readonly day: number;
  readonly sinceUs: number;
  readonly endUs: number;
}

/** The query whose tagged events hold all that the shapes need. */
function wholeQuery(scope: Scope): Query {
  return queryOf({ ...scope, filter: null, goals: [] }, {
    metrics: ["visitors", "visits", "bounce_rate", "exit_rate", "time_on_page", "total_revenue"],
    dimensions: [...new Set(SHAPES.flatMap((shape) => shape.dimensions))],
  });
}

/** The span of events to read for the days of `scope.range`. */
export function spanToRead(scope: Scope): Plan["span"] {
  return planOf(wholeQuery(scope)).span;
}

/**
 * Creates the table of events with their visits. Of a visitor's id only its hash of 64 bits is
 * kept: it is what is grouped by, many times.
 */
export function createEvents({ events }: Tables, { scope }: Days, source: Sql): Sql {
  const query = wholeQuery(scope);
  const plan: Plan = {
    ...planOf(query),
    form: "joined",
    tagged: true,
    split: null,
    visitNumbers: true,
  };
  const hashed = sql`(
      select * replace (hash(visitor_id)::ubigint as visitor_id) from ${source}
    )`;
  const rows = new Relations(query, plan, hashed).everyEvent();
  const terms = termsOf(scope);
  const day = (shape: typeof TAGGED_ROW) =>
    sql`(${keyOf("day", shape, terms)} // ${DAY_US})::integer`;
  return sql`create table ${ident(events)} as
    select *, ${day(TAGGED_ROW)} as event_day, ${day(TAGGED_AT_START)} as start_day
    from (${rows}) r`;
}

/** Creates the table of visits: a row for each visit and day on which it has events. */
export function createVisits({ events, visits }: Tables, { scope }: Days): Sql {
  const refs = new Set(SHAPES.filter(isOfOneVisit).flatMap((shape) => shape.dimensions));
  const values = [...refs].map((ref) =>
    sql`, any_value(${valueOf(ref, scope, false)}) as ${ident(`d_${ref}`)}`
  );
  return sql`create table ${ident(visits)} as
    select visitor_id, visit_start_us, event_day as day,
      any_value(start_day) = event_day as is_start,
      count(*) filter (where event_name = 'pageview') as pageviews, count(*) as events,
      any_value(duration_us) as visit_us, any_value(visit_views) as visit_pageviews,
      any_value(is_bounce) as is_bounce${join(values, "")}
    from ${ident(events)} r
    group by visitor_id, visit_start_us, event_day`;
}

/** Creates the table of rows. */
export function createRows({ rows }: Tables): Sql {
  const numbers = COUNTS.map((name) => sql`${ident(name)} bigint default 0`);
  return sql`create table ${ident(rows)} (
    shape varchar, day integer, v1 varchar, v2 varchar, gap integer default 0, currency varchar,
    key ubigint, ${join(numbers)})`;
}

/** Inserts the rows of one shape. */
export function insertShape(tables: Tables, shape: Shape, days: Days): Sql {
  const parts = isOfOneVisit(shape)
    ? [ofVisitors(visitSums(tables, shape), days)]
    : [ofVisitors(eventSums(tables, shape, days), days), visitsOfEvents(tables, shape, days)];
  return sql`insert into ${ident(tables.rows)} by name
    ${join(parts.map((part) => named(shape, part)), "\n    union all by name\n    ")}`;
}

/** Sums by day, values and gap, of sums by day, values and visitor. */
function ofVisitors({ sums, columns }: { sums: Sql; columns: readonly string[] }, days: Days): Sql {
  const totals = columns.map((name) => sql`sum(${ident(name)})::bigint as ${ident(name)}`);
  return sql`select day, v1, v2, gap, count(*) as visitors, ${join(totals)}
    from (
      select *, coalesce(day - lag(day) over (
        partition by v1, v2, visitor_id order by day
      ), 0) as gap
      from (${sums})
      where day >= ${days.back}
    )
    where day between ${days.first} and ${days.last}
    group by day, v1, v2, gap`;
}

const OF_VISIT = ["pageviews", "events", "visits", "bounces", "visit_us", "visit_pageviews"];
const OF_EVENT = ["pageviews", "events"];
const OF_STEPS = ["exits", "page_us", "page_times"];

function visitSums({ visits }: Tables, { dimensions }: Shape) {
  const sums = sql`select day, ${valuesOf(dimensions.map((ref) => ident(`d_${ref}`)))}, visitor_id,
      sum(pageviews) as pageviews, sum(events) as events,
      count(*) filter (where is_start) as visits,
      count(*) filter (where is_start and is_bounce) as bounces,
      coalesce(sum(visit_us) filter (where is_start), 0) as visit_us,
      coalesce(sum(visit_pageviews) filter (where is_start), 0) as visit_pageviews
    from ${ident(visits)}
    group by all`;
  return { sums, columns: OF_VISIT };
}

function eventSums({ events }: Tables, { dimensions, ownColumns, steps }: Shape, days: Days) {
  const columns = [...OF_EVENT, ...(steps ? OF_STEPS : [])];
  const aggregates: Readonly<Record<string, { readonly expr: Sql }>> = AGGREGATES;
  const counts = columns.flatMap((name) => {
    const { expr } = aggregates[name] ?? {};
    return expr ? [sql`${expr} as ${ident(name)}`] : [];
  });
  const values = dimensions.map((ref) => valueOf(ref, days.scope, ownColumns));
  const sums = sql`select event_day as day, ${valuesOf(values)}, visitor_id, ${join(counts)}
    from ${ident(events)} r
    group by all`;
  return { sums, columns };
}

/** Visits by the day and the values of their start, or by the values of all of their events. */
function visitsOfEvents({ events }: Tables, { dimensions, ownColumns }: Shape, days: Days): Sql {
  const values = dimensions.map((ref) => valueOf(ref, days.scope, ownColumns, TAGGED_AT_START));
  return sql`select day, v1, v2, 0 as gap, count(*) as visits,
      count(*) filter (where is_bounce) as bounces, sum(duration_us)::bigint as visit_us,
      sum(visit_views)::bigint as visit_pageviews
    from (
      select distinct start_day as day, ${valuesOf(values)}, visitor_id, visit_start_us,
        is_bounce, duration_us, visit_views
      from ${ident(events)} r
      where start_day between ${days.first} and ${days.last}
    )
    group by day, v1, v2`;
}

/** Inserts the revenue of one shape. */
export function insertMoney({ rows, events }: Tables, shape: Shape, days: Days): Sql {
  const values = shape.dimensions.map((ref) => valueOf(ref, days.scope, shape.ownColumns));
  const paid = sql`select event_day as day, ${valuesOf(values)},
      ${CURRENCY} as currency, ${CENTS} as cents, count(*) as paid
    from ${ident(events)} r
    where revenue_amount is not null and event_day between ${days.first} and ${days.last}
    group by all`;
  return sql`insert into ${ident(rows)} by name ${named(shape, paid)}`;
}

/** Inserts the key of each visitor of each day. */
export function insertVisitors({ rows, visits }: Tables, { first, last }: Days): Sql {
  return sql`insert into ${ident(rows)} by name
    select distinct ${VISITORS} as shape, day, visitor_id as key
    from ${ident(visits)}
    where day between ${first} and ${last}`;
}

/** Inserts the edge of one shape: the values and the key of each visitor who may be seen later. */
export function insertEdge(
  { rows, events }: Tables,
  shape: Shape,
  days: Days,
  edges: readonly EdgeDay[],
): Sql {
  const values = shape.dimensions.map((ref) => valueOf(ref, days.scope, shape.ownColumns));
  const list = edges.map(({ day, sinceUs, endUs }) => raw(`(${day}, ${sinceUs}, ${endUs})`));
  return sql`insert into ${ident(rows)} by name
    select ${edgeOf(shape)} as shape, * from (
      select distinct event_day as day, ${valuesOf(values)}, r.visitor_id as key
      from ${ident(events)} r
      join (
        select distinct edge.day, seen.visitor_id
        from (values ${join(list)}) edge(day, since_us, end_us)
        join ${ident(events)} seen on seen.us >= edge.since_us and seen.us < edge.end_us
      ) later on later.day = r.event_day and later.visitor_id = r.visitor_id
    )`;
}

/** The shape of the rows of `insertEdge`. */
export function edgeOf({ name }: Shape): string {
  return `${EDGE}${name}`;
}

function named({ name }: Shape, part: Sql): Sql {
  return sql`select ${name} as shape, * from (${part})`;
}

/** A dimension's value of an event with its visit, NULL where there is none. */
function valueOf(
  ref: DimensionRef,
  scope: Scope,
  ownColumns: boolean,
  shape: typeof TAGGED_ROW = TAGGED_ROW,
): Sql {
  const terms = { ...termsOf(scope), ownColumns };
  return sql`nullif(${keyOf(ref, shape, terms)}::varchar, ${NULL_TEXT})`;
}

/** Days and hours of every event that is read, also of those around the range. */
function termsOf(scope: Scope): Terms {
  const range = { ...spanToRead(scope), dates: null };
  return { ...scope, range, goals: [], missing: NULL_TEXT };
}

/** Values as v1 and v2. */
function valuesOf(values: readonly Sql[]): Sql {
  const none = raw("null::varchar");
  return sql`${values[0] ?? none} as v1, ${values[1] ?? none} as v2`;
}

/** Texts that stand for a missing value in answers: a day that holds one as a value has no sums. */
export function missingTexts({ dimensions }: Shape): readonly string[][] {
  // Every visit has a channel.
  return dimensions.map((ref) => ref === "channel" ? [] : [dimensionOf(ref).missing, "(unknown)"]);
}
