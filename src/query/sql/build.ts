// A query and its plan as one statement of SQL. Pure: no statement is run here, and everything
// that came from a request is bound.
import { conditionsOf, isCondition } from "../../../dashboard/grammar/filter.js";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { EventsOf } from "../../storage/tiers/event_rows.ts";
import { currencySql, type DimensionRef, isHostDimension, textsToFind } from "../dimensions.ts";
import { type Aggregate, type AggregateName, AGGREGATES } from "../metrics.ts";
import { isMetricName, type MetricName, metricOf } from "../metrics.ts";
import { isInternational, shownHostSql } from "./host_text.ts";
import type { Plan } from "./plan.ts";
import type { AddedSums, CheckedFilter, Order, Query } from "../query.ts";
import { mixedMetric, mixedRows, MONEY_COLUMNS } from "../sums/mixed.ts";
import { Relations } from "./relations.ts";

/** A relation of one row per combination of keys, and the columns it adds. */
interface Part {
  readonly name: string;
  readonly columns: readonly string[];
}

/**
 * The statement of a query over `events`: a relation of the stored columns over `plan.span`, or
 * what gives one of any span.
 * Columns: k0, k1 … the keys, each metric by its name, money as JSON, total_rows.
 */
export function buildQuery(query: Query, plan: Plan, events: Sql | EventsOf): Sql {
  const relations = new Relations(query, plan, events);
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const parts = [
    ...aggregateParts(query, plan, relations),
    ...(plan.money ? [currencyPart(query, relations)] : []),
  ];
  relations.add("merged", merge(query, parts, keys));
  const bases = baseJoins(query, relations);
  return finished(query, plan, relations.with, bases);
}

/**
 * The end of a statement: metrics of the relation `merged`, in order, as far as wanted, and other
 * columns.
 */
export function finished(
  query: Query,
  plan: Plan,
  start: Sql,
  bases: readonly Sql[],
  more: readonly Sql[] = [],
): Sql {
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const { sums } = query;
  const from = raw(sums ? "mixed" : "merged");
  const metrics = query.metrics.map((name, index) =>
    sums ? mixedColumn(name, index, sums) : metricColumn(name)
  ).filter((column) => column !== null);
  const columns = [
    ...keys,
    ...metrics,
    ...(plan.money ? [raw("money")] : []),
    // Without keys there is one row, which is planned sooner uncounted.
    sql`${keys.length > 0 || sums ? totalOf(from) : raw("1")} as total_rows`,
    ...more,
  ];
  const added = sums ? mixedRows(query, plan, sums, narrowed(query)) : raw("");
  return sql`${start}${added}
select ${join(columns, ",\n  ")}
from ${from}${join(bases.map((base) => sql`\n${base}`), "")}
order by ${join([...orderOf(query, keys), raw("total_rows")])}
limit ${query.limit} offset ${query.offset}`;
}

/** Not by a window: DuckDB's window without a partition fails at random, and fatally. */
function totalOf(rows: Sql): Sql {
  return sql`(select count(*) from ${rows})`;
}

function metricColumn(name: Query["metrics"][number]): Sql | null {
  const { money, derived } = metricOf(name);
  return money ? null : sql`${derived} as ${ident(name)}`;
}

function mixedColumn(name: MetricName, index: number, sums: AddedSums): Sql | null {
  return metricOf(name).money ? null : sql`${mixedMetric(name, index, sums)} as ${ident(name)}`;
}

/** Rows over which some aggregates are taken. */
interface AggregateRelation {
  readonly name: string;
  readonly columns: readonly AggregateName[];
  readonly rows: Sql;
  readonly viaVisits: boolean;
}

/** The relations that hold the aggregates. */
function aggregateParts(
  query: Query,
  plan: Plan,
  relations: Relations,
  named: string | null = null,
): Part[] {
  return aggregateRelations(query, plan, relations, named).map(
    ({ name, columns, rows, viaVisits }) => {
      relations.add(name, grouped(query.dimensions, columns, rows, viaVisits));
      return { name, columns };
    },
  );
}

/** `named` is a name for the rows of visits, which are read again. */
function aggregateRelations(
  query: Query,
  plan: Plan,
  relations: Relations,
  named: string | null = null,
): AggregateRelation[] {
  const of = (wanted: Aggregate["of"]) =>
    plan.aggregates.filter((name) => AGGREGATES[name].of === wanted);
  const { dimensions, filter } = query;
  const [ofEvent, ofVisit] = [of("event"), of("visit")];
  const byVisit = { name: "by_visit", columns: ofVisit, viaVisits: false };
  if (plan.form === "visits") {
    const kinds = { withEvents: ofEvent.length > 0, withVisits: ofVisit.length > 0 };
    const visits = relations.visitsWithEvents(dimensions, kinds);
    if (named !== null) relations.add(named, visits);
    const rows = named === null ? visits : sql`select * from ${ident(named)}`;
    return [{ ...byVisit, columns: plan.aggregates, rows, viaVisits: true }];
  }
  const parts: AggregateRelation[] = [];
  if (ofEvent.length > 0) {
    const rows = relations.matchingEvents(dimensions, filter);
    parts.push({ name: "by_event", columns: ofEvent, rows, viaVisits: false });
  }
  if (ofVisit.length > 0) parts.push({ ...byVisit, rows: relations.matchingVisits(dimensions) });
  return parts;
}

function aggregateSql(name: AggregateName, viaVisits: boolean): Sql {
  const aggregate: Aggregate = AGGREGATES[name];
  return viaVisits ? aggregate.viaVisits ?? aggregate.expr : aggregate.expr;
}

/** One row per combination of keys over `rows`. */
function grouped(
  dimensions: readonly DimensionRef[],
  aggregates: readonly AggregateName[],
  rows: Sql,
  viaVisits = false,
): Sql {
  const keys = dimensions.map((_, index) => ident(`k${index}`));
  const values = aggregates.map((name) => sql`${aggregateSql(name, viaVisits)} as ${ident(name)}`);
  if (!aggregates.includes("visitors")) {
    return sql`select ${join([...keys, ...values])}\n  from (${rows}) r${groupBy(keys)}`;
  }
  // First by visitor, then over visitors: faster than counting distinct ids in each group.
  const sums = aggregates.map((name) =>
    sql`coalesce(sum(${ident(name)}), 0)::bigint as ${ident(name)}`
  );
  const visitor = raw("r.visitor_id");
  return sql`select ${join([...keys, ...sums])}
  from (
    select ${join([...keys, ...values])}
    from (${rows}) r${groupBy([...keys, visitor])}
  )${groupBy(keys)}`;
}

/** `group by` these keys; nothing where there are none. */
export function groupBy(keys: readonly Sql[]): Sql {
  return keys.length > 0 ? sql`\n  group by ${join(keys)}` : raw("");
}

/** Revenue by currency, as a list in JSON, the largest sum first. */
function currencyPart(query: Query, relations: Relations): Part {
  relations.add("by_currency", currencyLists(query, currencyRows(query, relations)));
  return { name: "by_currency", columns: MONEY_COLUMNS };
}

/** The currency of an event with revenue. */
export const CURRENCY = currencySql(raw("revenue_amount"), raw("revenue_currency"));
/** The sum of revenues in hundredths. */
export const CENTS = raw("sum((revenue_amount * 100)::bigint)::bigint");

/** A row for each combination of keys and currency: currency, cents, count. */
export function currencyRows(query: Query, relations: Relations): Sql {
  const lead = leadOf(query);
  const paid = raw(" and r.revenue_amount is not null");
  const rows = relations.matchingEvents(query.dimensions, query.filter, paid);
  return sql`select ${lead}${CURRENCY} as currency, ${CENTS} as cents, count(*) as count
      from (${rows})
      group by all`;
}

/** A row for each event with revenue: its keys, currency, cents. */
export function paidRows(query: Query, plan: Plan, events: EventsOf): Sql {
  const relations = new Relations(query, plan, events);
  const paid = raw(" and r.revenue_amount is not null");
  const rows = relations.matchingEvents(query.dimensions, query.filter, paid);
  return sql`select * from (${relations.with}
    select ${leadOf(query)}${CURRENCY} as currency, (revenue_amount * 100)::bigint as cents
    from (${rows}))`;
}

/** The keys with a comma after each. */
function leadOf(query: Query): Sql {
  return join(query.dimensions.map((_, index) => sql`${ident(`k${index}`)}, `), "");
}

/** The rows of `currencyRows` as one list for each combination of keys. */
export function currencyLists(query: Query, rows: Sql): Sql {
  const lead = leadOf(query);
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  return sql`select ${lead}to_json(amounts) as money, amounts[1].cents as money_sum,
    floor(amounts[1].cents / amounts[1].count + 0.5) as money_mean
  from (
    select ${lead}list(
      {currency: currency, cents: cents, count: count} order by cents desc, currency
    ) as amounts
    from (
      ${rows}
    )${groupBy(keys)}
  )`;
}

/** All parts joined by their keys, as far as wanted. */
function merge(query: Query, parts: readonly Part[], keys: readonly Sql[]): Sql {
  return sql`${joinedParts(parts, keys)}${narrowed(query)}`;
}

/** All parts joined by their keys. */
function joinedParts(parts: readonly Part[], keys: readonly Sql[]): Sql {
  const values = parts.flatMap(({ columns }) => columns).map((name) =>
    MONEY_COLUMNS.includes(name) ? ident(name) : sql`coalesce(${ident(name)}, 0) as ${ident(name)}`
  );
  const [first, ...others] = parts.map(({ name }) => ident(name));
  if (!first) throw new TypeError("Cannot build a query: it has no metric");
  const joined = others.map((name) =>
    keys.length === 0
      ? sql`\n    cross join ${name}`
      : sql`\n    full join ${name} using (${join(keys)})`
  );
  return sql`select ${join([...keys, ...values])}\n  from ${first}${join(joined, "")}`;
}

/**
 * A statement of the keys and aggregates of a query, all of its rows, in no order. Visitors that
 * are in `known` with the same keys are taken away: a relation of the keys and of `key`, the hash
 * of the visitor's id.
 */
export function aggregateRows(
  query: Query,
  plan: Plan,
  relations: Relations,
  known: Sql | null = null,
): Sql {
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const isKnown = known !== null && plan.aggregates.includes("visitors");
  const named = isKnown ? ASKED_VISITS : null;
  const joined = joinedParts(aggregateParts(query, plan, relations, named), keys);
  if (!isKnown) return sql`${relations.with}\n${joined}`;
  const columns = [...keys, raw("key")];
  const rows = visitorRows(query, plan, relations);
  const others = plan.aggregates.filter((name) => name !== "visitors").map((name) =>
    sql`0::bigint as ${ident(name)}`
  );
  return sql`${relations.with}
  ${joined}
  union all by name
  select ${join([...keys, sql`-count(*)::bigint as visitors`, ...others])}
  from (
    select distinct ${join([...keys, raw("visitor_id as key")])} from (${rows})
    intersect
    select distinct ${join(columns)} from (${known})
  )${groupBy(keys)}`;
}

/**
 * A statement of the keys, the visitor and the aggregates of a query, of which the visitors are
 * counted elsewhere: one row for each visitor, or two. An aggregate that a row lacks is NULL.
 */
export function rowsByVisitor(query: Query, plan: Plan, relations: Relations): Sql {
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const by = plan.aggregates.includes("visitors") ? [...keys, raw("r.visitor_id")] : keys;
  const parts = aggregateRelations(query, plan, relations).map((part) => {
    const values = part.columns.map((name) =>
      sql`${aggregateSql(name, part.viaVisits)} as ${ident(name)}`
    );
    return sql`select * from (select ${join([...by, ...values])} from (${part.rows}) r${
      groupBy(by)
    })`;
  });
  return sql`${relations.with}\n${join(parts, "\n  union all by name\n  ")}`;
}

/** Names the rows of visits where they are read twice. */
const ASKED_VISITS = "asked_visits";

/** The rows whose visitors are counted, with their keys. */
function visitorRows({ dimensions, filter }: Query, plan: Plan, relations: Relations): Sql {
  if (plan.form !== "visits") return relations.matchingEvents(dimensions, filter);
  return sql`select * from ${ident(ASKED_VISITS)} where range_events > 0`;
}

/** The relation `merged` from rows of keys and aggregates, lists of money, or both. */
export function mergedOf(query: Query, plan: Plan, counts: Sql | null, money: Sql | null): Sql {
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const given = [
    ...(counts ? [{ name: "counts", columns: plan.aggregates, rows: counts }] : []),
    ...(money ? [{ name: "by_currency", columns: MONEY_COLUMNS, rows: money }] : []),
  ];
  const relations = given.map(({ name, rows }) => sql`${ident(name)} as (\n  ${rows}\n),\n`);
  return sql`${join(relations, "")}merged as (\n  ${merge(query, given, keys)}\n)`;
}

/** Which rows are kept, by their keys. */
function narrowed({ only, rows, search, dimensions }: Query): Sql {
  const [first] = dimensions;
  if (first === undefined) return raw("");
  const texts = textsToFind(first, search === null ? [] : [search]).map((text) =>
    sql`contains(lower(k0), lower(${text}))`
  );
  const shown = search !== null && isInternational(search) && isHostDimension(first)
    ? [sql`contains(lower(${shownHostSql(raw("k0"))}), lower(${search.normalize("NFC")}))`]
    : [];
  const conditions = [
    ...(rows ? [isOneOf(rows, dimensions.length)] : []),
    ...(only ? [sql`list_contains(${only}, k0)`] : []),
    ...(search === null ? [] : [sql`(${join([...texts, ...shown], " or ")})`]),
  ];
  return conditions.length === 0 ? raw("") : sql`\n  where ${join(conditions, " and ")}`;
}

/** Whether the keys are those of one of these rows: a join, for the rows may be many. */
function isOneOf(rows: readonly (readonly (string | number)[])[], count: number): Sql {
  const places = Array.from({ length: count }, (_, index) => index);
  const lists = places.map((at) =>
    sql`unnest(${rows.map((keys) => String(keys[at]))}) as ${ident(`w${at}`)}`
  );
  const equal = places.map((at) => sql`${ident(`w${at}`)} = ${ident(`k${at}`)}::varchar`);
  return sql`exists (select 1 from (select ${join(lists)}) where ${join(equal, " and ")})`;
}

/** Visitors of the query without its dimensions or goals, for shares and conversion rates. */
function baseJoins(query: Query, relations: Relations): Sql[] {
  const wanted = new Set(query.metrics.map((name) => metricOf(name).base));
  const whole = (name: string, filter: CheckedFilter | null): Sql => {
    const body = grouped([], ["visitors"], relations.matchingEvents([], filter));
    relations.add(name, sql`select visitors as ${ident(name)} from (${body})`);
    return sql`cross join ${ident(name)}`;
  };
  return [
    ...(wanted.has("query") ? [whole("base_question", query.filter)] : []),
    ...(wanted.has("goalless") ? [whole("base_goalless", withoutGoals(query.filter))] : []),
    ...(wanted.has("goalless_group") ? [groupBase(query, relations)] : []),
  ];
}

/** The same by the dimensions that do not depend on what the visitors did. */
function groupBase(query: Query, relations: Relations): Sql {
  const name = ident("base_goalless_group");
  const kept = query.dimensions
    .map((ref, index) => ({ ref, key: ident(`k${index}`) }))
    .filter(({ ref }) => ref !== "goal" && ref !== "name" && !ref.startsWith("props:"));
  const refs = kept.map(({ ref }) => ref);
  const rows = relations.matchingEvents(refs, withoutGoals(query.filter));
  const renamed = kept.map(({ key }, index) => sql`${ident(`k${index}`)} as ${key}, `);
  const body = grouped(refs, ["visitors"], rows);
  relations.add(
    "base_goalless_group",
    sql`select ${join(renamed, "")}visitors as ${name} from (${body})`,
  );
  return kept.length === 0
    ? sql`cross join ${name}`
    : sql`left join ${name} using (${join(kept.map(({ key }) => key))})`;
}

/** A key by the name of its value, where it has one. */
function namedKey(key: Sql, names: NonNullable<Order["names"]>): Sql {
  const values = names.map(([value]) => value);
  const shown = names.map(([, name]) => name);
  return sql`coalesce(list_extract(${shown}, list_position(${values}, ${key})), ${key})`;
}

/** By what rows are ordered: as the query says, then by the keys. */
export function orderOf(query: Query, keys: readonly Sql[]): Sql[] {
  const requested = query.order.map(({ by, direction, names }) => {
    const key = keys[query.dimensions.findIndex((ref) => ref === by)];
    if (key) return sql`${names ? namedKey(key, names) : key} ${raw(direction)}`;
    const money = isMetricName(by) ? metricOf(by).money : undefined;
    return sql`${ident(money ? `money_${money}` : by)} ${raw(direction)} nulls last`;
  });
  return [...requested, ...keys.map((key) => sql`${key} asc`)];
}

/** A filter without its conditions on goals. */
export function withoutGoals(filter: CheckedFilter | null): CheckedFilter | null {
  if (!filter) return null;
  const mentions = (part: CheckedFilter) =>
    conditionsOf(part).some(({ dimension }) => dimension === "goal");
  if (!isCondition(filter) && filter.op === "and") {
    const kept = filter.of.filter((part) => !mentions(part));
    const [only] = kept;
    return kept.length > 1 ? { op: "and", of: kept } : only ?? null;
  }
  return mentions(filter) ? null : filter;
}
