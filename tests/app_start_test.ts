// The start: events are taken before the statistics are there, and none is lost or counted twice.
import assert from "node:assert";
import * as duckdb from "@duckdb/node-api";
import { type App, createApp } from "../src/app.ts";
import { loadConfig } from "../src/config/load.ts";
import { uuidOfSite } from "../src/sites/site_codes.ts";
import { pageview } from "./support/events.ts";
import { type FakeSystem, fakeSystem } from "./support/fake_system.ts";
import { until } from "./support/wait.ts";
import { accept, openFolder, withFolder } from "./support/storage/storage.ts";

const HEADERS = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/121.0" };

function send(app: App, path: string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(`http://localhost:8000${path}`, { headers: HEADERS, ...init });
  return app.handle(request, { peer: "127.0.0.1" });
}

function post(app: App): Promise<Response> {
  const body = JSON.stringify({ d: "example.com", n: "pageview", u: "https://example.com/" });
  return send(app, "/api/event", { method: "POST", body });
}

/** An event of each peer's clients. */
async function postAsPeers(app: App): Promise<void> {
  const peers: readonly [string, unknown, number][] = [
    ["/api/send", { payload: { website: uuidOfSite("example.com"), url: "/" } }, 200],
    ["/count?p=/", "", 200],
    ["/api/event", { name: "pageview", url: "https://example.com/", domain: "example.com" }, 202],
  ];
  for (const [path, body, status] of peers) {
    const headers = { ...HEADERS, origin: "https://example.com" };
    const sent = { method: "POST", body: JSON.stringify(body), headers };
    assert.strictEqual((await send(app, path, sent)).status, status, path);
  }
}

/** An app that loads DuckDB and fills its tables only when it is told to. */
function heldApp(folder: string, system: FakeSystem) {
  const loaded = loadConfig({ file: null, env: { MALLARD_DATA_DIR: folder } });
  if ("faults" in loaded) throw new Error(loaded.faults.join("\n"));
  const [loading, reached, opened] = [0, 1, 2].map(() => Promise.withResolvers<void>());
  assert.ok(loading && reached && opened);
  const app = createApp(loaded.config, system, {
    version: "0.0.0",
    pid: Deno.pid,
    memoryBytes: null,
    loadDuckDb: () => loading.promise.then(() => duckdb),
    beforeFill: () => {
      reached.resolve();
      return opened.promise;
    },
  });
  return { app, loading, reached, opened };
}

const SCRIPTS: readonly [string, RegExp][] = [
  ["/mallard.js", /api\/event/],
  ["/mallard_modules.js", /dataset\.modules/],
  ["/js/script.outbound-links.js", /api\/event/],
  ["/script.js", /api\/send/],
  ["/count.js", /count/],
];
const STATS = "/api/stats/main?site_id=example.com&period=day";

Deno.test("createApp() takes events before the statistics are there", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const before = await openFolder(folder, system);
    await accept(before, [1, 2, 3].map(() => pageview({ at: "2024-01-15 10:00:00" })));
    await before.close();
    const { app, loading, reached, opened } = heldApp(folder, system);
    assert.strictEqual((await send(app, "/health/accepting")).status, 503);
    assert.strictEqual((await post(app)).status, 503);
    for (const path of ["/api/send", "/api/batch", "/count"]) {
      const refused = await send(app, path, { method: "POST", body: "{}" });
      const isOpen = refused.headers.get("access-control-allow-origin");
      assert.deepStrictEqual([refused.status, isOpen], [503, "*"], path);
    }
    for (const [path, sent] of SCRIPTS) {
      const script = await send(app, path);
      const isOpen = script.headers.get("access-control-allow-origin");
      assert.deepStrictEqual([script.status, isOpen], [200, "*"], path);
      assert.match(await script.text(), sent);
    }
    assert.strictEqual((await send(app, "/robots.txt")).status, 200);
    const started = app.start();
    await until(async () => (await send(app, "/")).status === 200, "the page is served");
    assert.strictEqual((await send(app, "/mallard.js")).status, 200);
    await reached.promise;
    assert.strictEqual((await send(app, "/health/accepting")).status, 200);
    assert.strictEqual((await send(app, "/health/ready")).status, 503);
    const early = await send(app, STATS);
    assert.deepStrictEqual([early.status, early.headers.get("retry-after")], [503, "1"]);
    for (
      const path of [
        "/",
        ...SCRIPTS.map(([path]) => path),
        "/robots.txt",
        "/privacy?site_id=example.com",
      ]
    ) {
      assert.strictEqual((await send(app, path)).status, 200, path);
    }
    const [style] = /assets\/[^"]+\.css/.exec(await (await send(app, "/")).text()) ?? [];
    assert.strictEqual((await send(app, `/${style}`)).status, 200);
    await postAsPeers(app);
    for (let n = 0; n < 2; n++) assert.strictEqual((await post(app)).status, 202);
    opened.resolve();
    // DuckDB is not loaded yet.
    assert.strictEqual((await post(app)).status, 202);
    loading.resolve();
    // Some of these come while the journal is read, and are answered like the others.
    const during = await Promise.all(Array.from({ length: 5 }, () => post(app)));
    assert.deepStrictEqual(during.map(({ status }) => status), Array(5).fill(202));
    await started;
    assert.strictEqual((await send(app, "/health/ready")).status, 200);
    assert.strictEqual((await send(app, "/health/accepting")).status, 200);
    const count = async () => (await (await send(app, STATS)).json()).total_pageviews;
    assert.strictEqual(await count(), 14);
    await app.stop();
    const after = await openFolder(folder, system);
    assert.strictEqual(after.hot.rows, 0);
    assert.strictEqual((await after.store.run("listFiles", undefined))[0]?.rows, 14);
    await after.close();
  });
});

Deno.test("createApp() salvages a journal that proves corrupt after events came", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const text = "x".repeat(1500);
    const many = Array.from(
      { length: 11_000 },
      () =>
        pageview({ site_id: "large.example", at: "2024-01-15 10:00:00", props: `{"n":"${text}"}` }),
    );
    const before = await openFolder(folder, system);
    await accept(before, many);
    await before.close();
    const file = await Deno.open(`${folder}/mallard.sqlite`, { read: true, write: true });
    await file.seek(2 * 2 ** 20, Deno.SeekMode.Start);
    await file.write(new Uint8Array(4096).fill(0xff));
    file.close();
    const { app, loading, reached, opened } = heldApp(folder, system);
    const started = app.start();
    await reached.promise;
    assert.strictEqual((await post(app)).status, 202);
    loading.resolve();
    opened.resolve();
    await started;
    assert.strictEqual((await post(app)).status, 202);
    const count = async (site: string) => {
      const stats = await send(app, STATS.replace("example.com", site));
      return (await stats.json()).total_pageviews;
    };
    assert.strictEqual(await count("example.com"), 2);
    const saved = await count("large.example");
    assert.ok(saved > 10_900 && saved < 11_000, `${saved} events are saved`);
    await app.stop();
    const [quarantined] = [...Deno.readDirSync(`${folder}/quarantine`)];
    assert.match(quarantined?.name ?? "", /^mallard-.*\.sqlite$/);
  });
});
