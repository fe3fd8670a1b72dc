// Metrics over time: every bucket of the range present, empty ones at zero.
import { type Bucket, bucketsOf } from "../../core/period.ts";
import { type AnswerRow, emptyValues, numberOf } from "../answer.ts";
import { changesOf } from "../compare.ts";
import type { MetricName } from "../metrics.ts";
import { type Asked, queryOf } from "../query.ts";
import { about, defineReport, type Tools } from "./report.ts";

/** One bucket with its values. */
export interface Point {
  readonly bucket: Bucket;
  readonly values: AnswerRow["values"];
}

/** Every bucket of the asked range with the values of the metrics. */
export async function pointsOf(
  asked: Asked,
  metrics: readonly MetricName[],
  tools: Tools,
): Promise<Point[]> {
  const buckets = bucketsOf(asked.range, asked.interval, asked.zone, asked.weekStart);
  const { rows } = await tools.ask(queryOf(asked, {
    metrics,
    dimensions: [asked.interval],
    order: [{ by: asked.interval, direction: "asc" }],
    limit: buckets.length,
  }));
  const byKey = new Map(rows.map((row) => [row.keys[0], row.values]));
  return buckets.map((bucket) => ({
    bucket,
    values: byKey.get(bucket.key) ?? emptyValues(metrics),
  }));
}

const METRICS_OF_SERIES: readonly MetricName[] = ["visitors", "pageviews"];

function shown({ bucket, values }: Point) {
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
  run: async (asked, _, tools) => {
    const points = await pointsOf(asked, METRICS_OF_SERIES, tools);
    if (!asked.comparison) return points.map(shown);
    const before = await pointsOf(about(asked, asked.comparison), METRICS_OF_SERIES, tools);
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
