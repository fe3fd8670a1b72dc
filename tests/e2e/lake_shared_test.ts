// Two servers over one lake as one installation: what an owner makes on one is on the other, a
// visitor is one visitor, a login is valid on both, and both go on without PostgreSQL.
import assert from "node:assert/strict";
import { startPostgres, stopPostgres } from "../../scripts/lake/parts.ts";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { resetPassword } from "../support/server/reset_password.ts";
import { until } from "../support/wait.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const PASSWORD = "a long password of two servers";
const SITE = "both.example";

const partsNow = partsOfFile();

interface Answer {
  readonly status: number;
  readonly body: ReturnType<typeof JSON.parse>;
}

/** A server and how it is asked, with the login that its owner has. */
class Asked {
  readonly server: ServerProcess;
  readonly settings: Readonly<Record<string, string>>;
  token: string | null = null;

  constructor(server: ServerProcess, settings: Readonly<Record<string, string>> = {}) {
    this.server = server;
    this.settings = settings;
  }

  async ask(path: string, { method = "GET", body, headers = {} }: {
    readonly method?: string;
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  } = {}): Promise<Answer> {
    const { url } = this.server;
    const response = await fetch(url + path, {
      method,
      headers: {
        ...this.token === null ? {} : { cookie: `mm_session=${this.token}`, origin: url },
        ...body === undefined ? {} : { "content-type": "application/json" },
        ...headers,
      },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
    const text = await response.text();
    return { status: response.status, body: /^[{[]/.test(text) ? JSON.parse(text) : text };
  }

  /** Sends an event of a visitor behind a proxy. */
  send(page: string, address: string): Promise<Answer> {
    const body = { name: "pageview", url: `https://${SITE}${page}`, domain: SITE };
    const headers = { "user-agent": BROWSER, "x-forwarded-for": address };
    return this.ask("/api/event", { method: "POST", body, headers });
  }

  /** Answers once the sent events are in the lake. */
  async main(): Promise<{ readonly unique_visitors: number; readonly total_pageviews: number }> {
    return (await this.ask(`/api/stats/main?site_id=${SITE}&period=day`)).body;
  }
}

async function start(
  env: Readonly<Record<string, string>>,
  folder: string,
  name: string,
  more: Readonly<Record<string, string>>,
): Promise<Asked> {
  const dataDir = `${folder}/${name}`;
  await Deno.mkdir(dataDir, { recursive: true });
  const settings = {
    ...env,
    MALLARD_STORAGE: "lake",
    MALLARD_NODE_NAME: name,
    MALLARD_LAKE_FLUSH_INTERVAL: "5",
    MALLARD_TRUSTED_PROXIES: "127.0.0.1",
    ...more,
  };
  const server = ServerProcess.start(fromSource(), { dataDir, env: settings });
  return new Asked(await server.ready(), { ...settings, MALLARD_DATA_DIR: dataDir });
}

/** Lets `work` ask two servers over one lake. */
function twoServers(
  name: string,
  more: Readonly<Record<string, string>>,
  work: (a: Asked, b: Asked) => Promise<void>,
): void {
  lakeTest(name, partsNow, async (env, folder) => {
    const servers: Asked[] = [];
    try {
      servers.push(await start(env, folder, "a", more));
      servers.push(await start(env, folder, "b", more));
      const [a, b] = servers;
      assert.ok(a && b);
      await work(a, b);
    } finally {
      for (const { server } of servers) assert.equal(await server.stop(), 0, server.output);
    }
  });
}

async function setUp(a: Asked): Promise<void> {
  const [, token] = /[?&#]token=([0-9a-f]{32})|\b([0-9a-f]{32})\b/.exec(a.server.output) ?? [];
  const made = await a.ask("/api/auth/setup", {
    method: "POST",
    body: { password: PASSWORD, token },
    headers: { origin: a.server.url },
  });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  a.token = made.body.token;
}

twoServers("what an owner makes on one server of a lake is on the other", {}, async (a, b) => {
  await setUp(a);
  await until(async () => !(await b.ask("/api/auth/status")).body.setup_required, "the password");
  b.token = a.token;
  const isIn = async () => (await b.ask("/api/auth/status")).body.authenticated === true;
  await until(isIn, "the login");

  const site = { site_id: SITE, timezone: "Europe/Paris" };
  assert.equal((await a.ask("/api/sites", { method: "POST", body: site })).status, 201);
  const path = `/api/sites/${SITE}`;
  await until(async () => (await b.ask(path)).body.timezone === "Europe/Paris", "the site");
  const goal = { name: "Signup", event: "signup" };
  assert.equal((await b.ask(`${path}/goals`, { method: "POST", body: goal })).status, 201);
  await until(async () => (await a.ask(`${path}/goals`)).body.length === 1, "the goal");
  const again = await a.ask(`${path}/goals`, { method: "POST", body: goal });
  assert.equal(again.status, 409);

  const other = { method: "POST", body: { site_id: "gone.example" } };
  assert.equal((await a.ask("/api/sites", other)).status, 201);
  const sitesOfB = async () => JSON.stringify((await b.ask("/api/sites")).body);
  await until(async () => (await sitesOfB()).includes("gone.example"), "another site");
  assert.equal((await a.ask("/api/sites/gone.example", { method: "DELETE" })).status, 200);
  await until(async () => !(await sitesOfB()).includes("gone.example"), "its end");

  const { body: key } = await a.ask("/api/keys", {
    method: "POST",
    body: { name: "Grafana", scope: "ReadOnly" },
  });
  const byKey = new Asked(b.server);
  const useKey = { headers: { authorization: `Bearer ${key.key}` } };
  await until(async () => (await byKey.ask(path, useKey)).status === 200, "the key");
  assert.equal((await b.ask(`/api/keys/${key.key_hash}`, { method: "DELETE" })).status, 200);
  await until(
    async () => (await new Asked(a.server).ask(path, useKey)).status !== 200,
    "the revocation",
  );

  assert.equal((await a.ask("/api/auth/logout", { method: "POST" })).status, 200);
  await until(async () => !await isIn(), "the end of the login");
  const login = await b.ask("/api/auth/login", {
    method: "POST",
    body: { password: PASSWORD },
    headers: { origin: b.server.url },
  });
  assert.equal(login.status, 200);
  a.token = login.body.token;
  assert.equal((await a.ask("/api/auth/status")).body.authenticated, true);
  assert.match(await resetPassword(a.settings, "another long password"), /servers of the lake use/);
  for (const server of [a, b]) {
    server.token = login.body.token;
    const isOut = async () => !(await server.ask("/api/auth/status")).body.authenticated;
    await until(isOut, "the end of all logins");
  }
});

for (const salt of ["derived", "random"]) {
  twoServers(
    `a visitor of two servers of a lake is one visitor, with visitor_salt = ${salt}`,
    { MALLARD_VISITOR_SALT: salt },
    async (a, b) => {
      for (const [index, server] of [a, b, a, b].entries()) {
        assert.equal((await server.send(`/${index}`, "203.0.113.7")).status, 202);
      }
      assert.equal((await b.send("/other", "203.0.113.8")).status, 202);
      for (const server of [a, b]) {
        await until(async () => (await server.main()).total_pageviews === 5, "all pageviews");
        assert.equal((await server.main()).unique_visitors, 2);
      }
    },
  );
}

twoServers("two servers of a lake go on without PostgreSQL", {}, async (a, b) => {
  await setUp(a);
  b.token = a.token;
  await until(async () => (await b.ask("/api/auth/status")).body.authenticated, "the login");
  await stopPostgres(partsNow(), "immediate");
  const site = { method: "POST", body: { site_id: SITE } };
  try {
    for (const server of [a, b]) {
      assert.equal((await server.send("/", "203.0.113.7")).status, 202);
      const refused = await server.ask("/api/sites", site);
      assert.equal(refused.status, 503);
      assert.match(
        refused.body.error,
        /^Cannot change it now: the lake's PostgreSQL is out of reach since .*Z; nothing was ch/,
      );
      assert.equal((await server.ask("/api/keys")).status, 200, "what is known is still answered");
      const { degraded } = (await server.ask("/health/detailed")).body;
      assert.ok(degraded.includes("shared_out_of_reach"), degraded);
    }
  } finally {
    await startPostgres(partsNow());
  }
  await until(async () => (await a.ask("/api/sites", site)).status === 201, "changes again");
  await until(async () => (await b.ask(`/api/sites/${SITE}`)).body.week_start, "the site");
  await until(async () => (await b.main()).total_pageviews === 2, "both events");
  assert.equal((await b.main()).unique_visitors, 1);
});
