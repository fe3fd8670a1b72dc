// Every example of Plausible's documentation of its Stats API, v1 and v2, asked of a running server
// about visits of this test's own, with the numbers that it has to answer.
import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { Bench, daysAgo, dig } from "../support/switching/bench.ts";

type Body = Readonly<Record<string, unknown>>;

const [FIRST, SECOND] = [daysAgo(3), daysAgo(2)];
const GOOGLE = { r: "https://www.google.com/" };
const ESTONIA = { country: "EE", city: "Tallinn" };
const GERMANY = { country: "DE", city: "Berlin" };

/** Four visits of two days. */
const VISITS = [
  [`${FIRST}T10:00:00Z`, 1, { u: "/", ...GOOGLE, ...GERMANY }],
  [`${FIRST}T10:01:00Z`, 1, { u: "/pricing", p: '{"is_customer":true}', ...GERMANY }],
  [`${FIRST}T10:02:00Z`, 1, { u: "/pricing", n: "Signup", ...GERMANY }],
  [`${FIRST}T11:00:00Z`, 2, { u: "/docs?utm_medium=social&utm_source=x", ...ESTONIA }],
  [`${FIRST}T11:01:00Z`, 2, { u: "/docs", n: "Download", p: '{"method":"HTTP"}', ...ESTONIA }],
  [`${SECOND}T09:00:00Z`, 3, { u: "/docs", ...GERMANY }],
  [`${SECOND}T09:01:00Z`, 3, { u: "/docs", n: "PurchaseEUR", ra: "12.5", rc: "EUR", ...GERMANY }],
  [`${SECOND}T09:02:00Z`, 3, { u: "/docs", n: "PurchaseUSD", ra: "4", rc: "USD", ...GERMANY }],
  [`${SECOND}T12:00:00Z`, 4, { u: "/", ...GOOGLE, country: "US" }],
] as const;

type Row = readonly [metrics: readonly unknown[], dimensions?: readonly string[]];

interface Example {
  readonly name: string;
  readonly body: Body;
  readonly rows: readonly Row[];
  readonly meta?: Body;
}

const WEEK = { metrics: ["visitors"], date_range: "7d" };
const ALL = { metrics: ["visitors"], date_range: "all" };
const EUROS = { value: 12.5, currency: "EUR", short: "€12.5", long: "€12.50" };
const DAYS = [daysAgo(7), daysAgo(6), daysAgo(5), daysAgo(4), FIRST, SECOND, daysAgo(1)];

const V2: readonly Example[] = [
  { name: "first request", body: WEEK, rows: [[[4]]] },
  {
    name: "aggregate",
    body: { ...WEEK, metrics: ["visitors", "pageviews", "bounce_rate", "visit_duration"] },
    rows: [[[4, 5, 25, 75]]],
  },
  { name: "custom date range", body: { ...WEEK, date_range: [FIRST, FIRST] }, rows: [[[2]]] },
  {
    name: "country and city",
    body: {
      ...WEEK,
      metrics: ["visitors", "pageviews", "bounce_rate"],
      dimensions: ["visit:country_name", "visit:city_name"],
      filters: [["is_not", "visit:country_name", [""]]],
    },
    rows: [
      [[2, 3, 0], ["Germany", "Berlin"]],
      [[1, 1, 0], ["Estonia", "Tallinn"]],
      [[1, 1, 100], ["United States", ""]],
    ],
  },
  {
    name: "utm medium, utm source",
    body: {
      ...WEEK,
      metrics: ["visitors", "events", "pageviews"],
      dimensions: ["visit:utm_medium", "visit:utm_source"],
    },
    rows: [[[3, 7, 4], ["(not set)", "(not set)"]], [[1, 2, 1], ["social", "x"]]],
  },
  {
    name: "filtering",
    body: {
      ...WEEK,
      filters: [
        ["contains", "event:page", ["/docs", "/pricing"]],
        ["is", "visit:country_name", ["Estonia", "United States of America"]],
      ],
    },
    rows: [[[1]]],
  },
  {
    name: "the long name of a country",
    body: { ...WEEK, filters: [["is", "visit:country_name", ["United States of America"]]] },
    rows: [[[1]]],
  },
  {
    name: "filtering without regard to case",
    body: {
      ...WEEK,
      filters: [["contains", "event:page", ["/DOCS"], { case_sensitive: false }]],
    },
    rows: [[[2]]],
  },
  {
    name: "filtering by segment",
    body: { ...WEEK, filters: [["is", "segment", ["docs"]]] },
    rows: [[[2]]],
  },
  {
    name: "behavioral filters",
    body: {
      ...ALL,
      filters: [
        ["is", "event:goal", ["Signup"]],
        ["has_done", ["is", "event:page", ["/pricing"]]],
      ],
    },
    rows: [[[1]]],
  },
  {
    name: "timeseries",
    body: { ...WEEK, dimensions: ["time"] },
    rows: [[[2], [FIRST]], [[2], [SECOND]]],
  },
  {
    name: "timeseries by hour",
    body: { ...WEEK, date_range: [FIRST, FIRST], dimensions: ["time:hour"] },
    rows: [[[1], [`${FIRST} 10:00:00`]], [[1], [`${FIRST} 11:00:00`]]],
  },
  {
    name: "time labels",
    body: { ...WEEK, dimensions: ["time:day"], include: { time_labels: true } },
    rows: [[[2], [FIRST]], [[2], [SECOND]]],
    meta: { time_labels: DAYS },
  },
  {
    name: "custom properties",
    body: {
      ...WEEK,
      dimensions: ["time:day", "event:props:is_customer"],
      order_by: [["time:day", "asc"], ["event:props:is_customer", "desc"]],
    },
    rows: [
      [[1], [FIRST, "true"]],
      [[2], [FIRST, "(none)"]],
      [[2], [SECOND, "(none)"]],
    ],
  },
  {
    name: "pagination",
    body: {
      ...WEEK,
      dimensions: ["event:page"],
      order_by: [["event:page", "asc"]],
      include: { total_rows: true },
      pagination: { limit: 1, offset: 1 },
    },
    rows: [[[2], ["/docs"]]],
    meta: { total_rows: 3 },
  },
  {
    name: "imports",
    body: { ...ALL, dimensions: ["visit:source"], include: { imports: true } },
    rows: [[[2], ["Google"]], [[1], ["Direct / None"]], [[1], ["Twitter"]]],
    meta: { imports_included: false },
  },
  {
    name: "imports with another filter",
    body: {
      ...ALL,
      dimensions: ["visit:source"],
      filters: [["is", "visit:country_name", ["Estonia"]]],
      include: { imports: true },
    },
    rows: [[[1], ["Twitter"]]],
    meta: { imports_included: false },
  },
  {
    name: "revenue metrics",
    body: {
      ...ALL,
      metrics: ["visitors", "events", "conversion_rate", "average_revenue", "total_revenue"],
      filters: [["is", "event:goal", ["PurchaseEUR"]]],
      dimensions: ["event:goal"],
    },
    rows: [[[1, 1, 25, EUROS, EUROS], ["PurchaseEUR"]]],
  },
  {
    name: "revenue warning",
    body: {
      ...ALL,
      metrics: ["total_revenue"],
      filters: [["is", "event:goal", ["PurchaseUSD", "PurchaseEUR"]]],
    },
    rows: [[[null]]],
    meta: {
      metric_warnings: {
        total_revenue: {
          code: "no_single_revenue_currency",
          warning: "The revenue is in several currencies: filter by event:goal to have one",
        },
      },
    },
  },
];

const RANGE = `period=custom&date=${daysAgo(7)},${daysAgo(1)}`;

const V1: readonly (readonly [path: string, results: unknown])[] = [
  [
    `aggregate?${RANGE}&metrics=visitors,pageviews,bounce_rate,visit_duration`,
    {
      visitors: { value: 4 },
      pageviews: { value: 5 },
      bounce_rate: { value: 25 },
      visit_duration: { value: 75 },
    },
  ],
  [
    `timeseries?${RANGE}`,
    DAYS.map((date) => ({ date, visitors: date === FIRST || date === SECOND ? 2 : 0 })),
  ],
  [
    `breakdown?${RANGE}&property=visit:source&metrics=visitors,bounce_rate&limit=5`,
    [
      { source: "Google", visitors: 2, bounce_rate: 50 },
      { source: "Direct / None", visitors: 1, bounce_rate: 0 },
      { source: "Twitter", visitors: 1, bounce_rate: 0 },
    ],
  ],
  [
    `breakdown?${RANGE}&property=event:page&limit=5`,
    [
      { page: "/", visitors: 2 },
      { page: "/docs", visitors: 2 },
      { page: "/pricing", visitors: 1 },
    ],
  ],
  [`aggregate?${RANGE}&filters=event:page%3D%3D%2Fpricing`, { visitors: { value: 1 } }],
  [
    `timeseries?${RANGE}&filters=visit:source%3D%3DGoogle`,
    DAYS.map((date) => ({ date, visitors: date === FIRST || date === SECOND ? 1 : 0 })),
  ],
  [
    `breakdown?${RANGE}&property=event:props:method&filters=event:goal%3D%3DDownload`,
    [{ method: "HTTP", visitors: 1 }],
  ],
  [`aggregate?${RANGE}&filters=event:goal%3D%3DVisit%20%2Fpricing`, { visitors: { value: 1 } }],
  [`aggregate?${RANGE}&filters=event:goal%3D%3DVisit+%2Fpricing`, { visitors: { value: 1 } }],
  [`aggregate?${RANGE}&filters=visit:country!%3DUS`, { visitors: { value: 3 } }],
  [`aggregate?${RANGE}&filters=event:goal%3D%3DSignup;visit:country%3D%3DDE`, {
    visitors: { value: 1 },
  }],
  [`aggregate?${RANGE}&filters=event:page%3D%3D%2Fdoc*`, { visitors: { value: 2 } }],
];

async function siteOf(bench: Bench): Promise<string> {
  const site = await bench.site();
  await bench.past(site, VISITS);
  const put = (path: string, method: string, json: Body) =>
    bench.ask(method, path, { who: "admin", json });
  for (const event_name of ["Signup", "Download", "PurchaseEUR", "PurchaseUSD"]) {
    const goal = { site_id: site, goal_type: "event", event_name };
    equal((await put("/api/v1/sites/goals", "PUT", goal)).status, 200);
  }
  const page = { site_id: site, goal_type: "page", page_path: "/pricing" };
  equal((await put("/api/v1/sites/goals", "PUT", page)).status, 200);
  const segment = { name: "docs", filters: "contains(page,/docs)" };
  equal((await put(`/api/sites/${site}/segments`, "POST", segment)).status, 201);
  return site;
}

Deno.test("Every documented example of Plausible's Stats API has its numbers", async (test) => {
  const bench = await Bench.open();
  try {
    const site = await siteOf(bench);
    for (const { name, body, rows, meta = {} } of V2) {
      await test.step(`v2: ${name}`, async () => {
        const json = { site_id: site, ...body };
        const reply = await bench.ask("POST", "/api/v2/query", { who: "reader", json });
        equal(reply.status, 200, reply.text);
        const found = reply.json<Body>();
        const expected = rows.map(([metrics, dimensions = []]) => ({ metrics, dimensions }));
        deepEqual(found["results"], expected);
        deepEqual(found["meta"], meta);
        equal(dig(found, "query", "site_id"), site);
      });
    }
    for (const [path, results] of V1) {
      await test.step(`v1: ${path}`, async () => {
        deepEqual(await bench.read(`/api/v1/stats/${path}&site_id=${site}`), { results });
      });
    }
    await test.step("v1: realtime/visitors", async () => {
      const path = `/api/v1/stats/realtime/visitors?site_id=${site}`;
      equal(await bench.read(path), 0);
      const event = { n: "pageview", d: site, u: `https://${site}/`, v: 1 };
      await bench.ask("POST", "/api/event", { json: event });
      equal(await bench.read(path), 1);
    });
  } finally {
    await bench.close();
  }
});
