// Metrics over time: every bucket of the range present, empty ones at zero.
import { type Bucket, bucketsOf } from "../../core/period.ts";
import { type AnswerRow, emptyValues, numberOf } from "../answer.ts";
import { changesOf } from "../compare.ts";
import type { MetricName } from "../metrics.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { defineReport, type QueryContext, type WithComparison, withRange } from "./report.ts";

/** One bucket with its values. */
export interface Point {
  readonly bucket: Bucket;
  readonly values: AnswerRow["values"];
}

/** Every bucket of the request's range with the values of the metrics. */
export async function pointsOf(
  request: ReportRequest,
  metrics: readonly MetricName[],
  context: QueryContext,
): Promise<Point[]> {
  const buckets = bucketsOf(request.range, request.interval, request.zone, request.weekStart);
  const { rows } = await context.query(queryOf(request, {
    metrics,
    dimensions: [request.interval],
    order: [{ by: request.interval, direction: "asc" }],
    limit: buckets.length,
  }));
  const byKey = new Map(rows.map((row) => [row.keys[0], row.values]));
  return buckets.map((bucket) => ({
    bucket,
    values: byKey.get(bucket.key) ?? emptyValues(metrics),
  }));
}

const METRICS_OF_SERIES: readonly MetricName[] = ["visitors", "pageviews"];

interface Shown {
  readonly date: string;
  readonly visitors: number;
  readonly pageviews: number;
}

/** The answer: every bucket of the range in order. */
export type TimeseriesAnswer = readonly WithComparison<Shown>[];

function shown({ bucket, values }: Point): Shown {
  return {
    date: bucket.label,
    visitors: numberOf(values, "visitors"),
    pageviews: numberOf(values, "pageviews"),
  };
}

/** `GET /api/stats/timeseries`. */
export const TIMESERIES = defineReport({
  label: "Over time",
  doc: "visitors and pageviews of every bucket of the range",
  heavy: false,
  params: {},
  parse: () => null,
  run: async (request, _, context): Promise<TimeseriesAnswer> => {
    const points = await pointsOf(request, METRICS_OF_SERIES, context);
    if (!request.comparison) return points.map(shown);
    const before = await pointsOf(
      withRange(request, request.comparison),
      METRICS_OF_SERIES,
      context,
    );
    return points.map((point, index) => {
      const earlier = before[index];
      return {
        ...shown(point),
        comparison: earlier ? shown(earlier) : null,
        change: earlier ? changesOf(METRICS_OF_SERIES, point.values, earlier.values) : null,
      };
    });
  },
});
