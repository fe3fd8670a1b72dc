// Two servers over one lake as one installation: what an owner makes on one is on the other, a
// visitor is one visitor, a login is valid on both, and both go on without PostgreSQL.
import assert from "node:assert/strict";
import { startPostgres, stopPostgres } from "../../scripts/lake/parts.ts";
import { fromSource, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
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
  send(page: string, address: string, site = SITE): Promise<Answer> {
    const body = { name: "pageview", url: `https://${site}${page}`, domain: site };
    const headers = { "user-agent": BROWSER, "x-forwarded-for": address };
    return this.ask("/api/event", { method: "POST", body, headers });
  }

  /** Answers once the sent events are in the lake. */
  async main(
    site = SITE,
  ): Promise<{ readonly unique_visitors: number; readonly total_pageviews: number }> {
    return (await this.ask(`/api/stats/main?site_id=${site}&period=day`)).body;
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
      const listed = await server.ask("/api/new-sites");
      assert.equal(listed.status, 503, "what waits on the other is not known");
      assert.match(listed.body.error, /^Cannot read which new sites wait on other servers now: /);
    }
  } finally {
    await startPostgres(partsNow());
  }
  await until(async () => (await a.ask("/api/sites", site)).status === 201, "changes again");
  await until(async () => (await b.ask(`/api/sites/${SITE}`)).body.week_start, "the site");
  await until(async () => (await b.main()).total_pageviews === 2, "both events");
  assert.equal((await b.main()).unique_visitors, 1);
});

interface Listed {
  readonly proposed: readonly { readonly site_id: string; readonly events: number }[];
  readonly refused: readonly string[];
  readonly undeclared: readonly string[];
}

/** What waits, as a server lists it: sites with numbers of events. */
async function waitingOf(server: Asked): Promise<string> {
  const { proposed } = (await server.ask("/api/new-sites")).body as Listed;
  return proposed.map(({ site_id, events }) => `${site_id} ${events}`).join(", ");
}

const decide = (server: Asked, decision: string, ...sites: string[]) =>
  server.ask("/api/new-sites", { method: "POST", body: { decision, sites } });

lakeTest("new sites are decided about on any server of a lake", partsNow, async (env, folder) => {
  const propose = { MALLARD_NEW_SITES: "propose" };
  const a = await start(env, folder, "a", propose);
  let b = await start(env, folder, "b", propose);
  try {
    await setUp(a);
    await until(async () => !(await b.ask("/api/auth/status")).body.setup_required, "a password");
    const { token } = a;
    b.token = token;
    const sent = [["Accepted.example", 3], ["refused.example", 2], ["deleted.example", 1]] as const;
    for (const [site, events] of sent) {
      for (let event = 0; event < events; event++) {
        assert.equal((await b.send(`/${event}`, "203.0.113.7", site)).status, 202);
      }
    }
    // In another case, on the other server: the same site.
    assert.equal((await a.send("/other", "203.0.113.8", "accepted.example")).status, 202);
    const all = "accepted.example 4, deleted.example 1, refused.example 2";
    await until(async () => await waitingOf(a) === all, "what waits on b");
    const shown = await runToEnd(fromSource(), ["sites"], { cwd: folder, env: a.settings });
    assert.match(shown.stdout, /^proposed accepted.example 4\nproposed deleted.example 1\n/);

    assert.equal((await decide(a, "accept", "accepted.example")).status, 200);
    assert.equal((await decide(a, "refuse", "refused.example")).status, 200);
    const { body } = await decide(a, "delete", "deleted.example");
    assert.deepEqual(body, { proposed: [], refused: ["refused.example"], undeclared: [] });
    const unknown = await decide(a, "accept", "nobody.example");
    assert.equal(unknown.status, 404, JSON.stringify(unknown.body));
    for (const server of [a, b]) {
      const site = "accepted.example";
      await until(async () => (await server.main(site)).total_pageviews === 4, "their events");
      assert.equal((await server.main(site)).unique_visitors, 2);
      await until(async () => await waitingOf(server) === "", "the decisions");
    }
    assert.equal((await b.send("/", "203.0.113.7", "refused.example")).status, 403);
    assert.equal((await b.send("/", "203.0.113.7", "deleted.example")).status, 202);
    await until(async () => await waitingOf(a) === "deleted.example 1", "the new event alone");

    // Who is away learns it when it comes back.
    assert.equal((await b.send("/", "203.0.113.7", "away.example")).status, 202);
    await until(async () => (await waitingOf(a)).startsWith("away.example 1"), "what waits on b");
    assert.equal(await b.server.stop(), 0, b.server.output);
    const options = { cwd: folder, env: a.settings };
    const decided = await runToEnd(fromSource(), ["sites", "accept", "away*"], options);
    assert.match(decided.stdout, /^Decided to accept 1 sites/, decided.stderr);
    await until(async () => await waitingOf(a) === "deleted.example 1", "the decision");
    assert.equal((await decide(a, "delete", "deleted.example")).status, 200);
    assert.equal((await a.main("away.example")).total_pageviews, 0);
    b = await start(env, folder, "b", propose);
    b.token = token;
    for (const server of [a, b]) {
      const count = async () => (await server.main("away.example")).total_pageviews;
      await until(async () => await count() === 1, "the event that waited");
      await until(async () => await waitingOf(server) === "", "what was deleted");
    }
  } finally {
    for (const { server } of [a, b]) assert.equal(await server.stop(), 0, server.output);
  }
});
