// Checks of the lines about Umami in docs/switching.md, but for its script.
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { CHROME, type Reply } from "../server/contract_server.ts";
import { type Bench, type Checks, daysAgo, dig, each, type Said } from "./bench.ts";

type Body = Readonly<Record<string, unknown>>;

let made = 0;

/** A site whose pages carry a UUID. */
async function website(bench: Bench, settings: Body = {}) {
  const id = `b59e9c65-ae32-47f1-8400-${String(++made).padStart(12, "0")}`;
  return { site: await bench.site({ aliases: [id], ...settings }), id };
}

function send(
  bench: Bench,
  id: string,
  payload: Body = {},
  said: Said = {},
  type = "event",
): Promise<Reply> {
  const json = { type, payload: { website: id, url: "/a", hostname: "a.example", ...payload } };
  return bench.ask("POST", "/api/send", { json, ...said });
}

const SENDING: Checks = {
  "`POST /api/send`, `type` `event`": async (bench) => {
    const { site, id } = await website(bench);
    const reply = await send(bench, id);
    deepEqual([reply.status, Object.keys(reply.json())], [200, ["cache", "sessionId", "visitId"]]);
    await send(bench, id, { name: "Signup" });
    deepEqual(await bench.events(site), [["Signup", "/a", 1], ["pageview", "/a", 1]]);
  },
  "`website`": async (bench) => {
    const site = await bench.site();
    const own = dig(await bench.read(`/api/websites/${await ownId(bench, site)}`), "id");
    equal((await send(bench, String(own))).status, 200);
    equal((await bench.events(site)).length, 1);
    for (const wrong of ["00000000-0000-4000-8000-000000000000", "none", 5]) {
      equal((await send(bench, "", { website: wrong })).status, 400);
    }
  },
  "`link`, `pixel`": async (bench) => {
    const { id } = await website(bench);
    for (const other of ["link", "pixel"]) {
      equal((await send(bench, "", { website: undefined, [other]: id })).status, 400);
    }
  },
  "`url`, `hostname`, `referrer`, `screen`, `name`, `data`, `tag`": async (bench) => {
    const { site, id } = await website(bench);
    await send(bench, id, {
      ...{ url: "/shop", hostname: "shop.example", referrer: "https://www.google.com/" },
      ...{ screen: "390x844", name: "order", tag: "blue" },
      data: { plan: "pro", revenue: 12.5, currency: "EUR" },
    });
    deepEqual(
      await bench.rows(site, "metrics=total_revenue&dimensions=page,hostname,source,screen"),
      [["/shop", "shop.example", "Google", "mobile", [{ currency: "EUR", value: 12.5 }]]],
    );
    deepEqual(await bench.rows(site, "metrics=events&dimensions=name,props:plan,props:tag"), [
      ["order", "pro", "blue", 1],
    ]);
    const data = { cart: { total: 3, owner: { kind: "guest" } }, list: [1, 2] };
    await send(bench, id, { name: "nested", data });
    const inner = "props:cart.total,props:cart.owner.kind,props:list";
    deepEqual(
      await bench.rows(site, `metrics=events&dimensions=${inner}&filters=is(name,nested)`),
      [
        ["3", "guest", "[1,2]", 1],
      ],
    );
    const other = await website(bench);
    for (const url of ["/app#/a", "/app#/b", "/app"]) await send(bench, other.id, { url });
    deepEqual(await bench.rows(other.site, "metrics=pageviews&dimensions=page&order_by=page:asc"), [
      ["/app", 1],
      ["/app#/a", 1],
      ["/app#/b", 1],
    ]);
  },
  "`title`, `language`": async (bench) => {
    const { site, id } = await website(bench);
    await send(bench, id, { title: "A page", language: "de-AT-1996" });
    deepEqual(await bench.rows(site, "metrics=visitors&dimensions=title,language"), [
      ["A page", "de-AT", 1],
    ]);
  },
  "`timestamp`": async (bench) => {
    const { site, id } = await website(bench);
    const timestamp = Math.floor(Date.now() / 1000) - 86_400;
    equal((await send(bench, id, { timestamp })).status, 403);
    equal((await send(bench, id, { timestamp: timestamp + 86_340 })).status, 200);
    const unreadable = await send(bench, id, { timestamp: "yesterday" });
    deepEqual([unreadable.status, unreadable.header("x-mallard-notices")], [200, "time_dropped"]);
    equal((await send(bench, id, { timestamp }, { who: "admin" })).status, 200);
    const days = await bench.rows(site, "metrics=events&dimensions=day");
    deepEqual(days.map((row) => row.at(-1)).filter((count) => count !== 0), [1, 2]);
  },
  "`ip`, `userAgent`": async (bench) => {
    const { site, id } = await website(bench);
    const library = { headers: { "user-agent": "node" } };
    for (const ip of ["8.8.8.8", "8.8.4.4"]) {
      await send(bench, id, { ip, userAgent: CHROME }, library);
    }
    deepEqual(await bench.rows(site, "metrics=visitors&dimensions=browser"), [["Chrome", 2]]);
  },
  "a robot": async (bench) => {
    const { site, id } = await website(bench);
    const robot = { headers: { "user-agent": "python-requests/2.31.0" } };
    const reply = await send(bench, id, {}, robot);
    deepEqual([reply.status, reply.text], [200, '{"beep":"boop"}']);
    deepEqual(await bench.events(site), []);
  },
  "`OPTIONS /api/send`": async (bench) => {
    const headers = { origin: "https://a.example" };
    const reply = await bench.ask("OPTIONS", "/api/send", { headers });
    equal(reply.header("access-control-allow-origin"), "*");
    match(reply.header("access-control-allow-headers") ?? "", /content-type.*x-umami-cache/i);
  },
  "`POST /api/batch`": async (bench) => {
    const { site, id } = await website(bench);
    const event = { type: "event", payload: { website: id, url: "/a" } };
    const reply = await bench.ask("POST", "/api/batch", { json: [event, "nothing", event] });
    const { details, cache, ...counts } = reply.json<Body>();
    deepEqual(counts, { size: 3, processed: 2, errors: 1 });
    deepEqual([each(details, "index"), typeof cache], [[1], "string"]);
    equal((await bench.events(site))[0]?.at(-1), 2);
    const many = Array.from({ length: 501 }, () => event);
    equal(await bench.status("POST", "/api/batch", { json: many }), 400);
  },
};

/** The UUID that this server made for a site. */
async function ownId(bench: Bench, site: string): Promise<string> {
  const found = await bench.ask("GET", `/api/sites/${site}`, { who: "admin" });
  return String(dig(found.json(), "website_id"));
}

const READING: Checks = {
  "errors": async (bench) => {
    const { id } = await website(bench);
    const robot = { name: "x".repeat(300) };
    const refused = [
      [400, "bad-request", await send(bench, "", { website: "none" })],
      [400, "bad-request", await send(bench, id, robot)],
      [400, "bad-request", await bench.ask("POST", "/api/batch", { json: {} })],
      [401, "unauthorized", await bench.ask("GET", `/api/websites/${id}/stats`)],
      [404, "not-found", await bench.ask("GET", "/api/websites/x/stats", { who: "reader" })],
      [405, "method-not-allowed", await bench.ask("PUT", "/api/me", { who: "reader" })],
    ] as const;
    for (const [status, code, reply] of refused) {
      const { message, ...error } = dig(reply.json(), "error") as Body;
      deepEqual([reply.status, error], [status, { code, status }]);
      match(String(message), /^Cannot /);
    }
    const batch = (await bench.ask("POST", "/api/batch", { json: ["nothing"] })).json<unknown>();
    deepEqual(dig(batch, "details", 0, "response", "error", "status"), 400);
    const login = { username: "ada", password: "wrong" };
    const signedOut = await bench.ask("POST", "/api/auth/login", { json: login });
    deepEqual([signedOut.status, typeof dig(signedOut.json(), "error")], [401, "string"]);
  },
  "`POST /api/auth/login` with `username` and `password`": async (bench) => {
    const reply = await bench.signIn();
    deepEqual([typeof dig(reply.json(), "token"), dig(reply.json(), "user", "username")], [
      "string",
      "ada",
    ]);
    equal(reply.header("set-cookie"), null);
  },
  "`POST /api/auth/logout`": async (bench) => {
    const token = dig((await bench.signIn()).json(), "token");
    const headers = { authorization: `Bearer ${token}` };
    const { id } = await website(bench);
    const path = `/api/websites/${id}/stats`;
    equal(await bench.status("GET", path, { headers }), 200);
    equal(await bench.status("POST", "/api/auth/logout", { headers }), 200);
    equal(await bench.status("GET", path, { headers }), 401);
  },
  "`POST /api/auth/verify`, `GET /api/me`, `/api/users/:id`": async (bench) => {
    const user = dig(await bench.read("/api/me"), "user");
    deepEqual(await bench.read(`/api/users/${dig(user, "id")}`), user);
    const verified = await bench.ask("POST", "/api/auth/verify", { who: "reader" });
    deepEqual(verified.json(), user);
  },
  "`/api/me/websites`, `/api/users/:id/websites`; `/api/teams`, `/me/teams`, `/users/:id/teams`":
    async (bench) => {
      const { id } = await website(bench);
      const user = dig(await bench.read("/api/me"), "user", "id");
      for (const path of ["/api/me/websites", `/api/users/${user}/websites`]) {
        ok(each(dig(await bench.read(path), "data"), "id").includes(id), path);
      }
      for (const path of ["/api/teams", "/api/me/teams", `/api/users/${user}/teams`]) {
        equal(dig(await bench.read(path), "count"), 0, path);
      }
    },
  "`GET /api/websites`, `/api/websites/:id`": async (bench) => {
    const { site, id } = await website(bench);
    const plain = await bench.site();
    equal(dig(await bench.read(`/api/websites/${id}`), "domain"), site);
    const own = await ownId(bench, plain);
    const ids = each(dig(await bench.read("/api/websites"), "data"), "id");
    ok(ids.includes(id) && ids.includes(own));
    const found = await bench.read(`/api/websites?search=${plain.slice(0, -1)}&pageSize=5`);
    ok(each(dig(found, "data"), "domain").includes(plain));
    const { data, count } = await bench.read("/api/websites?page=2&pageSize=1") as Body;
    deepEqual([each(data, "id"), count], [[ids[1]], ids.length]);
    for (const shown of dig(await bench.read("/api/websites"), "data") as readonly unknown[]) {
      for (const at of ["createdAt", "updatedAt"]) match(String(dig(shown, at)), /^\d{4}-.*Z$/);
    }
    match(String(dig(await bench.read("/api/me"), "user", "createdAt")), /^1970-01-01T/);
  },
  "`GET /api/heartbeat`": async (bench) => {
    deepEqual((await bench.ask("GET", "/api/heartbeat")).json(), { ok: true });
  },
};

/** Visits of three days, and how they are asked for. */
async function measured(bench: Bench) {
  const { site, id } = await website(bench);
  await bench.past(site, [
    [`${daysAgo(3)}T10:00:00Z`, 1, { u: "/", r: "https://www.google.com/", w: 1920 }],
    [`${daysAgo(3)}T10:02:00Z`, 1, { u: "/blog" }],
    [`${daysAgo(2)}T10:00:00Z`, 2, { u: "/blog" }],
    [`${daysAgo(2)}T10:01:00Z`, 2, { u: "/", n: "Signup", p: '{"plan":"pro","tag":"5"}' }],
  ]);
  const range = `startAt=${Date.parse(daysAgo(4))}&endAt=${Date.parse(daysAgo(1))}&timezone=UTC`;
  const path = (name: string, query = "") => `/api/websites/${id}${name}?${range}&${query}`;
  return {
    site,
    id,
    read: (name: string, query = "") => bench.read(path(name, query)),
    status: (name: string, query = "") => bench.status("GET", path(name, query), { who: "reader" }),
  };
}

/** Each bucket begins where its unit does, also where the range begins in it. */
async function provesUnits(bench: Bench) {
  const { site, id } = await website(bench);
  const events = [["2024-12-31T22:30:00Z", "/a"], ["2025-01-15T10:10:00Z", "/a"]] as const;
  await bench.past(site, [
    ...events.map(([at, u], visitor) => [at, visitor + 1, { u }] as const),
    ["2025-02-20T10:00:00Z", 3, { u: "/a", n: "Signup" }],
  ]);
  const start = Date.parse("2024-12-20T10:20:30Z");
  const asked = `startAt=${start}&endAt=${Date.parse("2025-03-05")}&timezone=Europe/Berlin`;
  const series = async (path: string, unit: string) =>
    await bench.read(`/api/websites/${id}${path}?${asked}&unit=${unit}`);
  deepEqual(dig(await series("/pageviews", "month"), "pageviews"), [
    { x: "2024-11-30T23:00:00Z", y: 1 },
    { x: "2024-12-31T23:00:00Z", y: 1 },
    { x: "2025-01-31T23:00:00Z", y: 0 },
    { x: "2025-02-28T23:00:00Z", y: 0 },
  ]);
  deepEqual(dig(await series("/pageviews", "year"), "pageviews"), [
    { x: "2023-12-31T23:00:00Z", y: 1 },
    { x: "2024-12-31T23:00:00Z", y: 1 },
  ]);
  deepEqual(await series("/events/series", "year"), [
    { x: "Signup", t: "2024-12-31T23:00:00Z", y: 1 },
  ]);
  const hours = each(dig(await series("/pageviews", "hour"), "sessions"), "x");
  deepEqual(hours.slice(0, 2), ["2024-12-20T10:00:00Z", "2024-12-20T11:00:00Z"]);
}

const STATISTICS: Checks = {
  "`/api/websites/:id/stats`": async (bench) => {
    const { id, read } = await measured(bench);
    const stats = { pageviews: 3, visitors: 2, visits: 2, bounces: 0, totaltime: 180 };
    const none = { pageviews: 0, visitors: 0, visits: 0, bounces: 0, totaltime: 0 };
    deepEqual(await read("/stats"), { ...stats, comparison: none });
    deepEqual(await read("/stats", "compare=yoy"), { ...stats, comparison: none });
    const other = await website(bench);
    await send(bench, other.id, { name: "order" });
    const ofEvent = await bench.read(`/api/websites/${other.id}/stats`);
    deepEqual([dig(ofEvent, "visitors"), dig(ofEvent, "pageviews")], [1, 0]);
    const leap = `startAt=${Date.parse("2024-02-29")}&endAt=${Date.parse("2024-02-29T23:59")}`;
    const found = await bench.read(
      `/api/websites/${id}/pageviews?${leap}&unit=day&timezone=UTC&compare=yoy`,
    );
    equal(dig(found, "compare", "pageviews", 0, "x"), "2023-02-28T00:00:00Z");
  },
  "`/pageviews`": async (bench) => {
    const { read } = await measured(bench);
    const found = await read("/pageviews", "unit=day&compare=prev");
    deepEqual(each(dig(found, "pageviews"), "y"), [0, 2, 1, 0]);
    deepEqual(each(dig(found, "sessions"), "y"), [0, 1, 1, 0]);
    ok(Array.isArray(dig(found, "compare", "sessions")));
    await provesUnits(bench);
  },
  "`/metrics`, `/metrics/expanded`, `/values`": async (bench) => {
    const { site, read } = await measured(bench);
    deepEqual(await read("/metrics", "type=path&search=blog"), [{ x: "/blog", y: 2 }]);
    equal(each(await read("/metrics", "type=path&limit=1&offset=1"), "x").length, 1);
    deepEqual(each(await read("/metrics/expanded", "type=browser"), "visits"), [2]);
    deepEqual(await read("/metrics", "type=event&limit=1"), [{ x: "Signup", y: 1 }]);
    deepEqual(each(await read("/metrics/expanded", "type=event"), "name"), ["Signup"]);
    for (const type of ["referrer", "domain"]) {
      deepEqual(await read("/metrics", `type=${type}`), [{ x: "google.com", y: 1 }]);
      deepEqual(await read("/values", `type=${type}`), [{ value: "google.com" }]);
    }
    deepEqual(await read("/metrics", "type=screen"), [{ x: "1920", y: 1 }]);
    equal(dig(await read("/stats", "screen=1920x1080"), "visitors"), 1);
    await bench.set(site, { path_rules: { query_parameters: ["id"] } });
    await bench.past(site, [[`${daysAgo(2)}T12:00:00Z`, 3, { u: "/shop?id=7&x=1" }]]);
    deepEqual(await read("/metrics", "type=query"), [{ x: "id=7", y: 1 }]);
  },
  "`/active`, `/daterange`, `/events/series`, `/events/stats`": async (bench) => {
    const { id, read } = await measured(bench);
    await send(bench, id);
    equal(dig(await read("/active"), "visitors"), 1);
    equal(dig(await read("/daterange"), "startDate"), `${daysAgo(3)}T10:00:00.000Z`);
    deepEqual(await read("/events/series", "unit=day"), [
      { x: "Signup", t: `${daysAgo(2)}T00:00:00Z`, y: 1 },
    ]);
    const none = { events: 0, visitors: 0, visits: 0, uniqueEvents: 0 };
    const now = { events: 1, visitors: 1, visits: 1, uniqueEvents: 1 };
    deepEqual(await read("/events/stats"), { data: { ...now, comparison: none } });
  },
  "`startAt`, `endAt`, `unit`, `timezone`, `match`, `eventType`": async (bench) => {
    const { read, status } = await measured(bench);
    const views = async (query: string) => dig(await read("/stats", query), "pageviews");
    equal(await views("path=/blog&referrer=google.com"), 1);
    equal(await views("path=/blog&referrer=google.com&match=any"), 3);
    equal(dig(await read("/stats", "eventType=2"), "visitors"), 1);
    for (const bad of ["startAt=x", "unit=x", "timezone=x", "eventType=3"]) {
      const [name] = bad.split("=");
      // The first of two parameters goes.
      if (name !== "startAt" && name !== "timezone") equal(await status("/pageviews", bad), 400);
    }
    equal(await bench.status("GET", "/api/websites/x/stats", { who: "reader" }), 404);
  },
  [
    "filters with `eq.`, `neq.`, `s.`, `ns.`, `c.`, `dnc.`, `re.`, `nre.`, `t.`, `f.`, " +
    "`gt.`, `lt.`, `gte.`, `lte.`"
  ]: async (bench) => {
    const { read } = await measured(bench);
    const expected: Record<string, number> = {
      "path=eq./blog": 2,
      "path=neq./blog": 1,
      "path=c.blog": 2,
      "path=dnc.blog": 1,
      "path=re.^/b": 2,
      "path=nre.^/b": 1,
      "referrer=s.x": 2,
      "referrer=ns.x": 1,
      "tag=t.x": 0,
      "tag=f.x": 0,
      "tag=gt.5": 0,
      "tag=lt.5": 0,
    };
    for (const [query, count] of Object.entries(expected)) {
      equal(dig(await read("/stats", query), "pageviews"), count, query);
    }
    for (const query of ["tag=gte.5", "tag=lte.5"]) {
      equal(dig(await read("/events/stats", query), "data", "events"), 1, query);
    }
  },
  "`bf.`, `af.`, `segment`, `cohort`, `distinctId`, `excludeBounce`": async (bench) => {
    const { status } = await measured(bench);
    const unknown = ["path=bf.1", "path=af.1", "segment=x", "cohort=x", "distinctId=x"];
    for (const query of [...unknown, "excludeBounce=true"]) {
      equal(await status("/stats", query), 400, query);
    }
  },
  [
    "`/event-data/events`, `/event-data/properties`, `/event-data/fields`, " +
    "`/event-data/values`, `/event-data/stats`"
  ]: async (bench) => {
    const { read } = await measured(bench);
    for (const path of ["/event-data/events", "/event-data/properties"]) {
      deepEqual(each(await read(path), "propertyName").sort(), ["plan", "tag"]);
    }
    deepEqual(each(await read("/event-data/fields"), "value").sort(), ["5", "pro"]);
    const asked = "event=Signup&propertyName=plan";
    deepEqual(await read("/event-data/values", asked), [{ value: "pro", total: 1 }]);
    deepEqual(await read("/event-data/stats"), { events: 1, properties: 2, records: 2 });
  },
  "`/sessions`, `/sessions/:id`, `/sessions/:id/activity`, `/events`": async (bench) => {
    const { site, read, status } = await measured(bench);
    equal(await status("/sessions"), 403);
    await bench.set(site, { visit_list: true });
    const { data, count } = await read("/sessions", "pageSize=1&page=1") as Body;
    equal(count, 2);
    const session = dig(data, 0);
    deepEqual([dig(session, "views"), dig(session, "region"), dig(session, "screen")], [
      1,
      null,
      null,
    ]);
    const id = dig(session, "id");
    deepEqual(await read(`/sessions/${id}`), session);
    equal(each(await read(`/sessions/${id}/activity`), "urlPath").length, 2);
    const known = await website(bench, { visit_list: true });
    await send(bench, known.id, { ip: "8.8.8.8" });
    await send(bench, known.id, { ip: "127.0.0.1" });
    const sessions = dig(await bench.read(`/api/websites/${known.id}/sessions`), "data");
    deepEqual(each(sessions, "country").sort(), ["US", null]);
    const events = await read("/events", "search=sign");
    deepEqual(each(dig(events, "data"), "sessionId"), [null]);
  },
  "`/sessions/stats`": async (bench) => {
    const { read } = await measured(bench);
    deepEqual(Object.keys(await read("/sessions/stats") as Body), [
      ...["pageviews", "visitors", "visits", "countries", "events"],
    ]);
  },
  "`/event-data`, `/event-data/:eventId`": async (bench) => {
    const { status } = await measured(bench);
    equal(await status("/event-data"), 404);
    equal(await status("/event-data/b59e9c65-ae32-47f1-8400-119fcf4861c4"), 404);
  },
  "reports, changes of users, teams and websites": async (bench) => {
    const { id } = await website(bench);
    const post = (path: string) => bench.status("POST", path, { who: "admin", json: {} });
    for (const path of ["/api/reports", "/api/users", "/api/teams", `/api/websites/${id}`]) {
      ok([404, 405].includes(await post(path)), path);
    }
  },
};

/** Checks by the first cell of their line. */
export const UMAMI: Checks = {
  ...SENDING,
  "`type` `performance`": async (bench) => {
    const { site, id } = await website(bench);
    await send(
      bench,
      id,
      { lcp: 1200, inp: 60_001, cls: 0.05, fcp: 800, ttfb: 90 },
      {},
      "performance",
    );
    const found = await bench.read(`/api/stats/vitals?site_id=${site}&period=28d`);
    equal(dig(found, "rows", 0, "value"), "/a");
    const medians = ["lcp", "inp", "cls", "fcp", "ttfb"].map((name) =>
      dig(found, "vitals", name, "p50")
    );
    deepEqual(medians, [1200, null, 0.05, 800, 90]);
    deepEqual(await bench.rows(site, "metrics=events,visits"), [[0, 0]]);
  },
  "`type` `identify`": async (bench) => {
    const { site, id } = await website(bench);
    for (const [on, notice] of [[false, "user_ids_off"], [true, "no_event"]] as const) {
      await bench.set(site, { user_ids: on });
      const reply = await send(bench, id, { id: "ada", data: { a: 1 } }, {}, "identify");
      deepEqual([reply.status, reply.header("x-mallard-notices")], [200, notice]);
    }
    deepEqual(await bench.events(site), []);
  },
  "`id`": async (bench) => {
    const { site, id } = await website(bench);
    const devices = [CHROME, CHROME.replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64")];
    const sendAll = async () => {
      for (const device of devices) {
        const headers = { "user-agent": device };
        equal((await send(bench, id, { id: "ada" }, { headers })).status, 200);
      }
      const [row] = await bench.rows(site, "metrics=visitors");
      return row?.[0];
    };
    equal(await sendAll(), 2);
    await bench.set(site, { user_ids: true });
    equal(await sendAll(), 3);
  },
  "`browser`, `os`, `device`": async (bench) => {
    const { site, id } = await website(bench);
    const said = { browser: "firefox", os: "Linux", device: "mobile" };
    equal((await send(bench, id, said)).status, 200);
    deepEqual(await bench.rows(site, "metrics=visitors&dimensions=browser,os,device"), [
      ["Chrome", "Windows", "desktop", 1],
    ]);
  },
  ...READING,
  ...STATISTICS,
};
