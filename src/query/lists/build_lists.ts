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
import { edgeOf } from "../rollups/day_rows.ts";
import type { RecentList, RecentListSums, RowsOfLists } from "../rollups/recent_sums.ts";
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
  storedKey,
  unnestedParts,
} from "../sql/stored_rows.ts";
import { LIST_AGGREGATES } from "./lists.ts";

const UNION = "\n  union all by name\n  ";
/** What is counted beside visitors. */
const COUNTS = ["pageviews", "events"] as const;

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
 * `recentSums` are those of `recentListsOf` where the split has recent visits.
 */
export function buildLists(
  queries: readonly [Query, ...Query[]],
  split: Split,
  { events, rows: all, sums: sumsOf }: Pick<Sources, "events" | "rows" | "sums">,
  recentSums: RecentListSums | null,
): Sql {
  const [first] = queries;
  const kinds = kindsOf(queries);
  const whole: Query = { ...first, metrics: LIST_AGGREGATES, dimensions: refsOf(kinds) };
  const edge = split.edge && edgeRows(kinds, split.edge, sumsOf);
  const rows = [
    ...split.events.map((range, index) => {
      const isLast = !split.recent && index === split.events.length - 1;
      return eventRows(whole, kinds, { range, eventsFor: () => events }, isLast);
    }),
    ...(split.recent ? takenRows(whole, kinds, split.recent, edge !== null) : []),
    ...(split.recent ? laterRows(whole, kinds, split.recent, events) : []),
  ];
  const counted = [
    ...(rows.length > 0 ? [partRows(edge !== null)] : []),
    ...(recentSums ? [recentRows(kinds, recentSums)] : []),
    ...(split.terms.length > 0 ? [summedRows(kinds, split, sumsOf)] : []),
  ];
  const sums = LIST_AGGREGATES.map((name) =>
    sql`coalesce(sum(${ident(name)}), 0)::bigint as ${ident(name)}`
  );
  return sql`with ${laterVisitors(split.recent, planOf(whole).span, all)}${
    edge === null ? raw("") : sql`edge as materialized (${edge}),\n`
  }${
    rows.length === 0 ? raw("") : sql`visitor_rows as (
  select is_last, part, kind, k0, visitor_id, sum(pageviews) as pageviews, sum(events) as events
  from (${join(rows, UNION)})
  group by is_last, part, kind, k0, visitor_id
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
function unnested<K extends Pick<Kind, "number">>(
  kinds: readonly K[],
  keyOf: (kind: K) => Sql,
): Sql {
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
    select ${raw(String(isLast))} as is_last, 0 as part, ${unnested(kinds, keyOf)}, visitor_id,
      is_view as pageviews, 1 as events
    from (
      select ${join(keys)}, r.visitor_id, (r.event_name = 'pageview')::integer as is_view
      from (${matching}) r
    ))`;
}

/** The lists of some queries, and that of the whole site, as sums of recent visits hold them. */
export function recentListsOf(queries: readonly [Query, ...Query[]]): RecentList[] {
  return kindsOf(queries).map(({ ref, missing }) => ({ ref, missing }));
}

/** What those sums are made of, for the lists of some queries. */
export function rowsOfRecentLists(queries: readonly [Query, ...Query[]]): RowsOfLists {
  const [first] = queries;
  return (lists, visits) => {
    const kinds = lists.map(({ ref, missing, number }) => ({ ref, missing, number }));
    const rows = visitRowsOf(first, kinds, visits).map((part) =>
      sql`select kind as list, * exclude (kind) from (select ${part})`
    );
    return join(rows, UNION);
  };
}

/** Columns of the rows of visits, after `select`: one for each visit, or part of one, and kind. */
function visitRowsOf(
  whole: Query,
  kinds: readonly Pick<Kind, "ref" | "missing" | "number">[],
  visits: Sql,
): Sql[] {
  const isPart = ({ ref }: Pick<Kind, "ref">) => ref !== null && PARTS.has(ref);
  const [ofParts, ofVisits] = [kinds.filter(isPart), kinds.filter((kind) => !isPart(kind))];
  const keyOf = ({ ref, missing }: Pick<Kind, "ref" | "missing">) =>
    ref === null ? sql`''` : storedKey(ref, { ...whole, missing });
  const rows: Sql[] = [];
  if (ofVisits.length > 0) {
    const counts = COUNTS.map((name) => sql`${raw(OF_VISITS[name] ?? "0")} as ${ident(name)}`);
    rows.push(sql`r.visitor_id, ${unnested(ofVisits, keyOf)}, ${join(counts)} from ${visits} r`);
  }
  if (ofParts.length > 0) {
    const refs = [...new Set(ofParts.flatMap(({ ref }) => ref ?? []))];
    const { counts, from } = unnestedParts(refs, COUNTS, visits);
    rows.push(sql`r.visitor_id, ${unnested(ofParts, keyOf)}, ${counts} from ${from} r`);
  }
  return rows;
}

/**
 * The rows of recent visits of which their sums are not right, to be taken away again: those of
 * visitors of whom something came later, and, as far as they are counted, of those of the edge.
 */
function takenRows(
  whole: Query,
  kinds: readonly Kind[],
  { table, first, hasLater }: RecentPart,
  hasEdge: boolean,
): Sql[] {
  const later = raw("select visitor_id from later_visitors");
  const others = [
    ...(hasLater ? [later] : []),
    ...(hasEdge ? [raw("select key as visitor_id from edge")] : []),
  ];
  if (others.length === 0) return [];
  const part = hasLater ? sql`case when visitor_id in (${later}) then 1 else 2 end` : raw("2");
  const visits = sql`(select *, ${part} as part from ${ident(table)}
      semi join (${join(others, " union all ")}) using (visitor_id) where day >= ${first})`;
  return visitRowsOf(whole, kinds, visits).map((rows) =>
    sql`select true as is_last, r.part, ${rows}`
  );
}

/** The sums of recent visits. */
function recentRows(kinds: readonly Kind[], { table, numbers }: RecentListSums): Sql {
  const places = kinds.map(({ number }, at) => raw(`(${numbers[at]}, ${number})`));
  return sql`select l.kind, r.k0, r.visitors, r.pageviews, r.events
    from ${ident(table)} r
    join (values ${join(places)}) l(list, kind) on l.list = r.list`;
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

/**
 * What the rows of visitors count: 0 is a part of events, 1 and 2 are of `takenRows`. Whoever is
 * known at the edge is counted by the terms.
 */
function partRows(hasEdge: boolean): Sql {
  const number = (name: string) =>
    `case v.part when 0 then v.${name} when 1 then -v.${name} else 0 end as ${name}`;
  const isKnown = hasEdge ? "e.key is not null" : "false";
  return raw(
    `select v.kind, v.k0, case v.part
        when 0 then case when v.is_last and ${isKnown} then 0 else 1 end
        when 1 then -1
        else case when ${isKnown} then -1 else 0 end
      end as visitors, ${number("pageviews")}, ${number("events")}
    from visitor_rows v${
      hasEdge ? " left join edge e on e.kind = v.kind and e.k0 = v.k0 and e.key = v.visitor_id" : ""
    }`,
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
