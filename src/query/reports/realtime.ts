// Who is on the site now: the last 5 and 30 minutes, minute by minute, with the top pages, sources
// and countries of the last 30.
import { MINUTE_US } from "../../core/durations.ts";
import { bucketsOf, type Range } from "../../core/period.ts";
import { emptyValues, numberOf } from "../answer.ts";
import type { DimensionName } from "../dimensions.ts";
import type { MetricName } from "../metrics.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { defineReport, type QueryContext, withRange } from "./report.ts";

interface Counts {
  readonly visitors: number;
  readonly pageviews: number;
}

type Top = readonly (Counts & { readonly value: string })[];

/** The answer. Lists are of the last 30 minutes. */
export interface RealtimeAnswer {
  readonly visitors_5: number;
  readonly visitors_30: number;
  readonly per_minute: readonly (Counts & { readonly minute: string })[];
  readonly pages: Top;
  readonly sources: Top;
  readonly countries: Top;
}

const METRICS_NOW: readonly MetricName[] = ["visitors", "pageviews"];
const TOP_ROWS = 10;

/** The minutes up to now, the running one included. */
function lastMinutes(request: ReportRequest, count: number): Range {
  const toUs = (Math.floor(request.nowUs / MINUTE_US) + 1) * MINUTE_US;
  return { fromUs: toUs - count * MINUTE_US, toUs, dates: null };
}

async function total(request: ReportRequest, range: Range, context: QueryContext): Promise<number> {
  const { rows } = await context.query(
    queryOf(withRange(request, range), { metrics: ["visitors"] }),
  );
  return numberOf(rows[0]?.values ?? {}, "visitors");
}

async function top(request: ReportRequest, dimension: DimensionName, context: QueryContext) {
  const { rows } = await context.query(queryOf(request, {
    metrics: METRICS_NOW,
    dimensions: [dimension],
    order: [{ by: "visitors", direction: "desc" }],
    limit: TOP_ROWS,
  }));
  return rows.map(({ keys, values }) => ({
    value: String(keys[0]),
    visitors: numberOf(values, "visitors"),
    pageviews: numberOf(values, "pageviews"),
  }));
}

async function minutes(request: ReportRequest, context: QueryContext) {
  const buckets = bucketsOf(request.range, "minute", request.zone, request.weekStart);
  const { rows } = await context.query(queryOf(request, {
    metrics: METRICS_NOW,
    dimensions: ["minute"],
    limit: buckets.length,
  }));
  const byKey = new Map(rows.map((row) => [row.keys[0], row.values]));
  return buckets.map(({ key, label }) => {
    const values = byKey.get(key) ?? emptyValues(METRICS_NOW);
    return {
      minute: label,
      visitors: numberOf(values, "visitors"),
      pageviews: numberOf(values, "pageviews"),
    };
  });
}

/** `GET /api/stats/realtime`. The period is always that of the last 30 minutes. */
export const REALTIME = defineReport({
  label: "Realtime",
  doc: "visitors of the last 5 and 30 minutes, per minute, with top pages, sources, countries",
  heavy: false,
  freshness: "live",
  params: {},
  parse: () => null,
  run: async (request, _, context): Promise<RealtimeAnswer> => {
    const recent = withRange(request, lastMinutes(request, 30));
    const fiveUs = { fromUs: request.nowUs - 5 * MINUTE_US, toUs: request.nowUs + 1, dates: null };
    const thirtyUs = {
      fromUs: request.nowUs - 30 * MINUTE_US,
      toUs: request.nowUs + 1,
      dates: null,
    };
    const [visitors_5, visitors_30, per_minute, pages, sources, countries] = await Promise.all([
      total(request, fiveUs, context),
      total(request, thirtyUs, context),
      minutes(recent, context),
      top(recent, "page", context),
      top(recent, "source", context),
      top(recent, "country", context),
    ]);
    return { visitors_5, visitors_30, per_minute, pages, sources, countries };
  },
});
