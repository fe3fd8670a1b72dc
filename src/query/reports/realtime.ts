// Who is on the site now: the last 5 and 30 minutes, minute by minute, with the top pages, sources
// and countries of the last 30.
import { MINUTE_US } from "../../core/durations.ts";
import { bucketsOf, type Range } from "../../core/period.ts";
import { emptyValues, numberOf } from "../answer.ts";
import type { DimensionName } from "../dimensions.ts";
import type { MetricName } from "../metrics.ts";
import { type Asked, queryOf } from "../query.ts";
import { about, defineReport, type Tools } from "./report.ts";

const METRICS_NOW: readonly MetricName[] = ["visitors", "pageviews"];
const TOP_ROWS = 10;

/** The minutes up to now, the running one included. */
function lastMinutes(asked: Asked, count: number): Range {
  const toUs = (Math.floor(asked.nowUs / MINUTE_US) + 1) * MINUTE_US;
  return { fromUs: toUs - count * MINUTE_US, toUs, dates: null };
}

async function total(asked: Asked, range: Range, tools: Tools): Promise<number> {
  const { rows } = await tools.ask(queryOf(about(asked, range), { metrics: ["visitors"] }));
  return numberOf(rows[0]?.values ?? {}, "visitors");
}

async function top(asked: Asked, dimension: DimensionName, tools: Tools) {
  const { rows } = await tools.ask(queryOf(asked, {
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

async function minutes(asked: Asked, tools: Tools) {
  const buckets = bucketsOf(asked.range, "minute", asked.zone, asked.weekStart);
  const { rows } = await tools.ask(queryOf(asked, {
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
  live: true,
  params: {},
  parse: () => null,
  run: async (asked, _, tools) => {
    const recent = about(asked, lastMinutes(asked, 30));
    const fiveUs = { fromUs: asked.nowUs - 5 * MINUTE_US, toUs: asked.nowUs + 1, dates: null };
    const thirtyUs = { fromUs: asked.nowUs - 30 * MINUTE_US, toUs: asked.nowUs + 1, dates: null };
    const [visitors_5, visitors_30, per_minute, pages, sources, countries] = await Promise.all([
      total(asked, fiveUs, tools),
      total(asked, thirtyUs, tools),
      minutes(recent, tools),
      top(recent, "page", tools),
      top(recent, "source", tools),
      top(recent, "country", tools),
    ]);
    return { visitors_5, visitors_30, per_minute, pages, sources, countries };
  },
});
