import assert from "node:assert";
import { pageview } from "../../support/events.ts";
import { forEachFaultInFolder } from "../../support/storage/faults.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";
import { turn } from "../../support/wait.ts";

const event = (n: number, at: string, site = "example.com") =>
  pageview({ at, site_id: site, props: JSON.stringify({ n, secret: `needle${n}needle` }) });

/** Paths of files below a folder that contain a text. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const output = await new Deno.Command("grep", { args: ["-rlaF", text, folder] }).output();
  return new TextDecoder().decode(output.stdout).split("\n").filter((line) => line !== "");
}

const EVENTS = [
  event(1, "2024-01-13 10:00:00"),
  event(2, "2024-01-14 10:00:00"),
  event(3, "2024-01-15 10:00:00"),
  event(4, "2024-01-14 11:00:00", "other.org"),
];

Deno.test("Eraser removes a site's dates from every tier, and nothing else", async () => {
  for (const flushed of [false, true]) {
    await withFolder(async (folder) => {
      const storage = await openFolder(folder);
      await accept(storage, EVENTS);
      if (flushed) await storage.flusher.flush();
      const expected = flushed
        ? { db_records_deleted: 0, parquet_partitions_deleted: 2, events_deleted: 2 }
        : { db_records_deleted: 2, parquet_partitions_deleted: 0, events_deleted: 2 };
      const { eraser } = storage;
      assert.deepStrictEqual(
        await eraser.erase("example.com", "2024-01-14", "2024-01-15", true),
        expected,
      );
      assert.deepStrictEqual(await numbersOf(storage), [1, 2, 3]);
      assert.deepStrictEqual(
        await eraser.erase("example.com", "2024-01-14", "2024-01-15"),
        expected,
      );
      assert.deepStrictEqual(await numbersOf(storage), [1]);
      assert.deepStrictEqual(await numbersOf(storage, "other.org"), [4]);
      await storage.close();
      const again = await openFolder(folder);
      assert.deepStrictEqual(await numbersOf(again), [1]);
      await again.close();
    });
  }
});

Deno.test("Eraser leaves no byte of an erased property in the folder", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, EVENTS);
    await storage.flusher.flush();
    await accept(storage, [event(5, "2024-01-15 12:00:00")]);
    await storage.eraser.erase("example.com", "2024-01-01", "2024-01-31");
    for (const n of [1, 2, 3, 5]) {
      assert.deepStrictEqual(await filesWith(folder, `needle${n}needle`), []);
    }
    await storage.close();
    assert.deepStrictEqual(await filesWith(folder, "needle5needle"), []);
  });
});

Deno.test("Eraser keeps every event that is accepted while it erases", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await accept(storage, [event(1, "2024-01-15 10:00:00")]);
    // Event 2 comes before the erasure has begun, or after: both are right. Event 3 comes after.
    const work = [
      storage.eraser.erase("example.com", "2024-01-15", "2024-01-15"),
      accept(storage, [event(2, "2024-01-15 10:00:01")]),
      storage.flusher.flush(),
    ];
    await turn();
    await accept(storage, [event(3, "2024-01-15 10:00:02")]);
    await Promise.all(work);
    const before = await numbersOf(storage);
    assert.ok(!before.includes(1));
    assert.ok(before.includes(3), "an event that came during the erasure is kept");
    await storage.flusher.flush();
    assert.deepStrictEqual(await numbersOf(storage), before);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), before);
    await again.close();
  });
});

Deno.test("Eraser.erase() finishes at the next try or start when any file fails", async () => {
  await forEachFaultInFolder(async ({ folder, system, nth, failing }) => {
    const storage = await openFolder(folder, system);
    await accept(storage, EVENTS);
    await storage.flusher.flush();
    await failing(() => storage.eraser.erase("example.com", "2024-01-13", "2024-01-14"));
    assert.deepStrictEqual(await numbersOf(storage), [3], `after fault ${nth}`);
    await storage.parquet.sweep();
    assert.deepStrictEqual(await filesWith(folder, "needle2needle"), []);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), [3], `restarted, ${nth}`);
    await again.close();
  });
});
