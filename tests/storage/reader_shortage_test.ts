import assert from "node:assert";
import { AppError } from "../../src/core/errors.ts";
import { sql } from "../../src/core/sql.ts";
import { pageview } from "../support/events.ts";
import { accept, EVER, numbersOf, openFolder, withFolder } from "../support/storage/storage.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { FATAL } from "../support/storage/duckdb.ts";

const event = (n: number, day = 15) =>
  pageview({ at: `2024-01-${day} 10:00:00`, props: JSON.stringify({ n, x: "y".repeat(500) }) });

const PATH = "site_id=example.com/date=2024-01-15/0001.parquet";

/** Fails every reading of a file by the system with an error. */
function failingSystem(reason: string) {
  const state = { failing: false };
  const { files } = fakeSystem();
  const system = fakeSystem({
    files: {
      ...files,
      stream: (path) => state.failing ? Promise.reject(new Error(reason)) : files.stream(path),
    },
  });
  return { system, state };
}

Deno.test("Reader quarantines on proof alone, and refuses where there is none", async () => {
  await withFolder(async (folder) => {
    const { system, state } = failingSystem("Too many open files (os error 24): open 'x'");
    const storage = await openFolder(folder, system);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2, 16)]);
    await storage.flusher.flush();
    const whole = await Deno.readFile(`${folder}/events/${PATH}`);
    const cut = whole.slice(0, whole.length - 20);
    await Deno.writeFile(`${folder}/events/${PATH}`, cut);
    state.failing = true;
    await assert.rejects(
      numbersOf(storage),
      (error) =>
        error instanceof AppError && error.status === 503 &&
        error.headers["retry-after"] !== undefined && /Too many open files/.test(error.message),
    );
    assert.deepStrictEqual(storage.quarantined(), []);
    state.failing = false;
    assert.deepStrictEqual(await numbersOf(storage), [2]);
    assert.deepStrictEqual(storage.quarantined(), [PATH]);
    assert.deepStrictEqual(storage.reader.incompleteDates("example.com", EVER), ["2024-01-15"]);
    // An erasure reaches it.
    const { eraser } = storage;
    const counts = { db_records_deleted: 0, parquet_partitions_deleted: 1, events_deleted: 0 };
    const range = ["example.com", "2024-01-15", "2024-01-15"] as const;
    assert.deepStrictEqual(await eraser.erase(...range, true), counts);
    assert.deepStrictEqual(await eraser.erase(...range), counts);
    assert.deepStrictEqual(storage.quarantined(), []);
    await assert.rejects(Deno.stat(`${folder}/quarantine/${PATH}`), Deno.errors.NotFound);
    assert.deepStrictEqual(await storage.store.run("listPendingDeletes", undefined), []);
    await storage.close();
  });
});

Deno.test("Reader refuses while the folder of events is gone", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await Deno.rename(`${folder}/events`, `${folder}/elsewhere`);
    await assert.rejects(
      storage.reader.query("example.com", EVER, (e) => sql`select count(*) from ${e}`),
      (error) => error instanceof AppError && error.status === 503,
    );
    await Deno.rename(`${folder}/elsewhere`, `${folder}/events`);
    assert.deepStrictEqual(await numbersOf(storage), [1]);
    await storage.close();
  });
});

Deno.test("Reader takes no file for corrupt when DuckDB itself has failed", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await assert.rejects(storage.db.query(FATAL));
    await assert.rejects(numbersOf(storage));
    assert.deepStrictEqual(storage.quarantined(), []);
    await storage.close();
  });
});

Deno.test("Reader makes the folder of spilled data again where it was removed", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder, fakeSystem(), { memory_limit: "25MB", threads: 2 });
    const large = sql`
      select count(*) as n from (
        select md5(range::varchar) as x, range as r from range(500000) order by x, r desc
        limit 450000
      )`;
    const ask = () => storage.reader.query("example.com", EVER, () => large);
    assert.deepStrictEqual(await ask(), [{ n: 450_000 }]);
    await Deno.remove(`${folder}/.spill`, { recursive: true });
    assert.deepStrictEqual(await ask(), [{ n: 450_000 }]);
    await storage.close();
  });
});
