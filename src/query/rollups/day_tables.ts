// The SQL of the tables that closed days are added up from: their events, visits, and what each
// visit did on each day. The values and the visits are those of the answers of queries. Pure.
import { DAY_US } from "../../core/durations.ts";
import type { EventColumnName } from "../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { dimensionOf, type DimensionRef } from "../dimensions.ts";
import { type Query, queryOf, type Scope } from "../query.ts";
import { rangeOfDays } from "../../core/period.ts";
import { withComputed } from "../sql/computed.ts";
import { keyOf, type RowShape, type Terms, VISIT_ROW } from "../sql/expressions.ts";
import { type Plan, planOf } from "../sql/plan.ts";
import {
  attachedEngagements,
  engagedVisits,
  withEngagedPages,
  withEngagedVisits,
} from "../engagement/engagement.ts";
import { visitEvents, visits } from "../sql/visits.ts";
import { isOfOneVisit, isOfPages, type Shape, SHAPES } from "./shapes.ts";

/** Stands for NULL while keys are texts: no value holds a control character. */
const NULL_TEXT = "\u0001null";

/** The tables of one build, by what they hold. A visitor is the 64-bit hash of its id. */
export interface Tables {
  /** Stored columns of every event. */
  readonly events: string;
  /** Engagements, and those that belong to a visit. */
  readonly engagements: string;
  readonly attached: string;
  /** Every visit, with its values and numbers. */
  readonly visits: string;
  /** Every event with its visit and its day; the columns that differ between events of a visit. */
  readonly placed: string;
  /** Counts of each visit on each day, by the values that its events may differ in. */
  readonly parts: string;
  /** Each visit on each day on which it has events. */
  readonly visitDays: string;
  /** Counts of each visit on each day by page, title and name of the event. */
  readonly pages: string;
  /** The events of each visit and day as a list: what `PART_DIMENSIONS` name, and when. */
  readonly lists: string;
  /** Days, keys of custom properties and visitors. */
  readonly propKeys: string;
  /** Events with revenue. */
  readonly paid: string;
  /** What is written. */
  readonly rows: string;
}

/** The names of the tables of one build. */
export function tablesOf(number: number | string): Tables {
  const name = (what: string) => `rollup_${what}_${number}`;
  return {
    events: name("events"),
    engagements: name("engagements"),
    attached: name("attached"),
    visits: name("visits"),
    placed: name("placed"),
    parts: name("parts"),
    visitDays: name("visit_days"),
    pages: name("pages"),
    lists: name("lists"),
    propKeys: name("prop_keys"),
    paid: name("paid"),
    rows: name("rows"),
  };
}

/** The days of a build. `scope.range` is what visitors look back to, up to the end of the days. */
export interface Days {
  readonly scope: Scope;
  /** Day to look back to, and the first and the last that are added up: days since 1970. */
  readonly back: number;
  readonly first: number;
  readonly last: number;
  /** Whether visitors are counted within a day alone: ids of the site last for long. */
  readonly isKeyed: boolean;
}

/** Dimensions of events that are kept of each visit and day, and their columns. */
export const PART_DIMENSIONS = {
  page: "pathname",
  name: "event_name",
  hostname: "hostname",
} as const satisfies Partial<Record<DimensionRef, EventColumnName>>;

/** Dimensions of which a visit has one value, that are kept. */
export const VISIT_DIMENSIONS: readonly DimensionRef[] = [
  ...new Set(SHAPES.filter(isOfOneVisit).flatMap(({ dimensions }) => dimensions)),
];

/** Parts of time: an event's is that of its own time, and a visit's that of its start. */
const TIME_DIMENSIONS: readonly DimensionRef[] = [
  ...new Set(SHAPES.flatMap(({ dimensions }) => dimensions)),
].filter((ref) => dimensionOf(ref).of === "time");

/** Columns that may differ between the events of a visit, beside the page. */
const OWN_COLUMNS: readonly EventColumnName[] = [
  ...new Set(
    SHAPES.filter((shape) => !isOfOneVisit(shape) && !isOfPages(shape))
      .flatMap(({ dimensions }) => dimensions.flatMap((ref) => dimensionOf(ref).columns)),
  ),
];

/** Columns of pages. One path may have several titles. */
const PAGE_COLUMNS: readonly EventColumnName[] = ["pathname", "title"];

const MONEY_COLUMNS: readonly EventColumnName[] = ["revenue_amount", "revenue_currency"];

/** Columns of `visits` that `visitDays` and `parts` hold, too. */
const VISIT_NUMBERS = [
  ...["start_day", "visit_us", "visit_pageviews", "is_bounce", "is_engaged"] as const,
];

/** The span of events to read for the days of `scope.range`. */
export function spanToRead(scope: Scope): Plan["span"] {
  const whole: Query = queryOf({ ...scope, filter: null, goals: [] }, {
    metrics: ["visitors", "visits", "exit_rate"],
    dimensions: ["page", "source"],
  });
  return planOf(whole).span;
}

/** Every statement that makes the tables, in order; `source` is a relation of stored columns. */
export function createTables(tables: Tables, days: Days, source: Sql): Sql[] {
  return [
    createEvents(tables, source),
    createEngagements(tables, source),
    ...createOthers(tables, days),
  ];
}

/** Stored columns of events that the tables are made of. */
export const READ_COLUMNS: readonly EventColumnName[] = [
  ...new Set<EventColumnName>([
    "visitor_id",
    "timestamp",
    "event_name",
    ...PAGE_COLUMNS,
    ...VISIT_DIMENSIONS.flatMap((ref) => dimensionOf(ref).columns),
    "interactive",
    ...OWN_COLUMNS,
    ...MONEY_COLUMNS,
  ]),
];

/** Creates the table of events. */
export function createEvents({ events }: Tables, source: Sql): Sql {
  const columns = READ_COLUMNS.map((name) =>
    name === "visitor_id" ? raw("hash(visitor_id)::ubigint as visitor_id") : ident(name)
  );
  return sql`create table ${ident(events)} as
    select ${join(columns)}
    from ${source}`;
}

/** Creates the table of engagements. */
export function createEngagements({ engagements }: Tables, source: Sql): Sql {
  return sql`create table ${ident(engagements)} as
    select hash(visitor_id)::ubigint as visitor_id, timestamp, pathname, engaged_ms, scroll_depth
    from ${source}`;
}

/** A relation without rows, for sites without engagements. */
export const NO_ENGAGEMENTS: Sql = raw(`(
  select null::varchar as visitor_id, null::timestamp as timestamp, null::varchar as pathname,
    null::integer as engaged_ms, null::integer as scroll_depth where false
)`);

/** Creates the tables that are made of the events, in order, but those of money and of rows. */
export function createOthers(tables: Tables, days: Days): Sql[] {
  return [...createOfVisits(tables, days), createParts(tables, days), createPages(tables)];
}

/** Those of them that the rows of visits are made of. */
export function createOfVisits(tables: Tables, days: Days): Sql[] {
  return [
    createAttached(tables, days),
    createVisits(tables, days),
    createPlaced(tables, days),
    createVisitDays(tables),
    createLists(tables),
  ];
}

function createAttached({ events, engagements, attached }: Tables, { scope }: Days): Sql {
  return sql`create table ${ident(attached)} as ${
    attachedEngagements(ident(events), ident(engagements), scope.gapUs)
  }`;
}

function createVisits(
  { events, attached, visits: name }: Tables,
  { scope, back }: Days,
): Sql {
  const plain = visits(ident(events), scope.gapUs, {
    pages: true,
    exitHost: true,
    bounce: true,
    exitTime: true,
    atStart: { first_row: raw("rowid") },
  });
  const rows = withEngagedVisits(plain, sql`(${engagedVisits(ident(attached))})`);
  const own = VISIT_DIMENSIONS.map((ref) => sql`${visitValue(ref)} as ${valueName(ref)}`);
  const columns = new Set(VISIT_DIMENSIONS.flatMap((ref) => dimensionOf(ref).columns));
  const firsts = sql`(
      select v.*, ${join([...columns].map((column) => sql`f.${ident(column)}`))}
      from ${rows} v
      join ${ident(events)} f on f.rowid = v.first_row
      where v.end_us >= ${rangeOfDays(scope.zone, back, back + 1).fromUs}
    )`;
  const start = { ...VISIT_ROW, us: raw("v.start_us") };
  const times = TIME_DIMENSIONS.map((ref) =>
    sql`${timeOf(ref, start, scope)} as ${valueName(ref)}`
  );
  return sql`create table ${ident(name)} as
    select v.visitor_id, v.start_us as visit_start_us, ${
    dayOf(raw("v.start_us"), scope)
  } as start_day,
      ${dayOf(raw("v.exit_us"), scope)} as exit_day, v.duration_us as visit_us,
      v.pageviews as visit_pageviews, v.is_bounce, v.is_engaged, ${join([...own, ...times])}
    from ${withComputed(firsts, VISIT_DIMENSIONS.filter((ref) => dimensionOf(ref).computed))} v`;
}

/** The value of a visit `v` in a dimension, from the columns of its first event. */
function visitValue(ref: DimensionRef): Sql {
  const { expr, computed } = dimensionOf(ref);
  return expr && !computed
    ? sql`(${expr((name) => sql`v.${ident(name)}`)})::varchar`
    : sql`v.${ident(ref)}`;
}

function createPlaced({ events, placed }: Tables, { scope }: Days): Sql {
  const columns = ["event_name", ...PAGE_COLUMNS, ...OWN_COLUMNS, ...MONEY_COLUMNS];
  return sql`create table ${ident(placed)} as
    select *, ${dayOf(raw("us"), scope)} as day
    from ${visitEvents(ident(events), scope.gapUs, [...new Set(columns)])}`;
}

/**
 * `is_only`: the visitor has no other row. `is_one_day`: the visitor was seen on one day. Both
 * within all that is read, and both for the sake of speed alone.
 */
function createVisitDays({ placed, visits: visitTable, visitDays }: Tables): Sql {
  return sql`create table ${ident(visitDays)} as
    with counted as (
      select visitor_id, visit_start_us, day, count(*) as events,
        count(*) filter (where event_name = 'pageview') as pageviews
      from ${ident(placed)}
      group by visitor_id, visit_start_us, day
    ),
    seen as (
      select visitor_id, count(*) = 1 as is_only, min(day) = max(day) as is_one_day
      from counted
      group by visitor_id
    )
    select counted.*, v.* exclude (visitor_id, visit_start_us),
      v.start_day = counted.day as is_start, seen.is_only, seen.is_one_day
    from counted
    join ${ident(visitTable)} v using (visitor_id, visit_start_us)
    join seen using (visitor_id)`;
}

function createParts({ placed, parts, visitDays }: Tables, { scope }: Days): Sql {
  const event = { ...VISIT_ROW, us: raw("us") };
  const times = TIME_DIMENSIONS.map((ref) =>
    sql`${timeOf(ref, event, scope)} as ${valueName(ref)}`
  );
  const startTimes = TIME_DIMENSIONS.map((ref) => sql`, d.${valueName(ref)} as ${startName(ref)}`);
  const numbers = VISIT_NUMBERS.map((name) => sql`, d.${ident(name)}`);
  return sql`create table ${ident(parts)} as
    select p.*, d.is_one_day${join([...numbers, ...startTimes], "")}
    from (
      select visitor_id, visit_start_us, day, event_name, ${join(OWN_COLUMNS.map(ident))},
        ${join(times)}, count(*) as events,
        count(*) filter (where event_name = 'pageview') as pageviews
      from ${ident(placed)}
      group by all
    ) p
    join ${ident(visitDays)} d using (visitor_id, visit_start_us, day)`;
}

function createPages({ placed, pages, visitDays, attached }: Tables): Sql {
  const numbers = VISIT_NUMBERS.map((name) => sql`, d.${ident(name)}`);
  // The same order of events of one microsecond as that of entry and exit pages.
  return sql`create table ${ident(pages)} as
    select p.*, d.is_one_day${join(numbers, "")}
    from (
      select visitor_id, visit_start_us, day, pathname, title, event_name, count(*) as events,
        count(*) filter (where is_view) as pageviews,
        coalesce(sum(stay_us) filter (where is_view), 0)::bigint as page_us,
        count(stay_us) filter (where is_view) as page_times,
        coalesce(sum(page_depth), 0)::bigint as depth_sum, count(page_depth) as depths
      from (
        with steps as (
          select visitor_id, visit_start_us, day, pathname, title, us, event_name,
            event_name = 'pageview' as is_view,
            lead(us) over (
              partition by visitor_id, visit_start_us order by us, hash(event_name, pathname) & 2047
            ) as next_us
          from ${ident(placed)}
        )
        ${withEngagedPages(raw("steps"), ident(attached))}
      )
      group by visitor_id, visit_start_us, day, pathname, title, event_name
    ) p
    join ${ident(visitDays)} d using (visitor_id, visit_start_us, day)`;
}

function createLists({ placed, lists }: Tables): Sql {
  const item = Object.entries(PART_DIMENSIONS).map(([ref, column]) =>
    sql`${ident(ref)}: ${ident(column)}`
  );
  return sql`create table ${ident(lists)} as
    select visitor_id, visit_start_us, day,
      list({${join(item)}, us: us - day * ${DAY_US}} order by us) as items
    from ${ident(placed)}
    group by visitor_id, visit_start_us, day`;
}

/** Creates the table of events with revenue, with the values of their visits. */
export function createPaid({ placed, visits: visitTable, paid }: Tables, { scope }: Days): Sql {
  const event = { ...VISIT_ROW, us: raw("p.us") };
  const times = TIME_DIMENSIONS.map((ref) =>
    sql`${timeOf(ref, event, scope)} as ${valueName(ref)}`
  );
  return sql`create table ${ident(paid)} as
    select p.*, v.* exclude (visitor_id, visit_start_us, ${
    join(TIME_DIMENSIONS.map(valueName))
  }), ${join(times)}
    from ${ident(placed)} p
    join ${ident(visitTable)} v using (visitor_id, visit_start_us)
    where p.revenue_amount is not null`;
}

/** The column of a visit's value, and of an event's part of time. */
export function valueName(ref: DimensionRef): Sql {
  return ident(`d_${ref}`);
}

/** The column of the part of time of a visit's start, in `parts`. */
export function startName(ref: DimensionRef): Sql {
  return ident(`start_${ref}`);
}

/** Whether a dimension is a part of time. */
export function isOfTime(ref: DimensionRef): boolean {
  return TIME_DIMENSIONS.includes(ref);
}

/** The values of a shape in `parts`, `pages` or `paid`: an event's own where it has them. */
export function valueOf(ref: DimensionRef, { ownColumns }: Shape): Sql {
  const { of, expr } = dimensionOf(ref);
  const isOwn = of === "event" || (ownColumns && of === "visit");
  return isOwn && expr ? sql`(${expr((name) => ident(name))})::varchar` : valueName(ref);
}

function timeOf(ref: DimensionRef, row: RowShape, scope: Scope): Sql {
  return sql`nullif(${keyOf(ref, row, termsOf(scope))}::varchar, ${NULL_TEXT})`;
}

/** The local date of a time, in days since 1970. */
export function dayOf(us: Sql, scope: Scope): Sql {
  return sql`(${keyOf("day", { ...VISIT_ROW, us }, termsOf(scope))} // ${DAY_US})::integer`;
}

/** Days and hours of every event that is read, also of those around the range. */
function termsOf(scope: Scope): Terms {
  const range = { ...spanToRead(scope), dates: null };
  return { ...scope, range, goals: [], missing: NULL_TEXT };
}
