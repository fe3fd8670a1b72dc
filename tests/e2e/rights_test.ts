// Every route × every kind of caller: who gets in, who has to log in, who may not.
import assert, { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import type { Right } from "../../src/core/access.ts";
import { uuidOfSite } from "../../src/sites/site_codes.ts";
import { openApp, type RunningApp, type Sent } from "../support/server/running_app.ts";

const PASSWORD = "correct horse";
const REMOTE = "198.51.100.7";
const OPEN_SITE = "open.example";
const CLOSED_SITE = "closed.example";

/** A route of the program, and a request to it. */
interface Row {
  readonly right: Right;
  readonly method: string;
  readonly pattern: string;
  readonly query: string;
  readonly body: Readonly<Record<string, unknown>> | readonly unknown[] | undefined;
  readonly type: string;
}

type Example = Partial<Pick<Row, "query" | "body" | "type">>;

const SITE = "site_id=SITE";
const RANGE = "start_date=2020-01-01&end_date=2020-01-02";
const STEPS = "steps=page:/,event:a";

/** What owners define for a site, by the last part of the path. */
const ITEMS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  goals: { name: "a", event: "signup" },
  segments: { name: "a", filters: "is(page,/)" },
  funnels: { name: "a", steps: "page:/,event:a" },
  annotations: { date: "2024-01-01", text: "a" },
  queries: { name: "a", query: "select 1" },
};

/** What requests need beside a site to be valid. Other routes need no row here. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  "POST /api/event": { body: { d: OPEN_SITE, n: "pageview", u: "/" } },
  "GET /api/event": { query: `d=${OPEN_SITE}&u=/` },
  "POST /api/sql": { body: { site_id: OPEN_SITE, query: "select 1" } },
  "GET /api/v1/stats/aggregate": { query: SITE },
  "GET /api/v1/stats/timeseries": { query: SITE },
  "GET /api/v1/stats/breakdown": { query: `${SITE}&property=event:page` },
  "GET /api/v1/stats/realtime/visitors": { query: SITE },
  "GET /api/websites/:website_id/metrics": { query: "type=path" },
  "GET /api/websites/:website_id/metrics/expanded": { query: "type=path" },
  "GET /api/websites/:website_id/values": { query: "type=path" },
  "GET /api/websites/:website_id/event-data/values": { query: "propertyName=a" },
  "POST /api/v1/sites": { body: { domain: "newer.example" } },
  "PUT /api/v1/sites/:site_id": { body: { timezone: "UTC" } },
  "GET /api/v1/sites/goals": { query: SITE },
  "GET /api/v1/sites/custom-props": { query: SITE },
  "PUT /api/v1/sites/custom-props": { body: { site_id: "SITE", property: "a" } },
  "PUT /api/v1/sites/goals": { body: { site_id: "SITE", goal_type: "event", event_name: "b" } },
  "DELETE /api/v1/sites/goals/:id": { body: { site_id: "SITE" } },
  "POST /api/send": { body: { type: "event", payload: { website: uuidOfSite(OPEN_SITE) } } },
  "POST /api/batch": { body: [] },
  "POST /api/v0/count": { body: { hits: [{ path: "/" }] } },
  "GET /count": { query: "p=/" },
  "POST /count": { query: "p=/" },
  "POST /api/auth/setup": { body: {} },
  "POST /api/auth/login": { body: { password: PASSWORD } },
  "POST /api/v2/query": { body: { site_id: "SITE", metrics: ["visitors"], date_range: "7d" } },
  "GET /api/stats/funnel": { query: `${SITE}&${STEPS}` },
  "GET /api/stats/sequences": { query: `${SITE}&${STEPS}` },
  "GET /api/stats/flow": { query: `${SITE}&page=/` },
  "GET /api/stats/query": { query: `${SITE}&metrics=visitors` },
  "GET /api/stats/values": { query: `${SITE}&dimension=page` },
  "GET /api/stats/sites": { query: "" },
  "GET /api/stats/view": { query: `${SITE}&parts=${encodeURIComponent('[["main",{}]]')}` },
  "POST /api/sites": { body: { site_id: "new.example" } },
  "PATCH /api/sites/:site_id": { body: { name: "A name" } },
  "DELETE /api/sites/:site_id": { query: "events=keep" },
  ...Object.fromEntries(
    Object.entries(ITEMS).flatMap(([name, body]) => [
      [`POST /api/sites/:site_id/${name}`, { body }],
      [`PATCH /api/sites/:site_id/${name}/:id`, { body }],
    ]),
  ),
  "POST /api/keys": { body: { name: "n", scope: "ReadOnly" } },
  "DELETE /api/gdpr/erase": { query: `${SITE}&${RANGE}` },
  "POST /api/import": {
    body: { d: OPEN_SITE, n: "pageview", u: "/", at: "2024-01-01T00:00:00Z" },
    type: "application/x-ndjson",
  },
};

/** The routes that everybody may use. A route that is added here is open to the world. */
const OPEN_ROUTES: readonly string[] = [
  "GET /",
  "GET /.well-known/security.txt",
  "GET /api/auth/status",
  "GET /api/docs",
  "GET /api/doctor/seen",
  "GET /api/event",
  "GET /api/health",
  "GET /api/heartbeat",
  "GET /api/openapi.json",
  "GET /api/system/health/live",
  "GET /api/system/health/ready",
  "GET /count",
  "GET /count.js",
  "GET /health",
  "GET /health/accepting",
  "GET /health/detailed",
  "GET /health/ready",
  "GET /js/:name",
  "GET /mallard.js",
  "GET /mallard_modules.js",
  "GET /metrics",
  "GET /privacy",
  "GET /robots.txt",
  "GET /script.js",
  "OPTIONS /api/batch",
  "OPTIONS /api/event",
  "OPTIONS /api/send",
  "OPTIONS /count",
  "POST /api/auth/login",
  "POST /api/auth/logout",
  "POST /api/auth/setup",
  "POST /api/batch",
  "POST /api/event",
  "POST /api/send",
  "POST /count",
];

/** Every route of a running app but the dashboard's files, each with a request. */
function rowsOf({ app }: RunningApp): readonly Row[] {
  return app.routes().filter(({ path }) => !path.startsWith("/assets/"))
    .map(({ method, path, right }) => {
      const isReport = path.startsWith("/api/stats/");
      const { query = isReport ? SITE : "", body, type = "application/json" } =
        EXAMPLES[`${method} ${path}`] ?? {};
      return { right, method, pattern: path, query, body, type };
    });
}

/** Whether a row's request is about one site. */
function namesSite({ pattern, query, body }: Row): boolean {
  return [pattern, query, JSON.stringify(body)].some((text) =>
    /SITE|:site_id|:website_id/.test(text ?? "")
  );
}

function lineOf({ method, pattern }: Pick<Row, "method" | "pattern">): string {
  return `${method} ${pattern}`;
}

/** Sends a row's request about a site; the answer is read no further than its head. */
async function call(app: RunningApp, row: Row, sent: Sent, site = OPEN_SITE): Promise<number> {
  const values: Readonly<Record<string, string>> = {
    name: "pages",
    // It would delete the site that the other requests are about.
    site_id: lineOf(row) === "DELETE /api/v1/sites/:site_id" ? "none.example" : site,
    website_id: uuidOfSite(site),
  };
  const path = row.pattern.replace(/:(\w+)/g, (_, name: string) => values[name] ?? "1");
  const query = row.query === "" ? "" : `?${row.query.replace("SITE", site)}`;
  const response = await app.send(path + query, {
    method: row.method,
    peer: REMOTE,
    ...sent,
    headers: { "content-type": row.type, ...sent.headers },
    ...(row.body === undefined ? {} : { body: JSON.stringify(row.body).replace("SITE", site) }),
  });
  await response.body?.cancel();
  return response.status;
}

async function logIn(app: RunningApp): Promise<string> {
  const body = JSON.stringify({ password: PASSWORD });
  const response = await app.send("/api/auth/login", { method: "POST", body });
  return `mm_session=${(await response.json()).token}`;
}

interface Callers {
  readonly app: RunningApp;
  /** Headers by kind of caller. */
  readonly headers: Readonly<Record<string, Record<string, string>>>;
  /** What only an owner can see of the server's state. */
  state(): Promise<unknown>;
}

async function openCallers(): Promise<Callers> {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: PASSWORD, MALLARD_SESSION_TTL: "3600" });
  const expired = await logIn(app);
  app.system.clock.advance(3_600_000);
  const session = { cookie: await logIn(app) };
  const key = async (scope: string, revoke = false) => {
    const body = JSON.stringify({ name: "n", scope });
    const sent = { method: "POST", headers: session, body };
    const made = await (await app.send("/api/keys", sent)).json();
    if (revoke) {
      await app.send(`/api/keys/${made.key_hash}`, { method: "DELETE", headers: session });
    }
    return { "x-api-key": String(made.key) };
  };
  const admin = await key("Admin");
  for (const site_id of [OPEN_SITE, CLOSED_SITE]) {
    const event = JSON.stringify({ d: site_id, n: "pageview", u: "/only-here" });
    await app.send("/api/event", { method: "POST", body: event, headers: { "user-agent": "x" } });
    const body = JSON.stringify({ site_id, visit_list: true });
    await app.send("/api/sites", { method: "POST", headers: admin, body });
  }
  return {
    app,
    headers: {
      nobody: {},
      "revoked key": await key("Admin", true),
      "expired session": { cookie: expired },
      "invented session": { cookie: `mm_session=${"0".repeat(64)}` },
      "invented key": { authorization: `Bearer mm_${"0".repeat(32)}` },
      "reading key": await key("ReadOnly"),
      "admin key": admin,
      session,
    },
    async state() {
      const paths = ["/api/keys", "/api/sites", "/api/gdpr/erasures", "/api/auth/status"];
      for (const kind of Object.keys(ITEMS)) {
        paths.push(`/api/sites/${OPEN_SITE}/${kind}`);
      }
      const answers = paths.map(async (path) => {
        const text = await (await app.send(path, { headers: admin })).text();
        // Everybody may send events.
        return JSON.parse(text, (key, value) => key === "waiting_events" ? undefined : value);
      });
      return await Promise.all(answers);
    },
  };
}

type Verdict = "in" | 401 | 403;
type Expected = Readonly<Record<Right, Verdict>>;

const OUTSIDE: Expected = { public: "in", ingest: "in", read: 401, admin: 401 };
const READER: Expected = { public: "in", ingest: "in", read: "in", admin: 403 };
const OWNER: Expected = { public: "in", ingest: "in", read: "in", admin: "in" };

/** What each caller gets: through, or the status of the refusal. Owners come last. */
const EXPECTED: Readonly<Record<string, Expected>> = {
  nobody: OUTSIDE,
  "revoked key": OUTSIDE,
  "expired session": OUTSIDE,
  "invented session": OUTSIDE,
  "invented key": OUTSIDE,
  "reading key": READER,
  "admin key": OWNER,
  session: OWNER,
};

function check(status: number, verdict: Verdict, what: string): void {
  if (verdict === "in") ok(![401, 403].includes(status) && status < 500, `${what}: ${status}`);
  else equal(status, verdict, what);
}

Deno.test("only the listed routes are open to everybody", async () => {
  const app = await openApp();
  const assets = app.app.routes().filter(({ path }) => path.startsWith("/assets/"));
  ok(assets.length > 10);
  ok(assets.every(({ method, right }) => method === "GET" && right === "public"));
  const rows = rowsOf(app);
  const open = rows.filter(({ right }) => right === "public" || right === "ingest");
  deepEqual(open.map(lineOf).sort(), OPEN_ROUTES);
  const changing = rows.filter(({ right, method }) => right === "read" && method !== "GET");
  const asking = ["POST /api/v2/query", "POST /api/auth/verify"];
  deepEqual(changing.map(lineOf), asking, "reading changes nothing");
  const unknown = Object.keys(EXAMPLES).filter((line) => !rows.some((row) => lineOf(row) === line));
  deepEqual(unknown, [], "every example is of a route");
  await app.close();
});

Deno.test("every route admits exactly the callers that have its right", async () => {
  const { app, headers, state } = await openCallers();
  const rows = rowsOf(app);
  const before = await state();
  for (const [caller, rights] of Object.entries(EXPECTED)) {
    if (rights.admin === "in") continue;
    for (const row of rows) {
      const status = await call(app, row, { headers: headers[caller] ?? {} });
      check(status, rights[row.right], `${caller}: ${lineOf(row)}`);
    }
  }
  deepEqual(await state(), before, "who may not has changed nothing");
  for (const caller of ["admin key", "session"]) {
    const rights = EXPECTED[caller] ?? OWNER;
    for (const row of rows) {
      if (row.pattern === "/api/auth/logout") continue;
      const status = await call(app, row, { headers: headers[caller] ?? {} });
      check(status, rights[row.right], `${caller}: ${lineOf(row)}`);
    }
  }
  assert.notDeepStrictEqual(await state(), before, "who may has changed something");
  const logout = rows.find(({ pattern }) => pattern === "/api/auth/logout");
  ok(logout);
  equal(await call(app, logout, { headers: headers["session"] ?? {} }), 200);
  const [keys] = rows.filter(({ pattern }) => pattern === "/api/keys");
  ok(keys);
  equal(await call(app, keys, { headers: headers["session"] ?? {} }), 401, "after the logout");
  await app.close();
});

Deno.test("HEAD needs the right of GET, and no spelling of a path bypasses it", async () => {
  const { app } = await openCallers();
  for (const row of rowsOf(app).filter(({ method }) => method === "GET")) {
    if (row.right === "ingest") continue;
    const status = await call(app, { ...row, method: "HEAD" }, {});
    check(status, OUTSIDE[row.right], `HEAD ${row.pattern}`);
  }
  for (
    const path of [
      "/api/keys/",
      "//api/keys",
      "/API/KEYS",
      "/api/%6beys",
      "/api/keys;x",
      "/api/./k",
    ]
  ) equal((await app.send(path, { peer: REMOTE })).status, 404, path);
  const headers = { "x-http-method-override": "GET", "x-original-url": "/health" };
  equal((await app.send("/api/keys", { method: "DELETE", headers, peer: REMOTE })).status, 405);
  equal((await app.send("/api/keys", { headers, peer: REMOTE })).status, 401);
  await app.close();
});

Deno.test("no route accepts a cross-site request with a login", async () => {
  const { app, headers } = await openCallers();
  const origin = "https://evil.example";
  for (const row of rowsOf(app)) {
    if (row.method === "GET" || row.right === "ingest") continue;
    const guarded = row.right !== "public" || row.pattern.startsWith("/api/auth/");
    ok(guarded, lineOf(row));
    const sent = { headers: { ...headers["session"], origin } };
    equal(await call(app, row, sent), 403, lineOf(row));
  }
  await app.close();
});

/** What nobody reads without a login or a key, as lists of single visits. */
const NOT_OF_STRANGERS: ReadonlySet<string> = new Set([
  "/api/stats/visits",
  // Who is signed in.
  ...["/api/me", "/api/auth/verify"],
  ...["events", "sessions", "sessions/:session_id", "sessions/:session_id/activity"]
    .map((path) => `/api/websites/:website_id/${path}`),
]);

Deno.test("without a login only the statistics of a public site can be read", async () => {
  const { app, headers } = await openCallers();
  const owner = headers["admin key"] ?? {};
  await app.send(`/api/sites/${OPEN_SITE}`, {
    method: "PATCH",
    headers: owner,
    body: '{"public":true}',
  });
  for (const caller of ["nobody", "revoked key", "expired session"]) {
    const sent = { headers: headers[caller] ?? {} };
    for (const row of rowsOf(app)) {
      const what = `${caller}: ${lineOf(row)}`;
      if (row.right !== "read") check(await call(app, row, sent), OUTSIDE[row.right], what);
      else if (NOT_OF_STRANGERS.has(row.pattern)) equal(await call(app, row, sent), 401, what);
      else check(await call(app, row, sent), "in", what);
      if (row.right !== "read" || !namesSite(row)) continue;
      const status = await call(app, row, sent, CLOSED_SITE);
      equal(status, 401, `${what} of another site`);
    }
  }
  const main = await app.send(`/api/stats/main?site_id=${OPEN_SITE}`, { peer: REMOTE });
  ok((await main.json()).total_pageviews > 0);
  const list = await (await app.send("/api/sites", { peer: REMOTE })).json();
  deepEqual(list.map((site: { site_id: string }) => site.site_id), [OPEN_SITE]);
  const all = await (await app.send("/api/stats/sites", { peer: REMOTE })).json();
  deepEqual(all.sites.map((site: { site_id: string }) => site.site_id), [OPEN_SITE]);
  const health = await (await app.send("/health/detailed", { peer: REMOTE })).text();
  const metrics = await (await app.send("/metrics", { peer: REMOTE })).text();
  ok(!health.includes(CLOSED_SITE) && !metrics.includes(CLOSED_SITE));
  ok(!("sites" in JSON.parse(health)), "how many sites there are is the owner's");
  await app.close();
});

Deno.test("a site that is no longer public is closed at once", async () => {
  const { app, headers } = await openCallers();
  const set = (body: string) =>
    app.send(`/api/sites/${OPEN_SITE}`, {
      method: "PATCH",
      headers: headers["admin key"] ?? {},
      body,
    });
  const read = async () =>
    (await app.send(`/api/stats/main?site_id=${OPEN_SITE}`, { peer: REMOTE })).status;
  equal(await read(), 401);
  await set('{"public":true}');
  equal(await read(), 200);
  await set('{"public":false}');
  equal(await read(), 401);
  await app.close();
});

Deno.test("without a password everybody can read, and only this machine administer", async () => {
  const app = await openApp();
  const site = JSON.stringify({ site_id: OPEN_SITE, visit_list: true });
  await app.send("/api/sites", { method: "POST", body: site });
  for (const row of rowsOf(app)) {
    if (row.pattern.startsWith("/api/auth/")) continue;
    const what = lineOf(row);
    check(await call(app, row, {}), row.right === "admin" ? 401 : "in", `remote: ${what}`);
    check(await call(app, row, { peer: "127.0.0.1" }), "in", `local: ${what}`);
    if (row.right !== "admin") continue;
    for (const header of ["x-forwarded-for", "x-real-ip", "forwarded", "via"]) {
      const behind = { peer: "127.0.0.1", headers: { [header]: REMOTE } };
      equal(await call(app, row, behind), 401, `behind a proxy: ${what}`);
    }
    const named = { peer: "127.0.0.1", headers: { host: "stats.example.com" } };
    equal(await call(app, row, named), 401, `by another name: ${what}`);
  }
  await app.close();
});
