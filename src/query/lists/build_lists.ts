// Several lists as one statement: what is not yet a sum is read once, and becomes rows of a list,
// a value and a visitor. Pure.
import type { Range } from "../../core/period.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Row } from "../../storage/duckdb.ts";
import type { Sources } from "../../storage/reader.ts";
import type { EventsOf } from "../../storage/tiers/event_rows.ts";
import { type Answer, answerOf } from "../answer.ts";
import type { DimensionRef } from "../dimensions.ts";
import { type MetricName, metricOf } from "../metrics.ts";
import type { Query } from "../query.ts";
import { edgeOf, listName } from "../rollups/day_rows.ts";
import { type Shape, shapeOf } from "../rollups/shapes.ts";
import type { Edge, RecentPart, Split } from "../rollups/split.ts";
import { countedBy } from "../rollups/rolled.ts";
import { orderOf } from "../sql/build.ts";
import { missingOf } from "../sql/expressions.ts";
import { type Plan, planOf } from "../sql/plan.ts";
import { Relations } from "../sql/relations.ts";
import {
  laterEvents,
  laterVisitors,
  OF_VISITS,
  PARTS,
  recentVisits,
  storedKey,
  unnestedParts,
} from "../sql/stored_rows.ts";
import { LIST_AGGREGATES } from "./lists.ts";

const UNION = "\n  union all by name\n  ";

/** A list, or the visitors of the whole site. */
interface Kind {
  readonly number: number;
  readonly ref: DimensionRef | null;
  readonly shape: Shape;
  readonly missing: string;
}

/** Reads the rows of `buildLists`: an answer for each query. */
export function answersOfLists(queries: readonly Query[], rows: readonly Row[]): Answer[] {
  return queries.map((query, kind) =>
    answerOf(query, rows.filter((row) => row["kind"] === kind).slice(0, query.limit))
  );
}

/**
 * The statement. Columns: kind, the place of the query; k0; every metric of any query by its name;
 * total_rows, of the kind. `events` give those of a span, and `rows` also engagements.
 */
export function buildLists(
  queries: readonly [Query, ...Query[]],
  split: Split,
  { events, rows: all, sums: sumsOf }: Pick<Sources, "events" | "rows" | "sums">,
): Sql {
  const [first] = queries;
  const kinds = kindsOf(queries);
  const whole: Query = { ...first, metrics: LIST_AGGREGATES, dimensions: refsOf(kinds) };
  const edge = split.edge && edgeRows(kinds, split.edge, sumsOf);
  const recent = split.recent && recentRows(whole, kinds, split.recent, edge !== null);
  const rows = [
    ...split.events.map((range, index) => {
      const isLast = !split.recent && index === split.events.length - 1;
      return eventRows(whole, kinds, { range, eventsFor: () => events }, isLast);
    }),
    ...(recent?.several ?? []),
    ...(split.recent ? laterRows(whole, kinds, split.recent, events) : []),
  ];
  const counted = [
    ...(rows.length > 0 ? [partRows(edge !== null)] : []),
    ...(recent?.single ?? []),
    ...(split.terms.length > 0 ? [summedRows(kinds, split, sumsOf)] : []),
  ];
  const sums = LIST_AGGREGATES.map((name) =>
    sql`coalesce(sum(${ident(name)}), 0)::bigint as ${ident(name)}`
  );
  return sql`with ${laterVisitors(split.recent, planOf(whole).span, all)}${
    edge === null ? raw("") : sql`edge as materialized (${edge}),\n`
  }${
    rows.length === 0 ? raw("") : sql`visitor_rows as (
  select is_last, kind, k0, visitor_id, max(visitors) as visitors, sum(pageviews) as pageviews,
    sum(events) as events
  from (${join(rows, UNION)})
  group by is_last, kind, k0, visitor_id
),
`
  }counts as materialized (
  select kind, k0, ${join(sums)} from (${join(counted, UNION)})
  group by kind, k0 having sum(events) > 0
),
${listed(queries, kinds)}`;
}

/** Each query and, last, the site as a whole. */
function kindsOf(queries: readonly Query[]): Kind[] {
  const wholes = queries.slice(0, 1).map((query): Query => ({ ...query, dimensions: [] }));
  return [...queries, ...wholes].map((query, number) => {
    const shape = shapeOf(query, LIST_AGGREGATES);
    if (!shape) throw new TypeError("Cannot list together: no split holds a query");
    const [ref = null] = query.dimensions;
    return { number, ref, shape, missing: ref === null ? "" : missingOf(ref, query) };
  });
}

function refsOf(kinds: readonly Kind[]): DimensionRef[] {
  return [...new Set(kinds.flatMap(({ ref }) => ref ?? []))];
}

/** Numbers of kinds and their keys side by side: a row becomes one for each. */
function unnested(kinds: readonly Kind[], keyOf: (kind: Kind) => Sql): Sql {
  return sql`unnest([${raw(kinds.map(({ number }) => number).join(", "))}]) as kind,
      unnest([${join(kinds.map(keyOf))}]) as k0`;
}

/** Rows from the events of a range: one for each event and kind. */
function eventRows(
  whole: Query,
  kinds: readonly Kind[],
  { range, eventsFor }: {
    readonly range: Range;
    readonly eventsFor: (plan: Plan) => Sql | EventsOf;
  },
  isLast: boolean,
): Sql {
  const own: Query = { ...whole, range };
  const plan = planOf(own);
  const relations = new Relations(own, plan, eventsFor(plan), whole.range);
  const matching = relations.matchingEvents(own.dimensions, own.filter);
  const keyOf = ({ ref }: Kind) =>
    ref === null ? sql`''` : ident(`key_${whole.dimensions.indexOf(ref)}`);
  const keys = whole.dimensions.map((_, at) => sql`r.${ident(`k${at}`)} as ${ident(`key_${at}`)}`);
  return sql`select * from (${relations.with}
    select ${raw(String(isLast))} as is_last, ${unnested(kinds, keyOf)}, visitor_id, 1 as visitors,
      is_view as pageviews, 1 as events
    from (
      select ${join(keys)}, r.visitor_id, (r.event_name = 'pageview')::integer as is_view
      from (${matching}) r
    ))`;
}

/**
 * The same from visits that no file holds yet: `several` of visitors who may have other rows, and
 * `single` of those who have one visit and are in no term, as rows of `partRows` that need not be
 * grouped by visitor. Most visitors of a day have one visit.
 */
function recentRows(
  whole: Query,
  kinds: readonly Kind[],
  recent: RecentPart,
  hasEdge: boolean,
): { readonly several: readonly Sql[]; readonly single: readonly Sql[] } {
  const isPart = ({ ref }: Kind) => ref !== null && PARTS.has(ref);
  const [ofParts, ofVisits] = [kinds.filter(isPart), kinds.filter((kind) => !isPart(kind))];
  const keyOf = ({ ref }: Kind) => ref === null ? sql`''` : storedKey(ref, whole);
  const inEdge = hasEdge ? raw("visitor_id in (select key from edge)") : raw("false");
  const visitsWhere = (condition: Sql) =>
    sql`(select * from ${recentVisits(recent)} where ${condition})`;
  const severalVisits = visitsWhere(sql`not is_only or ${inEdge}`);
  const singleVisits = visitsWhere(sql`is_only and not ${inEdge}`);
  const counts = LIST_AGGREGATES.map((name) =>
    sql`${raw(OF_VISITS[name] ?? "0")} as ${ident(name)}`
  );
  const rowsOf = (visits: Sql) =>
    sql`${unnested(ofVisits, keyOf)}, r.visitor_id, ${join(counts)} from ${visits} r`;
  const several = [sql`select true as is_last, ${rowsOf(severalVisits)}`];
  const single = [sql`select * exclude (visitor_id) from (select ${rowsOf(singleVisits)})`];
  if (ofParts.length > 0) {
    const refs = ofParts.flatMap(({ ref }) => ref ?? []);
    const partsOf = (visits: Sql) => {
      const { counts, from } = unnestedParts(refs, LIST_AGGREGATES, visits);
      return sql`${unnested(ofParts, keyOf)}, r.visitor_id, ${counts} from ${from} r`;
    };
    several.push(sql`select true as is_last, ${partsOf(severalVisits)}`);
    single.push(sql`select * exclude (visitor_id) replace (0 as visitors)
      from (select ${partsOf(singleVisits)})`);
    // Each value of the one visit counts its visitor once.
    single.push(
      ...ofParts.map(({ number, ref, missing }) =>
        sql`select ${raw(String(number))} as kind, unnest(list_distinct(list_transform(
          ${listName(ref ?? "")}, lambda x: coalesce(x, ${missing})))) as k0,
        1 as visitors, 0 as pageviews, 0 as events
      from ${singleVisits}`
      ),
    );
  }
  return { several, single };
}

/** The same from the events of visitors of whom something came later than those visits. */
function laterRows(
  whole: Query,
  kinds: readonly Kind[],
  recent: RecentPart,
  events: EventsOf,
): Sql[] {
  if (!recent.hasLater) return [];
  const range = { fromUs: recent.startUs, toUs: whole.range.toUs, dates: null };
  return [eventRows(whole, kinds, { range, eventsFor: (plan) => laterEvents(plan, events) }, true)];
}

/** The visitors of the edge, whom the terms have counted. */
function edgeRows(
  kinds: readonly Kind[],
  { first, last, paths }: Edge,
  sumsOf: Sources["sums"],
): Sql {
  return sql`select distinct d.kind, coalesce(r.v1, d.missing) as k0, r.key
    from (
      select * from ${sumsOf(namesOf(kinds, edgeOf), paths)} r
      where ${isOfShapes(kinds, edgeOf)} and day between ${first} and ${last}
    ) r ${shapesOf(kinds, edgeOf)}`;
}

function partRows(hasEdge: boolean): Sql {
  if (!hasEdge) return raw("select kind, k0, visitors, pageviews, events from visitor_rows");
  return raw(
    `select v.kind, v.k0,
      case when v.is_last and e.key is not null then 0 else v.visitors end as visitors,
      v.pageviews, v.events
    from visitor_rows v
    left join edge e on e.kind = v.kind and e.k0 = v.k0 and e.key = v.visitor_id`,
  );
}

function summedRows(kinds: readonly Kind[], split: Split, sumsOf: Sources["sums"]): Sql {
  const nameOf = ({ name }: Shape) => name;
  const { firstDay, signed, within } = countedBy(split);
  const visitors = sql`case when r.gap = 0 or r.day - r.gap < ${firstDay}
        then r.visitors else 0 end`;
  return sql`select d.kind, coalesce(r.v1, d.missing) as k0,
      ${signed(visitors)} as visitors, ${signed(raw("r.pageviews"))} as pageviews,
      ${signed(raw("r.events"))} as events
    from (
      select * from ${sumsOf(namesOf(kinds, nameOf), split.paths)} r
      where ${isOfShapes(kinds, nameOf)} and currency is null
    ) r ${shapesOf(kinds, nameOf)} ${within}`;
}

function isOfShapes(kinds: readonly Kind[], nameOf: (shape: Shape) => string): Sql {
  return sql`shape in (${join(namesOf(kinds, nameOf).map(bound))})`;
}

function namesOf(kinds: readonly Kind[], nameOf: (shape: Shape) => string): string[] {
  return [...new Set(kinds.map(({ shape }) => nameOf(shape)))];
}

const bound = (text: string) => sql`${text}`;

function shapesOf(kinds: readonly Kind[], nameOf: (shape: Shape) => string): Sql {
  const rows = kinds.map(({ number, shape, missing }) =>
    sql`(${raw(String(number))}, ${nameOf(shape)}, ${missing})`
  );
  return sql`join (values ${join(rows)}) d(kind, shape, missing) on d.shape = r.shape`;
}

/** The end of the statement: the first rows of each kind. */
function listed(queries: readonly [Query, ...Query[]], kinds: readonly Kind[]): Sql {
  const [first] = queries;
  const whole = raw(String(kinds.length - 1));
  const metrics = [...new Set(queries.flatMap((query): readonly MetricName[] => query.metrics))];
  const columns = metrics.map((name) => sql`${metricOf(name).derived} as ${ident(name)}`);
  const limit = Math.max(...queries.map((query) => query.limit));
  return sql`merged as (
  select kind, k0, visitors, pageviews, events,
    (select visitors from counts where kind = ${whole}) as base_question
  from counts where kind < ${whole}${wanted(queries)}
)
select kind, k0, ${join(metrics.map(ident))}, total_rows
from (
  select *,
    count(*) over (partition by kind) as total_rows,
    row_number() over (partition by kind order by ${join(orderOf(first, [raw("k0")]))}) as place
  from (select kind, k0, ${join(columns)} from merged)
)
where place <= ${limit}
order by kind, place`;
}

/** Only the rows that each query names, where they name any. */
function wanted(queries: readonly Query[]): Sql {
  const pairs = queries.flatMap(({ rows }, kind) =>
    (rows ?? []).map(([key]) => [String(kind), String(key)] as const)
  );
  if (queries.every(({ rows }) => rows === null)) return raw("");
  return sql` and exists (
    select 1 from (
      select unnest(${pairs.map(([kind]) => kind)}) as wanted_kind,
        unnest(${pairs.map(([, key]) => key)}) as wanted_key
    ) where wanted_kind = kind::varchar and wanted_key = k0
  )`;
}
