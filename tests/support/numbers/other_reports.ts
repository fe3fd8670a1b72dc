// Reports beside `query`, each with parameters of its own, and what the independent count says of
// those that show its numbers in another form.
import type { Event } from "../../../src/core/event.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import type { MetricName } from "../../../src/query/metrics.ts";
import type { Range } from "../../../src/core/period.ts";
import type { CheckedFilter, Query } from "../../../src/query/query.ts";
import type { Called } from "../server/routes.ts";
import { labels, rowsOf } from "./asked_answers.ts";
import type { AskedQuestion } from "./asked_questions.ts";
import { type BruteRow, goalless, type Rank } from "./brute.ts";

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
  ["why", { metric: "visitors" }],
  ["why", { metric: "pageviews" }],
  ["why", { metric: "bounce_rate" }],
  ["why", { metric: "conversion_rate" }],
  ["why", { metric: "total_revenue" }],
  ["changes", {}],
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
  if (report === "why") return contributions(json, own["metric"] as MetricName, counted);
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

type Contributions = readonly {
  readonly dimension: string;
  readonly value: string;
  readonly now: number | null;
  readonly before: number | null;
  readonly difference: number;
}[];

/** Contributions that are more than errors of rounding, by their keys. */
function contributions(
  json: { readonly results: Contributions },
  metric: MetricName,
  counted: Counted,
) {
  const isRatio = metric === "bounce_rate" || metric === "conversion_rate";
  const expected = EXPLAINED.flatMap((dimension) =>
    expectedContributions(dimension, metric, isRatio, counted)
  );
  const shown = (all: Contributions) =>
    all.filter(({ dimension, difference }) =>
      EXPLAINED.some((ref) => ref === dimension) && Math.abs(difference) > 1e-9
    ).map(({ dimension, value, now, before, difference }) =>
      JSON.stringify([dimension, value, now, before, difference.toFixed(9)])
    ).toSorted();
  return { found: shown(json.results), expected: shown(expected) };
}

const EXPLAINED = ["source", "country", "entry_page", "browser"] as const;

function expectedContributions(
  dimension: DimensionRef,
  metric: MetricName,
  isRatio: boolean,
  counted: Counted,
): Contributions {
  const { comparison } = counted.question;
  if (!comparison) return [];
  const { range: asked } = counted.question.query;
  const spans = [asked, comparison].map(({ fromUs, toUs }) => ({ fromUs, toUs, dates: null }));
  const currency = spans.flatMap((range) => {
    const [row] = rows(counted, { metrics: ["total_revenue"], dimensions: [], range });
    return amountsOf(row).map(({ currency }) => currency);
  })[0];
  const ask = (range: Range, dimensions: DimensionRef[]) =>
    explainedRows(metric, { dimensions, range }, currency, counted)
      .filter(({ value, weight }) => isRatio ? weight > 0 : value !== 0);
  const [now, before] = spans.map((range) => ({
    all: ask(range, [])[0],
    by: new Map(ask(range, [dimension]).map((row) => [row.key, row])),
  }));
  const keys = new Set([...now?.by.keys() ?? [], ...before?.by.keys() ?? []]);
  if (keys.size < 2 || (isRatio && (!now?.all || !before?.all))) return [];
  const none = { value: isRatio ? null : 0, weight: 0 };
  return [...keys].map((value) => {
    const [a, b] = [now?.by.get(value) ?? none, before?.by.get(value) ?? none];
    const shown = { dimension, value, now: a.value, before: b.value };
    if (!isRatio) return { ...shown, difference: Number(a.value) - Number(b.value) };
    // Written as a sum over the four corners, not by rate and mix.
    const w1 = a.weight / (now?.all?.weight ?? 1);
    const w0 = b.weight / (before?.all?.weight ?? 1);
    const mean = (Number(now?.all?.value) + Number(before?.all?.value)) / 2;
    const difference = w1 * (Number(a.value) - mean) - w0 * (Number(b.value) - mean);
    return { ...shown, difference };
  });
}

interface Explained {
  readonly key: string;
  readonly value: number | null;
  /** What the value is of, where it is a ratio. */
  readonly weight: number;
}

/** The number that is explained, by the keys of a query. */
function explainedRows(
  metric: MetricName,
  what: Pick<Query, "dimensions" | "range">,
  currency: string | undefined,
  counted: Counted,
): Explained[] {
  const ask = (more: Partial<Query>) =>
    rows(counted, { ...what, ...more }).map((row) => ({ ...row, key: String(row.keys[0] ?? "") }));
  if (metric === "conversion_rate") {
    const visitors = (more: Partial<Query>) =>
      ask({ metrics: ["visitors"], ...more }).map(({ key, values }) =>
        [key, Number(values["visitors"])] as const
      );
    const met = new Map(visitors({}));
    const filter = goalless(counted.question.query.filter) as CheckedFilter | null;
    return visitors({ filter }).map(([key, weight]) => ({
      key,
      value: (met.get(key) ?? 0) / weight,
      weight,
    }));
  }
  if (metric === "total_revenue") {
    return ask({ metrics: [metric] }).map((row) => ({
      key: row.key,
      value: amountsOf(row).find((one) => one.currency === currency)?.value ?? 0,
      weight: 0,
    }));
  }
  return ask({ metrics: [metric, "visits"] }).map(({ key, values }) => ({
    key,
    value: values[metric] as number | null,
    weight: Number(values["visits"] ?? 0),
  }));
}

function amountsOf(row: BruteRow | undefined) {
  return (row?.values["total_revenue"] ?? []) as readonly { currency: string; value: number }[];
}
