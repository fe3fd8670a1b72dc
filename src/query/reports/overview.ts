// The headline numbers of a range.
import { type AnswerRow, emptyValues, numberOf } from "../answer.ts";
import { changeOf } from "../compare.ts";
import { metaOf } from "../meta.ts";
import type { MetricName } from "../metrics.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { defineReport, type QueryContext, type WithComparison, withRange } from "./report.ts";

const OVERVIEW_METRICS: readonly MetricName[] = [
  "visitors",
  "pageviews",
  "bounce_rate",
  "visit_duration",
  "views_per_visit",
];

/** The five numbers. */
export interface Overview {
  readonly unique_visitors: number;
  readonly total_pageviews: number;
  readonly bounce_rate: number;
  readonly avg_visit_duration_secs: number;
  readonly pages_per_visit: number;
}

const UNITS: Readonly<Record<keyof Overview, string>> = {
  unique_visitors: "count",
  total_pageviews: "count",
  bounce_rate: "ratio",
  avg_visit_duration_secs: "seconds",
  pages_per_visit: "number",
};

function overviewOf(values: AnswerRow["values"]): Overview {
  return {
    unique_visitors: numberOf(values, "visitors"),
    total_pageviews: numberOf(values, "pageviews"),
    bounce_rate: numberOf(values, "bounce_rate"),
    avg_visit_duration_secs: numberOf(values, "visit_duration"),
    pages_per_visit: numberOf(values, "views_per_visit"),
  };
}

async function queryOverview(request: ReportRequest, context: QueryContext): Promise<Overview> {
  const { rows } = await context.query(queryOf(request, { metrics: OVERVIEW_METRICS }));
  return overviewOf(rows[0]?.values ?? emptyValues(OVERVIEW_METRICS));
}

/** The answer. */
export type OverviewAnswer = WithComparison<Overview>;

/** `GET /api/stats/main`. */
export const OVERVIEW = defineReport({
  label: "Overview",
  doc: "visitors, pageviews, bounce rate, duration and pages per visit of the range",
  heavy: false,
  params: {},
  parse: () => null,
  run: async (request, _, context): Promise<OverviewAnswer> => {
    const { comparison } = request;
    const [main, before] = await Promise.all([
      queryOverview(request, context),
      comparison ? queryOverview(withRange(request, comparison), context) : null,
    ]);
    if (!before) return main;
    const change = Object.fromEntries(
      (Object.keys(UNITS) as (keyof Overview)[]).map((name) => [
        name,
        changeOf(UNITS[name], main[name], before[name]),
      ]),
    );
    return { ...main, comparison: before, change, meta: metaOf(request) };
  },
});
