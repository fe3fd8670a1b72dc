import assert from "node:assert/strict";
import type { Access } from "../../../src/core/access.ts";
import type { QueryGoal } from "../../../src/query/query.ts";
import type { CheckedFilter } from "../../../src/query/query.ts";
import { queryV2Routes } from "../../../src/api/stats/query_v2.ts";
import { customEvent, pageview } from "../../support/events.ts";
import { type Questions, withQuestions } from "../../support/numbers/questions.ts";
import { callRoute, EVERYONE } from "../../support/server/routes.ts";

const EVENTS = [
  pageview({
    at: "2024-03-09T10:00",
    visitor: "a",
    page: "/",
    referrer_source: "Google",
    country_code: "DE",
  }),
  pageview({ at: "2024-03-09T10:01", visitor: "a", page: "/pricing", country_code: "DE" }),
  customEvent({
    at: "2024-03-09T10:02",
    visitor: "a",
    page: "/pricing",
    country_code: "DE",
    props: '{"plan":"pro"}',
    revenue_amount: 123450,
    revenue_currency: "EUR",
  }),
  pageview({
    at: "2024-03-09T11:30",
    visitor: "b",
    page: "/",
    utm_medium: "social",
    country_code: "EE",
  }),
  pageview({ at: "2024-03-08T12:00", visitor: "c", page: "/blog" }),
  pageview({ at: "2024-03-10T12:00", visitor: "today", page: "/" }),
];
const GOALS: readonly QueryGoal[] = [{
  name: "Signup",
  filter: { op: "is", dimension: "name", values: ["signup"] },
}];

async function withV2(use: (post: ReturnType<typeof poster>) => Promise<void>) {
  await withQuestions(
    { events: EVENTS, settings: { goals: GOALS } },
    (questions) => use(poster(questions)),
  );
}

function poster({ runner, clock }: Questions) {
  const routes = queryV2Routes(runner, clock);
  return (body: Record<string, unknown>) =>
    callRoute(routes, "/api/v2/query", {
      method: "POST",
      body: JSON.stringify({ site_id: "example.com", ...body }),
    });
}

Deno.test("queryV2Routes() answers an aggregate and repeats the request", async () => {
  await withV2(async (post) => {
    const { status, json } = await post({
      metrics: ["visitors", "visits", "pageviews", "events", "bounce_rate", "views_per_visit"],
      date_range: "7d",
    });
    assert.equal(status, 200);
    assert.deepEqual(json, {
      results: [{ metrics: [3, 3, 4, 5, 67, 1.33], dimensions: [] }],
      meta: {},
      query: {
        site_id: "example.com",
        metrics: ["visitors", "visits", "pageviews", "events", "bounce_rate", "views_per_visit"],
        date_range: ["2024-03-03T00:00:00+00:00", "2024-03-09T23:59:59+00:00"],
        filters: [],
        dimensions: [],
        order_by: [["visitors", "desc"]],
        include: {},
        pagination: { offset: 0, limit: 10000 },
      },
    });
  });
});

Deno.test("queryV2Routes() splits by country and city names and filters by them", async () => {
  await withV2(async (post) => {
    const body = {
      metrics: ["visitors"],
      date_range: "7d",
      dimensions: ["visit:country_name", "visit:city_name"],
    };
    assert.deepEqual((await post(body)).json.results, [
      { metrics: [1], dimensions: ["", ""] },
      { metrics: [1], dimensions: ["Germany", ""] },
      { metrics: [1], dimensions: ["Estonia", ""] },
    ]);
    const filters = [["is_not", "visit:country_name", [""]]];
    assert.deepEqual(
      (await post({ ...body, filters, order_by: [["visit:country_name", "desc"]] })).json
        .results
        .map(({ dimensions }: { dimensions: string[] }) => dimensions[0]),
      ["Germany", "Estonia"],
    );
  });
});

Deno.test("queryV2Routes() gives buckets that hold something, all labels on wish", async () => {
  await withV2(async (post) => {
    const { json } = await post({
      metrics: ["visitors"],
      date_range: ["2024-03-09", "2024-03-09"],
      dimensions: ["time:hour"],
      include: { time_labels: true },
    });
    assert.deepEqual(json.results, [
      { metrics: [1], dimensions: ["2024-03-09 10:00:00"] },
      { metrics: [1], dimensions: ["2024-03-09 11:00:00"] },
    ]);
    assert.equal(json.meta.time_labels.length, 24);
    assert.equal(json.meta.time_labels[0], "2024-03-09 00:00:00");
    assert.deepEqual(json.query.order_by, [["time:hour", "asc"], ["visitors", "desc"]]);
    const days = await post({ metrics: ["visitors"], date_range: "7d", dimensions: ["time"] });
    assert.deepEqual(days.json.query.dimensions, ["time:day"]);
    assert.deepEqual(days.json.results, [
      { metrics: [1], dimensions: ["2024-03-08"] },
      { metrics: [2], dimensions: ["2024-03-09"] },
    ]);
  });
});

Deno.test("queryV2Routes() names a cut month by its first day, a cut week by its own", async () => {
  await withV2(async (post) => {
    const body = { metrics: ["visitors"], date_range: ["2024-03-08", "2024-03-12"] };
    const ask = async (dimension: string) => {
      const include = { time_labels: true };
      const { json } = await post({ ...body, dimensions: [dimension], include });
      return [json.results.map((row: { dimensions: string[] }) => row.dimensions[0]), json.meta];
    };
    assert.deepEqual(await ask("time:month"), [["2024-03-01"], { time_labels: ["2024-03-01"] }]);
    const weeks = ["2024-03-08", "2024-03-11"];
    assert.deepEqual(await ask("time:week"), [weeks.slice(0, 1), { time_labels: weeks }]);
  });
});

Deno.test("queryV2Routes() answers goals, rates, revenue and what was done", async () => {
  await withV2(async (post) => {
    const goals = await post({
      metrics: ["visitors", "events", "conversion_rate", "total_revenue"],
      date_range: "7d",
      dimensions: ["event:goal"],
    });
    assert.deepEqual(goals.json.results, [{
      metrics: [
        1,
        1,
        33.33,
        { value: 1234.5, currency: "EUR", short: "€1.2K", long: "€1,234.50" },
      ],
      dimensions: ["Signup"],
    }]);
    const done = await post({
      metrics: ["visitors"],
      date_range: "7d",
      filters: [
        ["is", "event:goal", ["Signup"]],
        ["has_done", ["is", "event:page", ["/pricing"]]],
        ["has_not_done", ["is", "event:page", ["/blog"]]],
      ],
    });
    assert.deepEqual(done.json.results[0].metrics, [1]);
    const plans = await post({
      metrics: ["visitors", "percentage"],
      date_range: "7d",
      dimensions: ["event:props:plan"],
    });
    assert.deepEqual(plans.json.results, [
      { metrics: [3, 100], dimensions: ["(none)"] },
      { metrics: [1, 33.33], dimensions: ["pro"] },
    ]);
  });
});

Deno.test("queryV2Routes() pages with a total, also past the end", async () => {
  await withV2(async (post) => {
    const page = (offset: number) =>
      post({
        metrics: ["visitors"],
        date_range: "7d",
        dimensions: ["event:page"],
        include: { total_rows: true },
        pagination: { limit: 1, offset },
      });
    const { json } = await page(1);
    assert.deepEqual(json.results, [{ metrics: [1], dimensions: ["/blog"] }]);
    assert.equal(json.meta.total_rows, 3);
    const past = await page(5);
    assert.deepEqual(past.json.results, []);
    assert.equal(past.json.meta.total_rows, 3);
  });
});

Deno.test("queryV2Routes() is exact about case unless told otherwise", async () => {
  await withV2(async (post) => {
    const visitors = async (filter: unknown) =>
      (await post({ metrics: ["visitors"], date_range: "7d", filters: [filter] })).json.results[0]
        .metrics[0];
    assert.equal(await visitors(["contains", "visit:source", ["goo"]]), 0);
    assert.equal(
      await visitors(["contains", "visit:source", ["goo"], { case_sensitive: false }]),
      1,
    );
    assert.equal(await visitors(["is", "visit:utm_medium", ["(not set)"]]), 2);
    assert.equal(await visitors(["matches", "event:page", ["^/pri"]]), 1);
  });
});

const BAD: readonly [Record<string, unknown>, RegExp][] = [
  [{}, /metrics: it is missing.*|date_range: it is missing/],
  [{ metrics: ["clicks"], date_range: "7d" }, /metrics\[0\]: "clicks"/],
  [{ metrics: ["visitors"], date_range: "7x" }, /date_range/],
  [{ metrics: ["visitors"], date_range: "7d", dimensions: ["page"] }, /dimensions\[0\]: "page"/],
  [{ metrics: ["visitors"], date_range: "7d", colour: 1 }, /colour/],
  [{ metrics: ["visitors"], date_range: "7d", filters: [["is", "visit:x", ["y"]]] }, /visit:x/],
  [{ metrics: ["visitors"], date_range: "7d", filters: [["like", "event:page", ["y"]]] }, /like/],
  [
    { metrics: ["visitors"], date_range: "7d", filters: [["matches", "event:page", ["("]]] },
    /missing \)/,
  ],
  [{ metrics: ["visitors"], date_range: "7d", order_by: [["events", "desc"]] }, /order_by\[0\]/],
  [{ metrics: ["visitors"], date_range: "7d", pagination: { limit: 0 } }, /pagination.limit/],
  [{ metrics: ["visitors"], date_range: "7d", include: { time_labels: true } }, /time_labels/],
  [{ metrics: ["visitors"], date_range: "7d", include: { all: true } }, /include.all/],
  [{ metrics: ["visitors"], date_range: "91d", dimensions: ["time:minute"] }, /time:minute/],
  [{
    metrics: ["visitors"],
    date_range: ["2015-01-01", "2023-12-31"],
    dimensions: ["time:hour"],
  }, /time:hour makes more/],
  [{ metrics: "visitors", date_range: "7d" }, /metrics: it is no list/],
  [{ site_id: "a..b", metrics: ["visitors"], date_range: "7d" }, /site_id/],
  [{ site_id: 5, metrics: ["visitors"], date_range: "7d" }, /site_id/],
];

Deno.test("queryV2Routes() refuses the rest and names the place", async () => {
  await withV2(async (post) => {
    for (const [body, message] of BAD) {
      const { status, json } = await post(body);
      assert.equal(status, 400, JSON.stringify(body));
      assert.match(json.error, message);
    }
  });
});

Deno.test("queryV2Routes() reads no more of a stranger than a URL could hold", async () => {
  await withQuestions({ events: [] }, async ({ runner, clock }) => {
    const routes = queryV2Routes(runner, clock);
    const ask = async (access: Access, bytes: number) => {
      const keys = Object.fromEntries(Array.from({ length: bytes / 10 }, (_, n) => [`k${n}`, 1]));
      const body = JSON.stringify({ site_id: "example.com", ...keys });
      const { status, text } = await callRoute(routes, "/api/v2/query", {
        method: "POST",
        body,
        access,
      });
      assert.ok(text.length < 5_000, "an answer longer than its question");
      return status;
    };
    const stranger: Access = {
      who: "nobody",
      rights: new Set(["public", "read"]),
      sites: ["example.com"],
    };
    assert.equal(await ask(stranger, 10_000), 400);
    assert.equal(await ask(stranger, 20_000), 413);
    assert.equal(await ask(EVERYONE, 200_000), 400);
  });
});

Deno.test("queryV2Routes() refuses more regular expressions than it would check", async () => {
  await withQuestions({ events: [] }, async (questions) => {
    const post = poster(questions);
    const ask = (patterns: string[]) =>
      post({
        metrics: ["visitors"],
        date_range: "all",
        filters: [["matches", "event:page", patterns]],
      });
    const many = await ask(Array.from({ length: 100 }, (_, index) => `.{${900 + index}}`));
    assert.equal(many.status, 400);
    assert.match(many.json.error, /more than 20 regular expressions/);
    const large = await ask(["((.{99}){99}){9}"]);
    assert.match(large.json.error, /regular expressions are too large/);
    assert.equal((await ask(["^/a", "b$"])).status, 200);
    // The client has gone: nothing more is checked for it.
    const filter = { op: "matches", dimension: "page", values: ["a", "b"] } as const;
    const gone = { signal: AbortSignal.abort() };
    await assert.rejects(questions.runner.patternFaults("example.com", filter, gone), {
      name: "AbortError",
    });
  });
});

Deno.test("queryV2Routes() compares each row with the same row of an earlier range", async () => {
  await withV2(async (post) => {
    const ask = async (body: Record<string, unknown>, comparisons: Record<string, unknown>) => {
      const day = ["2024-03-09", "2024-03-09"];
      const { status, json } = await post({ date_range: day, ...body, include: { comparisons } });
      assert.equal(status, 200, JSON.stringify(json));
      return json;
    };
    const metrics = ["visitors", "pageviews", "bounce_rate", "total_revenue"];
    const total = await ask({ metrics }, { mode: "previous_period" });
    assert.deepEqual(total.results.map(({ comparison }: { comparison: unknown }) => comparison), [
      { metrics: [1, 1, 100, null], dimensions: [], change: [100, 200, -50, null] },
    ]);
    assert.deepEqual(total.query.comparison_date_range, [
      "2024-03-08T00:00:00+00:00",
      "2024-03-08T23:59:59+00:00",
    ]);
    const pages = await ask(
      { metrics: ["visitors"], dimensions: ["event:page"], order_by: [["event:page", "asc"]] },
      { mode: "custom", date_range: ["2024-03-08", "2024-03-10"] },
    );
    assert.deepEqual(pages.results, [
      {
        metrics: [2],
        dimensions: ["/"],
        comparison: { metrics: [3], dimensions: ["/"], change: [-33] },
      },
      {
        metrics: [1],
        dimensions: ["/pricing"],
        comparison: { metrics: [1], dimensions: ["/pricing"], change: [0] },
      },
    ]);
    const days = await ask(
      { metrics: ["visitors"], dimensions: ["time:day"], date_range: ["2024-03-09", "2024-03-10"] },
      { mode: "custom", date_range: ["2024-03-08", "2024-03-08"] },
    );
    assert.deepEqual(days.results, [
      {
        metrics: [2],
        dimensions: ["2024-03-09"],
        comparison: { metrics: [1], dimensions: ["2024-03-08"], change: [100] },
      },
      { metrics: [1], dimensions: ["2024-03-10"], comparison: null },
    ]);
    const year = await ask({ metrics }, { mode: "year_over_year", match_day_of_week: true });
    assert.deepEqual(year.query.comparison_date_range, [
      "2023-03-11T00:00:00+00:00",
      "2023-03-11T23:59:59+00:00",
    ]);
  });
});

Deno.test("queryV2Routes() refuses comparisons that it cannot read", async () => {
  await withV2(async (post) => {
    const wrong = [
      true,
      [],
      {},
      { mode: "before" },
      { mode: "previous_period", date_range: ["2024-03-01", "2024-03-02"] },
      { mode: "custom" },
      { mode: "custom", date_range: ["2024-03-02", "2024-03-01"] },
      { mode: "previous_period", match_day_of_week: 1 },
      { mode: "previous_period", other: 1 },
    ];
    for (const comparisons of wrong) {
      const { status, json } = await post({
        metrics: ["visitors"],
        date_range: "7d",
        include: { comparisons },
      });
      assert.equal(status, 400, JSON.stringify(comparisons));
      assert.match(json.error, /include.comparisons/);
    }
  });
});

Deno.test("queryV2Routes() shows what a segment stands for in the repeated request", async () => {
  const segments = new Map<string, CheckedFilter>([
    ["Germans", { op: "is", dimension: "country", values: ["DE"] }],
    ["Pro", {
      op: "or",
      of: [
        { op: "is", dimension: "props:plan", values: ["pro"] },
        { op: "contains", dimension: "page", values: ["/pro"] },
      ],
    }],
    ["Titled", { op: "is", dimension: "title", values: ["x"] }],
  ]);
  await withQuestions({ events: EVENTS, settings: { segments } }, async (questions) => {
    const post = poster(questions);
    const echoed = async (filters: unknown) =>
      (await post({ metrics: ["visitors"], date_range: "7d", filters })).json.query.filters;
    const germans = ["is", "visit:country", ["DE"]];
    const pro = [
      "or",
      [["is", "event:props:plan", ["pro"]], ["contains", "event:page", ["/pro"]]],
    ];
    assert.deepEqual(await echoed([["is", "segment", ["Germans"]]]), [germans]);
    assert.deepEqual(await echoed([["is_not", "segment", ["Germans", "Pro"]]]), [
      ["not", ["or", [germans, pro]]],
    ]);
    const nested = ["and", [["not", ["is", "segment", ["Pro"]]], ["is", "event:page", ["/"]]]];
    assert.deepEqual(await echoed([nested]), [
      ["and", [["not", pro], ["is", "event:page", ["/"]]]],
    ]);
    assert.deepEqual(await echoed([["is", "segment", ["Titled"]]]), [["is", "segment", [
      "Titled",
    ]]]);
    assert.deepEqual(await echoed(null), []);
  });
});

Deno.test("queryV2Routes() splits by many dimensions, also by the host of exit pages", async () => {
  await withV2(async (post) => {
    const dimensions = [
      ...["visit:exit_page_hostname", "visit:entry_page_hostname", "event:page", "visit:source"],
      ...["visit:country", "visit:browser", "visit:os", "visit:device"],
    ];
    const asked = { metrics: ["pageviews"], date_range: "7d", dimensions };
    const { status, json } = await post(asked);
    assert.equal(status, 200);
    const sum = json.results.reduce(
      (all: number, { metrics }: { metrics: number[] }) => all + (metrics[0] ?? 0),
      0,
    );
    assert.equal(sum, 4);
    assert.equal(json.results[0].dimensions.length, dimensions.length);
  });
});
