import assert from "node:assert/strict";
import type { Storage } from "../../../src/storage/open.ts";
import { ident, join, sql } from "../../../src/core/sql.ts";
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

/** The events of each site that are in no file: as they are counted, and as DuckDB has them. */
async function bothCounts(storage: Storage): Promise<[string, string]> {
  await storage.hot.sync();
  const counted = storage.reader.waitingEvents();
  const tables = storage.hot.tables.map(({ name }) => sql`select site_id from ${ident(name)}`);
  const rows = await storage.db.query(sql`
    select site_id, count(*) as rows from (${join(tables, " union all ")}) group by site_id`);
  const written = (pairs: Iterable<readonly [unknown, unknown]>) =>
    [...pairs].filter(([, count]) => count !== 0).map((pair) => pair.join(" ")).sort().join("\n");
  return [
    written(counted),
    written(rows.map(({ site_id, rows }) => [site_id, rows] as const)),
  ];
}

Deno.test("Hot counts the events of each site through all that becomes of them", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    let storage = await openFolder(folder, system);
    const agree = async (most: number) => {
      const [counted, stored] = await bothCounts(storage);
      assert.equal(counted, stored);
      assert.equal(counted.split("\n").length, most, counted);
    };
    const of = (site: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({
        ...event(n),
        site_id: `s${site}.example`,
        timestamp: event(n).timestamp + site * 1_000_000 + n,
      }));
    // Small partitions of more than a hundred sites are held back, a large one is written.
    await accept(storage, Array.from({ length: 120 }, (_, site) => of(site, site % 5 + 1)).flat());
    await agree(120);
    await accept(storage, of(7, 300));
    await accept(storage, [bad(1), event(2), bad(3)]);
    await agree(121);
    await storage.flusher.flush();
    assert.equal(storage.flusher.heldBackRows > 0, true);
    await agree(120);
    await accept(storage, of(7, 3));
    await agree(121);
    await storage.eraser.erase("s9.example", "2024-01-15", "2024-01-15");
    await agree(120);
    await storage.close();
    storage = await openFolder(folder, system);
    const left = (await bothCounts(storage))[0].split("\n").length;
    await accept(storage, of(200, 4));
    await agree(left + 1);
    await storage.flusher.flush({ all: true });
    assert.deepEqual(await bothCounts(storage), ["", ""]);
    await storage.close();
  });
});
