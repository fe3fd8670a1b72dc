import assert from "node:assert";
import * as duckdb from "@duckdb/node-api";
import { createApp } from "../src/app.ts";
import { loadConfig } from "../src/config/load.ts";
import { fakeSystem } from "./support/fake_system.ts";
import { openApp } from "./support/server/running_app.ts";
import { withFolder } from "./support/storage/storage.ts";
import { until } from "./support/wait.ts";

const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

Deno.test("createApp() answers /health and refuses the rest until it has started", async () => {
  await withFolder(async (folder) => {
    const loaded = loadConfig({ file: null, env: { MALLARD_DATA_DIR: folder } });
    assert.ok("config" in loaded);
    const app = createApp(loaded.config, fakeSystem(), {
      version: "0",
      pid: 1,
      memoryBytes: null,
      loadDuckDb: () => Promise.resolve(duckdb),
    });
    const send = (path: string) =>
      app.handle(new Request(`http://localhost${path}`), { peer: "127.0.0.1" });
    assert.strictEqual(await (await send("/health")).text(), "ok");
    const notReady = await send("/health/ready");
    assert.strictEqual(notReady.status, 503);
    assert.strictEqual(await notReady.text(), "database not ready");
    const other = await send("/api/stats/main?site_id=a");
    assert.strictEqual(other.status, 503);
    assert.ok(other.headers.has("retry-after"));
    const event = await send("/api/event");
    assert.strictEqual(event.status, 503);
    assert.ok(event.headers.has("retry-after"));
    assert.strictEqual(event.headers.get("access-control-allow-origin"), "*");
    await app.start();
    assert.strictEqual(await (await send("/health/ready")).text(), "ready");
    await app.stop();
    assert.strictEqual((await send("/health/ready")).status, 503);
  });
});

Deno.test("A stopped app has everything in Parquet and continues after a start", async () => {
  await withFolder(async (folder) => {
    for (let start = 1; start <= 2; start++) {
      const app = await openApp({}, { folder });
      const sent = await app.send("/api/event", {
        method: "POST",
        headers: { "user-agent": CHROME },
        body: JSON.stringify({ d: "example.com", n: "pageview", u: "/" }),
      });
      assert.strictEqual(sent.status, 202);
      const main = await (await app.send("/api/stats/main?site_id=example.com&period=day")).json();
      assert.strictEqual(main.total_pageviews, start);
      await app.close();
      const day = `${folder}/events/site_id=example.com/date=2024-01-15`;
      assert.strictEqual([...Deno.readDirSync(day)].length, start);
    }
  });
});

Deno.test("An app takes events while it settles before a stop, and keeps them", async () => {
  await withFolder(async (folder) => {
    const app = await openApp({}, { folder });
    const send = async () => {
      const sent = await app.send("/api/event", {
        method: "POST",
        headers: { "user-agent": CHROME },
        body: JSON.stringify({ d: "example.com", n: "pageview", u: "/" }),
      });
      assert.strictEqual(sent.status, 202);
    };
    await send();
    const settling = app.app.settle();
    await send();
    await settling;
    await send();
    const day = `${folder}/events/site_id=example.com/date=2024-01-15`;
    assert.strictEqual([...Deno.readDirSync(day)].length, 1);
    await app.close();
    assert.strictEqual([...Deno.readDirSync(day)].length, 2);
    const again = await openApp({}, { folder });
    const main = await again.send("/api/stats/main?site_id=example.com&period=day");
    assert.strictEqual((await main.json()).total_pageviews, 3);
    await again.close();
  });
});

Deno.test("An app flushes at flush_event_count and at flush_interval_secs", async () => {
  const app = await openApp({ MALLARD_FLUSH_COUNT: "3", MALLARD_FLUSH_INTERVAL: "60" });
  const send = () =>
    app.send("/api/event", {
      method: "POST",
      headers: { "user-agent": CHROME },
      body: JSON.stringify({ d: "example.com", n: "pageview", u: "/" }),
    });
  const hot = async () => (await (await app.send("/health/detailed")).json()).buffered_events;
  const becomes = async (count: number) => {
    await until(async () => await hot() === count, `${count} events are hot`);
  };
  await send();
  await send();
  assert.strictEqual(await hot(), 2);
  await send();
  app.system.clock.advance(1);
  await becomes(0);
  await send();
  assert.strictEqual(await hot(), 1);
  app.system.clock.advance(60_000);
  await becomes(0);
  await app.close();
});
