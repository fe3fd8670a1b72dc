// One statement over the events with revenue of two ranges: their amounts by each of some
// dimensions alone and as a whole, in each currency. Pure.
import { WHY_VALUES_MAX } from "../../../core/limits.ts";
import { ident, join, type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { splitBy, type ValueCounts, valueOf } from "./change_sql.ts";

/** The statement, over rows of the keys k0, k1 …, currency and cents. The largest come first. */
export function revenueSql([now, before]: readonly [Sql, Sql], dimensions: number): Sql {
  const keys = Array.from({ length: dimensions }, (_, index) => ident(`k${index}`));
  const sets = keys.map((key) => sql`(currency, ${key})`);
  return sql`with paid as materialized (
    select true as is_now, * from (${now})
    union all by name
    select false as is_now, * from (${before})
  )
  select currency, grouping(${join(keys)}) as level, ${valueOf(keys)} as value,
    count(*) filter (is_now) as orders_now,
    coalesce(sum(cents) filter (is_now), 0)::double as a_now,
    coalesce(sum(cents) filter (not is_now), 0)::double as a_before,
    coalesce(sum(cents::double ** 2) filter (is_now), 0) as aa_now,
    coalesce(sum(cents::double ** 2) filter (not is_now), 0) as aa_before
  from paid
  group by grouping sets ((currency), ${join(sets)})
  order by a_now + a_before desc, level desc, currency, value
  limit ${WHY_VALUES_MAX}`;
}

/** Amounts of one currency. */
export interface RevenueCounts {
  /** Null where nothing was earned. */
  readonly currency: string | null;
  readonly counts: readonly ValueCounts[];
}

/** What the rows of the statement say, in the currency of which there is most now, else before. */
export function revenueCountsOf(rows: readonly Row[], dimensions: number): RevenueCounts {
  const number = (row: Row, name: string) => Number(row[name] ?? 0);
  const wholes = rows.filter((row) => splitBy(row, dimensions) === null);
  const there = wholes.filter((row) => number(row, "orders_now") > 0);
  const [by, some] = there.length > 0 ? ["a_now", there] as const : ["a_before", wholes] as const;
  const [most] = some.toSorted((a, b) => number(b, by) - number(a, by));
  if (!most) return { currency: null, counts: [] };
  const counted = (row: Row, range: "now" | "before") => ({
    above: number(row, `a_${range}`) / 100,
    below: 0,
    squares: [number(row, `aa_${range}`) / 100 ** 2, 0, 0] as const,
  });
  const counts = rows.filter(({ currency }) => currency === most["currency"]).map((row) => ({
    dimension: splitBy(row, dimensions),
    value: String(row["value"]),
    pair: { now: counted(row, "now"), before: counted(row, "before") },
  }));
  return { currency: String(most["currency"]), counts };
}
