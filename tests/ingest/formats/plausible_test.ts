import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";
import { isPlausible, receivePlausible } from "../../../src/ingest/formats/plausible.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const SHORT = { n: "pageview", u: "https://example.com/a", d: "example.com", v: 29 };
const LONG = { name: "pageview", url: "https://www.example.com/a", domain: "example.com" };

type Body = Readonly<Record<string, unknown>>;

async function post(app: RunningApp, body: Body, headers: Record<string, string> = {}) {
  return await app.send("/api/event", {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "user-agent": CHROME, "content-type": "text/plain", ...headers },
  });
}

/** The payloads of a body; the code of the fault where it is refused. */
function read(body: Body) {
  const reading = receivePlausible(body, () => false);
  if ("fault" in reading) return [reading.fault.code];
  return "events" in reading ? reading.events.map(({ payload }) => payload) : [];
}

function one(body: Body) {
  const [payload] = read(body);
  ok(typeof payload === "object");
  return payload;
}

Deno.test("isPlausible() tells the dialects apart by their keys", () => {
  const own = { d: "example.com", n: "pageview", u: "/" };
  const mallard: Body[] = [own, { ...own, p: '{"a":1}' }, { ...own, p: { a: 1 } }];
  for (const body of [...mallard, { ...own, ra: 5, rc: "EUR", v: 1 }, { ...own, h: "", l: "" }]) {
    equal(isPlausible(body), false, JSON.stringify(body));
  }
  const plausible: Body[] = [SHORT, LONG, { ...own, p: { a: 1 }, v: 1 }, { ...own, h: 1 }];
  for (const key of ["$", "revenue", "props", "meta", "m", "i", "interactive", "url", "e", "sd"]) {
    plausible.push({ ...own, [key]: null });
  }
  const old: Body = { ...own, r: null };
  plausible.push({ ...old, d: "a.example,b.example" }, { ...old, n: 404 });
  plausible.push({ ...own, p: { a: 1 }, n: "engagement" });
  equal(isPlausible({ ...own, d: "a.example,b.example" }), false);
  for (const body of plausible) equal(isPlausible(body), true, JSON.stringify(body));
});

Deno.test("receivePlausible() takes long, short and mixed keys, the short one first", () => {
  equal(one({ ...SHORT, name: "other", url: "/b", domain: "b.example" }).event_name, "pageview");
  deepEqual(
    [one({ ...LONG, n: "x" }).event_name, one({ ...LONG, r: "https://a.example/" }).referrer],
    ["x", "https://a.example/"],
  );
  equal(one({ ...LONG, referrer: `https://a.example/${"x".repeat(3000)}` }).referrer?.length, 2000);
  equal(one({ ...SHORT, n: 404 }).event_name, "404");
  equal(one({ ...SHORT, h: 1 }).isHashRouted, true);
  equal(one({ ...LONG, hashMode: 1 }).isHashRouted, true);
  equal(one({ ...SHORT, w: 0 }).screenPixels, null);
  equal(one({ ...SHORT, screen_width: 800 }).screenPixels, 800);
});

Deno.test("receivePlausible() makes an event for each site; long names need none", () => {
  const sites = (body: Body) =>
    read(body).map((one) => typeof one === "string" ? one : one.site_id);
  deepEqual(sites({ ...SHORT, d: "a.example, b.example,," }), ["a.example", "b.example"]);
  deepEqual(sites({ ...SHORT, d: "a.example,b c" }), ["a.example"]);
  deepEqual(sites({ ...LONG, domain: undefined }), ["example.com"]);
  deepEqual(sites({ ...SHORT, d: undefined }), ["unprocessable"]);
  deepEqual(sites({ ...LONG, domain: undefined, url: "/a" }), ["unprocessable"]);
  deepEqual(sites({ ...SHORT, d: Array(21).fill("a.example").join() }), ["bad_request"]);
  deepEqual(sites({ ...LONG, name: "x".repeat(120) }), ["example.com"]);
  deepEqual(sites({ ...LONG, name: "x".repeat(121) }), ["bad_request"]);
  deepEqual(sites({ ...SHORT, n: "x".repeat(121) }), ["example.com"]);
});

Deno.test("receivePlausible() keeps scalar properties within their limits", () => {
  const props = (body: Body) => {
    const { props: text, notices } = one({ ...SHORT, ...body });
    return [JSON.parse(text ?? "null"), ...notices];
  };
  deepEqual(props({ p: { a: "b", n: 1, f: false, l: [1], o: {}, z: null, blank: " " } }), [
    { a: "b", n: 1, f: false },
  ]);
  deepEqual(props({ props: '{"a":"b"}' }), [{ a: "b" }]);
  deepEqual(props({ m: { a: "b" } }), [{ a: "b" }]);
  deepEqual(props({ meta: '{"a":"b"}' }), [{ a: "b" }]);
  deepEqual(props({ p: "not JSON" }), [null, "props_dropped"]);
  const many = Object.fromEntries(Array.from({ length: 31 }, (_, at) => [`k${at}`, at]));
  equal(Object.keys(props({ p: many })[0]).length, 30);
  deepEqual(props({ p: { a: "b", ["k".repeat(301)]: 1, long: "x".repeat(2001) } }), [
    { a: "b" },
    "props_cut",
  ]);
  deepEqual(props({ n: "404" }), [{ path: "/a" }]);
  deepEqual(props({ n: 404, p: { path: "/b" } }), [{ path: "/b" }]);
});

Deno.test("receivePlausible() takes revenue in every form; a bad one is dropped alone", () => {
  const revenue = (body: Body) => {
    const { revenueCents, revenueCurrency, notices } = one({ ...SHORT, ...body });
    return [revenueCents, revenueCurrency, ...notices];
  };
  const amount = { amount: 29.9, currency: "eur" };
  for (
    const body of [
      { $: amount },
      { revenue: amount },
      { $: JSON.stringify(amount) },
      { revenue: { ...amount, amount: "29.90" } },
    ]
  ) deepEqual(revenue(body), [2990, "EUR"], JSON.stringify(body));
  for (
    const $ of [
      { amount: "a lot", currency: "EUR" },
      { amount: 5 },
      { amount: 5, currency: "€" },
      5,
    ]
  ) deepEqual(revenue({ $ }), [null, null, "revenue_dropped"], JSON.stringify($));
  deepEqual(revenue({ $: null }), [null, null]);
});

Deno.test("POST /api/event answers Plausible's clients in their way", async () => {
  const app = await openApp();
  const told = async (body: Body, headers: Record<string, string> = {}) => {
    const response = await post(app, body, headers);
    equal(response.headers.get("access-control-allow-origin"), "*");
    return [response.status, await response.text(), response.headers.get("x-plausible-dropped")];
  };
  deepEqual(await told(SHORT), [202, "ok", null]);
  deepEqual(await told(LONG), [202, "ok", null]);
  deepEqual(await told({ ...SHORT, i: false, n: "seen" }), [202, "ok", null]);
  deepEqual(await told({ ...SHORT, d: "example.com,other.example" }), [202, "ok", null]);
  deepEqual(await told({ ...SHORT, d: "example.com,not a site" }), [202, "ok", "1"]);
  deepEqual(await told(SHORT, { "user-agent": "Googlebot/2.1" }), [202, "ok", "1"]);
  const engagement = { ...SHORT, n: "engagement", sd: 80, e: 5000 };
  deepEqual(await told(engagement), [202, "ok", null]);
  deepEqual(await told({ ...engagement, sd: 255, e: "x" }), [202, "ok", null]);
  const debug = await post(app, SHORT, {
    "x-debug-request": "true",
    "x-forwarded-for": "8.8.4.4",
  });
  deepEqual([debug.status, await debug.text()], [200, "8.8.4.4"]);
  const gone = await post(app, { ...LONG, url: undefined, u: 5 });
  equal(gone.status, 422);
  match((await gone.json()).error, /u \(url\)/);
  const main = async (site: string) =>
    await (await app.send(`/api/stats/main?site_id=${site}&period=day`)).json();
  equal((await main("example.com")).total_pageviews, 4);
  equal((await main("other.example")).total_pageviews, 1);
  equal((await main("other.example")).bounce_rate, 1);
  await post(app, { ...engagement, d: "other.example" });
  equal((await main("other.example")).bounce_rate, 1, "engagement undoes no bounce");
  app.system.clock.advance(20_000);
  const all = { events: 1, scroll_depth: 80, engaged_visits: 1 };
  const seen = async () => {
    const { total_pageviews, avg_visit_duration_secs } = await main("other.example");
    const metrics = "metrics=events,time_on_page,scroll_depth,engaged_visits&dimensions=page";
    const told = await app.send(`/api/stats/query?site_id=other.example&period=day&${metrics}`);
    const [{ metrics: found }] = (await told.json()).results;
    return [total_pageviews, Math.round(avg_visit_duration_secs), found];
  };
  deepEqual(await seen(), [1, 0, { ...all, time_on_page: 5 }]);
  await post(app, { ...engagement, d: "other.example", e: 9000, sd: 255 });
  deepEqual(await seen(), [1, 20, { ...all, time_on_page: 14 }]);
  await post(app, { ...SHORT, d: "other.example", n: "seen", i: false });
  await post(app, { ...LONG, domain: "other.example", name: "read", interactive: "false" });
  equal((await main("other.example")).bounce_rate, 1, "nor does what is not interactive");
  await post(app, { d: "other.example", n: "clicked", u: SHORT.u, ra: null, i: 1 });
  equal((await main("other.example")).bounce_rate, 0);
  match(await (await app.send("/metrics")).text(), /reason="no_event"\} 1/);
  await app.close();
});

Deno.test("An event of several sites is refused only where all of them refuse it", async () => {
  const app = await openApp({ MALLARD_SITE_IDS: "example.com" });
  const some = await post(app, { ...SHORT, d: "example.com,stranger.example" });
  deepEqual([some.status, some.headers.get("x-plausible-dropped")], [202, "1"]);
  equal((await post(app, { ...SHORT, d: "stranger.example,strange.example" })).status, 403);
  await app.close();
});

Deno.test("An engagement brings no new site", async () => {
  const app = await openApp();
  const engagement = { ...SHORT, n: "engagement", e: 4000, sd: 50 };
  const sites = async () => await (await app.send("/api/sites")).json();
  for (const d of ["new.example", "new.example,newer.example"]) {
    const { status, headers } = await post(app, { ...engagement, d });
    deepEqual([status, headers.get("x-plausible-dropped")], [202, null]);
  }
  deepEqual(await sites(), []);
  match(await (await app.send("/metrics")).text(), /reason="no_event"\} 3/);
  await post(app, { ...SHORT, d: "new.example" });
  await post(app, { ...engagement, d: "new.example" });
  const told = await app.send(
    "/api/stats/query?site_id=new.example&period=day&metrics=events,scroll_depth",
  );
  deepEqual((await told.json()).results[0].metrics, { events: 1, scroll_depth: 50 });
  await app.close();
});
