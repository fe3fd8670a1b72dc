// Several servers over one lake as processes: what each answers of the others, what their roles
// leave out, and the same under kills, cuts of the network and faults of PostgreSQL and S3.
import assert from "node:assert/strict";
import { killNodes } from "../../scripts/lake/node_kills.ts";
import { Namespaces } from "../../scripts/lake/places.ts";
import { freePort, fromSource, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { until } from "../support/wait.ts";

/** `MALLARD_TEST_KILLS` does more. */
const ROUNDS = Number(Deno.env.get("MALLARD_TEST_KILLS") ?? "2");
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const MAIN = "/api/stats/main?site_id=lake.example&period=day";

/** Servers are cut off by proxies where there can be no namespaces. */
const LACKS_NAMESPACES = await Namespaces.lack();
if (LACKS_NAMESPACES !== null) console.log(`Behind proxies: ${LACKS_NAMESPACES}`);

const partsNow = partsOfFile();

const send = (server: ServerProcess) =>
  fetch(`${server.url}/api/event`, {
    method: "POST",
    headers: { "user-agent": BROWSER, "content-type": "application/json" },
    body: JSON.stringify({
      name: "pageview",
      url: "https://lake.example/",
      domain: "lake.example",
    }),
  });

async function ask(server: ServerProcess, path: string) {
  const response = await fetch(server.url + path);
  const { headers, status } = response;
  return { status, headers, body: await response.json() };
}

lakeTest(
  "a collector and a server for questions do their part, and say what they leave to others",
  partsNow,
  async (env, folder) => {
    const start = async (node: string, roles: string) => {
      const dataDir = `${folder}/${node}`;
      await Deno.mkdir(dataDir);
      const port = freePort();
      const settings = {
        ...env,
        MALLARD_STORAGE: "lake",
        MALLARD_PORT: String(port),
        MALLARD_NODE_NAME: node,
        MALLARD_NODE_URL: `http://127.0.0.1:${port}`,
        MALLARD_NODE_SECRET: "the secret of both",
        MALLARD_HOT_PEERS: "1",
        MALLARD_ROLES: roles,
      };
      const server = ServerProcess.start(fromSource(), { dataDir, env: settings });
      return await Object.assign(server, { url: `http://127.0.0.1:${port}` }).ready();
    };
    const collector = await start("collector", "collect");
    const asked = await start("asked", "query,work");
    try {
      const sent = await send(collector);
      assert.equal(sent.status, 202);
      await sent.body?.cancel();
      await until(
        async () => (await ask(asked, MAIN)).body.total_pageviews === 1,
        "the event of the collector",
      );
      const { headers, body } = await ask(asked, MAIN);
      assert.equal(headers.get("x-behind-since"), body.behind_since);
      assert.ok(Date.now() - Date.parse(body.behind_since) < 60_000, body.behind_since);
      const refused = await ask(collector, MAIN);
      assert.equal(refused.status, 503);
      assert.match(refused.body.error, /answers no questions: its roles are set so/);
      const refusal = await send(asked);
      assert.equal(refusal.status, 503);
      assert.match((await refusal.json()).error, /takes no events: its roles are set so/);
      for (const [server, status] of [[collector, 200], [asked, 503]] as const) {
        const accepting = await fetch(`${server.url}/health/accepting`);
        assert.equal(accepting.status, status, await accepting.text());
      }
      const health = await ask(collector, "/health/detailed");
      assert.deepEqual(health.body.degraded, []);
      await collector.kill();
      const retired = await runToEnd(fromSource(), ["lake", "retire", "collector"], {
        cwd: folder,
        env: { ...env, MALLARD_DATA_DIR: `${folder}/asked` },
      });
      assert.match(retired.stdout, /The server collector is retired/, retired.stderr);
      await until(
        async () => (await ask(asked, MAIN)).body.behind_since === undefined,
        "an answer that waits for nobody",
      );
    } finally {
      await collector.kill();
      assert.equal(await asked.stop(), 0);
    }
  },
);

lakeTest(
  "three servers that are killed and cut off count every event once, and say what they lack",
  partsNow,
  async (env, folder) => {
    const seed = Number(Deno.env.get("MALLARD_TEST_SEED") ?? Date.now() % 1e9);
    console.log(`Kills by seed ${seed}`);
    const report = await killNodes({
      program: fromSource(),
      parts: partsNow(),
      env,
      folder,
      nodes: 3,
      seed,
      rounds: ROUNDS,
      hasNamespaces: LACKS_NAMESPACES === null,
    });
    console.log(JSON.stringify(report));
    assert.deepEqual(report.faults, []);
    assert.ok(report.acknowledged > 0);
  },
);
