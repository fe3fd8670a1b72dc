// Dimensions whose expressions are long, as columns of a relation: computed once for each different
// combination of the columns that they read. Pure.
import { ident, join, type Sql, sql } from "../../core/sql.ts";
import { dimensionOf, type DimensionRef } from "../dimensions.ts";

/**
 * A relation with a column for each of these dimensions, beside its own. `rows` must have the
 * stored columns that they read, under their own names.
 */
export function withComputed(rows: Sql, refs: readonly DimensionRef[]): Sql {
  const read = [...new Set(refs.flatMap((ref) => dimensionOf(ref).columns))].map(ident);
  const values = refs.flatMap((ref) => {
    const { expr } = dimensionOf(ref);
    return expr ? [sql`${expr((name) => ident(name))} as ${ident(ref)}`] : [];
  });
  if (values.length === 0) return rows;
  const same = read.map((name) => sql`own.${name} is not distinct from known.${name}`);
  return sql`(
    with own as materialized (select * from ${rows} r),
    known as (
      select *, ${join(values)} from (select distinct ${join(read)} from own)
    )
    select own.*, ${join(refs.map((ref) => sql`known.${ident(ref)}`))}
    from own join known on ${join(same, " and ")}
  )`;
}
