// Checks of the lines about Plausible in docs/switching.md, but for its scripts.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import type { Reply } from "../server/contract_server.ts";
import { type Bench, type Checks, daysAgo, dig, each } from "./bench.ts";

type Body = Readonly<Record<string, unknown>>;

/** Sends an event of a site by its short keys. */
function send(bench: Bench, site: string, body: Body = {}, headers: Record<string, string> = {}) {
  const json = { n: "pageview", u: `https://${site}/a`, d: site, v: 29, ...body };
  return bench.ask("POST", "/api/event", {
    json,
    headers: { "content-type": "text/plain", ...headers },
  });
}

/** Sends an event with long keys alone. */
function sendLong(bench: Bench, body: Body): Promise<Reply> {
  return bench.ask("POST", "/api/event", { json: { name: "pageview", ...body } });
}

const total = "metrics=total_revenue";

const EVENTS: Checks = {
  "`Content-Type: application/json` or `text/plain`": async (bench) => {
    const site = await bench.site();
    for (const type of ["application/json", "text/plain", "text/plain;charset=UTF-8"]) {
      const reply = await send(bench, site, {}, { "content-type": type });
      deepEqual([reply.status, reply.text], [202, "ok"]);
    }
    deepEqual(await bench.events(site), [["pageview", "/a", 3]]);
  },
  [
    "`n`/`name`, `u`/`url`, `d`/`domain`, `r`/`referrer`, `h`/`hashMode`, " +
    "`w`/`screen_width`, `p`/`props`, `m`/`meta`, `$`/`revenue`, `i`/`interactive`, `v`"
  ]: async (bench) => {
    const site = await bench.site();
    const url = `https://${site}/long`;
    await sendLong(bench, { domain: site, url, referrer: "https://www.google.com/" });
    const mixed = { url, name: "other", props: { plan: "pro" }, screen_width: 400 };
    await send(bench, site, { ...mixed, n: "Signup", $: { currency: "EUR", amount: "5" } });
    const revenue = { currency: "EUR", amount: 1.5 };
    const hash = { u: `https://${site}/app#/route`, h: 1, i: false, m: { plan: "meta" } };
    await send(bench, site, { ...hash, revenue });
    deepEqual(await bench.events(site), [
      ["Signup", "/a", 1],
      ["pageview", "/app#/route", 1],
      ["pageview", "/long", 1],
    ]);
    deepEqual(await bench.rows(site, total), [[[{ currency: "EUR", value: 6.5 }]]]);
    const plans = await bench.rows(site, "metrics=events&dimensions=props:plan");
    deepEqual(plans.sort(), [["(none)", 1], ["meta", 1], ["pro", 1]]);
    deepEqual(await bench.rows(site, "metrics=visitors&dimensions=source"), [["Google", 1]]);
  },
  "`name`": async (bench) => {
    const site = await bench.site();
    const url = `https://${site}/`;
    equal((await sendLong(bench, { url, name: "x".repeat(120) })).status, 202);
    equal((await sendLong(bench, { url, name: "x".repeat(121) })).status, 400);
    equal((await send(bench, site, { n: "y".repeat(256) })).status, 202);
    equal((await send(bench, site, { n: "y".repeat(257) })).status, 400);
    equal((await send(bench, site, { n: 7 })).status, 202);
    deepEqual((await bench.events(site)).map(([name]) => String(name).length).sort(), [
      1,
      120,
      256,
    ]);
  },
  "`domain` with several names and commas": async (bench) => {
    const names = [await bench.site(), await bench.site()];
    const url = `https://www.${names[0]}/`;
    equal((await sendLong(bench, { url, domain: names.join(",") })).status, 202);
    equal((await sendLong(bench, { url })).status, 202, "the host of the URL");
    equal((await bench.events(names[0] ?? ""))[0]?.at(-1), 2);
    equal((await bench.events(names[1] ?? ""))[0]?.at(-1), 1);
    const many = Array.from({ length: 21 }, () => names[0]).join(",");
    ok((await sendLong(bench, { url, domain: many })).status >= 400);
    await send(bench, "www.new-one.example");
    await send(bench, "new-one.example");
    equal((await bench.events("new-one.example"))[0]?.at(-1), 2);
    await bench.set(names[1] ?? "", { aliases: ["www.kept.example"] });
    await send(bench, "www.kept.example");
    equal((await bench.events(names[1] ?? ""))[0]?.at(-1), 1, "the alias has another page");
    equal((await bench.ask("POST", "/api/event", { json: { n: "x", u: url, v: 1 } })).status, 422);
  },
  "`url` of an app's screen, `app://localhost/login`": async (bench) => {
    const site = await bench.site();
    const said = { domain: site, name: "pageview", url: "app://localhost/login" };
    equal((await bench.ask("POST", "/api/event", { json: said })).status, 202);
    deepEqual(await bench.events(site), [["pageview", "/login", 1]]);
  },
  "`referrer`": async (bench) => {
    const site = await bench.site();
    const referrer = `https://a.example/${"x".repeat(3000)}`;
    equal((await sendLong(bench, { url: `https://${site}/`, referrer })).status, 202);
    const [row] = await bench.rows(site, "metrics=visitors&dimensions=referrer");
    equal(String(row?.[0]).length, 2000);
  },
  "`props`, `meta`: an object, or the JSON text of one": async (bench) => {
    const site = await bench.site();
    const props = { a: "1", list: [1], object: {}, blank: " ", long: "x".repeat(2001) };
    const reply = await sendLong(bench, { url: `https://${site}/`, name: "one", props });
    match(reply.header("x-mallard-notices") ?? "", /props/);
    const meta = JSON.stringify({ a: 2, [`k${"x".repeat(300)}`]: "too long" });
    await sendLong(bench, { url: `https://${site}/`, name: "two", meta });
    const many = Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`k${n}`, "v"]));
    await sendLong(bench, { url: `https://${site}/`, name: "three", props: many });
    const keys = each(
      await bench.read(`/api/stats/values?site_id=${site}&period=28d&dimension=props&limit=100`),
      "value",
    );
    deepEqual(keys.filter((key) => !/^k\d+$/.test(String(key))), ["a"]);
    equal(keys.length, 31);
    const values = await bench.rows(site, "metrics=events&dimensions=props:a");
    deepEqual(values.sort(), [["(none)", 1], ["1", 1], ["2", 1]]);
  },
  "`revenue`: an object or its JSON text, `amount` as a number or text": async (bench) => {
    const site = await bench.site();
    const url = `https://${site}/`;
    const good = [{ amount: 1, currency: "EUR" }, { amount: "2.5", currency: "eur" }];
    for (const revenue of [good[0], JSON.stringify(good[1])]) {
      await sendLong(bench, { url, revenue });
    }
    for (const revenue of [{ amount: 1 }, { amount: "many", currency: "EUR" }, "{"]) {
      const reply = await sendLong(bench, { url, revenue });
      deepEqual([reply.status, reply.header("x-mallard-notices")], [202, "revenue_dropped"]);
    }
    deepEqual(await bench.rows(site, `${total},events`), [[[{ currency: "EUR", value: 3.5 }], 5]]);
  },
  "`hashMode`": async (bench) => {
    const site = await bench.site();
    for (const hashMode of [1, 0]) {
      await sendLong(bench, { url: `https://${site}/app#/x`, hashMode });
    }
    deepEqual(await bench.events(site), [["pageview", "/app", 1], ["pageview", "/app#/x", 1]]);
  },
  "name `404`": async (bench) => {
    const site = await bench.site();
    await sendLong(bench, { url: `https://${site}/gone?x=1`, name: "404" });
    deepEqual(await bench.rows(site, "metrics=events&dimensions=name,props:path"), [
      ["404", "/gone", 1],
    ]);
  },
  "name `engagement` with `e` and `sd`": async (bench) => {
    const site = await bench.site();
    const engage = (body: Body) => send(bench, site, { n: "engagement", ...body });
    await send(bench, site);
    await engage({ e: 4000, sd: 120, p: { plan: "pro" } });
    await engage({ e: 6000, sd: 255 });
    await engage({});
    const metrics = "metrics=events,bounce_rate,scroll_depth,time_on_page";
    deepEqual(await bench.rows(site, `${metrics}&dimensions=page`), [["/a", 1, 1, 100, 10]]);
    const unknown = { n: "engagement", e: 1, d: "never-seen.example" };
    equal((await send(bench, site, unknown)).status, 202);
    const sites = each(await bench.read("/api/sites"), "site_id");
    ok(!sites.includes("never-seen.example"));
    const long = await bench.site();
    await send(bench, long);
    await send(bench, long, { n: "engagement", e: 7_200_000 });
    deepEqual(await bench.rows(long, "metrics=time_on_page&dimensions=page"), [["/a", 3600]]);
  },
  "`interactive: false`": async (bench) => {
    const site = await bench.site();
    await send(bench, site);
    await sendLong(bench, { url: `https://${site}/a`, name: "seen", interactive: false });
    deepEqual(await bench.rows(site, "metrics=events,bounce_rate"), [[2, 1]]);
    await sendLong(bench, { url: `https://${site}/a`, name: "clicked" });
    deepEqual(await bench.rows(site, "metrics=events,bounce_rate"), [[3, 0]]);
  },
  "header `X-Debug-Request: true`": async (bench) => {
    const site = await bench.site();
    const reply = await send(bench, site, {}, { "x-debug-request": "true" });
    deepEqual([reply.status, reply.text], [200, "127.0.0.1"]);
    deepEqual(await bench.events(site), []);
  },
  "answer": async (bench) => {
    const site = await bench.site();
    const good = await send(bench, site);
    deepEqual([good.status, good.text, good.header("x-plausible-dropped")], [202, "ok", null]);
    const robot = await send(bench, site, {}, { "user-agent": "python-requests/2.31.0" });
    deepEqual([robot.status, robot.header("x-plausible-dropped")], [202, "1"]);
    match(robot.header("x-mallard-notices") ?? "", /robot/);
  },
  "refusals": async (bench) => {
    const site = await bench.site({ rate_limit: 1 });
    const statuses: number[] = [];
    const note = async (reply: Promise<Reply>) => {
      const { status, text } = await reply;
      if (status >= 400) equal(typeof JSON.parse(text).error, "string");
      statuses.push(status);
    };
    await note(send(bench, site, { n: "y".repeat(300) }));
    await note(send(bench, site, { u: undefined }));
    await note(send(bench, site, { p: { a: "x".repeat(70_000) } }));
    for (let count = 0; count < 20; count++) await note(send(bench, site));
    deepEqual([...new Set(statuses)].filter((one) => one !== 202).sort(), [400, 413, 422, 429]);
    const other = await bench.site();
    const { status } = await send(bench, `${site},${other}`, { u: `https://${site}/` });
    equal(status, 202, "one of them takes it");
  },
};

const V1 = (site: string) => `site_id=${site}&period=custom&date=${daysAgo(9)},${daysAgo(0)}`;

async function v1Site(bench: Bench): Promise<string> {
  const site = await bench.site();
  await bench.past(site, [
    [`${daysAgo(3)}T10:00:00Z`, 1, { u: "/", r: "https://www.google.com/" }],
    [`${daysAgo(3)}T10:01:00Z`, 1, { u: "/blog/one" }],
    [`${daysAgo(2)}T10:00:00Z`, 2, { u: "/blog/a/b" }],
  ]);
  return site;
}

/** Orders by names, media of click ids, and ranges that end now. */
async function provesV2(bench: Bench, ask: (json: Body) => Promise<unknown>) {
  const site = await bench.site();
  const at = `${daysAgo(2)}T10:00:00Z`;
  const places = [["DE", "Germany"], ["CH", "Switzerland"], ["AT", "Austria"]] as const;
  const google = { u: "/?gclid=1", r: "https://www.google.com/" };
  await bench.past(site, [
    ...places.map(([country], index) => [at, index + 1, { u: "/", country }] as const),
    [at, 4, { ...google, country: "ES" }],
    [at, 5, { ...google, u: "/?gclid=1&utm_medium=cpc", country: "ES" }],
    [at, 6, { u: "/?gclid=1", country: "ES" }],
  ]);
  const rows = async (json: Body) =>
    dig(await ask({ site_id: site, metrics: ["visitors"], ...json }), "results");
  const named = { dimensions: ["visit:country_name"], order_by: [["visit:country_name", "asc"]] };
  deepEqual(each(await rows(named), "dimensions", 0), [
    ...["Austria", "Germany", "Spain", "Switzerland"],
  ]);
  const same = { filters: [["is", "visit:country", ["AT"]]] };
  await bench.past(site, [[at, 7, {
    ...google,
    country: "AT",
    region: "Tyrol",
    city: "Innsbruck",
  }]]);
  const wanted = ["visit:region", "visit:region_name", "visit:city", "visit:referrer"];
  const place = { ...same, dimensions: wanted, order_by: [["visit:region", "desc"]] };
  deepEqual(dig(await rows(place), 0, "dimensions"), [
    ...["Tyrol", "Tyrol", "Innsbruck", "https://www.google.com/"],
  ]);
  const media = await rows({ dimensions: ["visit:utm_medium"] });
  deepEqual(
    each(media, "dimensions", 0).map((name, index) => [name, each(media, "metrics", 0)[index]]),
    [["(not set)", 4], ["(gclid)", 2], ["cpc", 1]],
  );
  const filters = [["is", "visit:utm_medium", ["(gclid)"]]];
  deepEqual(each(await rows({ filters }), "metrics", 0), [2]);
  const include = { trim_relative_date_range: true, time_labels: true };
  const trimmed = await ask({
    ...{ site_id: site, metrics: ["visitors"], date_range: "month", include },
    dimensions: ["time:day"],
  });
  const today = daysAgo(0);
  equal(String(dig(trimmed, "query", "date_range", 1)).slice(0, 10), today);
  const labels = dig(trimmed, "meta", "time_labels");
  deepEqual([Array.isArray(labels) && labels.length, Array.isArray(labels) && labels.at(-1)], [
    Number(today.slice(8)),
    today,
  ]);
}

const STATISTICS: Checks = {
  "`POST /api/v2/query`": async (bench) => {
    const site = await v1Site(bench);
    await bench.ask("POST", `/api/sites/${site}/segments`, {
      who: "admin",
      json: { name: "blog", filters: "contains(page,/blog)" },
    });
    const query = (json: Body) =>
      bench.ask("POST", "/api/v2/query", { who: "reader", json: { site_id: site, ...json } });
    const ask = async (json: Body) => (await query({ date_range: "7d", ...json })).json<unknown>();
    const metrics = ["visitors", "scroll_depth", "percentage"];
    const filters = [["is", "segment", ["blog"]]];
    const found = await ask({ metrics, filters, dimensions: ["event:page"] });
    deepEqual(each(dig(found, "results"), "dimensions", 0).sort(), ["/blog/a/b", "/blog/one"]);
    deepEqual(dig(found, "query", "filters"), [["contains", "event:page", ["/blog"]]]);
    await provesV2(bench, ask);
    const many = Array.from({ length: 17 }, (_, n) => `event:props:k${n}`);
    const wide = { metrics: ["visitors"], date_range: "7d" };
    equal((await query({ ...wide, dimensions: many.slice(1) })).status, 200);
    equal((await query({ ...wide, dimensions: many })).status, 400);
    const ofGoal = async (name: string) => {
      const v2 = await query({ ...wide, filters: [["is", "event:goal", [name]]] });
      const v1 = `/api/v1/stats/aggregate?${V1(site)}&filters=event:goal==${name}`;
      return [v2.status, await bench.status("GET", v1, { who: "reader" })];
    };
    deepEqual(await ofGoal("Signup"), [400, 400]);
    const goal = { site_id: site, goal_type: "event", event_name: "Signup" };
    await bench.ask("PUT", "/api/v1/sites/goals", { who: "admin", json: goal });
    deepEqual(await ofGoal("Signup"), [200, 200]);
  },
  "`GET /api/v1/stats/aggregate`": async (bench) => {
    const site = await v1Site(bench);
    const asked = `metrics=visitors,pageviews&compare=previous_period`;
    const found = await bench.read(`/api/v1/stats/aggregate?${V1(site)}&${asked}`);
    deepEqual(dig(found, "results"), {
      visitors: { value: 2, change: 100 },
      pageviews: { value: 3, change: 100 },
    });
    for (const period of ["12mo", "6mo", "month", "30d", "7d", "day", "year", "28d", "91d"]) {
      await bench.read(`/api/v1/stats/aggregate?site_id=${site}&period=${period}`);
    }
    const seven = `site_id=${site}&period=7d&date=${daysAgo(2)}`;
    const week = await bench.read(`/api/v1/stats/aggregate?${seven}`);
    equal(dig(week, "results", "visitors", "value"), 1, "without the day itself");
  },
  "`GET /api/v1/stats/timeseries`": async (bench) => {
    const site = await v1Site(bench);
    const found = await bench.read(`/api/v1/stats/timeseries?${V1(site)}&interval=date`);
    const values = each(dig(found, "results"), "visitors");
    deepEqual(values, [0, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
    for (const interval of ["month", "hour", "week"]) {
      await bench.read(`/api/v1/stats/timeseries?${V1(site)}&interval=${interval}`);
    }
  },
  "`GET /api/v1/stats/breakdown`": async (bench) => {
    const site = await v1Site(bench);
    const ask = (query: string) =>
      bench.ask("GET", `/api/v1/stats/breakdown?${V1(site)}&${query}`, { who: "reader" });
    const found = await ask("property=event:page&metrics=pageviews&limit=1&page=2");
    equal(each(dig(found.json(), "results"), "pageviews").length, 1);
    equal((await ask("property=visit:source&limit=1001")).status, 400);
  },
  "`GET /api/v1/stats/realtime/visitors`": async (bench) => {
    const site = await bench.site();
    await send(bench, site);
    equal(await bench.read(`/api/v1/stats/realtime/visitors?site_id=${site}`), 1);
  },
  "`filters` of v1": async (bench) => {
    const site = await v1Site(bench);
    const visitors = async (filters: string) => {
      const path = `${V1(site)}&filters=${encodeURIComponent(filters)}`;
      return dig(
        await bench.read(`/api/v1/stats/aggregate?${path}`),
        "results",
        "visitors",
        "value",
      );
    };
    const expected: Record<string, number> = {
      "event:page==/": 1,
      "event:page!=/": 2,
      "event:page~blog": 2,
      "event:page!~one": 2,
      "event:page==/|/blog/a/b": 2,
      "event:page==/blog/*": 1,
      "event:page==/blog/**": 2,
      "event:page==/blog/**;visit:source==Goo*": 1,
    };
    for (const [filters, count] of Object.entries(expected)) {
      equal(await visitors(filters), count, filters);
    }
  },
};

const SITES = "/api/v1/sites";

const SITES_AND_HEALTH: Checks = {
  "`GET /api/v1/sites`, `/api/v1/sites/:site_id`": async (bench) => {
    const site = await bench.site({ timezone: "Europe/Berlin" });
    await sendLong(bench, { url: `https://${site}/`, props: { plan: "pro" } });
    const shown = { domain: site, timezone: "Europe/Berlin" };
    const all = dig(await bench.read(SITES), "sites");
    ok(Array.isArray(all) && all.some((one) => JSON.stringify(one) === JSON.stringify(shown)));
    deepEqual(await bench.read(`${SITES}/${site}`), { ...shown, custom_properties: ["plan"] });
  },
  "`limit`, `after`, `before`": async (bench) => {
    for (const _ of [1, 2]) await bench.site();
    const first = await bench.read(`${SITES}?limit=1`);
    const second = await bench.read(`${SITES}?limit=1&after=${dig(first, "meta", "after")}`);
    const back = await bench.read(`${SITES}?limit=1&before=${dig(second, "meta", "before")}`);
    deepEqual(dig(back, "sites"), dig(first, "sites"));
    equal(dig(await bench.read(SITES), "meta", "limit"), 100);
    equal(await bench.status("GET", `${SITES}?limit=1001`, { who: "reader" }), 400);
  },
  "`POST /api/v1/sites`, `PUT /api/v1/sites/:site_id`": async (bench) => {
    const json = { domain: "made.example", timezone: "UTC" };
    equal(await bench.status("POST", SITES, { who: "reader", json }), 403);
    deepEqual((await bench.ask("POST", SITES, { who: "admin", json })).json(), json);
    const moved = { timezone: "Europe/Berlin" };
    const put = (body: Body) =>
      bench.ask("PUT", `${SITES}/made.example`, { who: "admin", json: body });
    deepEqual((await put(moved)).json(), { ...json, ...moved });
    equal((await put({ domain: "other.example" })).status, 400);
    await bench.set("made.example", { aliases: ["other.example"] });
    equal((await send(bench, "other.example")).status, 202);
    equal((await bench.events("made.example")).length, 1);
  },
  "bodies of all of them": async (bench) => {
    const site = await bench.site();
    const said = (type: string, body: string) =>
      ({ who: "admin", body, headers: { "content-type": type } }) as const;
    const form = `site_id=${site}&goal_type=event&event_name=A`;
    const type = "application/x-www-form-urlencoded";
    equal((await bench.ask("PUT", `${SITES}/goals`, said(type, form))).status, 200);
    const parts = [["site_id", site], ["goal_type", "page"], ["page_path", "/b"]]
      .map(([name, value]) =>
        `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
      );
    const multipart = said("multipart/form-data; boundary=x", `${parts.join("")}--x--\r\n`);
    equal((await bench.ask("PUT", `${SITES}/goals`, multipart)).status, 200);
    const { goals } = await bench.read(`${SITES}/goals?site_id=${site}`) as { goals: unknown };
    deepEqual(each(goals, "display_name"), ["A", "Visit /b"]);
  },
  "`GET`, `PUT /api/v1/sites/goals`, `DELETE /api/v1/sites/goals/:id`": async (bench) => {
    const site = await bench.site();
    const json = { site_id: site, goal_type: "event", event_name: "Signup" };
    const put = async () =>
      dig((await bench.ask("PUT", `${SITES}/goals`, { who: "admin", json })).json(), "id");
    const id = await put();
    equal(await put(), id, "not added twice");
    const own = { who: "admin", json: { site_id: site } } as const;
    equal(await bench.status("DELETE", `${SITES}/goals/${id}`, own), 200);
    deepEqual(dig(await bench.read(`${SITES}/goals?site_id=${site}`), "goals"), []);
  },
  "`DELETE /api/v1/sites/:site_id`": async (bench) => {
    const site = await bench.site();
    await send(bench, site);
    equal(await bench.status("DELETE", `${SITES}/${site}`, { who: "reader" }), 403);
    const { status, text } = await bench.ask("DELETE", `${SITES}/${site}`, { who: "admin" });
    deepEqual([status, text], [200, '{"deleted":true}']);
    equal(await bench.status("GET", `${SITES}/${site}`, { who: "reader" }), 404);
  },
  "`GET /api/v1/sites/custom-props`": async (bench) => {
    const site = await bench.site();
    const old = new Date(Date.now() - 400 * 86_400_000).toISOString();
    await bench.past(site, [[old, 1, { u: "/", p: '{"old":1}' }]]);
    await sendLong(bench, { url: `https://${site}/`, props: { plan: "pro" } });
    const found = await bench.read(`${SITES}/custom-props?site_id=${site}`);
    deepEqual(dig(found, "custom_properties"), [{ property: "plan" }]);
  },
  "`PUT /api/v1/sites/custom-props`": async (bench) => {
    const json = { site_id: await bench.site(), property: "plan" };
    const { text } = await bench.ask("PUT", `${SITES}/custom-props`, { who: "admin", json });
    equal(text, '{"created":true}');
  },
  "`PUT /api/v1/sites/shared-links`": async (bench) => {
    const site = await bench.site();
    const json = { site_id: site, name: "Board" };
    const put = () => bench.ask("PUT", `${SITES}/shared-links`, { who: "admin", json });
    equal((await put()).status, 403);
    await bench.set(site, { public: true });
    const url = `${bench.server.origin}/?site=${site}`;
    deepEqual((await put()).json(), { name: "Board", url });
  },
  "`DELETE /api/v1/sites/custom-props/:property`, guests, teams": async (bench) => {
    for (
      const [method, path] of [
        ["DELETE", "custom-props/plan"],
        ["GET", "guests"],
        ["PUT", "guests"],
        ["DELETE", "guests/a@example.com"],
        ["GET", "teams"],
      ] as const
    ) {
      const { status, text } = await bench.ask(method, `${SITES}/${path}`, { who: "admin" });
      equal(status, 404, path);
      match(JSON.parse(text).error, /^Cannot answer [a-z-]+: .{10}/);
    }
  },
  "`GET /api/health`, `/api/system/health/live`, `/api/system/health/ready`": async (bench) => {
    for (const path of ["/api/health", "/api/system/health/live", "/api/system/health/ready"]) {
      equal(await bench.status("GET", path), 200, path);
    }
  },
};

/** Checks by the first cell of their line. */
export const PLAUSIBLE: Checks = { ...EVENTS, ...STATISTICS, ...SITES_AND_HEALTH };
