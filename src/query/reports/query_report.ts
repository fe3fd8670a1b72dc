// Any metrics by any dimensions: the report that the dashboard, exports and alerts use.
import { type Bucket, bucketsOf, type Range } from "../../core/period.ts";
import type { Interval } from "../../../dashboard/grammar/period.js";
import { DIMENSIONS_MAX, METRICS_MAX } from "../../core/limits.ts";
import { FILTER_VALUE_CHARS_MAX } from "../../../dashboard/grammar/limits.js";
import { type Answer, type AnswerRow, emptyValues } from "../answer.ts";
import { changesOf, earlierRows } from "../compare.ts";
import type { DimensionRef } from "../dimensions.ts";
import { type Meta, metaOf, type ShownRange } from "../meta.ts";
import { isMetricName, type MetricName } from "../metrics.ts";
import { type Params, quoted } from "../params.ts";
import {
  checkBuckets,
  dimensionRef,
  dimensionsParam,
  isIntervalName,
  metricsParam,
} from "../parse.ts";
import { type Order, type Query, queryOf, type ReportRequest } from "../query.ts";
import { defineReport, type QueryContext, withRange } from "./report.ts";

/** The parameters of a request besides range and filter. */
export interface QueryParams {
  readonly metrics: readonly MetricName[];
  readonly dimensions: readonly DimensionRef[];
  readonly order: readonly Order[];
  readonly search: string | null;
}

/** A row as it is answered. */
export interface ShownRow {
  readonly dimensions: readonly string[];
  readonly metrics: AnswerRow["values"];
  readonly comparison?: AnswerRow["values"] & { readonly bucket?: string };
  readonly change?: Record<string, number | null>;
}

/** Time first and rising, then the first metric falling. */
export function usualOrder(
  metrics: readonly MetricName[],
  dimensions: readonly DimensionRef[],
): Order[] {
  const times = dimensions.filter(isIntervalName).map((by) => ({ by, direction: "asc" as const }));
  const [first] = metrics;
  return first ? [...times, { by: first, direction: "desc" }] : times;
}

function parseQuery(params: Params, request: ReportRequest): QueryParams {
  const metrics = metricsParam(params, "metrics", METRICS_MAX) ?? ["visitors"];
  const dimensions = dimensionsParam(params, "dimensions", DIMENSIONS_MAX, request.interval);
  for (const ref of dimensions.filter(isIntervalName)) checkBuckets(params, request.range, ref);
  const search = params.text("search") ?? null;
  if (search !== null && search.length > FILTER_VALUE_CHARS_MAX) {
    params.fault(`Cannot read search: it is longer than ${FILTER_VALUE_CHARS_MAX} characters`);
  }
  const [first] = dimensions;
  if (search !== null && (first === undefined || isIntervalName(first))) {
    params.fault("Cannot use search: the first dimension has no text");
  }
  return { metrics, dimensions, search, order: orderOf(params, metrics, dimensions, request) };
}

function orderOf(
  params: Params,
  metrics: readonly MetricName[],
  dimensions: readonly DimensionRef[],
  request: ReportRequest,
): readonly Order[] {
  const text = params.text("order_by");
  if (text === undefined || text === "") return usualOrder(metrics, dimensions);
  return text.split(",").flatMap((part) => {
    const [, name = "", direction] = /^(.*?)(?::(asc|desc))?$/.exec(part) ?? [];
    const ref = name === "time" ? request.interval : dimensionRef(name);
    const by = isMetricName(name) && metrics.includes(name)
      ? name
      : dimensions.find((dimension) => dimension === ref);
    if (by === undefined) {
      params.fault(`Cannot read order_by: "${quoted(part)}" is none of the metrics and dimensions`);
      return [];
    }
    const usual = isMetricName(by) ? "desc" : "asc";
    return [{ by, direction: direction === "asc" || direction === "desc" ? direction : usual }];
  });
}

function queryFor(request: ReportRequest, params: QueryParams): Query {
  return queryOf(request, { ...params, limit: request.limit, offset: request.offset });
}

/** Rows of a query; one by time alone has every bucket, in order, whatever the limit. */
async function queryRows(
  request: ReportRequest,
  params: QueryParams,
  context: QueryContext,
): Promise<Answer> {
  const [only, ...others] = params.dimensions;
  if (only === undefined || !isIntervalName(only) || others.length > 0) {
    return await context.query(queryFor(request, params));
  }
  const buckets = bucketsFor(request, only);
  const { rows } = await context.query({
    ...queryFor(request, params),
    limit: Math.max(1, buckets.length),
    offset: 0,
  });
  const byKey = new Map(rows.map((row) => [row.keys[0], row.values]));
  const filled = buckets.map(({ key }) => ({
    keys: [key],
    values: byKey.get(key) ?? emptyValues(params.metrics),
  }));
  return { rows: filled, total: filled.length };
}

function bucketsFor(request: ReportRequest, interval: Interval): Bucket[] {
  return bucketsOf(request.range, interval, request.zone, request.weekStart);
}

/** Shows keys as texts: buckets by their labels. */
function labeller(request: ReportRequest, dimensions: readonly DimensionRef[]) {
  const labels = dimensions.map((ref) =>
    isIntervalName(ref)
      ? new Map(bucketsFor(request, ref).map(({ key, label }) => [key, label]))
      : undefined
  );
  return (keys: AnswerRow["keys"]): string[] =>
    keys.map((key, index) =>
      typeof key === "number" ? labels[index]?.get(key) ?? String(key) : String(key)
    );
}

async function rowsOf(request: ReportRequest, params: QueryParams, context: QueryContext) {
  const { comparison } = request;
  const [answer, before] = await Promise.all(
    comparison ? comparing(request, comparison, params, context) : [
      queryRows(request, params, context),
      null,
    ],
  );
  const label = labeller(request, params.dimensions);
  const rows: ShownRow[] = answer.rows.map(({ keys, values }) => ({
    dimensions: label(keys),
    metrics: values,
  }));
  if (!before) return { rows, total: answer.total };
  const compared = rows.map((row, index): ShownRow => {
    const old = before(row, index);
    return old
      ? { ...row, comparison: old, change: changesOf(params.metrics, row.metrics, old) }
      : row;
  });
  return { rows: compared, total: answer.total };
}

/** Finds the values of a row in the earlier range. */
type Earlier = (row: ShownRow, index: number) => ShownRow["comparison"];

/**
 * The rows, and those of the earlier range: buckets by their place, others by their keys, which
 * have to be known first.
 */
function comparing(
  request: ReportRequest,
  comparison: Range,
  params: QueryParams,
  context: QueryContext,
): [Promise<Answer>, Promise<Earlier>] {
  const scope = withRange(request, comparison);
  const { dimensions } = params;
  const answer = queryRows(request, params, context);
  const isSplit = dimensions.length > 1 || !dimensions.every(isIntervalName);
  const rows = isSplit
    ? answer.then((found) =>
      earlierRows(
        queryOf(request, params),
        comparison,
        found.rows,
        (query) => context.query(query),
      )
    )
    : queryRows(scope, params, context).then((found) => found.rows);
  const label = labeller(scope, dimensions);
  const time = dimensions.findIndex(isIntervalName);
  const before = rows.then((found): Earlier => (_, index) => {
    const row = found[index];
    if (!row) return undefined;
    return time < 0 ? row.values : { ...row.values, bucket: label(row.keys)[time] ?? "" };
  });
  return [answer, before];
}

/** The answer. `total` counts the rows before limit and offset. */
export interface QueryAnswer {
  readonly results: readonly ShownRow[];
  readonly total: number;
  readonly range: ShownRange & { readonly timezone: string };
  readonly comparison_range?: ShownRange;
  readonly meta: Meta;
}

/** `GET /api/stats/query`. */
export const QUERY = defineReport({
  label: "Query",
  doc: "any metrics by any dimensions",
  heavy: false,
  params: {
    metrics: { required: false, doc: "names of metrics, by commas; visitors when missing" },
    dimensions: {
      required: false,
      doc: "names of dimensions, by commas; `time` is the interval's bucket",
    },
    order_by: { required: false, doc: "metrics and dimensions, each with :asc or :desc" },
    search: { required: false, doc: "only rows whose first dimension contains this text" },
  },
  parse: parseQuery,
  run: async (request, params, context): Promise<QueryAnswer> => {
    const { rows, total } = await rowsOf(request, params, context);
    const meta = metaOf(request);
    const { range, comparison_range } = meta;
    return { results: rows, total, range, ...(comparison_range ? { comparison_range } : {}), meta };
  },
});
