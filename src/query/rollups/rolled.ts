// A query without a filter, or with one that asks for one value, as one statement over rollups of
// closed days and events of the others. Pure.
import { DAY_US } from "../../core/durations.ts";
import type { Range } from "../../core/period.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Sources } from "../../storage/reader.ts";
import type { EventsOf } from "../../storage/tiers/event_rows.ts";
import { isCondition } from "../../../dashboard/grammar/filter.js";
import { dimensionOf, type DimensionRef } from "../dimensions.ts";
import { type AggregateName, AGGREGATES, metricOf } from "../metrics.ts";
import type { CheckedCondition, Query } from "../query.ts";
import { goalsMeant } from "../budget/filter_size.ts";
import { edgeOf } from "./day_rows.ts";
import { valuesOfGoals } from "./goal_values.ts";
import { isOfDays, type Shape, shapeOf } from "./shapes.ts";
import type { RecentPart, Split } from "./split.ts";
import {
  aggregateRows,
  currencyLists,
  currencyRows,
  finished,
  mergedOf,
  withoutGoals,
} from "../sql/build.ts";
import { filterSql, missingOf, type RowShape, VISIT_ROW } from "../sql/expressions.ts";
import { type Plan, planOf } from "../sql/plan.ts";
import { Relations } from "../sql/relations.ts";
import {
  dayBucket,
  laterRows,
  laterVisitors,
  recentVisits,
  storedRows,
  visitorRows,
} from "../sql/stored_rows.ts";

/** The column that tells whether several values met the filter: then the sums are not right. */
export const SEVERAL = "has_several";
const SEVERAL_VALUES =
  sql`(select coalesce(min(low_value) < max(high_value), false) from counts) as ${ident(SEVERAL)}`;

/**
 * The split of a day that answers a query, or undefined where none does. What has one value in a
 * dimension is its row of the split by that dimension.
 */
export function rolledShape(query: Query, plan: Plan): Shape | undefined {
  // Of money alone, no count tells which of several values met a filter.
  if (plan.aggregates.length === 0 && !(plan.money && query.filter === null)) return undefined;
  const bases = query.metrics.map((name) => metricOf(name).base);
  if (bases.includes("goalless_group")) return undefined;
  const { filter, dimensions } = query;
  if (filter === null) {
    if (!dimensions.includes("goal")) return shapeOf(query, plan.aggregates);
    const isAlone = dimensions.every((ref) => ref === "goal" || isOfDays(ref));
    if (!isAlone || !valuesOfGoals(query.goals)) return undefined;
    const refs = dimensions.map((ref) => ref === "goal" ? "name" : ref);
    return shapeOf({ ...query, dimensions: refs }, plan.aggregates);
  }
  const isOne = isCondition(filter) && filter.op === "is" && filter.values.length === 1;
  if (!isOne || query.ownColumns || !dimensions.every(isOfDays)) return undefined;
  const refs = refsOfOne(filter, query);
  return refs && shapeOf({ ...query, dimensions: [...dimensions, ...refs] }, plan.aggregates);
}

/** The dimensions of the split that holds what meets a condition on one value. */
function refsOfOne(condition: CheckedCondition, { goals }: Query): DimensionRef[] | undefined {
  const { dimension } = condition;
  if (dimension !== "goal") return isDimensionOfRows(dimension) ? [dimension] : undefined;
  const [only, ...others] = valuesOfGoals(goalsMeant(condition, goals)) ?? [];
  return only && others.length === 0 ? [...only.refs] : undefined;
}

/** Whether a dimension is neither a goal nor a part of time. */
function isDimensionOfRows(ref: DimensionRef): boolean {
  const { of } = dimensionOf(ref);
  return ref !== "goal" && of !== "time";
}

/** Names the rows of recent visits where the visitors of all of them are counted, too. */
const RECENT_ROWS = "recent_rows";

/** The statement; its columns are those of `buildQuery`. */
export function buildRolled(
  query: Query,
  plan: Plan,
  shape: Shape,
  split: Split,
  { events, rows, sums }: Pick<Sources, "events" | "rows" | "sums">,
): Sql {
  const rolled = new Rolled(query, split, events, sums);
  const present = presenceOf(plan);
  const rowsOfRecent = hasBase(query) ? rolled.recentRows(query, present) : null;
  const named = rowsOfRecent
    ? sql`${ident(RECENT_ROWS)} as materialized (\n  ${rowsOfRecent}\n),\n`
    : raw("");
  const known = rowsOfRecent ? sql`select * from ${ident(RECENT_ROWS)}` : null;
  const counts = present.length > 0
    ? rolled.counts(query, { ...plan, aggregates: present }, shape, known)
    : null;
  const money = plan.money ? rolled.money(query, plan, shape) : null;
  const merged = mergedOf(query, { ...plan, aggregates: present }, counts, money);
  const later = laterVisitors(split.recent, plan.span, rows);
  return finished(
    query,
    plan,
    sql`with ${later}${named}${merged}`,
    basesOf(
      query,
      (whole) => rolled.visitors(whole, known !== null && whole.filter === query.filter),
    ),
    query.filter === null ? [] : [SEVERAL_VALUES],
  );
}

function hasBase({ metrics }: Query): boolean {
  return metrics.some((name) => metricOf(name).base !== undefined);
}

/** Joins of the visitors of the whole query, for the metrics that are shares of them. */
export function basesOf(query: Query, visitors: (query: Query) => Sql): Sql[] {
  const wanted = new Set(query.metrics.map((name) => metricOf(name).base));
  const whole: Query = { ...query, metrics: ["visitors"], dimensions: [] };
  return (["query", "goalless"] as const).filter((base) => wanted.has(base)).map((base) => {
    const name = ident(base === "query" ? "base_question" : "base_goalless");
    const own = base === "query" ? whole : { ...whole, filter: withoutGoals(query.filter) };
    return sql`cross join (select visitors as ${name} from (${visitors(own)}))`;
  });
}

/** The aggregates with those that tell whether a row exists. */
function presenceOf({ aggregates }: Plan): AggregateName[] {
  const of = (level: string) => aggregates.some((name) => AGGREGATES[name].of === level);
  return [
    ...new Set<AggregateName>([
      ...aggregates,
      ...(of("event") ? ["events" as const] : []),
      ...(of("visit") ? ["visits" as const] : []),
    ]),
  ];
}

/** Rows of a query from both kinds of parts. */
class Rolled {
  readonly #whole: Range;
  readonly #split: Split;
  readonly #events: EventsOf;
  readonly #sums: Sources["sums"];
  readonly #counted: Counted;

  constructor(
    query: Query,
    split: Split,
    events: EventsOf,
    sums: Sources["sums"],
  ) {
    this.#whole = query.range;
    this.#split = split;
    this.#events = events;
    this.#sums = sums;
    this.#counted = countedBy(split);
  }

  /**
   * One row per combination of keys, with the plan's aggregates. `given` is the recent part where
   * it is a named relation.
   */
  counts(query: Query, plan: Plan, shape: Shape, given: Sql | null = null): Sql {
    const keys = query.dimensions.map((_, index) => ident(`k${index}`));
    const columns = plan.aggregates.map((name) => ident(name));
    const parts = this.#split.events.map((range, index) => {
      const own = this.#part(query, range, plan.aggregates);
      const isLast = !this.#split.recent && index === this.#split.events.length - 1;
      const known = isLast ? this.#edge(query, shape) : null;
      return sql`select * from (${aggregateRows(own.query, own.plan, own.relations, known)})`;
    });
    const { recent } = this.#split;
    if (recent) parts.push(this.#recent(query, plan.aggregates, shape, recent, given));
    const sums = columns.map((name) => sql`coalesce(sum(${name}), 0)::bigint as ${name}`);
    const { signed, within } = this.#counted;
    const stored = plan.aggregates.map((name) => {
      const value = name === "visitors"
        ? sql`case when r.gap = 0 or r.day - r.gap < ${this.#firstDay(query)}
            then r.visitors else 0 end`
        : sql`r.${ident(name)}`;
      return sql`${signed(value)} as ${ident(name)}`;
    });
    const value = query.filter === null ? [] : [raw("r.v1 as value")];
    const rolled = sql`select ${join([...this.#keys(query, shape), ...stored, ...value])}
      from (${this.#rows(query, shape)} and currency is null) r ${within}`;
    const all = join([...parts, rolled], "\n  union all by name\n  ");
    if (query.filter !== null) {
      sums.push(raw("min(value) as low_value"), raw("max(value) as high_value"));
    }
    if (keys.length === 0) return sql`select ${join(sums)} from (${all})`;
    const isThere = ["events", "visits"].filter((name) =>
      plan.aggregates.some((one) => one === name)
    ).map((name) => sql`sum(${ident(name)}) > 0`);
    return sql`select ${join([...keys, ...sums])} from (${all})
  group by ${join(keys)} having ${join(isThere, " or ")}`;
  }

  /** One list of money per combination of keys. */
  money(query: Query, plan: Plan, shape: Shape): Sql {
    const parts = this.#split.events.map((range) => {
      const { query: own, relations } = this.#part(query, range, plan.aggregates);
      const rows = currencyRows(own, relations);
      return sql`select * from (${relations.with} ${rows})`;
    });
    const lead = join([...this.#keys(query, shape), raw("r.currency")]);
    const { signed, within } = this.#counted;
    const counts = sql`${signed(raw("r.cents"))} as cents, ${signed(raw("r.paid"))} as count`;
    const rolled = sql`select ${lead}, ${counts}
      from (${this.#rows(query, shape)} and currency is not null) r ${within}`;
    const all = join([...parts, rolled], "\n  union all by name\n  ");
    const keys = [...query.dimensions.map((_, index) => ident(`k${index}`)), raw("currency")];
    return currencyLists(
      query,
      sql`select ${join(keys)}, sum(cents)::bigint as cents, sum(count)::bigint as count
        from (${all}) group by ${join(keys)} having sum(count) > 0`,
    );
  }

  /** The visitors of a query without dimensions; `isNamed`: its recent rows have their name. */
  visitors(whole: Query, isNamed: boolean): Sql {
    const plan = planOf(whole);
    const shape = rolledShape(whole, plan);
    if (!shape) throw new TypeError("Cannot count visitors: no split holds them");
    // Each visitor has a row of some key: what a key is of, every event has.
    const known = sql`select visitor_id, max(visitors) as visitors from ${ident(RECENT_ROWS)}
      group by visitor_id`;
    return this.counts(whole, plan, shape, isNamed ? known : null);
  }

  /** The recent part as one row per combination of keys and visitor; null where there is none. */
  recentRows(query: Query, aggregates: readonly AggregateName[]): Sql | null {
    const { recent } = this.#split;
    if (!recent || !aggregates.includes("visitors")) return null;
    return visitorRows(query, aggregates, this.#recentParts(query, aggregates, recent));
  }

  #recentParts(
    query: Query,
    aggregates: readonly AggregateName[],
    recent: RecentPart,
  ): Sql[] {
    return [
      ...storedRows(query, aggregates, recentVisits(recent), this.#split),
      ...laterRows(query, aggregates, recent, this.#events),
    ];
  }

  #part(query: Query, range: Range, aggregates: Plan["aggregates"]) {
    const own: Query = { ...query, range };
    const plan = { ...planOf(own), aggregates };
    const relations = new Relations(own, plan, this.#events, this.#whole);
    return { query: own, plan, relations };
  }

  /** The same of recent visits; whoever is known at the edge is counted by the terms. */
  #recent(
    query: Query,
    aggregates: readonly AggregateName[],
    shape: Shape,
    recent: RecentPart,
    given: Sql | null,
  ): Sql {
    const keys = query.dimensions.map((_, index) => ident(`k${index}`));
    const columns = join([...keys, ...aggregates.map((name) => ident(name))]);
    if (!aggregates.includes("visitors")) {
      const parts = this.#recentParts(query, aggregates, recent);
      return sql`select ${columns} from (${join(parts, "\n  union all by name\n  ")})`;
    }
    const rows = given ??
      visitorRows(query, aggregates, this.#recentParts(query, aggregates, recent));
    const known = this.#edge(query, shape);
    if (known === null) return sql`select ${columns} from (${rows})`;
    const edge = sql`select distinct ${join([...keys, raw("key")])} from (${known})`;
    const same = keys.map((key) => sql` and e.${key} is not distinct from v.${key}`);
    const counted = aggregates.map((name) =>
      name === "visitors"
        ? sql`case when e.key is null then v.visitors else 0 end as visitors`
        : sql`v.${ident(name)}`
    );
    const own = keys.map((key) => sql`v.${key}`);
    return sql`select ${join([...own, ...counted])}
      from (${rows}) v left join (${edge}) e on e.key = v.visitor_id${join(same, "")}`;
  }

  #rows(query: Query, shape: Shape): Sql {
    return this.#sumsOf(query, shape, ({ name }) => name, this.#split.paths);
  }

  /** Rows of sums, which a condition may follow; where goals are asked for, each once for each. */
  #sumsOf(
    query: Query,
    shape: Shape,
    nameOf: (shape: Pick<Shape, "name">) => string,
    paths: readonly string[],
  ): Sql {
    const goals = query.dimensions.includes("goal") ? valuesOfGoals(query.goals) : null;
    if (!goals) {
      return sql`select * from ${this.#sums([nameOf(shape)], paths)} r
      where shape = ${nameOf(shape)}${meets(query, shape)}`;
    }
    const rows = goals.map(({ goal, refs, values: [first, second = null] }) =>
      sql`(${goal}, ${nameOf({ name: refs.join() })}, ${first ?? ""}, ${second}::varchar)`
    );
    const names = [...new Set(goals.map(({ refs }) => nameOf({ name: refs.join() })))];
    return sql`select r.*, g.goal from ${this.#sums(names, paths)} r
      join (values ${join(rows)}) g(goal, of_shape, v1, v2)
        on g.of_shape = r.shape and g.v1 = r.v1 and g.v2 is not distinct from r.v2
      where true`;
  }

  /** The keys and hashes of the visitors of the edge, or null. */
  #edge(query: Query, shape: Shape): Sql | null {
    const { edge } = this.#split;
    if (edge === null) return null;
    const columns = [...this.#keys(query, shape), raw("r.key")];
    return sql`select ${join(columns)} from (
      ${
      this.#sumsOf(query, shape, edgeOf, edge.paths)
    } and day between ${edge.first} and ${edge.last}
    ) r`;
  }

  /** The day from which on a visitor is counted once: of the term, or of the row's bucket. */
  #firstDay(query: Query): Sql {
    const bucket = query.dimensions.find(isOfDays);
    const { firstDay } = this.#counted;
    if (!bucket) return firstDay;
    return sql`greatest(${firstDay}, (${this.#bucket(bucket, query)} // ${DAY_US}))`;
  }

  #bucket(interval: "day" | "week" | "month", query: Query): Sql {
    return dayBucket(interval, query, this.#split.firstLocalDay);
  }

  #keys(query: Query, shape: Shape): Sql[] {
    return query.dimensions.map((ref, index) => {
      const name = ident(`k${index}`);
      if (isOfDays(ref)) return sql`${this.#bucket(ref, query)} as ${name}`;
      if (ref === "goal") return sql`r.goal as ${name}`;
      return sql`${stored(ref, shape, query)} as ${name}`;
    });
  }
}

/** How rows `r` of days are counted by the terms of a split. */
export interface Counted {
  /** Follows the relation of the rows: which of them count. */
  readonly within: Sql;
  /** The first day of the row's term. */
  readonly firstDay: Sql;
  /** A number of the row, added or taken away. */
  readonly signed: (value: Sql) => Sql;
}

/** The same for a split. One term, as of closed days alone, is planned sooner without a join. */
export function countedBy({ terms }: Pick<Split, "terms">): Counted {
  const [term] = terms;
  if (term?.sign === 1 && terms.length === 1) {
    const firstDay = raw(String(term.first));
    const within = sql`where r.day between ${firstDay} and ${raw(String(term.last))}`;
    return { within, firstDay, signed: (value) => value };
  }
  const rows = terms.map(({ sign, first, last }) => raw(`(${sign}, ${first}, ${last})`));
  return {
    within: sql`join (values ${join(rows)}) t(sign, first, last)
      on r.day between t.first and t.last`,
    firstDay: raw("t.first"),
    signed: (value) => sql`${value} * t.sign`,
  };
}

/** Which rows of a split meet the filter. */
function meets(query: Query, { dimensions }: Shape): Sql {
  if (query.filter === null) return raw("");
  const row: RowShape = { ...VISIT_ROW, value: (ref) => storedValue(dimensions.indexOf(ref)) };
  return sql` and ${filterSql(query.filter, row, query)}`;
}

function storedValue(index: number): Sql {
  return sql`r.${ident(`v${index + 1}`)}`;
}

/** A stored value as the key that events would give. */
function stored(ref: DimensionRef, { dimensions }: Shape, query: Query): Sql {
  const value = storedValue(dimensions.indexOf(ref));
  if (ref === "hour") return sql`${value}::bigint`;
  if (ref === "hour_of_day" || ref === "day_of_week") return value;
  return sql`coalesce(${value}, ${missingOf(ref, query)})`;
}
