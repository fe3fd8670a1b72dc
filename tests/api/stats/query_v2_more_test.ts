// Every kind of request that Plausible documents for its Stats API v2, with its own numbers.
import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { queryV2Routes } from "../../../src/api/stats/query_v2.ts";
import type { QueryGoal } from "../../../src/query/query.ts";
import type { CheckedFilter } from "../../../src/query/query.ts";
import { customEvent, pageview } from "../../support/events.ts";
import { withQuestions } from "../../support/numbers/questions.ts";
import { callRoute } from "../../support/server/routes.ts";

const GERMAN = { country_code: "DE", region: "DE-BE", city: "Berlin" };

const EVENTS = [
  pageview({
    at: "2024-03-08T10:00",
    visitor: "a",
    page: "/",
    utm_medium: "social",
    utm_source: "x",
    ...GERMAN,
  }),
  pageview({
    at: "2024-03-08T10:02",
    visitor: "a",
    page: "/docs",
    props: '{"author":"ada"}',
    ...GERMAN,
  }),
  pageview({
    at: "2024-03-08T10:02:30",
    visitor: "a",
    page: "/docs",
    name: "engagement",
    engaged_ms: 4000,
    scroll_depth: 40,
    ...GERMAN,
  }),
  pageview({
    at: "2024-03-08T10:03",
    visitor: "a",
    page: "/docs",
    name: "engagement",
    engaged_ms: 6000,
    scroll_depth: 80,
    ...GERMAN,
  }),
  customEvent({
    at: "2024-03-08T10:04",
    visitor: "a",
    page: "/docs",
    revenue_amount: 1200,
    revenue_currency: "EUR",
    ...GERMAN,
  }),
  pageview({
    at: "2024-03-09T09:00",
    visitor: "b",
    page: "/",
    country_code: "EE",
    city: "Tallinn",
    utm_medium: "Social",
    utm_source: "y",
  }),
];

const GOALS: readonly QueryGoal[] = [
  { name: "Signup", filter: { op: "is", dimension: "name", values: ["signup"] } },
];

const SEGMENTS = new Map<string, CheckedFilter>([
  ["Germans", { op: "is", dimension: "country", values: ["DE"] }],
]);

interface Example {
  readonly title: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly results: readonly (readonly [metrics: unknown[], dimensions?: string[]])[];
  readonly meta?: Readonly<Record<string, unknown>>;
}

const WEEK = { metrics: ["visitors"], date_range: "7d" };

const EXAMPLES: readonly Example[] = [
  {
    title: "a simple aggregate",
    body: {
      metrics: ["visitors", "visits", "pageviews", "views_per_visit", "bounce_rate"],
      date_range: "7d",
    },
    results: [[[2, 2, 3, 1.5, 50]]],
  },
  {
    title: "the length of visits, and events",
    body: { metrics: ["visit_duration", "events"], date_range: "7d" },
    results: [[[120, 4]]],
  },
  {
    title: "a range of dates",
    body: { metrics: ["visitors"], date_range: ["2024-03-09", "2024-03-09"] },
    results: [[[1]]],
  },
  {
    title: "a range of times",
    body: {
      metrics: ["pageviews"],
      date_range: ["2024-03-08T12:00:00+02:00", "2024-03-08T12:01:59+02:00"],
    },
    results: [[[1]]],
  },
  {
    title: "countries and cities, without those that are not known",
    body: {
      ...WEEK,
      dimensions: ["visit:country_name", "visit:city_name"],
      filters: [["is_not", "visit:country_name", [""]]],
      order_by: [["visit:country_name", "asc"]],
    },
    results: [[[1], ["Estonia", "Tallinn"]], [[1], ["Germany", "Berlin"]]],
  },
  {
    title: "UTM medium and source",
    body: {
      metrics: ["visitors", "events", "pageviews"],
      date_range: "7d",
      dimensions: ["visit:utm_medium", "visit:utm_source"],
      order_by: [["events", "desc"]],
    },
    results: [[[1, 3, 2], ["social", "x"]], [[1, 1, 1], ["Social", "y"]]],
  },
  {
    title: "filters of a page and a country",
    body: {
      ...WEEK,
      filters: [
        ["contains", "event:page", ["/doc"]],
        ["is", "visit:country_name", ["Germany", "Poland"]],
      ],
    },
    results: [[[1]]],
  },
  {
    title: "filters in any case",
    body: {
      ...WEEK,
      filters: [["is", "visit:utm_medium", ["SOCIAL"], { case_sensitive: false }]],
    },
    results: [[[2]]],
  },
  {
    title: "filters in a tree",
    body: {
      ...WEEK,
      filters: [
        ["or", [
          ["is", "visit:city_name", ["Tallinn"]],
          ["not", ["matches", "event:page", ["^/$"]]],
        ]],
      ],
    },
    results: [[[2]]],
  },
  {
    title: "what was done and what was not",
    body: {
      ...WEEK,
      filters: [
        ["has_done", ["is", "event:goal", ["Signup"]]],
        ["has_not_done", ["is", "event:page", ["/none"]]],
      ],
    },
    results: [[[1]]],
  },
  {
    title: "a segment",
    body: { ...WEEK, filters: [["is", "segment", ["Germans"]]] },
    results: [[[1]]],
  },
  {
    title: "a timeseries",
    body: { ...WEEK, dimensions: ["time"] },
    results: [[[1], ["2024-03-08"]], [[1], ["2024-03-09"]]],
  },
  {
    title: "an hourly timeseries of several metrics",
    body: {
      metrics: ["visitors", "events"],
      date_range: ["2024-03-08", "2024-03-08"],
      dimensions: ["time:hour"],
    },
    results: [[[1, 3], ["2024-03-08 10:00:00"]]],
  },
  {
    title: "custom properties, ordered by two",
    body: {
      metrics: ["visitors", "pageviews", "percentage"],
      date_range: "7d",
      dimensions: ["event:props:author"],
      order_by: [["pageviews", "asc"], ["event:props:author", "asc"]],
    },
    results: [[[1, 1, 50], ["ada"]], [[2, 2, 100], ["(none)"]]],
  },
  {
    title: "pages of a list with their number",
    body: {
      ...WEEK,
      dimensions: ["visit:utm_source"],
      order_by: [["visit:utm_source", "asc"]],
      pagination: { limit: 1, offset: 1 },
      include: { total_rows: true },
    },
    results: [[[1], ["y"]]],
    meta: { total_rows: 2 },
  },
  {
    title: "imports",
    body: { ...WEEK, include: { imports: true } },
    results: [[[2]]],
    meta: { imports_included: false },
  },
  {
    title: "rates and revenue of goals",
    body: {
      metrics: ["conversion_rate", "group_conversion_rate", "total_revenue", "average_revenue"],
      date_range: "7d",
      dimensions: ["event:goal"],
    },
    results: [[
      [
        50,
        50,
        { value: 12, currency: "EUR", short: "€12", long: "€12.00" },
        { value: 12, currency: "EUR", short: "€12", long: "€12.00" },
      ],
      ["Signup"],
    ]],
  },
  {
    title: "scroll depth and time of pages",
    body: {
      metrics: ["scroll_depth", "time_on_page"],
      date_range: "7d",
      dimensions: ["event:page"],
      order_by: [["event:page", "desc"]],
    },
    results: [[[80, 10], ["/docs"]], [[null, 120], ["/"]]],
  },
  {
    title: "scroll depth of a page that is filtered by",
    body: {
      metrics: ["scroll_depth"],
      date_range: "7d",
      filters: [["is", "event:page", ["/docs"]]],
    },
    results: [[[80]]],
  },
];

Deno.test("queryV2Routes() answers every kind of request that is documented", async () => {
  const settings = { goals: GOALS, segments: SEGMENTS };
  await withQuestions({ events: EVENTS, settings }, async ({ runner, clock }) => {
    const routes = queryV2Routes(runner, clock);
    for (const { title, body, results, meta = {} } of EXAMPLES) {
      const sent = JSON.stringify({ site_id: "example.com", ...body });
      const { status, json } = await callRoute(routes, "/api/v2/query", {
        method: "POST",
        body: sent,
      });
      equal(status, 200, `${title}: ${JSON.stringify(json)}`);
      const expected = results.map(([metrics, dimensions = []]) => ({ metrics, dimensions }));
      deepEqual(json.results, expected, title);
      deepEqual(json.meta, meta, title);
      equal(json.query.site_id, "example.com");
      equal(json.query.date_range.length, 2);
    }
  });
});
