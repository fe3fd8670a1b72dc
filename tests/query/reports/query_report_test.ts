import assert from "node:assert/strict";
import { customEvent, pageview } from "../../support/events.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

const EVENTS = [
  pageview({ at: "2024-03-10T10:00", visitor: "a", page: "/", referrer_source: "Google" }),
  customEvent({
    at: "2024-03-10T10:05",
    visitor: "a",
    revenue_amount: 1050,
    revenue_currency: "EUR",
  }),
  pageview({ at: "2024-03-10T12:00", visitor: "b", page: "/b", referrer_source: "Bing" }),
  pageview({ at: "2024-03-09T12:00", visitor: "c", page: "/", referrer_source: "Google" }),
  pageview({ at: "2024-03-03T12:00", visitor: "d", page: "/", referrer_source: "Google" }),
];

Deno.test("QUERY answers metrics by dimensions with their total and range", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { json } = await get(
      "query",
      "&period=7d&metrics=visitors,total_revenue,bounce_rate&dimensions=source&limit=1",
    );
    assert.deepEqual(json, {
      results: [{
        dimensions: ["Google"],
        metrics: {
          visitors: 2,
          total_revenue: [{ currency: "EUR", value: 10.5 }],
          bounce_rate: 0.5,
        },
      }],
      total: 2,
      range: {
        from: "2024-03-04T00:00:00.000Z",
        to: "2024-03-11T00:00:00.000Z",
        timezone: "UTC",
      },
      meta: {
        range: {
          from: "2024-03-04T00:00:00.000Z",
          to: "2024-03-11T00:00:00.000Z",
          timezone: "UTC",
        },
        interval: "day",
      },
    });
  });
});

Deno.test("QUERY by time has every bucket, and compares them by their place", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { json } = await get(
      "query",
      "&period=7d&metrics=visitors&dimensions=time&compare=previous_period&limit=1",
    );
    assert.equal(json.results.length, 7);
    assert.deepEqual(json.results[6], {
      dimensions: ["2024-03-10"],
      metrics: { visitors: 2 },
      comparison: { visitors: 1, bucket: "2024-03-03" },
      change: { visitors: 1 },
    });
    assert.equal(json.comparison_range.from, "2024-02-26T00:00:00.000Z");
  });
});

Deno.test("QUERY compares rows by their keys", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { json } = await get(
      "query",
      "&period=7d&metrics=visitors&dimensions=source,page&compare=previous_period" +
        "&order_by=page,source",
    );
    assert.deepEqual(json.results.map(Object.values), [
      [["Google", "/"], { visitors: 2 }, { visitors: 1 }, { visitors: 1 }],
      [["Bing", "/b"], { visitors: 1 }, { visitors: 0 }, { visitors: null }],
    ]);
  });
});

Deno.test("QUERY compares time by another dimension, a bucket by its place", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { json } = await get(
      "query",
      "&period=7d&metrics=visitors&dimensions=day,source&compare=previous_period",
    );
    assert.deepEqual(json.results.map(Object.values), [
      [["2024-03-09", "Google"], { visitors: 1 }, { visitors: 0, bucket: "2024-03-02" }, {
        visitors: null,
      }],
      [["2024-03-10", "Bing"], { visitors: 1 }, { visitors: 0, bucket: "2024-03-03" }, {
        visitors: null,
      }],
      [["2024-03-10", "Google"], { visitors: 1 }, { visitors: 1, bucket: "2024-03-03" }, {
        visitors: 0,
      }],
    ]);
  });
});

Deno.test("QUERY compares exactly the rows that are answered", async () => {
  const names = Array.from({ length: 10_050 }, (_, index) => `a${index}`);
  const row = (at: string, campaign: string) =>
    pageview({ at, visitor: campaign, page: "/", utm_campaign: campaign });
  const events = [
    ...[...names, "z"].map((name) => row("2024-03-09T10:00", name)),
    row("2024-03-10T10:00", "z"),
  ];
  await withQuestions({ events }, async ({ get }) => {
    const query = "&metrics=visitors&dimensions=page,utm_campaign&compare=previous_period";
    const none = await get("query", `${query}&period=day&filters=is(page,/nowhere)`);
    assert.deepEqual([none.status, none.json.results], [200, []]);
    const { json } = await get("query", `&period=day${query}`);
    assert.deepEqual(json.results.map(Object.values), [
      [["/", "z"], { visitors: 1 }, { visitors: 1 }, { visitors: 0 }],
    ]);
  });
});

Deno.test("QUERY sorts, searches and pages", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const values = async (query: string) =>
      (await get("query", `&period=30d&metrics=visitors&dimensions=source${query}`)).json.results
        .map(({ dimensions }: { dimensions: string[] }) => dimensions[0]);
    assert.deepEqual(await values(""), ["Google", "Bing"]);
    assert.deepEqual(await values("&order_by=visitors:asc"), ["Bing", "Google"]);
    assert.deepEqual(await values("&order_by=source"), ["Bing", "Google"]);
    assert.deepEqual(await values("&offset=1"), ["Bing"]);
    assert.deepEqual(await values("&search=OO"), ["Google"]);
  });
});

Deno.test("QUERY refuses what it does not know, naming the parameter", async () => {
  await withQuestions({ events: [] }, async ({ get }) => {
    const bad: readonly [string, RegExp][] = [
      ["&metrics=visits,clicks", /metrics: "clicks"/],
      ["&metrics=", /metrics/],
      ["&dimensions=colour", /dimensions: "colour"/],
      ["&dimensions=props:", /dimensions: "props:"/],
      ["&dimensions=page,source,os,browser,city", /more than 4/],
      ["&order_by=visits", /order_by: "visits"/],
      ["&order_by=visitors:up", /order_by/],
      ["&search=x", /search/],
      ["&dimensions=minute&period=90d", /interval: minute/],
    ];
    for (const [query, message] of bad) {
      const { status, json } = await get("query", query);
      assert.equal(status, 400, query);
      assert.match(json.error, message);
    }
  });
});
