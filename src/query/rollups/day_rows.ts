// The SQL of the rows of a file of rollups, from the tables of `day_tables.ts`. Pure.
//
// A row counts `visitors` by `gap`: the days since the same visitor was last seen on the site with
// the same values, 0 for never. Visitors of days a … b are the sum over days d of those whose gap
// is 0 or more than d − a: each is counted on the first of its days in the range, for any a.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { literal } from "../../storage/parquet/schema.ts";
import { dimensionOf } from "../dimensions.ts";
import { AGGREGATES } from "../metrics.ts";
import { CENTS, CURRENCY } from "../sql/build.ts";
import {
  type Days,
  isOfTime,
  PART_DIMENSIONS,
  startName,
  type Tables,
  valueName,
  valueOf,
  VISIT_DIMENSIONS,
} from "./day_tables.ts";
import { isOfOneVisit, isOfPages, type Shape, SHAPES } from "./shapes.ts";

/** Begins the shapes of edges. */
export const EDGE = "edge:";

/** Counts of a row. */
const COUNTS: readonly string[] = [...Object.keys(AGGREGATES), "cents", "paid"];
/** Sums of squares over visits, of values that a visit has one of: too large for integers. */
const SQUARES = {
  visit_us_squares: raw("coalesce(sum(visit_us::double ** 2) filter (where is_start), 0)"),
  visit_pageviews_squares: raw(
    "coalesce(sum(visit_pageviews::double ** 2) filter (where is_start), 0)",
  ),
};

/** The columns of squares, each with that of the sum. */
const SUMS_OF_SQUARES = {
  visit_us_squares: "visit_us",
  visit_pageviews_squares: "visit_pageviews",
} as const satisfies Record<keyof typeof SQUARES, string>;

/** A day with an edge: `sinceUs` is when whoever is seen after it was seen at the earliest. */
export interface EdgeDay {
  readonly day: number;
  readonly sinceUs: number;
  readonly endUs: number;
}

/** Counts by day, values and visitor; rows of a visitor who is `is_one_day` have no gap. */
interface Sums {
  readonly table: string;
  readonly values: readonly Sql[];
  /** Column → the aggregate over rows. */
  readonly counts: Readonly<Record<string, Sql>>;
  /** Whether the table has one row for each visit and day. */
  readonly ofVisitDays: boolean;
}

/** Creates the table of rows. */
export function createRows({ rows }: Tables): Sql {
  const numbers = [
    ...COUNTS.map((name) => sql`${ident(name)} bigint default 0`),
    ...Object.keys(SQUARES).map((name) => sql`${ident(name)} double default 0`),
  ];
  return sql`create table ${ident(rows)} (
    shape varchar, day integer, v1 varchar, v2 varchar, gap integer default 0, currency varchar,
    key ubigint, ${join(numbers)})`;
}

/** Inserts the rows of one shape. */
export function insertShape(tables: Tables, shape: Shape, days: Days): Sql {
  const isOne = isOfOneVisit(shape);
  const parts = isOne
    ? ofVisitors(visitSums(tables, shape), days)
    : [...ofVisitors(eventSums(tables, shape), days), visitsOfEvents(tables, shape, days)];
  if (shape.steps) parts.push(...(isOne ? stepsOfAll(tables, days) : [exits(tables, shape, days)]));
  const all = join(
    parts.map((part) => sql`select * from (${part})`),
    "\n    union all by name\n    ",
  );
  if (isOne && !shape.steps) return inserted(tables, shape, all);
  // Events, visits and exits of the same values as one row.
  const counts = { visitors: 0, ...countsOf(shape), ...VISIT_COUNTS, ...(isOne ? SQUARES : {}) };
  const sums = [...Object.keys(counts), ...(shape.steps ? ["exits"] : [])].map((name) => {
    const type = raw(name in SQUARES ? "double" : "bigint");
    return sql`coalesce(sum(${ident(name)}), 0)::${type} as ${ident(name)}`;
  });
  return inserted(
    tables,
    shape,
    sql`select day, v1, v2, gap, ${join(sums)} from (${all}) group by day, v1, v2, gap`,
  );
}

function inserted({ rows }: Pick<Tables, "rows">, { name }: Shape, all: Sql): Sql {
  return sql`insert into ${ident(rows)} by name select ${name} as shape, * from (${all})`;
}

/** Sums by day, values and gap. */
function ofVisitors({ table, values, counts, ofVisitDays }: Sums, days: Days): Sql[] {
  const names = Object.keys(counts);
  const own = names.map((name) => sql`${counts[name] ?? raw("0")} as ${ident(name)}`);
  const totals = names.map((name) => {
    const type = raw(name in SQUARES ? "double" : "bigint");
    return sql`sum(${ident(name)})::${type} as ${ident(name)}`;
  });
  const within = sql`day between ${days.first} and ${days.last}`;
  const byVisitor = (where: Sql) =>
    sql`select day, ${valuesOf(values)}, visitor_id, ${join(own)}
      from ${ident(table)}
      where ${where}
      group by all`;
  const oneDay = raw(days.isKeyed ? "true" : "is_one_day");
  const counted = ofVisitDays ? sql`${oneDay} and not is_only` : oneDay;
  const parts = [
    sql`select day, v1, v2, 0 as gap, count(*) as visitors, ${join(totals)}
      from (${byVisitor(sql`${counted} and ${within}`)})
      group by day, v1, v2`,
  ];
  if (!days.isKeyed) {
    parts.push(sql`select day, v1, v2, gap, count(*) as visitors, ${join(totals)}
      from (
        select *, coalesce(day - lag(day) over (
          partition by v1, v2, visitor_id order by day
        ), 0) as gap
        from (${byVisitor(sql`not is_one_day and day >= ${days.back}`)})
      )
      where ${within}
      group by day, v1, v2, gap`);
  }
  if (!ofVisitDays) return parts;
  return [
    ...parts,
    sql`select day, ${valuesOf(values)}, 0 as gap, count(*) as visitors, ${join(own)}
      from ${ident(table)}
      where is_only and ${within}
      group by all`,
  ];
}

const OF_EVENTS = {
  pageviews: raw("sum(pageviews)::bigint"),
  events: raw("sum(events)::bigint"),
};
const VISIT_COUNTS = {
  visits: raw("count(*) filter (where is_start)"),
  bounces: raw("count(*) filter (where is_start and is_bounce)"),
  engaged_visits: raw("count(*) filter (where is_start and is_engaged)"),
  visit_us: raw("coalesce(sum(visit_us) filter (where is_start), 0)::bigint"),
  visit_pageviews: raw("coalesce(sum(visit_pageviews) filter (where is_start), 0)::bigint"),
};
const OF_VISITS = { ...OF_EVENTS, ...VISIT_COUNTS, ...SQUARES };
const OF_STEPS = {
  page_us: raw("sum(page_us)::bigint"),
  page_times: raw("sum(page_times)::bigint"),
  depth_sum: raw("sum(depth_sum)::bigint"),
  depths: raw("sum(depths)::bigint"),
};

function visitSums({ visitDays }: Tables, { dimensions }: Shape): Sums {
  const values = dimensions.map(valueName);
  return { table: visitDays, values, counts: OF_VISITS, ofVisitDays: true };
}

function eventSums(tables: Tables, shape: Shape): Sums {
  const values = shape.dimensions.map((ref) => valueOf(ref, shape));
  return { table: tableOf(tables, shape), values, counts: countsOf(shape), ofVisitDays: false };
}

function countsOf({ steps }: Shape): Readonly<Record<string, Sql>> {
  return { ...OF_EVENTS, ...(steps ? OF_STEPS : {}) };
}

/** The table that holds the values of a shape's events. */
function tableOf(tables: Tables, shape: Shape): string {
  if (isOfOneVisit(shape)) return tables.visitDays;
  return isOfPages(shape) ? tables.pages : tables.parts;
}

/** Visits by the day and the values of their start, or by the values of all of their events. */
function visitsOfEvents(tables: Tables, shape: Shape, days: Days): Sql {
  const values = shape.dimensions.map((ref) =>
    isOfTime(ref) ? startName(ref) : valueOf(ref, shape)
  );
  return sql`select day, v1, v2, 0 as gap, count(*) as visits,
      count(*) filter (where is_bounce) as bounces,
      count(*) filter (where is_engaged) as engaged_visits, sum(visit_us)::bigint as visit_us,
      sum(visit_pageviews)::bigint as visit_pageviews
    from (
      select distinct start_day as day, ${valuesOf(values)}, visitor_id, visit_start_us,
        is_bounce, is_engaged, visit_us, visit_pageviews
      from ${ident(tableOf(tables, shape))}
      where start_day between ${days.first} and ${days.last}
    )
    group by day, v1, v2`;
}

/** Steps and exits of whole days. */
function stepsOfAll({ pages, visits }: Tables, { first, last }: Days): Sql[] {
  const sums = Object.entries(OF_STEPS).map(([name, sum]) => sql`${sum} as ${ident(name)}`);
  const whole = sql`${valuesOf([])}, 0 as gap`;
  return [
    sql`select day, ${whole}, ${join(sums)}
    from ${ident(pages)} where day between ${first} and ${last} group by day`,
    sql`select exit_day as day, ${whole}, count(*) as exits
    from ${ident(visits)} where exit_day between ${first} and ${last} group by exit_day`,
  ];
}

/** Visits by the day and the page of their last pageview. */
function exits({ visits }: Tables, _: Shape, days: Days): Sql {
  return sql`select exit_day as day, ${valuesOf([valueName("exit_page")])}, 0 as gap,
      count(*) as exits
    from ${ident(visits)}
    where exit_day between ${days.first} and ${days.last}
    group by all`;
}

/** Inserts the revenue of one shape. */
export function insertMoney({ rows, paid }: Tables, shape: Shape, days: Days): Sql {
  const values = shape.dimensions.map((ref) => valueOf(ref, shape));
  const sums = sql`select day, ${valuesOf(values)},
      ${CURRENCY} as currency, ${CENTS} as cents, count(*) as paid
    from ${ident(paid)}
    where day between ${days.first} and ${days.last}
    group by all`;
  return inserted({ rows }, shape, sums);
}

/** Inserts the edge of one shape: the values and the key of each visitor who may be seen later. */
export function insertEdge(tables: Tables, shape: Shape, edges: readonly EdgeDay[]): Sql {
  const values = shape.dimensions.map((ref) => valueOf(ref, shape));
  return sql`insert into ${ident(tables.rows)} by name
    select ${edgeOf(shape)} as shape, * from (
      select distinct r.day, ${valuesOf(values)}, r.visitor_id as key
      from ${ident(tableOf(tables, shape))} r
      ${joinLater(tables, edges)}
    )`;
}

/** Joins to rows `r` of a day and a visitor: only those of visitors who may be seen later. */
export function joinLater({ placed }: Tables, edges: readonly EdgeDay[]): Sql {
  const list = edges.map(({ day, sinceUs, endUs }) => raw(`(${day}, ${sinceUs}, ${endUs})`));
  return sql`join (
        select distinct edge.day, seen.visitor_id
        from (values ${join(list)}) edge(day, since_us, end_us)
        join ${ident(placed)} seen on seen.us >= edge.since_us and seen.us < edge.end_us
      ) later on later.day = r.day and later.visitor_id = r.visitor_id`;
}

/**
 * The columns of squares as a file holds them: NULL for the square of the row's own sum, as that of
 * one visit is, and in splits that hold none.
 */
export function keptSquares(): Sql {
  const shapes = join(SHAPES.filter(({ squares }) => squares).map(({ name }) => literal(name)));
  const columns = Object.entries(SUMS_OF_SQUARES).map(([name, sum]) =>
    sql`case when shape in (${shapes}) then nullif(${ident(name)}, ${squareOf(sum)}) end
      as ${ident(name)}`
  );
  return join(columns, ",\n      ");
}

/** The squares that such a row of a file has. Older files hold all of them. */
export function squaresIn(name: keyof typeof SQUARES): Sql {
  return sql`coalesce(${ident(name)}, ${squareOf(SUMS_OF_SQUARES[name])})`;
}

function squareOf(sum: string): Sql {
  return sql`${ident(sum)}::double ** 2`;
}

/** The shape of the rows of `insertEdge`. */
export function edgeOf({ name }: Pick<Shape, "name">): string {
  return `${EDGE}${name}`;
}

/** Values as v1 and v2. */
function valuesOf(values: readonly Sql[]): Sql {
  const none = raw("null::varchar");
  return sql`${values[0] ?? none} as v1, ${values[1] ?? none} as v2`;
}

/** One row if a value is a text that stands for a missing one in answers: then no sum is right. */
export function findMissingTexts({ rows }: Tables): Sql {
  const list = SHAPES.flatMap(({ name, dimensions }) =>
    dimensions.flatMap((ref, index) =>
      // Every visit has a channel.
      ref === "channel"
        ? []
        : [dimensionOf(ref).missing, "(unknown)"].map((text) =>
          sql`(${name}, ${index === 0}, ${text})`
        )
    )
  );
  return sql`select 1 from ${ident(rows)} r
    join (values ${join(list)}) missing(shape, is_first, text)
      on missing.shape = r.shape and missing.text = case when is_first then v1 else v2 end
    limit 1`;
}

/**
 * The rows of visits to be written: one for each visit and day on which it has events, with what
 * these are as lists of equal length: also when, in microseconds after the local date's midnight in
 * UTC. A visit's first day has those of its later days, too, under names with `later_`, without
 * times. `day` and `visit` together are the key.
 */
export function visitRows({ visitDays, lists }: Tables, { first, last }: Days): Sql {
  const values = VISIT_DIMENSIONS.map((ref) => sql`d.${valueName(ref)}`);
  const items = ["us", ...Object.keys(PART_DIMENSIONS)].map((name) =>
    sql`list_transform(l.items, lambda x: x.${ident(name)}) as ${listName(name)}`
  );
  const later = Object.keys(PART_DIMENSIONS).map((name) =>
    sql`list_transform(later.items, lambda x: x.${ident(name)}) as ${laterName(name)}`
  );
  return sql`select d.day, d.rowid as visit, d.visitor_id, d.is_start, d.events::integer as events,
      d.pageviews::integer as pageviews, d.visit_us,
      d.visit_pageviews::integer as visit_pageviews, d.is_bounce, d.is_engaged,
      ${join([...values, ...items, ...later])}
    from ${ident(visitDays)} d
    join ${ident(lists)} l using (visitor_id, visit_start_us, day)
    left join (
      select visitor_id, visit_start_us, flatten(list(l.items)) as items
      from ${ident(lists)} l
      join ${ident(visitDays)} d using (visitor_id, visit_start_us, day)
      where not d.is_start
      group by visitor_id, visit_start_us
    ) later on d.is_start and later.visitor_id = d.visitor_id
      and later.visit_start_us = d.visit_start_us
    where d.day between ${first} and ${last}`;
}

/** The column of a list of `visitRows`. */
export function listName(name: string): Sql {
  return ident(`part_${name}`);
}

/** The same of what happened on a later day of the visit. */
export function laterName(name: string): Sql {
  return ident(`later_${name}`);
}
