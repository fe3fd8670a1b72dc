import { unchangedLife } from "../../../src/sites/id_life.ts";
import assert from "node:assert/strict";
import { statsRoutes } from "../../../src/api/stats/stats.ts";
import { customEvent, pageview } from "../../support/events.ts";
import type { DimensionRef } from "../../../src/query/dimensions.ts";
import type { CheckedFilter } from "../../../src/query/query.ts";
import { withQuestions } from "../../support/numbers/questions.ts";
import { callRoute } from "../../support/server/routes.ts";

// a: two pageviews and a signup on the 10th; b: one pageview (a bounce); c: a visit over midnight
// that started on the 9th; d: one pageview and a custom event, which is no bounce.
const EVENTS = [
  pageview({ at: "2024-03-10T10:00", visitor: "a", page: "/", referrer_source: "Google" }),
  pageview({ at: "2024-03-10T10:10", visitor: "a", page: "/x" }),
  customEvent({ at: "2024-03-10T10:11", visitor: "a", page: "/x" }),
  pageview({ at: "2024-03-10T12:00", visitor: "b", page: "/", browser: "Firefox" }),
  pageview({ at: "2024-03-09T23:50", visitor: "c", page: "/night", country_code: "DE" }),
  pageview({ at: "2024-03-10T00:10", visitor: "c", page: "/", country_code: "DE" }),
  pageview({ at: "2024-03-10T14:00", visitor: "d", page: "/x", browser: "Firefox" }),
  customEvent({ at: "2024-03-10T14:00:30", visitor: "d", page: "/only-custom" }),
  pageview({ at: "2024-03-10T11:00", visitor: "z", site_id: "other.example" }),
];
const ZERO_MAIN = {
  unique_visitors: 0,
  total_pageviews: 0,
  bounce_rate: 0,
  avg_visit_duration_secs: 0,
  pages_per_visit: 0,
};

Deno.test("statsRoutes() answers main with visits that start in the range", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("main", "&period=day")).json, {
      unique_visitors: 4,
      total_pageviews: 5,
      bounce_rate: 1 / 3,
      avg_visit_duration_secs: (660 + 0 + 30) / 3,
      pages_per_visit: 4 / 3,
    });
    assert.deepEqual((await get("sessions", "&period=day")).json, {
      total_sessions: 3,
      avg_session_duration_secs: 230,
      avg_pages_per_session: 4 / 3,
    });
  });
});

Deno.test("statsRoutes() counts a visit whole where it starts, over midnight", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("main", "&period=yesterday")).json, {
      unique_visitors: 1,
      total_pageviews: 1,
      bounce_rate: 0,
      avg_visit_duration_secs: 1200,
      pages_per_visit: 2,
    });
    assert.deepEqual((await get("sessions", "&period=yesterday")).json, {
      total_sessions: 1,
      avg_session_duration_secs: 1200,
      avg_pages_per_session: 2,
    });
  });
});

Deno.test("statsRoutes() answers zeros and empty lists for a site without events", async () => {
  await withQuestions({ events: [] }, async ({ get }) => {
    assert.deepEqual((await get("main")).json, ZERO_MAIN);
    assert.deepEqual((await get("breakdown/pages")).json, []);
    assert.equal((await get("timeseries", "&period=7d")).json.length, 7);
    assert.deepEqual((await get("sessions")).json, {
      total_sessions: 0,
      avg_session_duration_secs: 0,
      avg_pages_per_session: 0,
    });
    const empty = "&start_date=2024-03-10&end_date=2024-03-10";
    assert.deepEqual((await get("main", empty)).json, ZERO_MAIN);
    assert.deepEqual((await get("timeseries", empty)).json, []);
    assert.deepEqual((await get("breakdown/os", empty)).json, []);
    assert.deepEqual((await get("export", `${empty}&format=json`)).json, []);
  });
});

Deno.test("statsRoutes() lists every hour of a day and every day of a period", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    for (const period of ["day", "today"]) {
      const hours = (await get("timeseries", `&period=${period}`)).json;
      assert.equal(hours.length, 24);
      assert.deepEqual(hours[0], { date: "2024-03-10 00:00", visitors: 1, pageviews: 1 });
      assert.deepEqual(hours[10], { date: "2024-03-10 10:00", visitors: 1, pageviews: 2 });
      assert.deepEqual(hours[23], { date: "2024-03-10 23:00", visitors: 0, pageviews: 0 });
    }
    for (
      const [period, count, first] of [
        ["7d", 7, "2024-03-04"],
        ["30d", 30, "2024-02-10"],
        ["90d", 90, "2023-12-12"],
      ] as const
    ) {
      const days = (await get("timeseries", `&period=${period}`)).json;
      assert.equal(days.length, count);
      assert.deepEqual(days[0], { date: first, visitors: 0, pageviews: 0 });
      assert.deepEqual(days.at(-1), { date: "2024-03-10", visitors: 4, pageviews: 5 });
    }
    const range = "&start_date=2024-03-09&end_date=2024-03-10";
    assert.deepEqual((await get("timeseries", range)).json, [
      { date: "2024-03-09", visitors: 1, pageviews: 1 },
    ]);
  });
});

Deno.test("statsRoutes() breaks down by the events' own columns, NULL by name", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("breakdown/pages", "&period=day")).json, [
      { value: "/", visitors: 3, pageviews: 3 },
      { value: "/x", visitors: 2, pageviews: 2 },
      { value: "/only-custom", visitors: 1, pageviews: 0 },
    ]);
    assert.deepEqual((await get("breakdown/sources", "&period=day")).json, [
      { value: "(unknown)", visitors: 4, pageviews: 4 },
      { value: "Google", visitors: 1, pageviews: 1 },
    ]);
    assert.deepEqual((await get("breakdown/countries", "&period=day&limit=1")).json, [
      { value: "(unknown)", visitors: 3, pageviews: 4 },
    ]);
    assert.deepEqual(
      (await get("breakdown/browsers", "&period=day&limit=1&offset=1&detail=true")).json,
      { results: [{ value: "Firefox", visitors: 2, pageviews: 2 }], total: 2 },
    );
  });
});

Deno.test("statsRoutes() names the breakdowns where one is unknown", async () => {
  await withQuestions({ events: [] }, async ({ get }) => {
    const { status, json } = await get("breakdown/toString");
    assert.equal(status, 404);
    assert.match(json.error, /pages, sources, browsers, os, devices, countries/);
  });
});

const BAD: readonly [query: string, name: RegExp][] = [
  ["&period=32d", /period: "32d"/],
  ["&period=7d&period=30d", /period: it is given 2 times/],
  ["&site_id=example.com", /site_id: it is given 2 times/],
  ["&limit=0", /limit/],
  ["&limit=1001", /limit/],
  ["&limit=1.5", /limit/],
  ["&limit=-1", /limit/],
  ["&limit=", /limit/],
  ["&offset=x", /offset/],
  ["&start_date=2024-03-01", /end_date is missing/],
  ["&end_date=2024-03-01", /start_date is missing/],
  ["&start_date=2024-02-30&end_date=2024-03-02", /start_date: "2024-02-30"/],
  ["&start_date=2023-02-29&end_date=2023-03-02", /start_date/],
  ["&start_date=24-03-01&end_date=2024-03-02", /start_date/],
  ["&start_date=2024-03-02&end_date=2024-03-01", /end_date/],
  ["&start_date=2013-01-01&end_date=2023-01-03", /ten years/],
  ["&timezone=Mars/Olympus", /timezone/],
  ["&interval=year", /interval/],
  ["&compare=yesterday", /compare/],
  ["&compare=custom", /compare_start/],
  ["&match_weekday=maybe", /match_weekday/],
  ["&filters=is(nothing,1)", /filters: .*nothing/],
  ["&filters=like(page,1)", /filters: .*like/],
  ["&filters=is(page", /filters: .*character 8/],
  ["&filters=is(page)", /filters: .*no value/],
  ["&filters=is(day,2024-01-01)", /filters: .*day/],
  ["&filters=is(segment,x)", /filters: .*segment/],
  ["&period=90d&interval=minute", /interval: minute/],
];

Deno.test("statsRoutes() refuses what is invalid and names the parameter", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    for (const [query, message] of BAD) {
      const { status, json } = await get("main", query);
      assert.equal(status, 400, query);
      assert.match(json.error, message, query);
    }
    const { json } = await get("main", "&limit=0&period=x&filters=(");
    for (const name of ["limit", "period", "filters"]) assert.match(json.error, new RegExp(name));
  });
});

Deno.test("statsRoutes() checks the site id and who may read it", async () => {
  await withQuestions({ events: EVENTS }, async ({ runner }) => {
    const routes = statsRoutes(runner);
    const bad = ["", "site_id=", "site_id=a..b", "site_id=a%2Fb", `site_id=${"a".repeat(257)}`];
    for (const query of bad) {
      assert.equal((await callRoute(routes, `/api/stats/main?${query}`)).status, 400, query);
    }
    const access = {
      who: "key",
      rights: new Set(["read"] as const),
      sites: ["other.example"],
    } as const;
    const other = "/api/stats/main?site_id=other.example&period=day";
    assert.equal((await callRoute(routes, other, { access })).json.unique_visitors, 1);
    const own = "/api/stats/main?site_id=example.com";
    assert.equal((await callRoute(routes, own, { access })).status, 403);
  });
});

Deno.test("statsRoutes() compares only where compare asks for it", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { json } = await get("main", "&period=day&compare=previous_period&compare_full=true");
    assert.equal(json.unique_visitors, 4);
    assert.equal(json.comparison.unique_visitors, 1);
    assert.equal(json.change.unique_visitors, 3);
    assert.equal(json.change.bounce_rate, 1 / 3);
    const points =
      (await get("timeseries", "&period=day&compare=previous_period&compare_full=true")).json;
    assert.deepEqual(points[23].comparison, {
      date: "2024-03-09 23:00",
      visitors: 1,
      pageviews: 1,
    });
    const pages =
      (await get("breakdown/pages", "&period=day&compare=previous_period&limit=1")).json;
    assert.deepEqual(pages, [{
      value: "/",
      visitors: 3,
      pageviews: 3,
      comparison: { visitors: 0, pageviews: 0 },
      change: { visitors: null, pageviews: null },
    }]);
  });
});

Deno.test("statsRoutes() compares a running period with as much of the earlier one", async () => {
  const hours = (date: string) =>
    Array.from(
      { length: 24 },
      (_, hour) =>
        pageview({ at: `${date}T${String(hour).padStart(2, "0")}:30`, visitor: `${date}/${hour}` }),
    );
  const today = hours("2024-03-10").slice(0, 15);
  const events = [...hours("2024-03-03"), ...hours("2024-03-09"), ...today];
  await withQuestions({ events }, async ({ get }) => {
    const { json } = await get("main", "&period=day&compare=previous_period");
    assert.equal(json.unique_visitors, 15);
    assert.equal(json.comparison.unique_visitors, 15);
    assert.equal(json.change.unique_visitors, 0);
    assert.equal(json.meta.range.from, "2024-03-10T00:00:00.000Z");
    assert.deepEqual(json.meta.comparison_range, {
      from: "2024-03-09T00:00:00.000Z",
      to: "2024-03-09T15:00:00.000Z",
    });
    assert.equal(json.meta.notes[0].code, "comparison_cut");
    const whole = await get("main", "&period=day&compare=previous_period&compare_full=true");
    assert.equal(whole.json.comparison.unique_visitors, 24);
    assert.equal(whole.json.meta.notes, undefined);
    const weekday = "&period=day&compare=previous_period&match_weekday=true";
    const list = await get("timeseries", weekday);
    assert.equal(
      list.headers.get("x-comparison-range"),
      "2024-03-03T00:00:00.000Z/2024-03-03T15:00:00.000Z",
    );
    assert.equal(list.json[14].comparison.visitors, 1);
    assert.equal(list.json[15].comparison, null);
    const unmatched = "&period=24h&compare=previous_period&match_weekday=true";
    assert.equal((await get("main", unmatched)).json.meta.notes[0].code, "match_weekday_ignored");
  });
});

Deno.test("statsRoutes() answer or refuse every construct inside every other", async () => {
  const condition = (dimension: DimensionRef, value: string): CheckedFilter => ({
    op: "is",
    dimension,
    values: [value],
  });
  const page = condition("page", "/");
  const segments = new Map<string, CheckedFilter>([
    ["Plain", page],
    ["Source", condition("source", "Google")],
    ["Done", { op: "has_done", of: [page] }],
    ["Undone", { op: "not", of: [{ op: "has_not_done", of: [page] }] }],
  ]);
  const settings = { segments, goals: [{ name: "Home", filter: page }] };
  const trees = ["not", "has_done", "has_not_done"].map((op) => (f: string) => `${op}(${f})`);
  const pairs = ["and", "or"].map((op) => (f: string) => `${op}(${f},is(page,/b))`);
  const all = [...trees, ...pairs];
  const leaves = [
    ...["is(page,/)", "is_not(source,Google)", "is(entry_page,/)", "is(hour_of_day,10)"],
    ...["is(goal,Home)", "is_set(props:x)", "matches(channel,Direct)", "at_least(revenue,1)"],
    ...[...segments.keys()].map((name) => `is(segment,${name})`),
  ];
  const nested = all.flatMap((outer) => [
    ...leaves.map(outer),
    ...all.flatMap((inner) => ["is(page,/)", "is(segment,Done)"].map((f) => outer(inner(f)))),
  ]);
  await withQuestions({ events: EVENTS, settings }, async ({ get }) => {
    const counts = new Map<number, number>();
    for (const filter of nested) {
      const { status, text } = await get("main", `&filters=${encodeURIComponent(filter)}`);
      assert.ok(status === 200 || status === 400, `${filter}: ${status} ${text}`);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    assert.ok((counts.get(200) ?? 0) > nested.length / 2);
    const { text } = await get("main", "&filters=has_done(is(segment,Done))");
    assert.match(text, /cannot hold has_done/);
  });
});

Deno.test("statsRoutes() keep no answer over a change of a site's settings", async () => {
  let settings = { lists: true, days: 7 };
  const options = {
    listsVisits: () => settings.lists,
    idLife: () => unchangedLife(settings.days),
  };
  await withQuestions({ events: EVENTS, options }, async ({ get }) => {
    const retention = "&period=30d&detail=true&by=day";
    assert.equal((await get("visits", "&period=day")).status, 200);
    const before = await get("retention", retention);
    settings = { lists: false, days: 1 };
    assert.equal((await get("visits", "&period=day")).status, 403);
    assert.notDeepEqual((await get("retention", retention)).json, before.json);
    settings = { lists: true, days: 7 };
    assert.equal((await get("visits", "&period=day")).status, 200);
    assert.deepEqual((await get("retention", retention)).json, before.json);
  });
});

Deno.test("statsRoutes() take for numbers and amounts what people do", async () => {
  const props = ["NaN", "inf", "-Infinity", "1_000", "0x10", "", " ", "12", " 4.5 ", "1e3", "-7"];
  const events = [
    ...props.map((x, index) =>
      pageview({ at: "2024-03-10T10:00", visitor: `v${index}`, props: JSON.stringify({ x }) })
    ),
    pageview({ at: "2024-03-10T11:00", visitor: "paid", revenue_amount: 1000 }),
  ];
  await withQuestions({ events }, async ({ get }) => {
    const visitors = async (filter: string) =>
      (await get("main", `&period=day&filters=${encodeURIComponent(filter)}`)).json.unique_visitors;
    assert.equal(await visitors("at_least(props:x,3)"), 3);
    assert.equal(await visitors("at_most(props:x,3)"), 1);
    for (const amount of ["10", "10.0", "10.00", "010.000"]) {
      assert.equal(await visitors(`is(revenue,${amount})`), 1, amount);
      assert.equal(await visitors(`is_not(revenue,${amount})`), props.length, amount);
    }
    assert.equal(await visitors("is(revenue,10.001)"), 0);
  });
});

Deno.test("statsRoutes() know the local hour of events beside the range", async () => {
  // Clocks in Berlin change on 29 March 2026 at 01:00 UTC and on 25 October at 01:00 UTC.
  const visit = (visitor: string, from: string, minutes: number) =>
    Array.from({ length: minutes / 20 + 1 }, (_, index) =>
      pageview({
        at: new Date(Date.parse(`${from}Z`) + index * 1_200_000).toISOString().slice(0, 16),
        visitor,
      }));
  const events = [
    ...visit("spring", "2026-03-28T22:50", 140), // From 23:50 to 03:10.
    ...visit("autumn", "2026-10-24T21:50", 200), // From 23:50 to 02:10, by the later clock.
  ];
  const settings = { zone: "Europe/Berlin" };
  await withQuestions({ events, settings, now: "2026-12-01T00:00:00Z" }, async ({ get }) => {
    const visits = async (from: string, to: string, hour: string) => {
      const range = `&start_date=${from}&end_date=${to}&metrics=visits`;
      const { json } = await get("query", `${range}&filters=is(hour_of_day,${hour})`);
      return json.results[0].metrics.visits;
    };
    assert.equal(await visits("2026-03-28", "2026-03-29", "03"), 1);
    assert.equal(await visits("2026-03-28", "2026-03-30", "03"), 1);
    assert.equal(await visits("2026-03-28", "2026-03-29", "02"), 0);
    assert.equal(await visits("2026-10-24", "2026-10-25", "03"), 0);
    assert.equal(await visits("2026-10-24", "2026-10-26", "03"), 0);
    assert.equal(await visits("2026-10-24", "2026-10-25", "02"), 1);
  });
});

Deno.test("statsRoutes() answers for the slice that filters ask for", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const main = (filters: string) =>
      get("main", `&period=day&filters=${encodeURIComponent(filters)}`).then(({ json }) =>
        json.unique_visitors
      );
    assert.equal(await main("is(page,/x)"), 2);
    assert.equal(await main("is_not(page,/x)"), 4);
    assert.equal(await main("is(source,Google)"), 1);
    assert.equal(await main("has_done(is(name,signup));is(browser,Firefox)"), 1);
    assert.equal(await main("or(is(entry_page,/night),is(exit_page,/x))"), 3);
  });
});
