import assert from "node:assert";
import { DatabaseSync } from "node:sqlite";
import * as duckdb from "@duckdb/node-api";
import { HOUR_MS, MINUTE_MS } from "../../src/core/durations.ts";
import { sql } from "../../src/core/sql.ts";
import type { Log } from "../../src/core/types.ts";
import { openAccepting, type StorageHost } from "../../src/storage/open.ts";
import { pageview } from "../support/events.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { accept, EVER, numbersOf, openFolder, withFolder } from "../support/storage/storage.ts";

const event = (n: number, at = "2024-01-15 10:00:00") =>
  pageview({ at, props: JSON.stringify({ n, text: "x".repeat(500) }) });

/** Opens a folder as the server does: events are taken, and nothing more. */
const openEarly = (folder: string, host: Partial<StorageHost> = {}) =>
  openAccepting(fakeSystem(), {
    pid: Deno.pid,
    memoryBytes: null,
    loadDuckDb: () => Promise.resolve(duckdb),
    ...host,
  }, { dataDir: folder, memory_limit: null, threads: null, flush_event_count: 1 });

/** The Parquet files of a folder. */
function filesIn(folder: string): { path: string }[] {
  const below = (path: string): { path: string }[] =>
    [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) =>
      isDirectory ? below(`${path}/${name}`) : [{ path: `${path}/${name}` }]
    );
  return below(`${folder}/events`);
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

Deno.test("openStorage() refuses a folder in use, naming the process", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await assert.rejects(
      openFolder(folder),
      { message: `Cannot use ${folder}: another server runs on it (process ${Deno.pid})` },
    );
    await storage.close();
    await (await openFolder(folder)).close();
  });
});

Deno.test("openStorage() says in a sentence that the folder cannot be used", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await assert.rejects(openFolder(`${folder}/file`), /^Error: Cannot use data_dir .*file: /);
  });
});

Deno.test("openStorage() keeps journal and files through a restart", async () => {
  await withFolder(async (folder) => {
    let storage = await openFolder(folder);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2)]);
    await storage.close();
    storage = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(storage), [1, 2]);
    assert.strictEqual(storage.hot.rows, 1);
    assert.strictEqual(storage.lastTimestampUs, Date.UTC(2024, 0, 15, 10) * 1000);
    await storage.close();
  });
});

Deno.test("openAccepting() keeps events without DuckDB", async () => {
  await withFolder(async (folder) => {
    const loadDuckDb = () => Promise.reject(new Error("Cannot load DuckDB"));
    const storage = await openEarly(folder, { loadDuckDb });
    await storage.append([event(1)]);
    await assert.rejects(storage.complete(), /Cannot load DuckDB/);
    await storage.append([event(2)]);
    await storage.close();
    // Nothing is left open or locked.
    const after = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(after), [1, 2]);
    await after.close();
  });
});

Deno.test("openAccepting() never takes its own events for those of an older file", async () => {
  await withFolder(async (folder) => {
    const before = await openFolder(folder);
    await accept(before, [event(1), event(2), event(3)]);
    await before.flusher.flush();
    await before.close();
    // An owner puts a file of before these events in its place: it numbers events from 1 again.
    const { store, close } = await openEarly(folder);
    for (const path of (await store.run("listFiles", undefined)).map(({ path }) => path)) {
      await store.run("forgetFiles", [path]);
    }
    await close();
    const state = new DatabaseSync(`${folder}/mallard.sqlite`);
    state.exec("update sqlite_sequence set seq = 0 where name = 'journal'");
    state.close();
    // The first two end before the files are compared: as a kill would.
    for (const n of [4, 5]) {
      const killed = await openEarly(folder);
      await killed.append([event(n)]);
      await killed.close();
    }
    const storage = await openEarly(folder);
    await storage.append([event(6)]);
    const whole = await storage.complete();
    assert.deepStrictEqual(await numbersOf(whole), [1, 2, 3, 4, 5, 6]);
    await whole.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), [1, 2, 3, 4, 5, 6]);
    await again.close();
  });
});

Deno.test("openAccepting() commits a file that a crash left and keeps later events", async () => {
  await withFolder(async (folder) => {
    const before = await openFolder(folder);
    await accept(before, [event(1), event(2)]);
    const rows = await before.store.run("readJournal", { after: 0, count: 10 });
    await before.flusher.flush();
    const [file] = await before.store.run("listFiles", undefined);
    assert.ok(file);
    // As if the flush had been killed before its commit.
    await before.store.run("forgetFiles", [file.path]);
    await before.close();
    const state = new DatabaseSync(`${folder}/mallard.sqlite`);
    for (const row of rows) {
      state.prepare("insert into journal values (?, ?, ?, ?)")
        .run(row.seq, row.site_id, row.date, row.event);
    }
    state.close();
    const storage = await openEarly(folder);
    await storage.append([event(3)]);
    const whole = await storage.complete();
    assert.deepStrictEqual(await numbersOf(whole), [1, 2, 3]);
    assert.strictEqual(whole.hot.rows, 1, "the others are in the file alone");
    await whole.close();
  });
});

Deno.test("openAccepting() knows the sites of files that are still to be adopted", async () => {
  await withFolder(async (folder) => {
    const before = await openFolder(folder);
    await accept(before, [event(1)]);
    await before.flusher.flush();
    await before.close();
    for (const name of ["mallard.sqlite", ".lock"]) await Deno.remove(`${folder}/${name}`);
    await Deno.mkdir(`${folder}/events/site_id=empty.example`);
    const storage = await openEarly(folder);
    assert.deepStrictEqual(storage.sites.sites(), ["empty.example", "example.com"]);
    await storage.append([pageview({ site_id: "new.example", at: "2024-01-15 10:00:00" })]);
    const whole = await storage.complete();
    assert.deepStrictEqual(whole.sites.sites(), ["example.com", "new.example"]);
    await whole.close();
    await Deno.mkdir(`${folder}/events/site_id=late.example`);
    const again = await openEarly(folder);
    await again.append([pageview({ site_id: "late.example", at: "2024-01-15 10:00:00" })]);
    await (await again.complete()).close();
    const last = await openFolder(folder);
    assert.deepStrictEqual(last.sites.sites(), ["example.com", "late.example", "new.example"]);
    await last.close();
  });
});

Deno.test("openAccepting() reads who was seen lately, before files are adopted, too", async () => {
  await withFolder(async (folder) => {
    const nowMs = Date.now();
    const at = (ms: number) => new Date(ms).toISOString();
    const before = await openFolder(folder);
    await accept(before, [event(1, at(nowMs - HOUR_MS)), event(2, at(nowMs - 1))]);
    await before.flusher.flush();
    await before.close();
    const lastSeen = async (fromMs: number) => {
      const storage = await openEarly(folder);
      const seen = await storage.seenVisitors(fromMs, nowMs);
      await storage.close();
      return seen.map(([site, , lastMs]) => [site, lastMs]);
    };
    const last = [["example.com", nowMs - 1]];
    assert.deepStrictEqual(await lastSeen(nowMs - 1000), last);
    assert.deepStrictEqual(await lastSeen(nowMs), []);
    await Deno.remove(`${folder}/mallard.sqlite`);
    assert.deepStrictEqual(await lastSeen(nowMs - 1000), last);
    // A corrupt file hides no other.
    const [file] = filesIn(folder);
    assert.ok(file);
    await Deno.writeTextFile(file.path.replace(/[^/]*$/, "9999.parquet"), "no Parquet");
    assert.deepStrictEqual(await lastSeen(nowMs - 1000), last);
    // Nothing that was written before can matter.
    for (const { path } of filesIn(folder)) await Deno.utime(path, 0, 0);
    assert.deepStrictEqual(await lastSeen(nowMs - 1000), []);
  });
});

Deno.test("The journal tells who was seen lately from its end alone", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const nowMs = () => system.clock.nowMs();
    const add = (visitor: string) =>
      accept(storage, [{ ...event(1), visitor_id: visitor, timestamp: nowMs() * 1000 }]);
    const seen = async (fromMs: number) =>
      (await storage.store.run("journaledVisitors", fromMs * 1000))
        .map(({ visitor_id }) => visitor_id).sort();
    const startMs = nowMs();
    await add("a");
    for (const name of ["b", "c", "d"]) {
      system.clock.advance(4 * MINUTE_MS);
      await add(name);
    }
    assert.deepStrictEqual(await seen(startMs), ["a", "b", "c", "d"]);
    assert.deepStrictEqual(await seen(startMs + 5 * MINUTE_MS), ["c", "d"]);
    assert.deepStrictEqual(await seen(nowMs()), ["d"]);
    assert.deepStrictEqual(await seen(nowMs() + 1), []);
    await storage.close();
  });
});

Deno.test("openStorage() starts with a corrupt mallard.sqlite and keeps the files", async () => {
  for (const damage of ["garbage", "empty-pages", "truncated"]) {
    await withFolder(async (folder) => {
      let storage = await openFolder(folder);
      await accept(storage, range(1, 50).map((n) => event(n)));
      await storage.flusher.flush();
      await storage.compactor.run(new AbortController().signal);
      await accept(storage, range(51, 200).map((n) => event(n, "2024-01-15 11:00:00")));
      await storage.close();
      const path = `${folder}/mallard.sqlite`;
      const bytes = await Deno.readFile(path);
      if (damage === "garbage") bytes.fill(0x78, 0, 4096);
      if (damage === "empty-pages") bytes.fill(0, Math.floor(bytes.length * 0.8));
      const kept = damage === "truncated"
        ? Math.floor(bytes.length * 0.7 / 4096) * 4096
        : undefined;
      await Deno.writeFile(path, bytes.subarray(0, kept));
      const system = fakeSystem();
      storage = await openFolder(folder, system);
      const numbers = await numbersOf(storage);
      assert.strictEqual(new Set(numbers).size, numbers.length, `${damage}: nothing twice`);
      assert.deepStrictEqual(numbers.slice(0, 50), range(1, 50), `${damage}: files count`);
      const lines = system.lines.filter((line) => line.level === "error").map((line) =>
        line.message
      );
      assert.ok(
        lines.includes("Quarantined corrupt mallard.sqlite"),
        damage,
      );
      assert.ok(storage.quarantined().some((name) => name.endsWith(".sqlite")), damage);
      await accept(storage, [event(201)]);
      assert.strictEqual((await numbersOf(storage)).length, numbers.length + 1);
      await storage.close();
    });
  }
});

Deno.test("openStorage() makes a missing mallard.sqlite again from its log", async () => {
  await withFolder(async (folder) => {
    const before = await openFolder(`${folder}/before`);
    await accept(before, range(1, 3).map((n) => event(n)));
    for (const main of [null, ""]) {
      const data = `${folder}/after${main}`;
      await Deno.mkdir(data);
      await Deno.copyFile(`${folder}/before/mallard.sqlite-wal`, `${data}/mallard.sqlite-wal`);
      if (main !== null) await Deno.writeTextFile(`${data}/mallard.sqlite`, main);
      const system = fakeSystem();
      let storage = await openFolder(data, system);
      await accept(storage, [event(4)]);
      assert.deepStrictEqual(await numbersOf(storage), range(1, 4));
      assert.ok(system.lines.some(({ message }) => message.startsWith("Found mallard.sqlite mis")));
      await storage.close();
      storage = await openFolder(data);
      assert.deepStrictEqual(await numbersOf(storage), range(1, 4));
      await storage.close();
    }
    // Without the log nothing can be made again, and the owner is told.
    await Deno.remove(`${folder}/after/mallard.sqlite`);
    for (const dir of ["new", "after"]) {
      const system = fakeSystem();
      await (await openFolder(`${folder}/${dir}`, system)).close();
      const told = system.lines.filter(({ message }) => message.startsWith("Found no mallard.sq"));
      assert.strictEqual(told.length, dir === "new" ? 0 : 1, dir);
    }
    // A log of which nothing can be read is kept, and events are taken.
    await Deno.mkdir(`${folder}/none`);
    await Deno.writeTextFile(`${folder}/none/mallard.sqlite-wal`, "x".repeat(10_000));
    const storage = await openFolder(`${folder}/none`);
    assert.strictEqual(storage.quarantined().length > 0, true);
    await accept(storage, [event(1)]);
    await storage.close();
    await before.close();
  });
});

Deno.test("openStorage() keeps mallard.sqlite for its owner alone, an older one too", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/mallard.sqlite`, "", { mode: 0o644 });
    const storage = await openFolder(folder);
    await accept(storage, [event(1)]);
    for (const name of ["mallard.sqlite", "mallard.sqlite-wal", "mallard.sqlite-shm"]) {
      const { mode } = await Deno.stat(`${folder}/${name}`);
      assert.strictEqual((mode ?? 0) & 0o777, 0o600, name);
    }
    await storage.close();
  });
});

Deno.test("openStorage() removes what a killed query left in the spill folder", async () => {
  await withFolder(async (folder) => {
    await (await openFolder(folder)).close();
    await Deno.mkdir(`${folder}/.spill`, { recursive: true });
    await Deno.writeTextFile(`${folder}/.spill/duckdb_temp_storage_DEFAULT-0.tmp`, "events");
    await (await openFolder(folder)).close();
    await assert.rejects(
      Deno.stat(`${folder}/.spill/duckdb_temp_storage_DEFAULT-0.tmp`),
      Deno.errors.NotFound,
    );
  });
});

Deno.test("AcceptingStorage.complete() reads what is appended meanwhile once", async () => {
  await withFolder(async (folder) => {
    const earlier = 12_000;
    const before = await openFolder(folder);
    await accept(before, Array.from({ length: earlier }, (_, n) => event(n)));
    await before.close();
    const early = await openEarly(folder);
    const added: number[] = [];
    const add = async (n: number) => {
      await early.append([event(n)]);
      added.push(n);
    };
    await add(earlier);
    // Where no file can be written for DuckDB, rows are read one by one.
    const blocked = `${folder}/.spill/journal-0.ndjson`;
    await Deno.mkdir(blocked, { recursive: true });
    let isFilled = false;
    const filling = early.complete().finally(() => isFilled = true);
    while (!isFilled && added.length < 2000) await add(earlier + added.length);
    const storage = await filling;
    await add(earlier + added.length);
    const all = Array.from({ length: earlier + added.length }, (_, n) => n);
    assert.deepStrictEqual(await numbersOf(storage), all);
    await storage.flusher.flush();
    assert.deepStrictEqual(await numbersOf(storage), all);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), all);
    await again.close();
  });
});

Deno.test("AcceptingStorage.complete() flushes a long journal piece by piece", async () => {
  await withFolder(async (folder) => {
    const count = 70_000;
    const before = await openFolder(folder);
    const small = (n: number, pathname = "/") =>
      pageview({ at: "2024-01-15 10:00:00", props: `{"n":${n}}`, pathname });
    const odd = [small(0, "/%7Ea"), small(1, "/\ud800"), small(2, '/"\u2028')];
    await accept(before, odd);
    const all = Array.from({ length: count }, (_, n) => n);
    await accept(before, all.slice(odd.length).map((n) => small(n)));
    await before.close();
    const state = new DatabaseSync(`${folder}/mallard.sqlite`);
    const insert = state.prepare("update journal set event = ? where seq = ?");
    const foreign = JSON.stringify({ ...small(9), site_id: "other.example" });
    ["{", foreign].forEach((text, index) => insert.run(text, 20_000 + index));
    state.close();
    const { log, lines } = loggedSystem();
    const early = await openAccepting({ ...fakeSystem(), log }, {
      pid: Deno.pid,
      memoryBytes: 1,
      loadDuckDb: () => Promise.resolve(duckdb),
    }, { dataDir: folder, memory_limit: null, threads: null });
    await early.append([small(count)]);
    const storage = await early.complete();
    const kept = [...all.filter((n) => n !== 19_999 && n !== 20_000), count];
    assert.deepStrictEqual(await numbersOf(storage), kept);
    assert.ok(storage.fileCount() > 0 && storage.hot.rows < count, "a part is in files");
    assert.deepStrictEqual(lines, ["20000", "20001"]);
    const left = [...Deno.readDirSync(`${folder}/.spill`)].map(({ name }) => name);
    assert.deepStrictEqual(left.filter((name) => name.startsWith("journal")), []);
    const paths = await storage.reader.query(
      "example.com",
      EVER,
      (events) => sql`select distinct pathname from ${events} order by pathname`,
    );
    assert.deepStrictEqual(
      paths.map(({ pathname }) => pathname).sort(),
      ["/", "/~a", "/\ufffd", '/"\u2028'].sort(),
    );
    await storage.close();
  });
});

/** A log that keeps the numbers of the rows that were skipped. */
function loggedSystem() {
  const lines: string[] = [];
  const log: Log = (_level, message, fields) => {
    if (message.startsWith("Skipped")) lines.push(String(fields?.["seq"]));
  };
  return { log, lines };
}
