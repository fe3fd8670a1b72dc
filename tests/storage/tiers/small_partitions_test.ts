import assert from "node:assert/strict";
import type { HotPartition } from "../../../src/storage/tiers/hot.ts";
import {
  FLUSH_FILES_MAX,
  HELD_BACK_ROWS_MAX,
  splitPartitions,
} from "../../../src/storage/tiers/small_partitions.ts";
import { pageview } from "../../support/events.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

const partitions = (...rows: number[]): HotPartition[] =>
  rows.map((count, n) => ({
    site_id: `s${n}.example`,
    date: "2024-01-15",
    rows: count,
    firstUs: 0,
  }));

Deno.test("splitPartitions() writes all of few partitions, and of many only the large ones", () => {
  const few = partitions(...Array<number>(FLUSH_FILES_MAX).fill(1));
  assert.deepEqual(splitPartitions(few), { write: few, wait: [] });
  const many = partitions(500, ...Array<number>(FLUSH_FILES_MAX).fill(1), 100);
  const { write, wait } = splitPartitions(many);
  assert.deepEqual(write.map(({ rows }) => rows), [500, 100]);
  assert.equal(wait.length, FLUSH_FILES_MAX);
});

Deno.test("splitPartitions() bounds what waits, and lets the largest go first", () => {
  const many = partitions(...Array.from({ length: 1000 }, (_, n) => n % 99 + 1));
  const { write, wait } = splitPartitions(many);
  const rows = (list: readonly HotPartition[]) => list.reduce((sum, one) => sum + one.rows, 0);
  assert.ok(rows(wait) <= HELD_BACK_ROWS_MAX / 2);
  assert.equal(rows(write) + rows(wait), rows(many));
  const smallest = Math.min(...write.map((one) => one.rows));
  assert.ok(wait.every((one) => one.rows <= smallest));
});

Deno.test("A flush of many small partitions leaves them in the journal", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const count = FLUSH_FILES_MAX + 1;
    const sites = Array.from({ length: count }, (_, n) => `s${n}.example`);
    const event = (site_id: string) => pageview({ site_id, at: "2024-01-15 10:00:00" });
    const seen = async (site: string) => new Set(await numbersOf(storage, site)).size;
    await accept(storage, sites.map(event));
    for (let round = 0; round < 10; round++) {
      await accept(storage, Array.from({ length: 100 }, () => event("large.example")));
      await storage.flusher.flush();
      assert.equal(storage.fileCount(), round + 1, "one file for the large site");
      assert.equal(storage.hot.rows, count);
      assert.equal(storage.flusher.heldBackRows, count);
    }
    await accept(storage, sites.map(event));
    for (let round = 0; round < 10; round++) {
      await accept(storage, [event("s0.example")]);
      await storage.flusher.flush();
      assert.equal(storage.fileCount(), 10, "nothing is large");
    }
    for (const site of ["s0.example", "s100.example", "large.example"]) {
      assert.equal(await seen(site), 1, site);
    }
    await storage.close();
    const again = await openFolder(folder);
    assert.equal(again.hot.rows, 2 * count + 10);
    await again.close();
  });
});

Deno.test("A flush at stop writes the largest of many partitions, no more", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const sites = Array.from({ length: FLUSH_FILES_MAX + 5 }, (_, n) => `s${n}.example`);
    const events = sites.flatMap((site_id, n) =>
      Array.from({ length: 100 + n }, () => pageview({ site_id, at: "2024-01-15 10:00:00" }))
    );
    await accept(storage, events);
    await storage.flusher.flushLargest();
    assert.equal(storage.fileCount(), FLUSH_FILES_MAX);
    assert.equal(storage.hot.rows, 100 + 101 + 102 + 103 + 104);
    await storage.close();
    const again = await openFolder(folder);
    assert.equal(again.hot.rows, 100 + 101 + 102 + 103 + 104);
    assert.equal(again.fileCount(), FLUSH_FILES_MAX);
    await again.close();
  });
});
