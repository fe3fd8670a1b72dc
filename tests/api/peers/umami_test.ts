import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert";
import { openApp, type RunningApp } from "../../support/server/running_app.ts";
import { uuidOfSite } from "../../../src/sites/site_codes.ts";
import { importPast, type PastEvent } from "../../support/peers/past_events.ts";

const SITE = "example.com";
const UUID = "b59e9c65-ae32-47f1-8400-119fcf4861c4";
const PASSWORD = "correct horse";

/** The clock of the app says 2024-01-15, noon. */
const EVENTS: readonly PastEvent[] = [
  ["2024-01-13T10:00:00Z", 1, { u: "/", r: "https://www.google.com/" }],
  ["2024-01-13T10:01:00Z", 1, { u: "/blog/one" }],
  ["2024-01-14T10:00:00Z", 2, { u: "/blog/one?utm_source=news" }],
  ["2024-01-14T11:00:00Z", 3, { u: "/blog/a/b" }],
  ["2024-01-14T11:01:00Z", 3, { u: "/", n: "Signup", p: '{"tag":"blue"}' }],
  ["2024-01-12T11:00:00Z", 4, { u: "/" }],
];
const RANGE = `startAt=${Date.parse("2024-01-13T00:00:00Z")}&endAt=${
  Date.parse("2024-01-14T23:59:59.999Z")
}`;

interface Client {
  readonly app: RunningApp;
  readonly login: Response;
  get(path: string): Promise<unknown>;
}

function signIn(app: RunningApp): Promise<Response> {
  const body = JSON.stringify({ username: "ada", password: PASSWORD });
  return app.send("/api/auth/login", { method: "POST", body });
}

/** A client that has signed in, as Umami's do: by name and password, without Origin. */
async function open(): Promise<Client> {
  const app = await openApp({
    MALLARD_ADMIN_PASSWORD: PASSWORD,
    MALLARD_DASHBOARD_ORIGIN: "https://stats.example.com",
  });
  const sign = (body: unknown) =>
    app.send("/api/auth/login", { method: "POST", body: JSON.stringify(body) });
  equal((await sign({ password: PASSWORD })).status, 403, "a browser tells its Origin");
  equal((await sign({ username: "admin", password: "wrong" })).status, 401);
  const login = await signIn(app);
  const { token, user } = await login.clone().json();
  deepEqual([user.username, user.role], ["ada", "admin"]);
  const headers = { authorization: `Bearer ${token}` };
  const origin = "https://stats.example.com";
  const made = await app.send("/api/sites", {
    method: "POST",
    headers: { ...headers, origin },
    body: JSON.stringify({ site_id: SITE, name: "Example", aliases: [UUID] }),
  });
  equal(made.status, 201);
  await importPast(app, SITE, EVENTS, { ...headers, origin });
  return {
    app,
    login,
    get: async (path) => {
      const response = await app.send(`/api/${path}`, { headers });
      return response.status === 200 ? await response.json() : response.status;
    },
  };
}

Deno.test("Umami's clients sign in, and find the websites", async () => {
  const { app, login, get } = await open();
  equal(login.headers.get("set-cookie"), null, "a client without a browser needs no cookie");
  const { token } = await login.json();
  const headers = { authorization: `Bearer ${token}` };
  const verified = await app.send("/api/auth/verify", {
    method: "POST",
    headers: { ...headers, origin: "https://stats.example.com" },
  });
  equal((await verified.json()).role, "admin");
  match(JSON.stringify(await get("me")), /"username":"admin"/);
  const { data, count } = await get("websites") as { data: { id: string }[]; count: number };
  equal(count, 1);
  deepEqual(await get(`websites/${UUID}`), data[0]);
  deepEqual(await get(`websites/${uuidOfSite(SITE)}`), data[0]);
  equal(data[0]?.id, UUID);
  equal(await get("websites/00000000-0000-4000-8000-000000000000"), 404);
  for (const path of ["me", "websites", `websites/${UUID}/stats`, "websites/none"]) {
    equal((await app.send(`/api/${path}`)).status, 401, path);
  }
  deepEqual(await get(`websites/${UUID}/daterange`), {
    startDate: "2024-01-12T11:00:00.000Z",
    endDate: "2024-01-15T12:00:00.000Z",
    mindate: "2024-01-12T11:00:00.000Z",
    maxdate: "2024-01-15T12:00:00.000Z",
  });
  await app.close();
});

Deno.test("Umami's reading API answers totals, series and lists", async () => {
  const { app, get } = await open();
  const ask = (path: string, query = "") => get(`websites/${UUID}/${path}?${RANGE}&${query}`);
  const stats = { pageviews: 4, visitors: 3, visits: 3, bounces: 1, totaltime: 120 };
  const before = { pageviews: 1, visitors: 1, visits: 1, bounces: 1, totaltime: 0 };
  deepEqual(await ask("stats"), { ...stats, comparison: before });
  const leap = await get(
    `websites/${UUID}/pageviews?unit=day&timezone=Europe%2FBerlin&compare=yoy` +
      `&startAt=${Date.parse("2024-02-28T23:00:00Z")}&endAt=${Date.parse("2024-02-29T22:59:59Z")}`,
  ) as { compare: { pageviews: { x: string }[] } };
  equal(leap.compare.pageviews[0]?.x, "2023-02-27T23:00:00Z", "28 February in Berlin");
  const none = { pageviews: 0, visitors: 0, visits: 0, bounces: 0, totaltime: 0 };
  deepEqual(await ask("stats", "compare=yoy"), { ...stats, comparison: none });
  deepEqual(await ask("pageviews", "unit=day&timezone=UTC"), {
    pageviews: [{ x: "2024-01-13T00:00:00Z", y: 2 }, { x: "2024-01-14T00:00:00Z", y: 2 }],
    sessions: [{ x: "2024-01-13T00:00:00Z", y: 1 }, { x: "2024-01-14T00:00:00Z", y: 2 }],
  });
  ok("compare" in (await ask("pageviews", "unit=hour&compare=prev") as object));
  const hits = async () => {
    const metrics = await (await app.send("/metrics")).text();
    return Number(/^mallard_cache_hits_total (\d+)$/m.exec(metrics)?.[1]);
  };
  const kept = await hits();
  await ask("pageviews", "unit=hour&compare=prev&nonsense=1");
  equal(await hits(), kept + 1, "the answer is kept whole");
  const berlin = await ask("pageviews", "unit=day&timezone=Europe%2FBerlin");
  deepEqual((berlin as { sessions: unknown[] }).sessions[1], { x: "2024-01-13T23:00:00Z", y: 2 });
  deepEqual(await ask("events/series", "unit=day"), [
    { x: "Signup", t: "2024-01-14T00:00:00Z", y: 1 },
  ]);
  const lists: Record<string, unknown> = {
    path: [["/blog/one", 2], ["/", 2], ["/blog/a/b", 1]],
    entry: [["/", 1], ["/blog/a/b", 1], ["/blog/one", 1]],
    referrer: [["google.com", 1]],
    event: [["Signup", 1]],
    tag: [["blue", 1]],
    utmSource: [["news", 1]],
    hostname: [["example.com", 3]],
    browser: [["Chrome", 3]],
    country: [["US", 3]],
    title: [],
    language: [],
  };
  for (const [type, expected] of Object.entries(lists)) {
    const list = await ask("metrics", `type=${type}`) as { x: string; y: number }[];
    const byCount = list.map(({ x, y }) => [x, y]).sort();
    deepEqual(byCount, (expected as unknown[][]).toSorted(), type);
  }
  equal((await ask("metrics", "type=path&limit=1") as unknown[]).length, 1);
  deepEqual(await ask("values", "type=path&search=a/b"), [{ value: "/blog/a/b" }]);
  const visitors = async (query: string) =>
    (await ask("stats", query) as { visitors: number }).visitors;
  equal(await visitors("path=/blog/one"), 2);
  equal(await visitors("path=neq.%2F&path2=x"), 3);
  equal(await visitors("path=c.blog&browser=Firefox&match=any"), 3);
  equal(await visitors("path=re.%5E%2Fblog%2Fa"), 1);
  equal(await visitors("utmSource=s.x"), 1);
  deepEqual(await get(`websites/${UUID}/active`), { visitors: 0, x: 0 });
  for (const bad of ["startAt=x", "unit=x", "timezone=x", "type=x&limit=x", "path=re.("]) {
    const path = bad.startsWith("type") ? "metrics" : "pageviews";
    equal(await get(`websites/${UUID}/${path}?${bad}`), 400, bad);
  }
  // A list of 56 years in minutes would keep the server busy for minutes, too.
  for (const path of ["pageviews", "events/series"]) {
    const years = `websites/${UUID}/${path}?startAt=0&endAt=1768000000000`;
    for (const unit of ["minute", "hour"]) equal(await get(`${years}&unit=${unit}`), 400, unit);
    equal(typeof await get(`${years}&unit=week`), "object");
  }
  await app.close();
});

Deno.test("Umami's filters know every operator, and refuse what is not there", async () => {
  const { app, get } = await open();
  const past = (fields: Record<string, unknown>): PastEvent => ["2024-01-14T12:00:00Z", 5, fields];
  const origin = "https://stats.example.com";
  const { token } = await (await signIn(app)).json();
  const headers = { authorization: `Bearer ${token}`, origin };
  await importPast(app, SITE, [
    past({ u: "/", n: "rated", p: '{"tag":"5"}' }),
    past({ u: "/", n: "rated", p: '{"tag":"true"}' }),
  ], headers);
  const ask = async (query: string) =>
    await get(`websites/${UUID}/events/stats?${RANGE}&${query}`) as { data: { events: number } };
  const events = async (query: string) => (await ask(query)).data.events;
  const expected: Record<string, number> = {
    "event=rated": 2,
    "event=eq.rated,Signup": 3,
    "event=neq.rated": 1,
    "tag=s.x": 3,
    "tag=ns.x": 0,
    "event=c.ATE": 2,
    "event=dnc.ate": 1,
    "event=re.^r": 2,
    "event=nre.^r": 1,
    "tag=t.x": 1,
    "tag=f.x": 0,
    "tag=gt.4": 1,
    "tag=gt.5": 0,
    "tag=gte.5": 1,
    "tag=lt.5": 0,
    "tag=lt.5.5": 1,
    "tag=lte.5": 1,
    "tag=gt.4&event=Signup&match=any": 2,
    "eventType=2": 3,
    "eventType=1": 0,
  };
  for (const [query, count] of Object.entries(expected)) equal(await events(query), count, query);
  for (
    const bad of [
      ...["tag=bf.1", "tag=af.1", "query=gt.1", "eventType=3", "excludeBounce=true"],
      ...["segment=x", "cohort=x", "distinctId=x", "tag=gt.x"],
    ]
  ) equal(await ask(bad) as unknown, 400, bad);
  await app.close();
});

Deno.test("Umami's reading API lists event data", async () => {
  const { app, get } = await open();
  const { token } = await (await signIn(app)).json();
  const headers = { authorization: `Bearer ${token}`, origin: "https://stats.example.com" };
  const order = (p: string): PastEvent => ["2024-01-14T12:00:00Z", 5, { u: "/", n: "order", p }];
  await importPast(app, SITE, [
    order('{"plan":"pro","seats":3,"new":true}'),
    order('{"plan":"pro","a/b~c":"x"}'),
    ["2024-01-14T12:00:00Z", 5, { u: "/", p: '{"plan":"a pageview"}' }],
  ], headers);
  const ask = (path: string, query = "") =>
    get(`websites/${UUID}/event-data/${path}?${RANGE}&${query}`);
  const property = (eventName: string, propertyName: string, dataType: number, total: number) => ({
    ...{ eventName, propertyName, dataType, total },
  });
  const properties = [
    property("order", "plan", 1, 2),
    property("Signup", "tag", 1, 1),
    property("order", "a/b~c", 1, 1),
    property("order", "new", 3, 1),
    property("order", "seats", 2, 1),
  ];
  deepEqual(await ask("events"), properties);
  deepEqual(await ask("properties"), properties);
  deepEqual(await ask("events", "event=Signup"), [
    { eventName: "Signup", propertyName: "tag", dataType: 1, propertyValue: "blue", total: 1 },
  ]);
  const fields = await ask("fields", "event=order") as Record<string, unknown>[];
  deepEqual(fields[0], { propertyName: "plan", dataType: 1, value: "pro", total: 2 });
  deepEqual(fields.map(({ value }) => value), ["pro", "x", "true", "3"]);
  deepEqual(await ask("values", "event=order&propertyName=a/b~c"), [{ value: "x", total: 1 }]);
  equal(await ask("values", "event=order"), 400);
  deepEqual(await ask("stats"), { events: 3, properties: 5, records: 6 });
  equal(await ask("b59e9c65-ae32-47f1-8400-119fcf4861c4"), 404);
  await app.close();
});

Deno.test("Umami's lists are expanded, and know the queries that path rules keep", async () => {
  const { app, get } = await open();
  const { token } = await (await signIn(app)).json();
  const headers = { authorization: `Bearer ${token}`, origin: "https://stats.example.com" };
  const ask = (path: string, query: string) => get(`websites/${UUID}/${path}?${RANGE}&${query}`);
  deepEqual(await ask("metrics/expanded", "type=browser&limit=1"), [
    { name: "Chrome", pageviews: 4, visitors: 3, visits: 3, bounces: 1, totaltime: 120 },
  ]);
  deepEqual(await ask("metrics", "type=query"), [], "no page holds one");
  const rules = JSON.stringify({ path_rules: { query_parameters: ["id"] } });
  const patched = await app.send(`/api/sites/${SITE}`, { method: "PATCH", headers, body: rules });
  equal(patched.status, 200, await patched.text());
  await importPast(app, SITE, [
    ["2024-01-14T12:00:00Z", 5, { u: "/shop?id=7&x=1" }],
    ["2024-01-14T12:01:00Z", 5, { u: "/shop?id=8" }],
    ["2024-01-14T12:01:00Z", 6, { u: "/other?id=7" }],
  ], headers);
  deepEqual(await ask("metrics", "type=query"), [{ x: "id=7", y: 2 }, { x: "id=8", y: 1 }]);
  deepEqual(await ask("values", "type=query&search=8"), [{ value: "id=8" }]);
  const views = async (query: string) =>
    (await ask("stats", query) as { pageviews: number }).pageviews;
  for (
    const [query, count] of [
      ["query=id=7", 2],
      ["query=eq.id=7,id=8", 3],
      ["query=neq.id=7", 5],
      ["query=c.7", 2],
      ["query=dnc.7", 5],
      ["query=re.[78]$", 3],
      ["query=nre.[78]$", 4],
      ["query=s.x", 3],
      ["query=ns.x", 4],
    ] as const
  ) equal(await views(query), count, query);
  await app.close();
});

Deno.test("Umami's timestamp back-dates an event with an Admin key alone", async () => {
  const { app, login, get } = await open();
  const { token } = await login.json();
  const owner = { authorization: `Bearer ${token}`, origin: "https://stats.example.com" };
  const made = await app.send("/api/keys", {
    method: "POST",
    headers: owner,
    body: JSON.stringify({ name: "n", scope: "Admin" }),
  });
  const { key } = await made.json();
  const at = (iso: string) => Date.parse(iso) / 1000;
  const post = async (timestamp: unknown, headers: Record<string, string> = {}) => {
    const payload = { website: UUID, url: "/past", hostname: SITE, timestamp };
    const sent = { method: "POST", body: JSON.stringify({ type: "event", payload }) };
    const agent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/121.0";
    return (await app.send("/api/send", { ...sent, headers: { "user-agent": agent, ...headers } }))
      .status;
  };
  const keyed = { authorization: `Bearer ${key}` };
  equal(await post(at("2024-01-10T10:00:00Z")), 403);
  equal(await post(at("2024-01-10T10:00:00Z"), { authorization: owner.authorization }), 403);
  equal(await post(at("2024-01-10T10:00:00Z"), keyed), 200);
  equal(await post(at("2024-01-15T11:59:00Z")), 200, "a clock may be a little late");
  for (const bad of ["x", -1, 1e300, {}, null]) equal(await post(bad), 200, "kept as of now");
  const views = async (day: string) => {
    const range = `startAt=${at(`${day}T00:00:00Z`)}000&endAt=${at(`${day}T23:59:59Z`)}000`;
    return (await get(`websites/${UUID}/stats?${range}`) as { pageviews: number }).pageviews;
  };
  deepEqual([await views("2024-01-10"), await views("2024-01-15")], [1, 6]);
  await app.close();
});

interface Page {
  readonly data: readonly Readonly<Record<string, unknown>>[];
  readonly count: number;
}

Deno.test("Umami's reading API lists sessions and events where a site allows it", async () => {
  const { app, login, get } = await open();
  const ask = (path: string, query = "") => get(`websites/${UUID}/${path}?${RANGE}&${query}`);
  equal(await ask("sessions"), 403, "the owner has not switched visit_list on");
  equal(await ask("events"), 403);
  deepEqual(await ask("sessions/stats"), {
    pageviews: { value: 4 },
    visitors: { value: 3 },
    visits: { value: 3 },
    countries: { value: 1 },
    events: { value: 1 },
  });
  const { token } = await login.json();
  const headers = { authorization: `Bearer ${token}` };
  const patch = (settings: unknown) =>
    app.send(`/api/sites/${SITE}`, {
      method: "PATCH",
      headers: { ...headers, origin: "https://stats.example.com" },
      body: JSON.stringify(settings),
    });
  equal((await patch({ visit_list: true, public: true })).status, 200);
  for (const path of ["sessions", "sessions/x", "events"]) {
    equal((await app.send(`/api/websites/${UUID}/${path}`)).status, 401, `${path} to strangers`);
  }
  const { data, count } = await ask("sessions", "pageSize=2") as Page;
  deepEqual([count, data.length], [3, 2]);
  const [first] = data;
  deepEqual(
    [first?.["views"], first?.["events"], first?.["totaltime"], first?.["firstAt"]],
    [1, 1, 60, "2024-01-14T11:00:00.000Z"],
  );
  deepEqual(await get(`websites/${UUID}/sessions/${first?.["id"]}`), first);
  const steps = await get(`websites/${UUID}/sessions/${first?.["id"]}/activity`) as unknown[];
  equal(steps.length, 2);
  equal(await get(`websites/${UUID}/sessions/none`), 404);
  const all = await ask("events", "pageSize=3&page=2") as Page;
  deepEqual([all.count, all.data.map(({ urlPath }) => urlPath)], [5, ["/blog/one", "/"]]);
  equal(all.data[1]?.["referrerDomain"], "www.google.com");
  const found = await ask("events", "search=SIGN") as Page;
  deepEqual(found.data.map(({ eventName, hasData }) => [eventName, hasData]), [["Signup", 1]]);
  equal((await ask("events", "event=Signup") as Page).count, 1);
  equal(await ask("sessions", "page=0"), 400);
  const me = await get("me") as { user: { id: string } };
  for (const path of ["me/websites", `users/${me.user.id}/websites`, "websites"]) {
    equal((await get(path) as Page).count, 1, path);
  }
  equal((await get("me/teams") as Page).count, 0);
  equal(await get(`users/${UUID}`), 404);
  equal((await app.send("/api/auth/logout", { method: "POST", headers })).status, 200);
  equal(await get(`websites/${UUID}/sessions`), 401, "the token has ended");
  await app.close();
});
