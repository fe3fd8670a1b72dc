import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";
import { readFilters } from "../../../src/query/formats/plausible_v1/filters.ts";
import { importPast, type PastEvent } from "../../support/peers/past_events.ts";
import { CHROME } from "../../support/server/contract_server.ts";

const SITE = "example.com";

/** Three visitors on two days: the clock of the app says 2024-01-15, noon. */
const EVENTS: readonly PastEvent[] = [
  ["2024-01-13T10:00:00Z", 1, { u: "/", r: "https://www.google.com/" }],
  ["2024-01-13T10:01:00Z", 1, { u: "/blog/one" }],
  ["2024-01-14T10:00:00Z", 2, { u: "/blog/one" }],
  ["2024-01-14T11:00:00Z", 3, { u: "/blog/a/b" }],
  ["2024-01-14T11:01:00Z", 3, { u: "/", n: "Signup", p: '{"plan":"pro"}' }],
  ["2024-01-05T11:00:00Z", 4, { u: "/" }],
];

async function open(): Promise<RunningApp> {
  const app = await openApp();
  await importPast(app, SITE, EVENTS);
  return app;
}

const week = "period=7d";

/** The answer of a report as JSON, its status where it is refused. */
function asking(app: RunningApp) {
  const ask = async (path: string) => {
    const response = await app.send(`/api/v1/stats/${path}`);
    return response.status === 200 ? await response.json() : response.status;
  };
  const get = (report: string, query: string) => ask(`${report}?site_id=${SITE}&${query}`);
  return { ask, get };
}

Deno.test("GET /api/v1/stats answers as documented for v1", async () => {
  const app = await open();
  const { get } = asking(app);

  deepEqual(await get("aggregate", week), { results: { visitors: { value: 3 } } });
  deepEqual(
    await get(
      "aggregate",
      `${week}&metrics=visitors,pageviews,bounce_rate&compare=previous_period`,
    ),
    {
      results: {
        visitors: { value: 3, change: 200 },
        pageviews: { value: 4, change: 300 },
        bounce_rate: { value: 33, change: -66.7 },
      },
    },
  );
  const custom = "period=custom&date=2024-01-13,2024-01-14";
  deepEqual(await get("timeseries", `${custom}&metrics=visitors,visits`), {
    results: [
      { date: "2024-01-13", visitors: 1, visits: 1 },
      { date: "2024-01-14", visitors: 2, visits: 2 },
    ],
  });
  const day = await get("timeseries", "period=day&date=2024-01-14");
  equal(day.results.length, 24);
  deepEqual(day.results[10], { date: "2024-01-14 10:00:00", visitors: 1 });
  const months = await get("timeseries", "period=6mo&date=2024-02-10");
  deepEqual(months.results.at(-1), { date: "2024-01-01", visitors: 4 });
  deepEqual(await get("timeseries", "period=month&date=2024-01-01&interval=month"), {
    results: [{ date: "2024-01-01", visitors: 4 }],
  });

  deepEqual(await get("breakdown", `${week}&property=visit:source`), {
    results: [{ source: "Direct / None", visitors: 2 }, { source: "Google", visitors: 1 }],
  });
  deepEqual(
    await get("breakdown", `${week}&property=event:page&metrics=pageviews&limit=1&page=2`),
    {
      results: [{ page: "/", pageviews: 1 }],
    },
  );
  deepEqual(
    await get("breakdown", `${week}&property=event:props:plan&filters=event:name==Signup`),
    {
      results: [{ plan: "pro", visitors: 1 }],
    },
  );

  await app.close();
});

/** Requests of the documentation with the numbers of this site. */
const DOCUMENTED: readonly (readonly [path: string, results: unknown])[] = [
  [
    "aggregate?period=6mo&date=2024-02-10&metrics=visitors,pageviews,bounce_rate,visit_duration",
    {
      visitors: { value: 4 },
      pageviews: { value: 5 },
      bounce_rate: { value: 50 },
      visit_duration: { value: 30 },
    },
  ],
  [
    "aggregate?period=30d&date=2024-01-15&metrics=events,visits,views_per_visit",
    { events: { value: 6 }, visits: { value: 4 }, views_per_visit: { value: 1.25 } },
  ],
  [
    "aggregate?period=6mo&date=2024-02-10&filters=event:page%3D%3D%2Fblog%2Fone",
    { visitors: { value: 2 } },
  ],
  [
    "aggregate?period=7d&filters=event:page==/blog/one&metrics=time_on_page,scroll_depth",
    { time_on_page: { value: null }, scroll_depth: { value: null } },
  ],
  [
    "aggregate?period=custom&date=2024-01-14,2024-01-14&filters=event:goal%3D%3DSignup" +
    "&metrics=visitors,events,conversion_rate",
    { visitors: { value: 1 }, events: { value: 1 }, conversion_rate: { value: 50 } },
  ],
  [
    "breakdown?period=6mo&date=2024-02-10&property=visit:source&metrics=visitors,bounce_rate" +
    "&limit=5",
    [
      { source: "Direct / None", visitors: 3, bounce_rate: 67 },
      { source: "Google", visitors: 1, bounce_rate: 0 },
    ],
  ],
  [
    "breakdown?period=6mo&date=2024-02-10&property=event:page&limit=2",
    [{ page: "/", visitors: 3 }, { page: "/blog/one", visitors: 2 }],
  ],
  [
    "breakdown?period=6mo&date=2024-02-10&property=event:props:plan" +
    "&filters=event:goal%3D%3DSignup|Visit+/blog/**",
    [{ plan: "(none)", visitors: 3 }, { plan: "pro", visitors: 1 }],
  ],
  ["breakdown?period=7d&property=event:goal&metrics=visitors,events", [
    { goal: "Visit /blog/**", visitors: 3, events: 3 },
    { goal: "Signup", visitors: 1, events: 1 },
  ]],
  [
    "timeseries?period=6mo&date=2024-02-10&filters=visit:source%3D%3DGoogle",
    ["2023-08", "2023-09", "2023-10", "2023-11", "2023-12", "2024-01"]
      .map((month) => ({ date: `${month}-01`, visitors: month === "2024-01" ? 1 : 0 })),
  ],
];

Deno.test("GET /api/v1/stats answers every kind of request that is documented", async () => {
  const app = await open();
  const { ask } = asking(app);
  for (
    const goal of [
      { goal_type: "event", event_name: "Signup" },
      { goal_type: "page", page_path: "/blog/**" },
    ]
  ) {
    const body = JSON.stringify({ site_id: SITE, ...goal });
    equal((await app.send("/api/v1/sites/goals", { method: "PUT", body })).status, 200);
  }
  for (const [path, results] of DOCUMENTED) {
    deepEqual(await ask(`${path}&site_id=${SITE}`), { results }, path);
  }
  equal(await ask(`realtime/visitors?site_id=${SITE}`), 0);
  await app.close();
});

Deno.test("GET /api/v1/stats filters, counts visitors of now, and names faults", async () => {
  const app = await open();
  const { ask, get } = asking(app);
  const filtered = async (filters: string) =>
    (await get("aggregate", `${week}&filters=${encodeURIComponent(filters)}`)).results.visitors
      .value;
  equal(await filtered("event:page==/blog/*"), 2);
  equal(await filtered("event:page==/blog/**"), 3);
  equal(await filtered("event:page==/blog/one|/blog/a/b;visit:source!=Google"), 2);
  equal(await filtered("visit:source~oog"), 1);
  equal(await filtered("visit:browser!=Firefox"), 3);

  const event = JSON.stringify({ d: SITE, n: "pageview", u: `https://${SITE}/now` });
  const headers = { "user-agent": CHROME };
  await app.send("/api/event", { method: "POST", body: event, headers });
  equal(await ask(`realtime/visitors?site_id=${SITE}`), 1);

  for (
    const bad of [
      "period=3d",
      "period=custom&date=2024-01-13",
      "metrics=nonsense",
      "filters=page",
      "date=x",
      "compare=x",
    ]
  ) equal(await get("aggregate", bad), 400, bad);
  equal(await get("breakdown", week), 400);
  equal(await get("breakdown", `${week}&property=visit:nothing`), 400);
  equal(await get("breakdown", `${week}&property=visit:source&limit=1001`), 400);
  equal(await get("timeseries", "interval=x"), 400);
  equal(await ask("aggregate?period=7d"), 400);
  await app.close();
});

Deno.test("readFilters() reads escaped signs, and wildcards of paths and texts", () => {
  deepEqual(readFilters("event:goal==a\\;b\\|c|d"), [
    { op: "is", dimension: "event:goal", values: ["a;b|c", "d"] },
  ]);
  deepEqual(readFilters("event:page==/a.b/*;visit:source!=G*"), [
    { op: "matches", dimension: "event:page", values: ["^/a\\.b/[^/]*$"] },
    { op: "matches_not", dimension: "visit:source", values: ["^G.*$"] },
  ]);
  match(JSON.stringify(readFilters("event:page!~x")), /contains_not/);
});
