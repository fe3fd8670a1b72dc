// How long a visitor's id stands for the same browser, through the whole program and read from the
// Parquet files: derived and random ids, midnight, restarts, and that a destroyed salt is gone.
import assert, { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { createHmac } from "node:crypto";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/durations.ts";
import { filesOf, storedRows } from "../support/storage/data_dir.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { openApp, type RunningApp } from "../support/server/running_app.ts";
import { withFolder } from "../support/storage/storage.ts";

const BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const ADDRESS = "81.2.69.142";
const SITE = "example.com";
const MIDNIGHT = Date.UTC(2024, 0, 16);
const RANDOM = { MALLARD_VISITOR_SALT: "random" };

/** Starts the program with a folder at a time, with its own random numbers. */
function start(
  folder: string,
  nowMs: number,
  env: Readonly<Record<string, string>>,
): Promise<RunningApp> {
  return openApp(env, { folder, system: fakeSystem({ nowMs, seed: nowMs / 1000 }) });
}

/** A pageview of a visitor; `page` finds it again. */
async function view(app: RunningApp, page: string, { address = ADDRESS, site = SITE } = {}) {
  const response = await app.send("/api/event", {
    method: "POST",
    headers: { "user-agent": BROWSER, "x-forwarded-for": address },
    body: JSON.stringify({ d: site, n: "pageview", u: `/${page}` }),
  });
  equal(response.status, 202);
  await response.body?.cancel();
}

type View = readonly [page: string, who: string, minutes: number];

/** Imports views by minutes after midnight. */
async function importViews(app: RunningApp, views: readonly View[]): Promise<void> {
  const lines = views.map(([page, who, minutes]) => ({
    d: SITE,
    n: "pageview",
    u: `/${who}${page}`,
    at: MIDNIGHT + minutes * MINUTE_MS,
    ip: `81.2.69.${who.charCodeAt(0)}`,
    ua: BROWSER,
  }));
  const response = await app.send("/api/import", {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: lines.map((line) => JSON.stringify(line)).join("\n"),
  });
  deepEqual([response.status, (await response.json()).accepted], [200, views.length]);
}

/** Lets minutes pass, with time for the work that is due in each. */
async function pass(app: RunningApp, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    app.system.clock.advance(MINUTE_MS);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

/** The stored id of each page's view. */
async function idsOf(folder: string): Promise<Map<string, string>> {
  const rows = await storedRows(folder);
  return new Map(rows.map((row) => [
    String(row["pathname"]).slice(1),
    String(row["visitor_id"]),
  ]));
}

function hmac(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

Deno.test("an id lasts as many days as the site says, under both kinds of salt", async () => {
  const sites = { "one.example": 1, "seven.example": 7, "thirty.example": 30 };
  // A Monday on which a period of 30 days begins, too. Days at the ends of weeks, of a month and of
  // the period of 30 days, and some within them.
  const first = Date.UTC(2024, 0, 22, 12);
  const seen = [0, 1, 3, 6, 7, 9, 10, 13, 14, 20, 21, 27, 28, 29, 30];
  for (const env of [{}, RANDOM] as Record<string, string>[]) {
    await withFolder(async (folder) => {
      for (const day of seen) {
        const app = await start(folder, first + day * DAY_MS, env);
        for (const [site_id, visitor_id_days] of Object.entries(sites)) {
          const body = JSON.stringify({ site_id, visitor_id_days });
          if (day === 0) await app.send("/api/sites", { method: "POST", body });
          await view(app, `${day}`, { site: site_id });
        }
        await app.close();
      }
      const rows = await storedRows(folder);
      equal(rows.length, 3 * seen.length);
      for (const [site, days] of Object.entries(sites)) {
        const ids = rows.filter((row) => row["site_id"] === site).map((row) => row["visitor_id"]);
        const periods = seen.map((day) => Math.floor(day / days));
        const expected = periods.map((period) => ids[periods.indexOf(period)]);
        deepEqual(ids, expected, `${site}: one id for each ${days} days`);
        equal(new Set(ids).size, new Set(periods).size, site);
      }
    });
  }
});

for (const [kind, env] of [["derived", {}], ["random", RANDOM]] as const) {
  Deno.test(`a visit over midnight keeps its ${kind} id, over a restart too`, async () => {
    await withFolder(async (folder) => {
      let app = await start(folder, MIDNIGHT - 15 * MINUTE_MS, env);
      await view(app, "23:45");
      await view(app, "23:45 other", { address: "81.2.69.143" });
      await pass(app, 20);
      await view(app, "00:05");
      await app.close();
      app = await start(folder, MIDNIGHT + 10 * MINUTE_MS, env);
      await pass(app, 20);
      await view(app, "00:30");
      await app.close();
      app = await start(folder, MIDNIGHT + 40 * MINUTE_MS, env);
      await view(app, "00:40");
      await pass(app, 31);
      await view(app, "01:11");
      await view(app, "01:11 other", { address: "81.2.69.143" });
      await app.close();
      const ids = await idsOf(folder);
      for (const time of ["00:05", "00:30", "00:40"]) equal(ids.get(time), ids.get("23:45"), time);
      assert.notStrictEqual(
        ids.get("01:11"),
        ids.get("23:45"),
        "after 31 minutes of silence it is another visit",
      );
      assert.notStrictEqual(ids.get("01:11"), ids.get("01:11%20other"));
      assert.notStrictEqual(ids.get("01:11%20other"), ids.get("23:45%20other"));
      equal(new Set(ids.values()).size, 4);
    });
  });

  Deno.test(`a visit of hours keeps its ${kind} id over midnight and restarts`, async () => {
    await withFolder(async (folder) => {
      let app = await start(folder, MIDNIGHT - 15 * MINUTE_MS, env);
      await view(app, "first");
      await view(app, "other", { address: "81.2.69.143" });
      for (let count = 0; count < 4; count++) {
        await pass(app, 28);
        await view(app, `${count}`);
      }
      await app.close();
      app = await start(folder, MIDNIGHT + 100 * MINUTE_MS, env);
      await pass(app, 20);
      await view(app, "120");
      await view(app, "120 other", { address: "81.2.69.143" });
      await app.close();
      const ids = await idsOf(folder);
      for (const page of ["0", "1", "2", "3", "120"]) equal(ids.get(page), ids.get("first"), page);
      assert.notStrictEqual(ids.get("120%20other"), ids.get("other"));
    });
  });

  Deno.test(`a visit in the journal keeps its ${kind} id over midnight and a crash`, async () => {
    await withFolder(async (folder) => {
      const killed = await start(folder, MIDNIGHT - 15 * MINUTE_MS, env);
      await view(killed, "23:45");
      await view(killed, "23:45 other", { address: "81.2.69.143" });
      await withFolder(async (left) => {
        await copyFiles(folder, left);
        const app = await start(left, MIDNIGHT + 10 * MINUTE_MS, env);
        equal(
          (await app.send("/health/detailed").then((answer) => answer.json())).parquet_files,
          0,
        );
        await view(app, "00:10");
        await pass(app, 25);
        await view(app, "00:35 other", { address: "81.2.69.143" });
        await app.close();
        const ids = await idsOf(left);
        equal(ids.get("00:10"), ids.get("23:45"));
        assert.notStrictEqual(ids.get("00:35%20other"), ids.get("23:45%20other"));
        equal(new Set(ids.values()).size, 3);
      });
      await killed.close();
    });
  });

  Deno.test(`imported visits over midnight keep their ${kind} id, in any parts`, async () => {
    await withFolder(async (folder) => {
      const app = await start(folder, MIDNIGHT + 5 * HOUR_MS, env);
      // 16:00 in Los Angeles is midnight UTC.
      const site = { site_id: SITE, timezone: "America/Los_Angeles" };
      await app.send("/api/sites", { method: "POST", body: JSON.stringify(site) });
      await importViews(app, [["10:00", "c", 10], ["-15:00", "c", -15], ["-10:00", "a", -10]]);
      await importViews(app, [["10:00", "a", 10]]);
      // A flush is due.
      await pass(app, 2);
      await importViews(app, [["70:00", "b", 70], ["35:00", "a", 35], ["-5:00", "b", -5]]);
      await importViews(app, [["66:00", "a", 66], ["60:00", "a", 60]]);
      const answer = await app.send(`/api/stats/main?site_id=${SITE}&period=day`);
      const { unique_visitors, total_pageviews, bounce_rate } = await answer.json();
      // Of b only, who came back after 75 minutes, as somebody else.
      deepEqual([unique_visitors, total_pageviews], [4, 9]);
      equal(bounce_rate, 2 / 4);
      await app.close();
      const ids = await idsOf(folder);
      const idsAs = (...pages: string[]) => new Set(pages.map((page) => ids.get(page))).size;
      equal(idsAs("a-10:00", "a10:00", "a35:00", "a60:00", "a66:00"), 1);
      equal(idsAs("c-15:00", "c10:00"), 1, "lines in any order");
      equal(idsAs("b-5:00", "b70:00"), 2, "75 minutes of silence end a visit");
    });
  });

  Deno.test(`a visit with a ${kind} id is carried as its site says`, async () => {
    const sites = { "hasty.example": 10, "patient.example": 60 };
    await withFolder(async (folder) => {
      const app = await start(folder, MIDNIGHT - 15 * MINUTE_MS, env);
      for (const [site_id, visit_timeout_minutes] of Object.entries(sites)) {
        const body = JSON.stringify({ site_id, visit_timeout_minutes });
        await app.send("/api/sites", { method: "POST", body });
        await view(app, `before ${site_id}`, { site: site_id });
      }
      await pass(app, 60);
      for (const site of Object.keys(sites)) await view(app, `after ${site}`, { site });
      await app.close();
      const ids = await idsOf(folder);
      const keeps = (site: string) => ids.get(`before%20${site}`) === ids.get(`after%20${site}`);
      equal(keeps("patient.example"), true, "60 minutes of silence at a timeout of 60");
      equal(keeps("hasty.example"), false, "60 minutes of silence at a timeout of 10");
    });
  });
}

/** Copies what a kill would leave of an idle server whose events are all in the journal. */
async function copyFiles(from: string, to: string): Promise<void> {
  for await (const { name, isFile } of Deno.readDir(from)) {
    // The log's index is made again from the log.
    if (isFile && !name.endsWith("-shm")) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Every text of 64 hex digits, and every 32 bytes after one, that stands in DATA_DIR. */
async function keysIn(folder: string): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const text of (await filesOf(folder)).values()) {
    for (const [run] of text.matchAll(/[0-9a-f]{64,}/g)) {
      for (let at = 0; at + 64 <= run.length; at++) keys.add(run.slice(at, at + 64));
    }
  }
  return keys;
}

/** The keys in DATA_DIR under which an id can be computed again from the address and browser. */
async function keysOf(folder: string, id: string): Promise<string[]> {
  const who = `${SITE}|${ADDRESS}|${BROWSER}`;
  return [...await keysIn(folder)].filter((key) => hmac(key, who) === id);
}

/** The first id in Parquet, as soon as the flush that the time brought has written one. */
async function firstIdOf(folder: string): Promise<string> {
  for (let tries = 0; tries < 3000; tries++) {
    const ids = await idsOf(folder).catch(() => new Map<string, string>());
    for (const id of ids.values()) return id;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("Cannot find an event in Parquet: none was flushed");
}

Deno.test("a random salt is destroyed: nothing in DATA_DIR leads to its ids", async () => {
  await withFolder(async (folder) => {
    const app = await start(folder, MIDNIGHT - 60 * MINUTE_MS, RANDOM);
    await view(app, "23:00");
    await pass(app, 2);
    const id = await firstIdOf(folder);
    const [salt = "", ...others] = await keysOf(folder, id);
    ok(/^[0-9a-f]{64}$/.test(salt), "while the day lasts, the salt is kept");
    deepEqual(others, []);
    await pass(app, 62);
    await view(app, "00:04");
    await pass(app, 40);
    for (let tries = 0; tries < 100 && (await keysOf(folder, id)).length > 0; tries++) {
      await pass(app, 1);
    }
    const raw = new TextDecoder("latin1").decode(
      Uint8Array.from(salt.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)),
    );
    const look = async (when: string) => {
      deepEqual(await keysOf(folder, id), [], when);
      for (const [path, text] of await filesOf(folder)) {
        ok(!text.includes(salt) && !text.includes(raw), `${path}, ${when}`);
      }
    };
    await look("while it runs");
    await app.close();
    await look("after the stop");
    const ids = await idsOf(folder);
    assert.notStrictEqual(ids.get("00:04"), id);
    equal((await keysOf(folder, ids.get("00:04") ?? "")).length, 1, "today's salt is kept");
    const next = await start(folder, MIDNIGHT + 3 * DAY_MS, RANDOM);
    await next.close();
    deepEqual(await keysOf(folder, ids.get("00:04") ?? ""), [], "a start destroys what is over");
  });
});

Deno.test("a visit that begins with an import goes on now, under a derived id", async () => {
  await withFolder(async (folder) => {
    let app = await start(folder, MIDNIGHT + 15 * MINUTE_MS, {});
    await importViews(app, [["-10", "a", -10], ["-20", "b", -20]]);
    await view(app, "now", { address: `81.2.69.${"a".charCodeAt(0)}` });
    await view(app, "too late", { address: `81.2.69.${"b".charCodeAt(0)}` });
    await app.close();
    app = await start(folder, MIDNIGHT + 20 * MINUTE_MS, {});
    await view(app, "later", { address: `81.2.69.${"a".charCodeAt(0)}` });
    await importViews(app, [["20", "a", 20]]);
    await app.close();
    const ids = await idsOf(folder);
    for (const page of ["now", "later", "a20"]) equal(ids.get(page), ids.get("a-10"), page);
    assert.notStrictEqual(ids.get("too%20late"), ids.get("b-20"));
  });
});

Deno.test("random ids have nothing to do with the kept secret: none is made", async () => {
  await withFolder(async (folder) => {
    const app = await start(folder, MIDNIGHT, { ...RANDOM, MALLARD_SECRET: "known to the test" });
    await view(app, "a");
    await app.close();
    const [id] = (await idsOf(folder)).values();
    const daily = hmac("mallard-metrics-salt", "known to the test:2024-01-16");
    assert.notStrictEqual(id, hmac(daily, `${ADDRESS}|${BROWSER}`));
    assert.notStrictEqual(id, hmac(daily, `${SITE}|${ADDRESS}|${BROWSER}`));
    ok(![...(await filesOf(folder)).keys()].some((path) => path.endsWith("/.secret")));
  });
});

Deno.test("back under the kept secret, ids are as documented and no salt is left", async () => {
  await withFolder(async (folder) => {
    const random = await start(folder, MIDNIGHT, RANDOM);
    await view(random, "random");
    await random.close();
    const randomId = (await idsOf(folder)).get("random") ?? "";
    equal((await keysOf(folder, randomId)).length, 1);
    const derived = await start(folder, MIDNIGHT + MINUTE_MS, {
      MALLARD_SECRET: "known to the test",
    });
    await view(derived, "derived");
    await derived.close();
    deepEqual(await keysOf(folder, randomId), []);
    const daily = hmac("mallard-metrics-salt", "known to the test:2024-01-16");
    equal((await idsOf(folder)).get("derived"), hmac(daily, `${ADDRESS}|${BROWSER}`));
  });
});
