// The SQL that adds closed days up: a table of their events with their visits, and from it the rows
// of a file of rollups. The sums are made by the same relations as the answers of queries. Pure.
//
// A row counts `visitors` by `gap`: the days since the same visitor was last seen on the site with
// the same values, 0 for never. Visitors of days a … b are the sum over days d of those whose gap
// is 0 or more than d − a: each is counted on the first of its days in the range, for any a.
import { DAY_US } from "../../core/durations.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { dimensionOf } from "../dimensions.ts";
import { type AggregateName, AGGREGATES } from "../metrics.ts";
import { type Query, queryOf, type Scope } from "../query.ts";
import { aggregateRows, currencyRows } from "../sql/build.ts";
import { type Plan, planOf } from "../sql/plan.ts";
import { Relations } from "../sql/relations.ts";
import { type Shape, SHAPES } from "./shapes.ts";

/** Counts in a row; those of steps are 0 where the shape has none. */
export const COUNTS = Object.keys(AGGREGATES) as AggregateName[];

/** The shape whose rows are the keys of the visitors of each day. */
export const VISITORS = "visitors";

/** Stands for NULL while keys are texts: no value holds a control character. */
const NULL_TEXT = "\u0001null";

const NUMBERS: readonly string[] = [...COUNTS, "cents", "paid"];

/** Creates the table that rows are collected in. */
export function createRows(table: string): Sql {
  const numbers = NUMBERS.map((name) => sql`${ident(name)} bigint default 0`);
  return sql`create table ${ident(table)} (
    shape varchar, day integer, v1 varchar, v2 varchar, gap integer default 0, currency varchar,
    key ubigint, ${join(numbers)})`;
}

/** The query whose tagged events hold all that the shapes need. */
function wholeQuery(scope: Scope): Query {
  const dimensions = [...new Set(SHAPES.flatMap((shape) => shape.dimensions))];
  return queryOf({ ...scope, filter: null, goals: [] }, {
    metrics: ["visitors", "visits", "bounce_rate", "exit_rate", "time_on_page", "total_revenue"],
    dimensions,
  });
}

/** The plan of everything over the tagged table. */
function taggedPlan(query: Query): Plan {
  return { ...planOf(query), form: "joined", tagged: true, split: null, visitNumbers: true };
}

/** The span of events to read for the days of `scope.range`. */
export function spanToRead(scope: Scope): Plan["span"] {
  return planOf(wholeQuery(scope)).span;
}

/**
 * Creates the table of events with their visits; `scope.range` is what the days look back to. Of a
 * visitor's id only its hash of 64 bits is kept: it is what is grouped by, many times.
 */
export function createTagged(table: string, scope: Scope, events: Sql): Sql {
  const query = wholeQuery(scope);
  const rows = new Relations(query, taggedPlan(query), events).everyEvent();
  return sql`create table ${ident(table)} as
    select * replace (hash(visitor_id)::ubigint as visitor_id) from (${rows})`;
}

/**
 * Inserts the rows of one shape for the days of `scope.range`, the first of which is `firstDay`;
 * visitors look back to `fromUs`.
 */
export function insertShape(
  rows: string,
  tagged: string,
  shape: Shape,
  scope: Scope,
  { fromUs, firstDay }: { readonly fromUs: number; readonly firstDay: number },
): Sql {
  const query = shapeQuery(shape, scope);
  const wide = shapeQuery(shape, { ...scope, range: { ...scope.range, fromUs, dates: null } });
  const plan = shapePlan(shape, query);
  const aggregates = plan.aggregates.map((name) => ident(name));
  const table = sql`select * from ${ident(tagged)}`;
  const sums = aggregateRows(query, plan, Relations.over(query, plan, table));
  const gaps = gapRows(wide, plan, Relations.over(wide, plan, table), firstDay);
  const values = valuesOf(shape);
  const totals = aggregates.map((name) => sql`sum(${name})::bigint as ${name}`);
  return sql`insert into ${ident(rows)} by name
    select ${shape.name} as shape, (k0 // ${DAY_US})::integer as day, ${values}, gap, ${
    join(totals)
  }
    from (
      select * replace (0::bigint as visitors), 0 as gap from (${sums})
      union all by name
      select * from (${gaps})
    ) group by all`;
}

/** Inserts the revenue of one shape. */
export function insertMoney(rows: string, tagged: string, shape: Shape, scope: Scope): Sql {
  const query = shapeQuery(shape, scope);
  const plan = shapePlan(shape, query);
  const relations = Relations.over(query, plan, sql`select * from ${ident(tagged)}`);
  const paid = currencyRows(query, relations);
  return sql`insert into ${ident(rows)} by name
    ${relations.with}
    select ${shape.name} as shape, (k0 // ${DAY_US})::integer as day, ${valuesOf(shape)},
      currency, cents, count as paid
    from (${paid})`;
}

/** Inserts the key of each visitor of each day. */
export function insertVisitors(rows: string, tagged: string, scope: Scope): Sql {
  const [whole] = SHAPES;
  const query = shapeQuery(whole as Shape, scope);
  const plan = shapePlan(whole as Shape, query);
  const relations = Relations.over(query, plan, sql`select * from ${ident(tagged)}`);
  return sql`insert into ${ident(rows)} by name
    ${relations.with}
    select distinct ${VISITORS} as shape, (k0 // ${DAY_US})::integer as day,
      visitor_id as key
    from (${relations.matchingEvents(query.dimensions, null)})`;
}

/**
 * Inserts the edge of one shape for the one day of `scope.range`: the values and the key of each
 * visitor with an event from `sinceUs` on, who may be seen after the day, too.
 */
export function insertEdge(
  rows: string,
  tagged: string,
  shape: Shape,
  scope: Scope,
  sinceUs: number,
): Sql {
  const query = shapeQuery(shape, scope);
  const plan = shapePlan(shape, query);
  const relations = Relations.over(query, plan, sql`select * from ${ident(tagged)}`);
  return sql`insert into ${ident(rows)} by name
    ${relations.with}
    select distinct ${edgeOf(shape)} as shape, (k0 // ${DAY_US})::integer as day,
      ${valuesOf(shape)}, visitor_id as key
    from (${relations.matchingEvents(query.dimensions, null)})
    where visitor_id in (
      select visitor_id from ${ident(tagged)}
      where us >= ${sinceUs} and us < ${scope.range.toUs})`;
}

/** The shape of the rows of `insertEdge`. */
export function edgeOf({ name }: Shape): string {
  return `${EDGE}${name}`;
}

/** Begins the shapes of edges. */
export const EDGE = "edge:";

function shapeQuery({ dimensions, ownColumns }: Shape, scope: Scope): Query {
  return queryOf({ ...scope, filter: null, goals: [] }, {
    metrics: ["visitors"],
    dimensions: ["day", ...dimensions],
    ownColumns,
    missing: NULL_TEXT,
  });
}

function shapePlan({ steps }: Shape, query: Query): Plan {
  const aggregates = COUNTS.filter((name) => steps || !("steps" in AGGREGATES[name]));
  return { ...taggedPlan(query), aggregates, steps: true };
}

/** The shape's values as v1 and v2, NULL where there is none. */
function valuesOf({ dimensions }: Shape): Sql {
  const values = [1, 2].map((at) =>
    at <= dimensions.length
      ? sql`nullif(${ident(`k${at}`)}::varchar, ${NULL_TEXT}) as ${ident(`v${at}`)}`
      : sql`null::varchar as ${ident(`v${at}`)}`
  );
  return join(values);
}

/** Visitors by day, values and gap. */
function gapRows(wide: Query, plan: Plan, relations: Relations, firstDay: number): Sql {
  const keys = wide.dimensions.map((_, index) => ident(`k${index}`));
  const others = [...keys.slice(1), raw("visitor_id")];
  const rows = relations.matchingEvents(wide.dimensions, null);
  const zeros = plan.aggregates.filter((name) => name !== "visitors").map((name) =>
    sql`0::bigint as ${ident(name)}`
  );
  return sql`${relations.with},
  days as (${rows}),
  seen as (select distinct ${join([...keys, raw("visitor_id")])} from days),
  steps as (
    select *, lag(k0) over (partition by ${join(others)} order by k0) as before from seen
  )
  select ${join(keys)}, (coalesce(k0 - before, 0) // ${DAY_US})::integer as gap,
    count(*)::bigint as visitors, ${join(zeros)}
  from steps
  where k0 >= ${firstDay * DAY_US}
  group by all`;
}

/** Texts that stand for a missing value in answers: a day that holds one as a value has no sums. */
export function missingTexts({ dimensions }: Shape): readonly string[][] {
  return dimensions.map((ref) => {
    const { missing, computed } = dimensionOf(ref);
    // What is computed has a value for every row.
    return computed ? [] : [missing, "(unknown)"];
  });
}
