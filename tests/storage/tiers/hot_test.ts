import assert from "node:assert/strict";
import type { Storage } from "../../../src/storage/open.ts";
import { ALL_DATES } from "../../../src/storage/tiers/erase.ts";
import type { HotRoom } from "../../../src/storage/tiers/hot.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { numbered, SITES } from "../../support/lake/data.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

const event = (n: number, revenue_amount: number | null = null) =>
  pageview({ at: "2024-01-15 10:00:00", props: JSON.stringify({ n }), revenue_amount });
/** More than the column holds: entry never lets it through. */
const bad = (n: number) => event(n, 10 ** 13);

const waiting = (storage: Storage) => storage.store.run("journalRows", undefined);

Deno.test("Hot sets aside what DuckDB does not take, and keeps nothing back for it", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    await accept(storage, [bad(1)]);
    await accept(storage, [event(2), event(3), bad(4), event(5), bad(6)]);
    assert.deepEqual(await numbersOf(storage), [2, 3, 5]);
    assert.equal(storage.hot.rows, 3);
    assert.equal(storage.hot.unreadableCount, 3);
    const lines = system.lines.filter(({ level }) => level === "error");
    assert.deepEqual(lines.map(({ fields }) => fields["seq"]), [1, 4, 6]);
    assert.match(String(lines[0]?.fields["reason"]), /^Conversion Error: .* out of range/);
    await accept(storage, [event(7)]);
    await storage.flusher.flush();
    assert.deepEqual(await numbersOf(storage), [2, 3, 5, 7]);
    assert.equal(await waiting(storage), 3);
    await storage.close();

    const again = await openFolder(folder);
    assert.deepEqual(await numbersOf(again), [2, 3, 5, 7]);
    assert.deepEqual([await waiting(again), again.hot.unreadableCount], [3, 3]);
    await accept(again, [event(8)]);
    await again.flusher.flush();
    assert.deepEqual(await waiting(again), 3);
    await again.eraser.erase("example.com", "2024-01-15", "2024-01-15");
    assert.deepEqual([await waiting(again), again.hot.unreadableCount], [0, 0]);
    await again.close();
  });
});

/** Fills the hot tables of a journal that is read in pieces; the first makes them full. */
async function fillWhile(
  storage: Storage,
  folder: string,
  flush: (load: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const { hot, db, store } = storage;
  const load = (room: HotRoom) => () => hot.load(store, () => assert.fail(), room);
  const files = [`${folder}/a.ndjson`, `${folder}/b.ndjson`] as const;
  const room = { files, rowsAtOnce: 10_000, isFull: () => false, flush: assert.fail };
  let pieces = 0;
  const full: HotRoom = { ...room, isFull: () => ++pieces === 1, flush: () => flush(load(room)) };
  await hot.refill(() => db.reopen(), load(full));
  assert.ok(pieces > 0);
}

async function withJournal(work: (storage: Storage, folder: string) => Promise<void>) {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    try {
      for (let from = 0; from < 36_000; from += 6000) {
        await accept(storage, numbered(from, 6000, 3));
      }
      await work(storage, folder);
    } finally {
      await storage.close();
    }
  });
}

/** Without engagements, which the relation of a question leaves out. */
const numbersOfSite = (index: number, count: number) =>
  numbered(0, count, 3)
    .filter(({ site_id, engaged_ms }) => site_id === SITES[index] && engaged_ms === null)
    .map(({ props }) => JSON.parse(props ?? "").n);

Deno.test("events that a flush erases while the journal is read do not come back", async () => {
  await withJournal(async (storage, folder) => {
    const { eraser } = storage;
    await fillWhile(
      storage,
      folder,
      () => eraser.eraseElsewhere(SITES[0], ...ALL_DATES, Number.MAX_SAFE_INTEGER),
    );
    assert.deepEqual(await numbersOf(storage, SITES[0]), []);
    assert.deepEqual(await numbersOf(storage, SITES[1]), numbersOfSite(1, 36_000));
    assert.equal(await waiting(storage), 18_000);
  });
});

Deno.test("what is filled anew by a flush while the journal is read is there once", async () => {
  await withJournal(async (storage, folder) => {
    await fillWhile(storage, folder, async (load) => {
      await storage.hot.refill(() => storage.db.reopen(), load);
      await accept(storage, numbered(36_000, 30, 3));
    });
    for (const index of [0, 1]) {
      assert.deepEqual(await numbersOf(storage, SITES[index]), numbersOfSite(index, 36_030));
    }
  });
});
