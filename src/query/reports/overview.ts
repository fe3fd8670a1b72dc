// The headline numbers of a range.
import { type AnswerRow, emptyValues, numberOf } from "../answer.ts";
import { changeOf } from "../compare.ts";
import type { MetricName } from "../metrics.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { defineReport, type QueryContext, withRange } from "./report.ts";

const METRICS_OF_MAIN: readonly MetricName[] = [
  "visitors",
  "pageviews",
  "visits",
  "bounce_rate",
  "visit_duration",
];

/** The contract's five numbers. */
interface Main {
  readonly unique_visitors: number;
  readonly total_pageviews: number;
  readonly bounce_rate: number;
  readonly avg_visit_duration_secs: number;
  readonly pages_per_visit: number;
}

const UNITS: Readonly<Record<keyof Main, string>> = {
  unique_visitors: "count",
  total_pageviews: "count",
  bounce_rate: "ratio",
  avg_visit_duration_secs: "seconds",
  pages_per_visit: "number",
};

function mainOf(values: AnswerRow["values"]): Main {
  const visits = numberOf(values, "visits");
  const pageviews = numberOf(values, "pageviews");
  return {
    unique_visitors: numberOf(values, "visitors"),
    total_pageviews: pageviews,
    bounce_rate: numberOf(values, "bounce_rate"),
    avg_visit_duration_secs: numberOf(values, "visit_duration"),
    pages_per_visit: visits === 0 ? 0 : pageviews / visits,
  };
}

async function askMain(request: ReportRequest, context: QueryContext): Promise<Main> {
  const { rows } = await context.ask(queryOf(request, { metrics: METRICS_OF_MAIN }));
  return mainOf(rows[0]?.values ?? emptyValues(METRICS_OF_MAIN));
}

/** `GET /api/stats/main`. */
export const MAIN = defineReport({
  label: "Overview",
  doc: "visitors, pageviews, bounce rate, duration and pages per visit of the range",
  heavy: false,
  params: {},
  parse: () => null,
  run: async (request, _, context) => {
    const main = await askMain(request, context);
    if (!request.comparison) return main;
    const before = await askMain(withRange(request, request.comparison), context);
    const change = Object.fromEntries(
      (Object.keys(UNITS) as (keyof Main)[]).map((name) => [
        name,
        changeOf(UNITS[name], main[name], before[name]),
      ]),
    );
    return { ...main, comparison: before, change };
  },
});
