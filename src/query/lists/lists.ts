// Which queries are lists that one statement can answer together: each by one dimension, with the
// visitors and events of a whole site. Pure.
import { dimensionOf } from "../dimensions.ts";
import { isMetricName, metricOf } from "../metrics.ts";
import type { Query } from "../query.ts";
import { shapeOf } from "../rollups/shapes.ts";
import { planOf } from "../sql/plan.ts";
import { isOfVisits } from "../sql/visit_rows.ts";

/** Most rows of a list that is asked for together with others. */
export const LIST_ROWS_MAX = 100;
/** What is counted of every list. */
export const LIST_AGGREGATES = ["visitors", "pageviews", "events"] as const;

const COUNTED: ReadonlySet<string> = new Set(LIST_AGGREGATES);

/** Whether a query is such a list. */
export function isList(query: Query): boolean {
  const { dimensions, filter, ownColumns, only, search, sums, limit, offset } = query;
  const [ref] = dimensions;
  if (ref === undefined || dimensions.length > 1 || dimensionOf(ref).of === "time") return false;
  const isPlain = filter === null && !ownColumns && only === null && search === null && !sums;
  if (!isPlain || limit > LIST_ROWS_MAX || offset > 0) return false;
  return isCounted(query) && shapeOf(query, LIST_AGGREGATES) !== undefined &&
    isOfVisits(query, planOf(query));
}

function isCounted({ metrics, order }: Query): boolean {
  const isOf = metrics.map(metricOf).every(({ needs, base, money }) =>
    needs.every((name) => COUNTED.has(name)) && (base ?? "query") === "query" && !money
  );
  return isOf && order.every(({ by }) => isMetricName(by) && metrics.includes(by));
}

/** Lists with the same text can be asked for together. */
export function togetherKey(query: Query): string {
  const { site, range: { fromUs, toUs }, zone, weekStart, gapUs, order, rows, missing } = query;
  const isWhole = rows === null;
  return JSON.stringify([site, fromUs, toUs, zone, weekStart, gapUs, order, isWhole, missing]);
}
