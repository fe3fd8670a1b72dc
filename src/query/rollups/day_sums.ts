// What closed days add up to by each of several dimensions alone and as a whole, as one relation.
// Pure.
import { join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Sources } from "../../storage/reader.ts";
import type { AggregateName } from "../metrics.ts";
import type { Query } from "../query.ts";
import { squaresIn } from "./day_rows.ts";
import { isOfOneVisit, type Shape, shapeOf } from "./shapes.ts";
import type { VisitSplit } from "./split.ts";

/** Of an aggregate of visits the sum of its squares, each visit being one case. */
const SQUARES: Readonly<Partial<Record<AggregateName, Sql>>> = {
  bounces: raw("bounces"),
  visit_us: squaresIn("visit_us_squares"),
  visit_pageviews: squaresIn("visit_pageviews_squares"),
};

/** The splits that hold what a query asks for: of all, then by each dimension; or null. */
export function shapesOfEach(
  query: Query,
  aggregates: readonly AggregateName[],
): readonly Shape[] | null {
  if (query.filter !== null || query.ownColumns) return null;
  const found = [[], ...query.dimensions.map((ref) => [ref])].flatMap((dimensions) =>
    shapeOf({ ...query, dimensions }, aggregates) ?? []
  );
  const isWhole = found.length === query.dimensions.length + 1;
  const hasAll = aggregates.every((name) => !(name in SQUARES)) ||
    found.every(({ squares }) => squares);
  return isWhole && hasAll && found.every(isOfOneVisit) ? found : null;
}

/**
 * The sums of the days of a split: rows of `place` (of the dimension, NULL as a whole), `value`
 * (NULL where it is missing), each aggregate, and `…_squares` of those of visits.
 */
export function sumsOfDays(
  shapes: readonly Shape[],
  aggregates: readonly AggregateName[],
  { first, last, days }: Pick<VisitSplit, "first" | "last" | "days">,
  sumsOf: Sources["sums"],
): Sql {
  const places = shapes.map(({ name }, index) =>
    sql`(${name}, ${raw(index === 0 ? "null::integer" : String(index - 1))})`
  );
  const sums = aggregates.flatMap((name) => {
    const own = raw(name);
    const squares = SQUARES[name];
    const counted = name === "visitors"
      // Each is counted on the first of its days.
      ? sql`visitors) filter (gap = 0 or day - gap < ${first}`
      : own;
    return [
      sql`coalesce(sum(${counted}), 0) as ${own}`,
      ...(squares ? [sql`sum(${squares}) as ${own}_squares`] : []),
    ];
  });
  const names = shapes.map(({ name }) => name);
  const paths = [...new Set(days.map(({ path }) => path))];
  return sql`select place, v1 as value, ${join(sums)}
    from (
      select * from ${sumsOf(names, paths)}
      where shape in (${join(names.map((name) => sql`${name}`))})
        and day between ${first} and ${last} and currency is null
    )
    join (values ${join(places)}) places(shape, place) using (shape)
    group by place, v1`;
}
