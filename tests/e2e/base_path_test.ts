// Everything under a path prefix, as behind a proxy that serves other things as well: no
// address outside it is answered or asked for.
import assert from "node:assert/strict";
import * as duckdb from "@duckdb/node-api";
import { createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type BrowserContext, browserTest } from "../support/browser/browser.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { type ReadyServer, startReady } from "../support/server/ready_server.ts";
import { openApp } from "../support/server/running_app.ts";
import { withFolder } from "../support/storage/storage.ts";
import { startThreePageSite } from "../support/browser/three_page_site.ts";
import { watchPage } from "../support/browser/watched_page.ts";

const BASE = "/stats";

Deno.test("below a base path every route is answered, and outside it none", async () => {
  const app = await openApp({ MALLARD_BASE_PATH: BASE });
  const statusOf = async (method: string, path: string) => {
    const response = await app.send(path, { method, ...(method === "GET" ? {} : { body: "{}" }) });
    await response.body?.cancel();
    return response.status;
  };
  for (const { method, path } of app.app.routes()) {
    const example = path.replace(":name", "pages").replace(/:\w+/g, "a");
    assert.equal(await statusOf("MOVE", BASE + example), 405, `${method} ${BASE}${example}`);
    assert.equal(await statusOf(method, example), 404, example);
    assert.equal(await statusOf(method, `${BASE}x${example}`), 404);
    assert.equal(await statusOf(method, `${BASE}${BASE}${example}`), 404);
  }
  assert.equal(await statusOf("GET", `${BASE}/health`), 200);
  await app.close();
});

Deno.test("the bare base path leads to the page below it, with its question", async () => {
  const app = await openApp({ MALLARD_BASE_PATH: "/a/stats" });
  for (const search of ["", "?site=example.com&period=7d"]) {
    const response = await app.send(`/a/stats${search}`);
    assert.equal(response.status, 307);
    assert.equal(response.headers.get("location"), `/a/stats/${search}`);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  }
  for (const path of ["/", "/a", "/a/", "/a/stats2", "//a/stats", "/a/stats//"]) {
    assert.equal((await app.send(path)).status, 404, path);
  }
  await app.close();
});

Deno.test("a login's cookie and security.txt are right below a base path", async () => {
  const app = await openApp({
    MALLARD_BASE_PATH: BASE,
    MALLARD_ADMIN_PASSWORD: "correct horse",
    MALLARD_DASHBOARD_ORIGIN: "https://www.example.com",
  });
  const login = await app.send(`${BASE}/api/auth/login`, {
    method: "POST",
    headers: { origin: "https://www.example.com" },
    body: '{"password":"correct horse"}',
  });
  assert.equal(login.status, 200);
  assert.match(login.headers.get("set-cookie") ?? "", /; Path=\/; /);
  const told = await (await app.send(`${BASE}/.well-known/security.txt`)).text();
  assert.match(told, /^Contact: https:\/\/www\.example\.com\/stats\/privacy\n/);
  await app.close();
});

Deno.test("while it starts, the server is alive below its base path alone", async () => {
  const loaded = loadConfig({ file: null, env: { MALLARD_BASE_PATH: BASE } });
  assert.ok("config" in loaded);
  const app = createApp(loaded.config, fakeSystem(), {
    version: "0.0.0",
    pid: Deno.pid,
    memoryBytes: null,
    loadDuckDb: () => Promise.resolve(duckdb),
  });
  const ask = async (path: string) => {
    const request = new Request(`http://localhost:8000${path}`);
    const response = await app.handle(request, { peer: "127.0.0.1" });
    return [response.status, await response.text()];
  };
  assert.deepEqual(await ask(`${BASE}/health`), [200, "ok"]);
  assert.deepEqual(await ask(`${BASE}/health/ready`), [503, "database not ready"]);
  assert.equal((await ask("/health"))[0], 503);
  assert.equal((await ask(`${BASE}/`))[0], 503);
});

async function withServer(work: (server: ReadyServer) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const server = await startReady(folder, { MALLARD_BASE_PATH: BASE });
    try {
      await work(server);
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
  });
}

/** What a reader does on a site whose tag names the tracker below the base path. */
async function read(context: BrowserContext, server: ReadyServer): Promise<void> {
  const site = startThreePageSite({
    tracker: `${server.url}/mallard.js`,
    domain: "example.com",
    attributes: "data-local",
  });
  try {
    const page = await context.newPage();
    const sent: string[] = [];
    page.on("response", (response) => {
      if (response.url().startsWith(new URL(server.url).origin)) {
        sent.push(`${response.status()} ${new URL(response.url()).pathname}`);
      }
    });
    for (const path of ["/", "/pricing"]) {
      const answered = page.waitForResponse((response) => response.url().endsWith("/api/event"));
      await page.goto(site.url + path);
      await answered;
    }
    assert.deepEqual(sent.filter((line) => !line.endsWith("/mallard.js")), [
      "202 /stats/api/event",
      "202 /stats/api/event",
    ]);
    assert.deepEqual(site.strays, []);
    await page.close();
  } finally {
    await site.close();
  }
}

browserTest(
  "below a base path a site is counted and the dashboard asks for nothing outside it",
  async (
    context,
  ) => {
    await withServer(async (server) => {
      assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+\/stats$/);
      const { page, faults, urls } = await watchPage(context);
      await page.goto(server.url);
      assert.equal(page.url(), `${server.url}/`);
      await page.waitForSelector("pre code");
      const snippet = await page.textContent("pre code");
      assert.ok(snippet?.includes(`src="${server.url}/mallard.js"`), snippet ?? "");
      await read(context, server);
      await page.goto(`${server.url}?site=example.com&period=7d`);
      assert.equal(page.url(), `${server.url}/?site=example.com&period=7d`);
      await page.waitForSelector("[data-metric=visitors][data-value]");
      const visitors = () => page.getAttribute("[data-metric=visitors][data-value]", "data-value");
      assert.equal(await visitors(), "1");
      for (const link of await page.$$("nav a")) {
        await link.click();
        assert.ok(page.url().startsWith(`${server.url}/`), page.url());
      }
      await page.click("a.home");
      await page.waitForSelector("[data-metric=visitors][data-value]");
      assert.ok(page.url().startsWith(`${server.url}/`), page.url());
      await page.reload();
      await page.waitForSelector("[data-metric=visitors][data-value]");
      await page.goto(`${server.url}/privacy`);
      assert.match(await page.textContent("h1") ?? "", /counts/);
      const outside = urls.filter((url) => !url.startsWith(`${server.url}/`) && url !== server.url);
      assert.deepEqual(outside.filter((url) => !url.startsWith(`${server.url}?`)), []);
      assert.ok(urls.length > 30, String(urls.length));
      assert.deepEqual(faults, []);
    });
  },
);
