// What a stranger can read of a public site, by every route, report and dimension: hosts of
// referrers, and nothing of what the owner defined but annotations marked as public.
import assert from "node:assert/strict";
import { openApp, type RunningApp } from "../support/server/running_app.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const PASSWORD = "correct horse";
const SITE = "open.example";
const REFERRER = "https://mail.partner.example/inbox/SECRETPATH?token=SECRETTOKEN";
/** What no answer to a stranger may hold. */
const SECRETS = ["SECRETPATH", "SECRETTOKEN", "SECRETSEGMENT", "SECRETFUNNEL", "SECRETNOTE"];
const SECRET_GOAL = "/SECRETGOALPAGE";

interface World {
  readonly app: RunningApp;
  readonly owner: Record<string, string>;
  /** The answer to a stranger, or with `headers` to the owner. */
  ask(path: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
}

async function open(): Promise<World> {
  const app = await openApp({ MALLARD_ADMIN_PASSWORD: PASSWORD });
  const login = await app.send("/api/auth/login", {
    method: "POST",
    body: JSON.stringify({ password: PASSWORD }),
    headers: { origin: "http://localhost:8000" },
  });
  const { token } = await login.json();
  const owner = { cookie: `mm_session=${token}`, origin: "http://localhost:8000" };
  const make = async (path: string, body: unknown) => {
    const sent = { method: "POST", body: JSON.stringify(body), headers: owner };
    const response = await app.send(path, sent);
    assert.equal(response.status, 201, await response.text());
  };
  await make("/api/sites", { site_id: SITE, public: true, visit_list: true });
  const below = `/api/sites/${SITE}`;
  await make(`${below}/segments`, { name: "SECRETSEGMENT", filters: "is(page,/)" });
  await make(`${below}/goals`, { name: "Signup", page: SECRET_GOAL });
  await make(`${below}/funnels`, { name: "SECRETFUNNEL", steps: "page:/,event:a" });
  await make(`${below}/annotations`, { date: "2024-01-15", text: "SECRETNOTE" });
  await make(`${below}/annotations`, { date: "2024-01-15", text: "Release", public: true });
  for (const u of ["/", "/b"]) {
    const response = await app.send("/api/event", {
      method: "POST",
      body: JSON.stringify({ d: SITE, n: "pageview", u, r: REFERRER }),
      headers: { "user-agent": CHROME },
    });
    assert.equal(response.status, 202);
  }
  return {
    app,
    owner,
    ask: async (path, headers = {}) => {
      const response = await app.send(path, { headers, peer: "198.51.100.7" });
      return { status: response.status, text: await response.text() };
    },
  };
}

function holdsNoSecret(text: string, where: string): void {
  for (const secret of [...SECRETS, SECRET_GOAL]) {
    assert.ok(!text.includes(secret), `${where} holds ${secret}: ${text.slice(0, 300)}`);
  }
}

const VIEW = encodeURIComponent(JSON.stringify([
  ["main", {}],
  ["breakdown/sources", {}],
  ["query", { dimensions: "referrer" }],
  ["values", { dimension: "referrer" }],
]));

/** Requests by the pattern of a route; others need only the site. */
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  "/api/stats/funnel": ["steps=page:/,page:/b&detail=true&breakdown=referrer"],
  "/api/stats/sequences": ["steps=page:/,page:/b"],
  "/api/stats/flow": ["page=/", "page=/&detail=true"],
  "/api/stats/retention": ["", "detail=true"],
  "/api/stats/export": ["format=csv", "format=json"],
  "/api/stats/query": ["metrics=visitors"],
  "/api/stats/values": ["dimension=page"],
  "/api/websites/:website_id/metrics": ["type=referrer&startAt=0&endAt=4102444800000"],
  "/api/websites/:website_id/values": ["type=referrer&startAt=0&endAt=4102444800000"],
  "/api/v1/stats/breakdown": ["property=visit:source", "property=visit:referrer"],
  "/api/stats/view": [`parts=${VIEW}`],
};

async function everyRoute({ app, owner, ask }: World): Promise<void> {
  let count = 0;
  for (const { method, path, right } of app.app.routes()) {
    if (method !== "GET" || right !== "read" || path === "/api/stats/live") continue;
    const asked = path.replace(/:(site|website)_id/, SITE).replace(":name", "sources");
    for (const query of QUERIES[path] ?? [""]) {
      const url = `${asked}?site_id=${SITE}&period=day&${query}`;
      await ask(url, owner);
      const { status, text } = await ask(url);
      const expected = ["/api/stats/visits", "/api/me"].includes(path) ? 401 : 200;
      // Those of other programs' clients want parameters of their own.
      const isOfPeers = /^\/(api\/(v0|v1|websites|users)|counter)\//.test(path) && status >= 400 &&
        status < 500;
      if (!isOfPeers) assert.equal(status, expected, `${url}: ${text}`);
      holdsNoSecret(text, url);
      count++;
    }
  }
  assert.ok(count > 15);
}

async function everyDimension({ owner, ask }: World): Promise<void> {
  const { dimensions } = JSON.parse((await ask("/api/schema")).text);
  const names: string[] = dimensions.map(({ name }: { name: string }) => name);
  assert.ok(names.includes("referrer"));
  for (const name of names) {
    for (
      const query of [
        `/api/stats/query?metrics=visitors&dimensions=${name}`,
        `/api/stats/values?dimension=${name}`,
        `/api/stats/values?dimension=${name}&text=SECRETTOKEN`,
      ]
    ) {
      const url = `${query}&site_id=${SITE}&period=day`;
      await ask(url, owner);
      const { text } = await ask(url);
      holdsNoSecret(text, url);
    }
  }
  const values = `/api/stats/values?dimension=referrer&site_id=${SITE}&period=day`;
  assert.deepEqual(JSON.parse((await ask(values)).text), [
    { value: "mail.partner.example", visitors: 1 },
  ]);
  assert.ok((await ask(values, owner)).text.includes(REFERRER), "the owner sees all of it");
}

async function filters({ owner, ask }: World): Promise<void> {
  const visitors = async (filter: string, headers?: Record<string, string>) => {
    const asked = `/api/stats/main?site_id=${SITE}&period=day&filters=${filter}`;
    const { status, text } = await ask(asked, headers);
    return status === 200 ? JSON.parse(text).unique_visitors : status;
  };
  const table: [filter: string, ofOwner: number, ofStranger: number][] = [
    ["contains(referrer,SECRETTOKEN)", 1, 0],
    ["matches(referrer,SECRET.*)", 1, 0],
    ["has_done(contains(page,b));contains(referrer,SECRETPATH)", 1, 0],
    ["contains(referrer,partner)", 1, 1],
    ["is(referrer,mail.partner.example)", 0, 1],
    ["is(segment,SECRETSEGMENT)", 1, 400],
    ["is(segment,1)", 1, 400],
  ];
  for (const [filter, ofOwner, ofStranger] of table) {
    assert.equal(await visitors(filter, owner), ofOwner, `${filter}, owner`);
    assert.equal(await visitors(filter), ofStranger, `${filter}, stranger`);
  }
}

async function versionTwo({ app, owner }: World): Promise<void> {
  const query = async (headers: Record<string, string>, more: object) => {
    const response = await app.send("/api/v2/query", {
      method: "POST",
      body: JSON.stringify({ site_id: SITE, metrics: ["visitors"], date_range: "day", ...more }),
      headers,
      peer: "198.51.100.7",
    });
    return await response.text();
  };
  const byReferrer = { dimensions: ["visit:referrer"] };
  assert.ok((await query(owner, byReferrer)).includes("SECRETTOKEN"));
  const text = await query({}, byReferrer);
  holdsNoSecret(text, "v2");
  assert.ok(text.includes("mail.partner.example"));
  const oracle = { filters: [["contains", "visit:referrer", ["SECRETTOKEN"]]] };
  assert.deepEqual(JSON.parse(await query(owner, oracle)).results[0].metrics, [1]);
  assert.deepEqual(JSON.parse(await query({}, oracle)).results[0].metrics, [0]);
}

async function liveStreams({ app, owner }: World): Promise<void> {
  const path = `/api/stats/live?site_id=${SITE}&filters=contains(referrer,SECRETTOKEN)`;
  const first = async (headers: Record<string, string>) => {
    const response = await app.send(path, { headers, peer: "198.51.100.7" });
    assert.equal(response.status, 200);
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value);
  };
  assert.match(await first(owner), /"visitors_30":1/);
  assert.match(await first({}), /"visitors_30":0/);
}

async function definitions({ owner, ask }: World): Promise<void> {
  const keys = ["name", "public", "site_id", "timezone", "week_start"];
  for (const path of ["/api/sites", `/api/sites/${SITE}`]) {
    const [site] = [JSON.parse((await ask(path)).text)].flat();
    assert.deepEqual(Object.keys(site).sort(), keys, path);
    const [own] = [JSON.parse((await ask(path, owner)).text)].flat();
    assert.ok("retention_days" in own && "created_at" in own, path);
  }
  const list = async (kind: string, headers?: Record<string, string>) =>
    JSON.parse((await ask(`/api/sites/${SITE}/${kind}`, headers)).text);
  for (const kind of ["goals", "segments", "funnels"]) {
    assert.equal((await list(kind, owner)).length, 1);
    assert.deepEqual(await list(kind), []);
  }
  assert.equal((await list("annotations", owner)).length, 2);
  const [note, ...more] = await list("annotations");
  assert.deepEqual([note.text, more], ["Release", []]);
}

Deno.test("Strangers read hosts of referrers, and no definitions, by any route", async (t) => {
  const world = await open();
  await t.step("every route that strangers may read", () => everyRoute(world));
  await t.step("every dimension, as rows, as values and of a funnel", () => everyDimension(world));
  await t.step("filters reveal nothing that strangers cannot see", () => filters(world));
  await t.step("the query of version 2", () => versionTwo(world));
  await t.step("live streams of strangers are not those of the owner", () => liveStreams(world));
  await t.step("definitions", () => definitions(world));
  await world.app.close();
});
