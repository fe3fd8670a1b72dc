// One statement over the visits of two ranges, counted by each of some dimensions alone and as a
// whole. Pure.
import { WHY_VALUES_MAX } from "../../../core/limits.ts";
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { count } from "../behavioral.ts";
import type { Changing } from "./changing.ts";
import type { Pair } from "./parts.ts";

/** What was counted of one value of a dimension, or of all where `dimension` is null. */
export interface ValueCounts {
  /** Its place among the dimensions. */
  readonly dimension: number | null;
  readonly value: string;
  readonly pair: Pair;
}

const SUMS: Readonly<Record<string, Sql>> = {
  a: raw("sum(a)"),
  b: raw("sum(b)"),
  aa: raw("sum(a * a)"),
  ab: raw("sum(a * b)"),
  bb: raw("sum(b * b)"),
};
const OF_COUNTS = ["a"];
const OF_RATIOS = Object.keys(SUMS);

/**
 * The statement. Each relation has the keys k0, k1 … of the dimensions, visitor_id and the
 * aggregates of one range. The largest values come first.
 */
export function changeSql(
  now: Sql,
  before: Sql,
  dimensions: number,
  { above, below }: Changing,
): Sql {
  const keys = keysOf(dimensions);
  const value = sql`coalesce(${join(keys)}, '')`;
  const columns = namesOf(below).flatMap((name) => [
    sql`coalesce(sum(${ident(name)}) filter (is_now), 0)::double as ${ident(`${name}_now`)}`,
    sql`coalesce(sum(${ident(name)}) filter (not is_now), 0)::double as ${ident(`${name}_before`)}`,
  ]);
  const counts = above === "visitors" ? visitorCounts(keys) : split(
    raw("visits"),
    keys,
    namesOf(below).map((name) => sql`${SUMS[name] ?? raw("0")} as ${ident(name)}`),
  );
  return sql`with visits as materialized (
    ${rowsOf(now, true, keys, { above, below })}
    union all
    ${rowsOf(before, false, keys, { above, below })}
  ),
  counts as (
    ${counts}
  )
  select level, ${value} as value, ${join(columns)}
  from counts
  group by level, value
  order by ${raw(below ? "sum(b)" : "sum(a)")} desc, level desc, value
  limit ${WHY_VALUES_MAX}`;
}

const keysOf = (dimensions: number) =>
  Array.from({ length: dimensions }, (_, index) => ident(`k${index}`));

const namesOf = (below: Changing["below"]) => below === null ? OF_COUNTS : OF_RATIOS;

function rowsOf(
  relation: Sql,
  isNow: boolean,
  keys: readonly Sql[],
  { above, below }: Pick<Changing, "above" | "below">,
): Sql {
  const number = (name: string, alias: string) =>
    sql`coalesce(${ident(name)}, 0)::double as ${ident(alias)}`;
  const values = [number(above, "a"), ...(below ? [number(below, "b")] : [])];
  return sql`select ${raw(String(isNow))} as is_now, visitor_id, ${join([...keys, ...values])}
    from (${relation})`;
}

function split(from: Sql, keys: readonly Sql[], columns: readonly Sql[]): Sql {
  const sets = keys.map((key) => sql`(is_now, ${key})`);
  return sql`select is_now, ${join(keys)}, grouping(${join(keys)}) as level, ${join(columns)}
    from ${from}
    group by grouping sets ((is_now), ${join(sets)})`;
}

/** Counting distinct visitors is slow: only those of several visits in a range need it. */
function visitorCounts(keys: readonly Sql[]): Sql {
  const some = (kind: string) =>
    sql`(select * from visits ${raw(kind)} join (
      select is_now, visitor_id from visits where a > 0 group by all having count(*) > 1
    ) using (is_now, visitor_id) where a > 0)`;
  return sql`${split(some("anti"), keys, [raw("count(*) as a")])}
    union all
    ${split(some("semi"), keys, [raw("count(distinct visitor_id) as a")])}`;
}

/** What the rows of the statement say. `scale` is the metric's. */
export function valueCountsOf(
  rows: readonly Row[],
  dimensions: number,
  { below, scale }: Changing,
): ValueCounts[] {
  return rows.map((row) => {
    // A bit for each dimension that a row is not split by, the first one the highest.
    const splitBy = 2 ** dimensions - 1 - count(row["level"]);
    const of = (name: string) => Number(row[name] ?? 0);
    const counted = (range: "now" | "before") => ({
      above: of(`a_${range}`) * scale,
      below: of(`b_${range}`),
      ...(below === null ? {} : {
        squares: [
          of(`aa_${range}`) * scale ** 2,
          of(`ab_${range}`) * scale,
          of(`bb_${range}`),
        ] as const,
      }),
    });
    return {
      dimension: splitBy === 0 ? null : dimensions - 1 - Math.log2(splitBy),
      value: String(row["value"]),
      pair: { now: counted("now"), before: counted("before") },
    };
  });
}
