// The whole program over a lake: what a server answers, refuses and tells; and the same under kills
// of it, of PostgreSQL and of the S3 server, counted at the end by plain DuckDB.
import assert from "node:assert/strict";
import { killOverLake } from "../../scripts/lake/kills.ts";
import { startPostgres, startS3, stopPostgres, stopS3 } from "../../scripts/lake/parts.ts";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { until } from "../support/wait.ts";

/** `MALLARD_TEST_KILLS` does more. */
const ROUNDS = Number(Deno.env.get("MALLARD_TEST_KILLS") ?? "4");
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

const partsNow = partsOfFile();

lakeTest(
  "a server over a lake answers its reports, and says what it does not do",
  partsNow,
  async (env, folder) => {
    const server = await ServerProcess.start(fromSource(), {
      dataDir: folder,
      env: { ...env, MALLARD_STORAGE: "lake", MALLARD_LAKE_FLUSH_INTERVAL: "5" },
    }).ready();
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(server.url + path, init);
      const text = await response.text();
      return { status: response.status, body: text.startsWith("{") ? JSON.parse(text) : text };
    };
    const event = { name: "pageview", url: "https://lake.example/a", domain: "lake.example" };
    const send = () =>
      ask("/api/event", {
        method: "POST",
        headers: { "user-agent": BROWSER, "content-type": "application/json" },
        body: JSON.stringify(event),
      });
    try {
      assert.equal((await send()).status, 202);
      const health = async () => (await ask("/health/detailed")).body;
      await until(async () => (await health()).buffered_events === 0, "the flush");
      assert.equal((await health()).parquet_files, 1);
      const main = "/api/stats/main?site_id=lake.example&period=day";
      assert.equal((await ask(main)).body.total_pageviews, 1);
      await stopPostgres(partsNow(), "immediate");
      try {
        await until(
          async () => (await health()).degraded.includes("lake_out_of_reach"),
          "the loss",
        );
        const lost = await ask("/api/stats/main?site_id=lake.example&period=7d");
        assert.equal(lost.status, 503);
        assert.match(lost.body.error, /the lake is out of reach since .*Z; new events are kept/);
        assert.doesNotMatch(lost.body.error, /127\.0\.0\.1/);
        const refused = await ask("/api/imports?site_id=lake.example", {
          method: "POST",
          headers: { "content-type": "application/octet-stream" },
          body: "a file",
        });
        assert.equal(refused.status, 503, "before it is kept");
        assert.match(refused.body.error, /the lake is out of reach/);
      } finally {
        await startPostgres(partsNow());
      }
      await until(async () => (await ask(main)).body.total_pageviews === 1, "the lake again");
      await stopS3(partsNow());
      try {
        assert.equal((await send()).status, 202);
        await until(() => /Cannot flush events to the lake/.test(server.output), "a flush");
        assert.equal((await health()).buffered_events, 1, "it stays in the journal");
      } finally {
        await startS3(partsNow());
      }
      await until(async () => (await health()).buffered_events === 0, "the flush after that");
      assert.equal((await ask(main)).body.total_pageviews, 2);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  },
);

lakeTest(
  "a server over a lake that is killed, like PostgreSQL and S3, counts every event once",
  partsNow,
  async (env, folder) => {
    const seed = Number(Deno.env.get("MALLARD_TEST_SEED") ?? Date.now() % 1e9);
    console.log(`Kills by seed ${seed}`);
    const report = await killOverLake({
      program: fromSource(),
      parts: partsNow(),
      env,
      dataDir: folder,
      seed,
      rounds: ROUNDS,
    });
    console.log(JSON.stringify(report));
    assert.deepEqual(report.faults, []);
    assert.ok(report.acknowledged > 0);
  },
);
