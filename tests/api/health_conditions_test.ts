import assert from "node:assert/strict";
import { DAY_MS } from "../../src/core/durations.ts";
import * as duckdb from "@duckdb/node-api";
import { fragileDuckDb } from "../support/storage/duckdb.ts";
import { openApp, type RunningApp } from "../support/server/running_app.ts";
import { runCommand } from "../support/command.ts";
import { until } from "../support/wait.ts";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const STATS = "/api/stats/main?site_id=example.com&period=day";
const FILE = "site_id=example.com/date=2024-01-15/0001.parquet";

async function send(app: RunningApp, site = "example.com"): Promise<number> {
  const body = JSON.stringify({ d: site, n: "pageview", u: "/a" });
  const headers = { "user-agent": BROWSER };
  return (await app.send("/api/event", { method: "POST", headers, body })).status;
}

async function conditions(app: RunningApp): Promise<unknown[]> {
  const ready = await app.send("/health/ready");
  const { status, degraded } = await (await app.send("/health/detailed")).json();
  const metrics = await (await app.send("/metrics")).text();
  const gauges = [...metrics.matchAll(/^mallard_degraded\{reason="(\w+)"\} 1$/gm)];
  assert.deepEqual(gauges.map(([, name]) => name), degraded);
  return [ready.status, status, degraded];
}

async function quarantine(folder: string, ...args: string[]): Promise<string> {
  const loadDuckDb = () => Promise.resolve(duckdb);
  return (await runCommand(folder, "quarantine", args, { loadDuckDb })).text;
}

/** Reasons are kept, a second file of the same path too; erasures name what they do not reach. */
async function quarantineTwice(before: RunningApp, folder: string): Promise<RunningApp> {
  const listed = await quarantine(folder, "list");
  assert.ok(listed.startsWith(`${FILE}: `) && /No magic bytes/.test(listed), listed);
  // A second corrupt file of the same path is kept beside the first.
  await Deno.copyFile(`${folder}/quarantine/${FILE}`, `${folder}/events/${FILE}`);
  await before.close();
  const app = await openApp({}, { folder });
  const second = FILE.replace(".parquet", "-2.parquet");
  assert.deepEqual((await quarantine(folder, "list")).match(/^\S+(?=:)/gm), [second, FILE]);
  await Deno.writeTextFile(`${folder}/quarantine/mallard-2024.sqlite`, "x");
  app.system.clock.advance(31_000);
  const erase = "/api/gdpr/erase?site_id=other.org&start_date=2024-01-15&end_date=2024-01-15";
  await until(
    async () => {
      const { not_erased } = await (await app.send(erase, { method: "DELETE" })).json();
      return not_erased?.[0] === "quarantine/mallard-2024.sqlite";
    },
    "an erasure names what it does not reach",
  );
  assert.equal(
    await quarantine(folder, "drop", second, "mallard-2024.sqlite"),
    `Dropped ${second}\nDropped mallard-2024.sqlite\n`,
  );
  return app;
}

Deno.test("healthRoutes() names what is wrong until it is mended", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mallard-test-" });
  let app = await openApp({}, { folder });
  assert.deepEqual(await conditions(app), [200, "ok", []]);
  assert.equal(await send(app), 202);
  await Deno.rename(`${folder}/mallard.sqlite`, `${folder}/away`);
  assert.equal(await send(app, "other.org"), 503);
  assert.deepEqual(await conditions(app), [503, "degraded", ["events_refused"]]);
  await Deno.rename(`${folder}/away`, `${folder}/mallard.sqlite`);
  // One write that goes through is not believed at once.
  app.system.clock.advance(10_000);
  assert.deepEqual(await conditions(app), [503, "degraded", ["events_refused"]]);
  app.system.clock.advance(10_000);
  assert.deepEqual(await conditions(app), [200, "ok", []]);
  await app.close();

  const whole = await Deno.readFile(`${folder}/events/${FILE}`);
  await Deno.writeFile(`${folder}/events/${FILE}`, whole.slice(0, -9));
  app = await openApp({}, { folder });
  const answer = await app.send(STATS);
  assert.equal(answer.headers.get("x-incomplete"), "1 dates: 2024-01-15");
  const { total_pageviews, incomplete_dates } = await answer.json();
  assert.deepEqual([total_pageviews, incomplete_dates], [0, ["2024-01-15"]]);
  const list = await app.send("/api/stats/breakdown/pages?site_id=example.com&period=day");
  assert.equal(list.headers.get("x-incomplete"), "1 dates: 2024-01-15");
  assert.deepEqual(await conditions(app), [200, "degraded", ["files_in_quarantine"]]);
  const exported = await app.send("/api/sites/example.com/export?format=csv");
  assert.equal(exported.headers.get("x-incomplete"), "1 dates: 2024-01-15");
  await exported.body?.cancel();
  const stream = (await app.send("/api/stats/live?site_id=example.com")).body?.getReader();
  const message = new TextDecoder().decode((await stream?.read())?.value);
  assert.match(message, /"incomplete_dates":\["2024-01-15"\]/);
  await stream?.cancel();

  app = await quarantineTwice(app, folder);
  assert.match(await quarantine(folder, "restore"), /^Cannot restore site_id/);
  await Deno.writeFile(`${folder}/quarantine/${FILE}`, whole);
  assert.equal(await quarantine(folder, "restore", FILE), `Restored ${FILE}\n`);
  assert.equal(await quarantine(folder, "list"), "The quarantine is empty\n");
  app.system.clock.advance(31_000);
  await until(
    async () => (await (await app.send(STATS)).json()).total_pageviews === 1,
    "the restored file is counted",
  );
  assert.equal((await app.send(STATS)).headers.get("x-incomplete"), null);
  assert.deepEqual(await conditions(app), [200, "ok", []]);

  app.system.clock.jump(365 * DAY_MS);
  assert.deepEqual(await conditions(app), [200, "degraded", ["clock_in_doubt"]]);
  app.system.clock.jump(-365 * DAY_MS);
  assert.deepEqual(await conditions(app), [200, "ok", []]);
  await Deno.remove(`${folder}/events/${FILE}`);
  app.system.clock.advance(31_000);
  await until(
    async () => (await app.send(STATS)).headers.get("x-incomplete") === "1 dates: 2024-01-15",
    "the file is missed",
  );
  assert.deepEqual(await conditions(app), [200, "degraded", ["files_missing"]]);
  await app.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("healthRoutes() names a fault of DuckDB until it is opened again", async () => {
  const { library, fail } = fragileDuckDb();
  const app = await openApp({}, { library });
  const counted = async () => {
    const answer = await app.send(STATS);
    if (answer.status === 200) return (await answer.json()).total_pageviews;
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "5"]);
    await answer.body?.cancel();
  };
  assert.equal(await send(app), 202);
  assert.equal(await counted(), 1);
  await fail();
  // Another question than the one whose answer is kept.
  assert.equal(await send(app), 202);
  assert.equal(await counted(), undefined);
  await until(async () => await counted() === 2, "DuckDB is opened again");
  // After the second fault of an hour a second passes first.
  await fail();
  assert.equal(await send(app), 202);
  assert.equal(await counted(), undefined);
  assert.deepEqual(await conditions(app), [200, "degraded", ["duckdb_failed"]]);
  assert.equal(await send(app), 202);
  app.system.clock.advance(1000);
  await until(async () => await counted() === 4, "DuckDB is opened again");
  assert.deepEqual(await conditions(app), [200, "ok", []]);
  const metrics = await (await app.send("/metrics")).text();
  assert.match(metrics, /^mallard_duckdb_faults_total 2$/m);
  await app.close();
});
