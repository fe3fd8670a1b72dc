// The rows of a query with the sums of imported days added to them. A metric is made of the rows
// that have all that it needs: where an import has not counted something, its rows do not change
// the metrics that are made of it.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { SUM_COLUMNS } from "../../storage/history/sum_kinds.ts";
import { dimensionOf } from "../dimensions.ts";
import { type MetricName, metricOf } from "../metrics.ts";
import type { AddedSums, Query } from "../query.ts";
import { missingOf } from "../sql/expressions.ts";
import type { Plan } from "../sql/plan.ts";

/** The columns of the relation `merged` that hold money. */
export const MONEY_COLUMNS = ["money", "money_sum", "money_mean"];

/** The relation `mixed` of `merged` and the sums, as far as `narrowed` keeps them. */
export function mixedRows(query: Query, plan: Plan, sums: AddedSums, narrowed: Sql): Sql {
  const keys = query.dimensions.map((_, index) => ident(`k${index}`));
  const needs = query.metrics.flatMap((name, index) =>
    metricOf(name).needs.map((need) =>
      sql`coalesce(sum(${ident(need)}) filter (where ${isComplete(name, sums)}), 0)::bigint
      as ${ident(`m${index}_${need}`)}`
    )
  );
  const money = plan.money
    ? MONEY_COLUMNS.map((name) => sql`any_value(${ident(name)}) as ${ident(name)}`)
    : [];
  const columns = [...keys, ...needs, ...money];
  const groups = keys.length > 0 ? sql` group by ${join(keys)}` : raw("");
  return sql`,
summed as (
  select * from (${summedRows(query, plan, sums)})${narrowed}
),
mixed as (
  select ${join(columns.length > 0 ? columns : [raw("1 as one")])}
  from (
    select *, true as is_own from merged
    union all by name
    select *, false as is_own from summed
  )${groups}
)`;
}

/** The sums as a relation of keys and the plan's aggregates. */
function summedRows(query: Query, plan: Plan, sums: AddedSums): Sql {
  const keys = query.dimensions.map((ref, index) => {
    const value = sql`v[${raw(String(index + 1))}]`;
    const isBucket = dimensionOf(ref).of === "time" && ref !== "day_of_week";
    const key = isBucket
      ? sql`${value}::bigint`
      : sql`coalesce(${value}, ${missingOf(ref, query)})`;
    return sql`${key} as ${ident(`k${index}`)}`;
  });
  const counts = plan.aggregates.map((name) => {
    const place = SUM_COLUMNS.findIndex((column) => column === name);
    const at = raw(String(keys.length + place + 1));
    return sql`${place < 0 ? raw("null") : sql`v[${at}]`}::bigint as ${ident(name)}`;
  });
  return sql`select ${join([...keys, ...counts])}
    from (select unnest(from_json(${sums.rows}::varchar, '[["VARCHAR"]]')) as v)`;
}

/** Whether a row has all that a metric needs. */
function isComplete(name: MetricName, { bases }: AddedSums): Sql {
  const { needs, base } = metricOf(name);
  const hasBase = base === undefined || (base !== "goalless_group" && bases[base] !== null);
  return hasBase
    ? join(needs.map((need) => sql`${ident(need)} is not null`), " and ")
    : raw("is_own");
}

/** The value of a metric of the query from a row of `mixed`. */
export function mixedMetric(name: MetricName, index: number, { bases }: AddedSums): Sql {
  const { needs, derived, base } = metricOf(name);
  const column = (need: string) => ident(`m${index}_${need}`);
  const [only] = needs;
  if (needs.length === 1 && only && base === undefined) return column(only);
  const added = base === "query" ? bases.query : base === "goalless" ? bases.goalless : null;
  const whole = base === "query" ? "base_question" : `base_${base}`;
  const terms = needs.map((need) => sql`${column(need)} as ${ident(need)}`);
  if (base === undefined) return sql`(select ${derived} from (select ${join(terms)}))`;
  // By another name first: a column cannot be made of one of the same name.
  const all = [...terms, sql`${ident(whole)} + ${raw(String(added ?? 0))} as whole`];
  return sql`(select ${derived} from (
    select * exclude (whole), whole as ${ident(whole)} from (select ${join(all)})))`;
}
