// A question and its plan as one statement of SQL. Pure: no statement is run here, and everything
// that came from a request is bound.
import { type EventColumnName } from "../core/event.ts";
import { conditionsOf, type Filter, isCondition } from "../core/filter.ts";
import { ident, join, raw, type Sql, sql } from "../core/sql.ts";
import type { DimensionRef } from "./dimensions.ts";
import { visitEvents, visits } from "./engine/visits.ts";
import {
  EVENT_ROW,
  filterSql,
  keyOf,
  type RowShape,
  TAGGED_AT_START,
  TAGGED_ROW,
  VISIT_ROW,
} from "./expressions.ts";
import {
  type Aggregate,
  type AggregateName,
  AGGREGATES,
  isMetricName,
  metricOf,
} from "./metrics.ts";
import { levelOf, type Plan, planOf } from "./plan.ts";
import type { Query } from "./query.ts";

const YES = sql`true`;

/** The statement of a question over `events`, a relation of the stored columns over `plan.span`. */
export function buildQuery(query: Query, plan: Plan, events: Sql): Sql {
  return new Builder(query, plan, events).statement();
}

/** The events of the range that meet the filter, as a relation of the stored columns. */
export function matchingEvents(
  query: Query,
  plan: Plan,
  events: Sql,
  columns: readonly EventColumnName[],
): Sql {
  return new Builder(
    query,
    { ...plan, columns: [...new Set([...plan.columns, ...columns])] },
    events,
  )
    .matching(columns);
}

class Builder {
  readonly #query: Query;
  readonly #plan: Plan;
  readonly #ctes: { name: string; body: Sql }[] = [];
  #tagged = false;
  #done = 0;

  constructor(query: Query, plan: Plan, events: Sql) {
    this.#query = query;
    this.#plan = plan;
    const columns = join(plan.columns.map(ident));
    this.#with("all_events", sql`select ${columns} from ${events}`);
  }

  statement(): Sql {
    const parts = this.#parts();
    const keys = this.#query.dimensions.map((_, index) => ident(`k${index}`));
    const derived = this.#query.metrics.filter((name) => !metricOf(name).money).map((name) =>
      sql`${metricOf(name).derived} as ${ident(name)}`
    );
    const using = keys.length === 0
      ? (name: string) => sql`cross join ${ident(name)}`
      : (name: string) => sql`full join ${ident(name)} using (${join(keys)})`;
    const names = parts.map((part) => part.name);
    const [first = "all_events", ...others] = names;
    const columns = parts.flatMap((part) => part.columns);
    const values = columns.map((name) =>
      name.startsWith("money") ? ident(name) : sql`coalesce(${ident(name)}, 0) as ${ident(name)}`
    );
    this.#with(
      "merged",
      sql`select ${join([...keys, ...values])} from ${ident(first)}
    ${join(others.map(using), "\n    ")}${this.#only()}`,
    );
    const bases = this.#bases(keys);
    const money = this.#plan.money ? [raw("money")] : [];
    const selected = [...keys, ...derived, ...money, sql`count(*) over () as total_rows`];
    const body = sql`select ${join(selected, ",\n  ")}
from merged${join(bases.map((base) => sql`\n${base}`), "")}
order by ${this.#order()}
limit ${this.#query.limit} offset ${this.#query.offset}`;
    return sql`with ${
      join(this.#ctes.map(({ name, body }) => sql`${ident(name)} as (\n  ${body}\n)`), ",\n")
    }\n${body}`;
  }

  matching(columns: readonly EventColumnName[]): Sql {
    const row = this.#plan.tagged ? TAGGED_ROW : EVENT_ROW;
    const from = this.#eventRows(row);
    const where = this.#eventWhere(row, this.#query.filter);
    const selected = join(columns.map((name) => sql`r.${ident(name)}`));
    const body = sql`select ${selected} from ${from} r where ${where}`;
    return sql`(with ${
      join(this.#ctes.map((cte) => sql`${ident(cte.name)} as (${cte.body})`), ", ")
    } ${body})`;
  }

  #with(name: string, body: Sql): void {
    this.#ctes.push({ name, body });
  }

  /** The relations that hold the aggregates, one row per combination of keys each. */
  #parts(): { name: string; columns: string[] }[] {
    const plan = this.#plan;
    const of = (wanted: Aggregate["of"]) =>
      plan.aggregates.filter((name) => AGGREGATES[name].of === wanted);
    const parts: { name: string; columns: string[] }[] = [];
    if (plan.form === "visits") {
      this.#with("by_visit", this.#viaVisits(plan.aggregates));
      parts.push({ name: "by_visit", columns: [...plan.aggregates] });
    } else {
      if (of(EVENT_ROW).length > 0) {
        const keys = this.#query.dimensions;
        this.#with("by_event", this.#byEvent(of(EVENT_ROW), keys, this.#query.filter));
        parts.push({ name: "by_event", columns: of(EVENT_ROW) });
      }
      if (of(VISIT_ROW).length > 0) {
        this.#with("by_visit", this.#byVisit(of(VISIT_ROW)));
        parts.push({ name: "by_visit", columns: of(VISIT_ROW) });
      }
    }
    if (plan.money) {
      this.#with("by_currency", this.#byCurrency());
      parts.push({ name: "by_currency", columns: ["money", "money_sum", "money_mean"] });
    }
    return parts;
  }

  /** Aggregates over the events of the range that meet the filter. */
  #byEvent(
    aggregates: readonly AggregateName[],
    keys: readonly DimensionRef[],
    filter: Filter | null,
  ): Sql {
    const row = this.#plan.tagged ? TAGGED_ROW : EVENT_ROW;
    const rows = sql`select r.*${this.#keyColumns(keys, row)} from ${
      this.#eventRows(row)
    } r where ${this.#eventWhere(row, filter)}`;
    return this.#grouped(keys, aggregates.map((name) => [name, AGGREGATES[name].expr]), rows);
  }

  /** Aggregates over the visits that start in the range and have an event that meets the filter. */
  #byVisit(aggregates: readonly AggregateName[]): Sql {
    const { dimensions } = this.#query;
    const split = this.#plan.split;
    const ofEvent = dimensions.some((ref) => levelOf(ref, this.#query.ownColumns) === EVENT_ROW);
    const rows = split && !ofEvent
      ? sql`select r.*, true as counted${this.#keyColumns(dimensions, VISIT_ROW)} from ${
        this.#visitRows(split.event)
      } r where ${this.#startsInRange(sql`r.start_us`)}${
        split.event.length > 0 ? sql` and r.matched` : raw("")
      }${this.#and(split.visit, VISIT_ROW)}`
      : this.#visitsOfEvents(dimensions);
    const list = aggregates.map((name) => [name, AGGREGATES[name].expr] as const);
    return this.#grouped(dimensions, list, rows);
  }

  /** One row per visit and combination of keys that its matching events have. */
  #visitsOfEvents(dimensions: readonly DimensionRef[]): Sql {
    const keys = join(dimensions.map((_, index) => sql`, ${ident(`k${index}`)}`), "");
    const where = this.#filterSql(this.#query.filter, TAGGED_ROW);
    return sql`select distinct visitor_id, start_us, duration_us, visit_views as pageviews,
      is_bounce, true as counted${keys} from (
      select r.visitor_id, r.visit_start_us as start_us, r.duration_us, r.visit_views,
        r.is_bounce${this.#keyColumns(dimensions, TAGGED_AT_START)}
      from ${this.#eventRows(TAGGED_ROW)} r
      where ${this.#startsInRange(sql`r.visit_start_us`)} and ${where}
    )`;
  }

  /** Every aggregate from one row per visit. */
  #viaVisits(aggregates: readonly AggregateName[]): Sql {
    const { dimensions } = this.#query;
    const split = this.#plan.split ?? { event: [], visit: [] };
    const matched = split.event.length > 0 ? sql` and r.matched` : raw("");
    const of = (wanted: Aggregate["of"]) =>
      aggregates.some((name) => AGGREGATES[name].of === wanted);
    const counts = of(EVENT_ROW)
      ? sql`r.range_events > 0${of(VISIT_ROW) ? raw(" or r.counted") : raw("")}`
      : sql`r.counted`;
    const rows = sql`select * from (
      select r.*, ${this.#startsInRange(sql`r.start_us`)}${matched} as counted${
      this.#keyColumns(dimensions, VISIT_ROW)
    } from ${this.#visitRows(split.event, of(EVENT_ROW))} r where true${
      this.#and(split.visit, VISIT_ROW)
    }) r where ${counts}`;
    const list = aggregates.map((name) => {
      const aggregate: Aggregate = AGGREGATES[name];
      return [name, aggregate.viaVisits ?? aggregate.expr] as const;
    });
    return this.#grouped(dimensions, list, rows);
  }

  #grouped(
    keys: readonly DimensionRef[],
    aggregates: readonly (readonly [string, Sql])[],
    rows: Sql,
  ): Sql {
    const names = keys.map((_, index) => ident(`k${index}`));
    const values = aggregates.map(([name, expr]) => sql`${expr} as ${ident(name)}`);
    const group = names.length > 0 ? sql`\n  group by ${join(names)}` : raw("");
    return sql`select ${join([...names, ...values])}\n  from (${rows}) r${group}`;
  }

  #byCurrency(): Sql {
    const row = this.#plan.tagged ? TAGGED_ROW : EVENT_ROW;
    const keys = this.#query.dimensions.map((_, index) => ident(`k${index}`));
    const lead = join(keys.map((key) => sql`${key}, `), "");
    const group = keys.length > 0 ? sql` group by ${join(keys)}` : raw("");
    return sql`select ${lead}to_json(amounts) as money, amounts[1].cents as money_sum,
    floor(amounts[1].cents / amounts[1].count + 0.5) as money_mean
  from (select ${lead}list({currency: currency, cents: cents, count: count}
    order by cents desc, currency) as amounts
  from (
    select ${lead}coalesce(revenue_currency, 'XXX') as currency,
      sum((revenue_amount * 100)::bigint)::bigint as cents, count(*) as count
    from (
      select r.*${this.#keyColumns(this.#query.dimensions, row)}
      from ${this.#eventRows(row)} r
      where r.revenue_amount is not null and ${this.#eventWhere(row, this.#query.filter)}
    ) group by all
  )${group})`;
  }

  /** Visitors of the question without its dimensions or goals, for shares and conversion rates. */
  #bases(keys: readonly Sql[]): Sql[] {
    const wanted = new Set(this.#query.metrics.map((name) => metricOf(name).base));
    const joins: Sql[] = [];
    const visitors = (filter: Filter | null, dimensions: readonly DimensionRef[]) =>
      this.#byEvent(["visitors"], dimensions, filter);
    const rename = (name: string, body: Sql) =>
      this.#with(name, sql`select * rename (visitors as ${ident(name)}) from (${body})`);
    if (wanted.has("question")) {
      rename("base_question", visitors(this.#query.filter, []));
      joins.push(raw("cross join base_question"));
    }
    if (wanted.has("goalless")) {
      rename("base_goalless", visitors(withoutGoals(this.#query.filter), []));
      joins.push(raw("cross join base_goalless"));
    }
    if (wanted.has("goalless_group")) {
      joins.push(this.#groupBase(keys));
    }
    return joins;
  }

  #groupBase(keys: readonly Sql[]): Sql {
    const kept = this.#query.dimensions
      .map((ref, index) => ({ ref, key: keys[index] ?? raw("") }))
      .filter(({ ref }) => ref !== "goal" && ref !== "name" && !ref.startsWith("props:"));
    const body = this.#byEvent(
      ["visitors"],
      kept.map(({ ref }) => ref),
      withoutGoals(this.#query.filter),
    );
    const renamed = kept.map(({ key }, index) => sql`${ident(`k${index}`)} as ${key}`);
    this.#with(
      "base_goalless_group",
      sql`select ${join([...renamed, sql`visitors as base_goalless_group`])} from (${body})`,
    );
    return kept.length === 0
      ? raw("cross join base_goalless_group")
      : sql`left join base_goalless_group using (${join(kept.map(({ key }) => key))})`;
  }

  #only(): Sql {
    const { only, dimensions } = this.#query;
    return only && dimensions.length > 0 ? sql` where list_contains(${only}, k0)` : raw("");
  }

  #order(): Sql {
    const { dimensions, order } = this.#query;
    const keys = dimensions.map((_, index) => sql`${ident(`k${index}`)} asc`);
    const asked = order.map(({ by, direction }) => {
      const at = dimensions.findIndex((ref) => ref === by);
      const way = raw(direction);
      if (at >= 0) return sql`${ident(`k${at}`)} ${way}`;
      const money = isMetricName(by) ? metricOf(by).money : undefined;
      return sql`${ident(money ? `money_${money}` : by)} ${way} nulls last`;
    });
    return join([...asked, ...keys, sql`total_rows`]);
  }

  #keyColumns(keys: readonly DimensionRef[], row: RowShape): Sql {
    const columns = keys.map((ref, index) =>
      sql`, ${keyOf(ref, row, this.#query)} as ${ident(`k${index}`)}`
    );
    return join(columns, "");
  }

  #eventRows(kind: "event" | TAGGED_ROW): Sql {
    if (row === EVENT_ROW) return raw("all_events");
    if (!this.#tagged) {
      this.#tagged = true;
      this.#with("tagged", this.#taggedBody());
    }
    return raw(TAGGED_ROW);
  }

  /** Every event with the values of its visit under the prefix visit_. */
  #taggedBody(): Sql {
    const { columns, visitColumns, visitPages, steps } = this.#plan;
    const first = visitColumns.map((name) => sql`v.${ident(name)} as ${ident(`visit_${name}`)}`);
    const pages = visitPages
      ? [sql`v.entry_page as visit_entry_page`, sql`v.exit_page as visit_exit_page`]
      : [];
    const numbers = [
      sql`e.*`,
      sql`v.duration_us`,
      sql`v.pageviews as visit_views`,
      sql`v.is_bounce`,
      ...first,
      ...pages,
    ];
    const visitRows = visits(raw("all_events"), this.#query.gapUs, {
      first: visitColumns,
      pages: visitPages,
    });
    const body = sql`select ${join(numbers)}
  from ${visitEvents(raw("all_events"), this.#query.gapUs, columns)} e
  join ${visitRows} v on v.visitor_id = e.visitor_id and v.start_us = e.visit_start_us`;
    if (!steps) return body;
    const order = raw("us, hash(event_name, pathname) & 2047, event_name, pathname");
    return sql`select *,
    lead(us) over (partition by visitor_id, visit_start_us order by ${order}) as next_us,
    event_name = 'pageview' and lead(us) over (
      partition by visitor_id, visit_start_us, event_name = 'pageview' order by ${order}
    ) is null as is_exit
  from (${body})`;
  }

  #visitRows(event: readonly Filter[], counted = false): Sql {
    const { visitColumns, visitPages } = this.#plan;
    const meets = this.#all(event, EVENT_ROW);
    const inRange = sql`${this.#inRange(EVENT_ROW)} and ${meets}`;
    return visits(raw("all_events r"), this.#query.gapUs, {
      first: visitColumns,
      pages: visitPages,
      ...(event.length > 0 ? { any: { matched: meets } } : {}),
      ...(counted
        ? {
          counts: {
            range_events: inRange,
            range_pageviews: sql`${inRange} and event_name = 'pageview'`,
          },
        }
        : {}),
    });
  }

  #eventWhere(row: RowShape, filter: Filter | null): Sql {
    return sql`${this.#inRange(row)} and ${this.#filterSql(filter, row)}`;
  }

  #inRange(row: RowShape): Sql {
    const { fromUs, toUs } = this.#query.range;
    return row === EVENT_ROW
      ? sql`r.timestamp >= make_timestamp(${fromUs}) and r.timestamp < make_timestamp(${toUs})`
      : sql`${row.us} >= ${fromUs} and ${row.us} < ${toUs}`;
  }

  #startsInRange(us: Sql): Sql {
    const { fromUs, toUs } = this.#query.range;
    return sql`${us} >= ${fromUs} and ${us} < ${toUs}`;
  }

  #and(filters: readonly Filter[], row: RowShape): Sql {
    return join(filters.map((filter) => sql` and ${this.#filterSql(filter, row)}`), "");
  }

  #all(filters: readonly Filter[], row: RowShape): Sql {
    if (filters.length === 0) return YES;
    return sql`(${join(filters.map((filter) => this.#filterSql(filter, row)), " and ")})`;
  }

  #filterSql(filter: Filter | null, row: RowShape): Sql {
    return filterSql(filter, row, this.#query, (inside) => this.#doers(inside));
  }

  /** The visitors with an event of the range that meets the filter. */
  #doers(filter: Filter): Sql {
    const name = `done_${this.#done++}`;
    const row = conditionsOf(filter).length > 0 && this.#plan.tagged ? TAGGED_ROW : EVENT_ROW;
    const from = this.#eventRows(row);
    const where = this.#eventWhere(row, filter);
    this.#with(name, sql`select distinct r.visitor_id from ${from} r where ${where}`);
    return ident(name);
  }
}

/** A filter without the parts that speak of goals. */
function withoutGoals(filter: Filter | null): Filter | null {
  if (!filter) return null;
  const mentions = (part: Filter) =>
    conditionsOf(part).some(({ dimension }) => dimension === "goal");
  if (!isCondition(filter) && filter.op === "and") {
    const kept = filter.of.filter((part) => !mentions(part));
    const [only] = kept;
    return kept.length > 1 ? { op: "and", of: kept } : only ?? null;
  }
  return mentions(filter) ? null : filter;
}

/** Rows of a question: its plan and its statement. */
export function statementOf(query: Query, events: Sql): Sql {
  return buildQuery(query, planOf(query), events);
}
