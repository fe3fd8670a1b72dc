// The rewriting of history by path rules, killed at random moments in a real process: every event
// is there once, before and after, and what is begun is completed or taken back whole.
import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { seededRandom } from "../support/fake_system.ts";
import { withFolder } from "../support/storage/storage.ts";

const SITE = "example.com";
const DAYS = 16;
const EVENTS = 4 * DAYS;
/** `MALLARD_TEST_KILLS` does more. */
const KILLS = Number(Deno.env.get("MALLARD_TEST_KILLS") ?? "2");
const PAGES = ["/About/", "/user/7", "/plain", "/caf%c3%a9/"];
const BEFORE = ["/About/", "/user/7", "/plain", "/café/"];
const AFTER = ["/about", "/user/:id", "/plain", "/café"];
const RULES = {
  trailing_slash: "remove",
  lowercase: true,
  masks: [{ from: "/user/#", to: "/user/:id" }],
};

async function send(server: ServerProcess, method: string, path: string, body: string) {
  const type = path === "/api/import" ? "application/x-ndjson" : "application/json";
  const headers = { "content-type": type };
  const answer = await fetch(server.url + path, { method, body, headers });
  const text = await answer.text();
  assert.ok(answer.status < 300, `${path}: ${answer.status} ${text}`);
}

const act = (server: ServerProcess, action: "apply" | "undo") =>
  send(server, "POST", `/api/sites/${SITE}/path-rules/history`, JSON.stringify({ action }));

async function stateOf(server: ServerProcess): Promise<{ state: string; files: number } | null> {
  const answer = await fetch(`${server.url}/api/sites/${SITE}/path-rules`);
  return (await answer.json()).history;
}

async function fill(server: ServerProcess): Promise<void> {
  const lines = Array.from({ length: EVENTS }, (_, n) =>
    JSON.stringify({
      d: SITE,
      n: "pageview",
      u: PAGES[n % PAGES.length],
      p: { n },
      at: new Date(Date.UTC(2024, 0, 1 + Math.floor(n / 4), 10, n % 60)).toISOString(),
      ip: `203.0.113.${n % 200}`,
      ua: "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
    }));
  await send(server, "POST", "/api/import", lines.join("\n"));
  await send(server, "PATCH", `/api/sites/${SITE}`, JSON.stringify({ path_rules: RULES }));
}

/** The page of each event by its number. */
async function pagesOf(server: ServerProcess): Promise<string[]> {
  const answer = await fetch(`${server.url}/api/sites/${SITE}/export?format=csv`);
  const pages: string[] = [];
  for (const line of (await answer.text()).trim().split("\n").slice(1)) {
    const n = Number(/""n"":(\d+)/.exec(line)?.[1]);
    assert.equal(pages[n], undefined, `event ${n} is there twice`);
    pages[n] = line.split(",")[4] ?? "";
  }
  assert.equal(pages.filter((page) => page !== undefined).length, EVENTS);
  return pages;
}

/** Waits for a condition; rejects when it never comes. */
async function until(done: () => Promise<boolean>): Promise<void> {
  for (const from = performance.now(); !await done();) {
    assert.ok(performance.now() - from < 120_000, `never: ${done}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("A killed server completes the rewriting of history or takes it back", async () => {
  const random = seededRandom(Math.floor(Date.now() / 86_400_000));
  await withFolder(async (dataDir) => {
    const start = () =>
      ServerProcess.start(fromSource(), {
        dataDir,
        env: { MALLARD_FLUSH_INTERVAL: "1" },
      }).ready();
    let server = await start();
    try {
      // The rules come after the events: these are stored as they were sent.
      await fill(server);
      for (let kill = 0; kill < KILLS; kill++) {
        const [byte = 0] = random.bytes(1);
        const undoes = kill % 2 === 1;
        await until(async () => (await stateOf(server))?.state !== "undoing");
        if ((await stateOf(server)) === null) await act(server, "apply");
        if (undoes) {
          await until(async () => (await stateOf(server))?.state === "rewritten");
          await act(server, "undo");
        }
        const stop = byte % DAYS;
        await until(async () => {
          const history = await stateOf(server);
          if (history === null || history.state === "rewritten") return true;
          return undoes ? history.files <= DAYS - stop : history.files >= stop;
        });
        await server.kill();
        server = await start();
        for (const [n, page] of (await pagesOf(server)).entries()) {
          const kind = n % PAGES.length;
          assert.ok(page === BEFORE[kind] || page === AFTER[kind], `event ${n} has ${page}`);
        }
      }
      await until(async () => ["rewritten", undefined].includes((await stateOf(server))?.state));
      if ((await stateOf(server)) === null) await act(server, "apply");
      await until(async () => (await stateOf(server))?.state === "rewritten");
      const all = (kinds: readonly string[]) =>
        Array.from({ length: EVENTS }, (_, n) => kinds[n % kinds.length]);
      assert.deepEqual(await pagesOf(server), all(AFTER));
      await act(server, "undo");
      await until(async () => (await stateOf(server)) === null);
      assert.deepEqual(await pagesOf(server), all(BEFORE));
      assert.equal(await server.stop(), 0);
    } finally {
      await server.kill();
    }
  });
});
