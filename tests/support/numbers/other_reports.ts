// Reports beside `query`, each with parameters of its own, and what the independent count says of
// those that show its numbers in another form.
import type { Event } from "../../../src/core/event.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import type { MetricName } from "../../../src/query/metrics.ts";
import type { Query } from "../../../src/query/query.ts";
import type { Called } from "../server/routes.ts";
import { labels, rowsOf } from "./asked_answers.ts";
import type { AskedQuestion } from "./asked_questions.ts";
import type { BruteRow, Rank } from "./brute.ts";

/** Another report with parameters of its own. */
export type OtherReport = readonly [report: string, own: Readonly<Record<string, string>>];

/** The reports; those whose numbers are compared more than once. */
export const OTHER_REPORTS: readonly OtherReport[] = [
  ["main", {}],
  ["main", {}],
  ["timeseries", {}],
  ["timeseries", {}],
  ["sessions", { detail: "true" }],
  ["sessions", {}],
  ["breakdown/sources", {}],
  ["breakdown/pages", { detail: "true" }],
  ["breakdown/browsers", {}],
  ["values", { dimension: "channel" }],
  ["values", { dimension: "exit_page" }],
  ["values", { dimension: "props:plan", text: "P" }],
  ["visits", {}],
  ["funnel", { steps: "page:/a,event:signup,goal:Big", detail: "true", by: "source" }],
  ["funnel", { steps: "page:/,page:/b/*", order: "any_order" }],
  ["retention", { detail: "true", cohorts: "day", first: "goal:Signup" }],
  ["retention", {}],
  ["sequences", { steps: "page:/,event:signup" }],
  ["flow", { page: "/" }],
  ["flow", { detail: "true", of: "events", direction: "previous" }],
  ["export", { format: "json" }],
  ["realtime", {}],
];

interface Counted {
  readonly question: AskedQuestion;
  readonly events: readonly Event[];
  readonly rank: Rank;
}

/** A part of an answer, and what it should be; null for a report that is not counted here. */
export function comparedNumbers(
  [report, own]: OtherReport,
  called: Called,
  counted: Counted,
): { readonly found: unknown; readonly expected: unknown } | null {
  const { json, headers } = called;
  if (report === "main") {
    const metrics: MetricName[] = [
      ...["visitors", "pageviews", "bounce_rate", "visit_duration", "views_per_visit"] as const,
    ];
    const [row] = rows(counted, { metrics });
    const found = [json.unique_visitors, json.total_pageviews, json.bounce_rate];
    return {
      found: [...found, json.avg_visit_duration_secs, json.pages_per_visit],
      expected: metrics.map((name) => row?.values[name] ?? 0),
    };
  }
  if (report === "sessions" && own["detail"] === undefined) {
    const metrics: MetricName[] = ["visits", "visit_duration", "views_per_visit"];
    const [row] = rows(counted, { metrics });
    return {
      found: [json.total_sessions, json.avg_session_duration_secs, json.avg_pages_per_session],
      expected: metrics.map((name) => row?.values[name] ?? 0),
    };
  }
  if (report === "timeseries") return series(json, headers.get("x-interval") ?? "", counted);
  const dimension = BREAKDOWNS[report];
  if (dimension !== undefined) return breakdown(json, dimension, counted);
  const asked = report === "values" && own["text"] === undefined ? own["dimension"] : undefined;
  return asked === undefined ? null : values(json, asked as DimensionRef, counted);
}

const BREAKDOWNS: Readonly<Record<string, DimensionRef>> = {
  "breakdown/sources": "referrer_source",
  "breakdown/pages": "page",
  "breakdown/browsers": "browser",
};

function rows({ question, events, rank }: Counted, more: Partial<Query>): BruteRow[] {
  const plain = { dimensions: [], search: null, order: [], limit: 1000, offset: 0 };
  return rowsOf({ ...question.query, ...plain, ...more }, events, rank);
}

interface ShownRow {
  readonly value: string;
  readonly date: string;
  readonly visitors: number;
  readonly pageviews: number;
}

const COUNTS: readonly MetricName[] = ["visitors", "pageviews"];

/** The second of a doubled hour has its offset behind it. */
function series(json: readonly ShownRow[], interval: string, counted: Counted) {
  const by = interval as DimensionRef;
  const expected = rows(counted, {
    metrics: COUNTS,
    dimensions: [by],
    order: [{ by, direction: "asc" }],
  });
  return {
    found: json.map(({ date, visitors, pageviews }) => [date.slice(0, 16), visitors, pageviews]),
    expected: expected.map((row) => [
      ...labels({ ...counted.question.query, dimensions: [by] }, row),
      ...COUNTS.map((name) => row.values[name]),
    ]),
  };
}

function breakdown(
  json: readonly ShownRow[] | { readonly results: readonly ShownRow[] },
  dimension: DimensionRef,
  counted: Counted,
) {
  const shown = "results" in json ? json.results : json;
  const expected = rows(counted, {
    metrics: COUNTS,
    dimensions: [dimension],
    ownColumns: true,
    missing: "(unknown)",
    order: [{ by: "visitors", direction: "desc" }],
  });
  return {
    found: shown.map(({ value, visitors, pageviews }) => [value, visitors, pageviews]),
    expected: expected.map(({ keys, values }) => [
      ...keys,
      ...COUNTS.map((name) => values[name]),
    ]),
  };
}

function values(json: readonly ShownRow[], dimension: DimensionRef, counted: Counted) {
  const expected = rows(counted, {
    metrics: ["visitors"],
    dimensions: [dimension],
    order: [{ by: "visitors", direction: "desc" }],
  });
  return {
    found: json.map(({ value, visitors }) => [value, visitors]),
    expected: expected.map(({ keys, values }) => [...keys, values["visitors"]]),
  };
}
