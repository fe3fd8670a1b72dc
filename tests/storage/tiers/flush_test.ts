import assert from "node:assert";
import type { Files } from "../../../src/core/types.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { forEachFaultInFolder } from "../../support/storage/faults.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

const event = (n: number, at = "2024-01-15 10:00:00") =>
  pageview({ at, props: JSON.stringify({ n }), pathname: `/${n}` });

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

Deno.test("Flusher loses and doubles nothing when any file operation fails", async () => {
  await forEachFaultInFolder(async ({ folder, system, nth, failing }) => {
    const storage = await openFolder(folder, system);
    await accept(storage, [event(1), event(2, "2024-01-14 10:00:00"), event(3)]);
    const hasFailed = await failing(() => storage.flusher.flush());
    assert.deepStrictEqual(await numbersOf(storage), [1, 2, 3], `after fault ${nth}`);
    if (hasFailed) assert.ok(storage.flusher.counts.failures > 0, `fault ${nth} is counted`);
    await accept(storage, [event(4)]);
    await storage.flusher.flush();
    assert.deepStrictEqual(await numbersOf(storage), range(1, 4), `flushed again, ${nth}`);
    assert.strictEqual(storage.hot.rows, 0, `everything is cold, ${nth}`);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), range(1, 4), `restarted, ${nth}`);
    await again.close();
  });
});

Deno.test("Flusher.flushSoon() waits longer after a long flush, unless much is hot", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    let takesMs = 0;
    const rename: Files["rename"] = async (from, to) => {
      await system.files.rename(from, to);
      system.clock.advance(takesMs);
    };
    const storage = await openFolder(folder, { ...system, files: { ...system.files, rename } });
    const { flusher } = storage;
    const flushedAfter = async (ms: number, isMuch: boolean) => {
      await accept(storage, [event(1)]);
      flusher.flushSoon();
      flusher.flushSoon({ isMuch });
      const before = flusher.counts.flushes;
      system.clock.advance(ms);
      await storage.mutex.idle();
      return flusher.counts.flushes > before;
    };
    assert.ok(await flushedAfter(0, false), "the first at once");
    assert.ok(!await flushedAfter(999, false), "the next a second later");
    takesMs = 100;
    assert.ok(await flushedAfter(1, false));
    assert.ok(!await flushedAfter(1899, false), "twenty times as long as it took");
    takesMs = 1000;
    assert.ok(await flushedAfter(1, false));
    assert.ok(!await flushedAfter(3999, false), "five seconds at most");
    assert.ok(await flushedAfter(1, false));
    assert.ok(await flushedAfter(0, true), "where much is hot, after a second");
    await storage.close();
  });
});

Deno.test("Flusher keeps hot what cannot be written, and writes the others", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await Deno.mkdir(`${folder}/events/site_id=example.com`, { recursive: true });
    await Deno.writeTextFile(`${folder}/events/site_id=example.com/date=2024-01-15`, "in the way");
    await accept(storage, [event(1), event(2, "2024-01-14 10:00:00")]);
    await storage.flusher.flush();
    assert.strictEqual(storage.hot.rows, 1);
    assert.strictEqual(storage.fileCount(), 1);
    assert.deepStrictEqual(await numbersOf(storage), [1, 2]);
    await Deno.remove(`${folder}/events/site_id=example.com/date=2024-01-15`);
    await storage.flusher.flush();
    assert.strictEqual(storage.hot.rows, 0);
    assert.deepStrictEqual(await numbersOf(storage), [1, 2]);
    await storage.close();
  });
});

Deno.test("Flusher writes files for hive partitioning, ordered by time", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [event(2, "2024-01-15 11:00:00"), event(1)]);
    await storage.flusher.flush();
    const path = `${folder}/events/site_id=example.com/date=2024-01-15/0001.parquet`;
    const { sql } = await import("../../../src/core/sql.ts");
    const rows = await storage.db.query(sql`
      select site_id, date::varchar as date, pathname, typeof(timestamp) as type
      from read_parquet(${[path]}, hive_partitioning = true)`);
    assert.deepStrictEqual(rows, [
      { site_id: "example.com", date: "2024-01-15", pathname: "/1", type: "TIMESTAMP" },
      { site_id: "example.com", date: "2024-01-15", pathname: "/2", type: "TIMESTAMP" },
    ]);
    await storage.close();
  });
});
