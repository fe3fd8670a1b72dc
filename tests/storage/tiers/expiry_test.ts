import assert from "node:assert";
import * as duckdb from "@duckdb/node-api";
import { DAY_MS } from "../../../src/core/durations.ts";
import { openStorage, type Storage } from "../../../src/storage/open.ts";
import { Trash } from "../../../src/storage/trash.ts";
import { pageview } from "../../support/events.ts";
import { type FakeSystem, fakeSystem } from "../../support/fake_system.ts";
import { forEachFaultInFolder } from "../../support/storage/faults.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

const SITE = "example.com";
const event = (n: number, at: string, site = SITE) =>
  pageview({ at, site_id: site, props: JSON.stringify({ n }) });
const EVENTS = [
  event(1, "2024-01-13 10:00:00"),
  event(2, "2024-01-14 10:00:00"),
  event(3, "2024-01-15 10:00:00"),
];
const NOON = Date.UTC(2024, 0, 15, 12);

/** Paths of the Parquet files in the trash, as they were below `events`. */
async function trashed(system: FakeSystem, folder: string): Promise<string[]> {
  return (await new Trash(system.files, folder).list()).map(({ path }) => path).sort();
}

async function undo(storage: Storage, system: FakeSystem, folder: string) {
  const deleting = await storage.store.run("listPendingDeletes", undefined);
  return await new Trash(system.files, folder).undo(new Set(deleting));
}

Deno.test("Expiry removes the days before the last N and today, flushed or not", async () => {
  for (const flushed of [false, true]) {
    await withFolder(async (folder) => {
      const storage = await openFolder(folder);
      await accept(storage, EVENTS);
      if (flushed) await storage.flusher.flush();
      const nowMs = Date.UTC(2024, 0, 15, 23, 59);
      await storage.expiry.expire(SITE, 0, nowMs);
      await storage.expiry.expire(SITE, 2, nowMs);
      assert.deepStrictEqual(await numbersOf(storage), [1, 2, 3]);
      await storage.expiry.expire(SITE, 1, nowMs);
      assert.deepStrictEqual(await numbersOf(storage), [2, 3]);
      await storage.close();
    });
  }
});

Deno.test("Expiry deletes nothing after a start with the clock a year ahead", async () => {
  await withFolder(async (folder) => {
    const before = await openFolder(folder);
    await accept(before, EVENTS);
    await before.flusher.flush();
    await before.close();
    const system = fakeSystem({ nowMs: Date.UTC(2025, 0, 15, 12) });
    const storage = await openFolder(folder, system);
    await storage.expiry.expire(SITE, 90, system.clock.nowMs());
    assert.deepStrictEqual(await numbersOf(storage), [1, 2, 3]);
    assert.ok(system.lines.some(({ message }) => message.startsWith("The clock is in doubt")));
    await storage.close();
  });
});

Deno.test("Expiry keeps files in the trash for three days, and they come back", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    let storage = await openFolder(folder, system);
    await accept(storage, EVENTS);
    await storage.flusher.flush();
    await storage.expiry.expire(SITE, 1, NOON);
    assert.deepStrictEqual(await numbersOf(storage), [2, 3]);
    const path = "site_id=example.com/date=2024-01-13/0001.parquet";
    assert.deepStrictEqual(await trashed(system, folder), [path]);
    for (const name of await system.files.tree(`${folder}/trash`)) {
      assert.ok(!name.endsWith(".parquet"), name);
    }
    await storage.expiry.emptyTrash(NOON + 3 * DAY_MS - 1, system.log);
    assert.deepStrictEqual(await undo(storage, system, folder), { restored: 1, busy: 0 });
    assert.strictEqual(await storage.parquet.adopt(), 1);
    assert.deepStrictEqual(await numbersOf(storage), [1, 2, 3]);
    await storage.close();
    storage = await openFolder(folder, system);
    assert.deepStrictEqual(await numbersOf(storage), [1, 2, 3]);
    await storage.expiry.expire(SITE, 1, NOON);
    await storage.expiry.emptyTrash(NOON + 3 * DAY_MS, system.log);
    assert.deepStrictEqual(await system.files.list(`${folder}/trash`), []);
    await storage.close();
  });
});

Deno.test("Trash.empty() restarts the three days of files from a wrong clock", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    await accept(storage, EVENTS);
    await storage.flusher.flush();
    await storage.expiry.expire(SITE, 90, NOON + 365 * DAY_MS);
    await storage.expiry.emptyTrash(NOON, system.log);
    await storage.expiry.emptyTrash(NOON + 2 * DAY_MS, system.log);
    assert.strictEqual((await trashed(system, folder)).length, 3);
    await storage.expiry.emptyTrash(NOON + 3 * DAY_MS, system.log);
    assert.deepStrictEqual(await trashed(system, folder), []);
    await storage.close();
  });
});

Deno.test("Eraser.erase() reaches the trash, for its site and dates alone", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const long = "a".repeat(256);
    await accept(storage, [...EVENTS, event(4, "2024-01-13 10:00:00", long)]);
    await storage.flusher.flush();
    for (const site of [SITE, long]) await storage.expiry.expire(site, 1, NOON + DAY_MS);
    assert.strictEqual((await trashed(system, folder)).length, 3);
    const range = [SITE, "2024-01-14", "2024-01-31"] as const;
    const counts = { db_records_deleted: 0, parquet_partitions_deleted: 2, events_deleted: 1 };
    assert.deepStrictEqual(await storage.eraser.erase(...range, true), counts);
    assert.deepStrictEqual(await storage.eraser.erase(...range), counts);
    assert.strictEqual((await trashed(system, folder)).length, 2);
    await storage.eraser.erase(long, "2024-01-13", "2024-01-13");
    assert.deepStrictEqual(await trashed(system, folder), [
      "site_id=example.com/date=2024-01-13/0001.parquet",
    ]);
    await storage.close();
  });
});

Deno.test("Expiry with gdpr_mode keeps no trash, and empties one from before", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const before = await openFolder(folder, system);
    await accept(before, EVENTS);
    await before.flusher.flush();
    await before.expiry.expire(SITE, 1, NOON);
    await before.close();
    const storage = await openStorage(system, {
      pid: Deno.pid,
      memoryBytes: null,
      loadDuckDb: () => Promise.resolve(duckdb),
    }, { dataDir: folder, memory_limit: null, threads: null, gdpr_mode: true });
    await storage.expiry.expire(SITE, 1, NOON + DAY_MS);
    assert.deepStrictEqual(await numbersOf(storage), [3]);
    await storage.expiry.emptyTrash(NOON + DAY_MS, system.log);
    assert.deepStrictEqual(await trashed(system, folder), []);
    await storage.close();
  });
});

Deno.test("Expiry loses and doubles nothing when any file operation fails", async () => {
  await forEachFaultInFolder(async ({ folder, system, nth, failing }) => {
    const storage = await openFolder(folder, system);
    await accept(storage, EVENTS);
    await storage.flusher.flush();
    await failing(() => storage.expiry.expire(SITE, 1, NOON).catch(() => {}));
    // A restart in this state counts each event once, wherever the expiry was cut short.
    await storage.close();
    const again = await openFolder(folder, system);
    const left = await numbersOf(again);
    assert.ok([[1, 2, 3].join(), [2, 3].join()].includes(left.join()), `fault ${nth}: ${left}`);
    await again.expiry.expire(SITE, 1, NOON);
    assert.deepStrictEqual(await numbersOf(again), [2, 3], `after fault ${nth}`);
    await undo(again, system, folder);
    await again.parquet.adopt();
    assert.deepStrictEqual(await numbersOf(again), [1, 2, 3], `undone after fault ${nth}`);
    await again.close();
  });
});

Deno.test("Expiry reaches quarantined and missing files, three days later", async () => {
  await withFolder(async (folder) => {
    const before = await openFolder(folder);
    await accept(before, EVENTS);
    await before.flusher.flush();
    await before.close();
    const [corrupt, missing] = [13, 14].map((day) => `site_id=${SITE}/date=2024-01-${day}`);
    await Deno.mkdir(`${folder}/quarantine/${corrupt}`, { recursive: true });
    await Deno.rename(
      `${folder}/events/${corrupt}/0001.parquet`,
      `${folder}/quarantine/${corrupt}/0001.parquet`,
    );
    await Deno.remove(`${folder}/events/${missing}/0001.parquet`);
    const storage = await openFolder(folder);
    // The quarantined one is in the catalog here: it counts as missing, too.
    assert.deepStrictEqual(storage.missing().paths.length, 2);
    const lacking = () => [storage.quarantined().length, storage.missing().paths.length];
    await storage.expiry.expire(SITE, 2, Date.UTC(2024, 0, 18, 12));
    assert.deepStrictEqual(lacking(), [1, 2]);
    await storage.expiry.expire(SITE, 1, Date.UTC(2024, 0, 18, 12));
    assert.deepStrictEqual(lacking(), [0, 1]);
    await storage.expiry.expire(SITE, 1, Date.UTC(2024, 0, 19, 12));
    assert.deepStrictEqual(lacking(), [0, 0]);
    await assert.rejects(Deno.stat(`${folder}/quarantine/${corrupt}/0001.parquet`));
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(again.missing().paths, []);
    await again.close();
  });
});

Deno.test("a site that cannot expire keeps no other from it, nor what else it has", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const other = "b.example";
    try {
      await accept(storage, [...EVENTS, ...EVENTS.map((one) => ({ ...one, site_id: other }))]);
      const erase = storage.eraser.eraseUnreadable.bind(storage.eraser);
      const unreadable: string[] = [];
      storage.eraser.eraseUnreadable = (site, ...rest) => {
        unreadable.push(site);
        return erase(site, ...rest);
      };
      const flush = storage.flusher.flush.bind(storage.flusher);
      storage.flusher.flush = () => {
        storage.flusher.flush = flush;
        return Promise.reject(new Error("disk full"));
      };
      const sites = [SITE, other].map((site) => ({ site, days: 1 }));
      await assert.rejects(storage.expiry.expireAll(sites, NOON, system.log), /disk full/);
      assert.deepEqual(await numbersOf(storage), [1, 2, 3]);
      assert.deepEqual(await numbersOf(storage, other), [2, 3]);
      assert.deepEqual(unreadable, [SITE, other]);
    } finally {
      await storage.close();
    }
  });
});
