import assert from "node:assert";
import { pageview } from "../support/events.ts";
import { accept, EVER, numbersOf, openFolder, withFolder } from "../support/storage/storage.ts";

const event = (n: number) =>
  pageview({ at: `2024-01-${14 + n} 10:00:00`, props: JSON.stringify({ n }) });
const pathOf = (n: number) => `site_id=example.com/date=2024-01-${14 + n}/0001.parquet`;

Deno.test("MissingFiles are told, kept in the catalog, and read again once back", async () => {
  await withFolder(async (folder) => {
    let storage = await openFolder(folder);
    await accept(storage, [event(1), event(2), event(3)]);
    await storage.flusher.flush();
    const move = (n: number, from: string, to: string) =>
      Deno.rename(`${folder}/${from}${pathOf(n)}`, `${folder}/${to}`);
    const dates = () => storage.reader.incompleteDates("example.com", EVER);
    await move(1, "events/", "one");
    // A question finds it.
    assert.deepStrictEqual(await numbersOf(storage), [2, 3]);
    assert.deepStrictEqual(dates(), ["2024-01-15"]);
    assert.deepStrictEqual(storage.quarantined(), []);
    // So does the comparison with the disk.
    await move(2, "events/", "two");
    await storage.parquet.adopt();
    assert.deepStrictEqual(storage.missing().paths, [pathOf(1), pathOf(2)]);
    await storage.close();

    // And so does a start.
    storage = await openFolder(folder);
    assert.deepStrictEqual([...storage.missing().paths].sort(), [pathOf(1), pathOf(2)]);
    assert.deepStrictEqual(dates(), ["2024-01-15", "2024-01-16"]);
    assert.deepStrictEqual(await numbersOf(storage), [3]);
    const version = storage.reader.version("example.com");
    await Deno.rename(`${folder}/one`, `${folder}/events/${pathOf(1)}`);
    await storage.parquet.adopt();
    assert.notStrictEqual(storage.reader.version("example.com"), version);
    assert.deepStrictEqual(await numbersOf(storage), [1, 3]);
    assert.deepStrictEqual(dates(), ["2024-01-16"]);
    // An erasure forgets what is missing.
    const erase = (dryRun: boolean) =>
      storage.eraser.erase("example.com", "2024-01-16", "2024-01-16", dryRun);
    assert.strictEqual((await erase(true)).parquet_partitions_deleted, 1);
    assert.strictEqual((await erase(false)).parquet_partitions_deleted, 1);
    assert.deepStrictEqual(storage.missing().paths, []);
    await storage.close();
    storage = await openFolder(folder);
    assert.deepStrictEqual(dates(), []);
    await Deno.rename(`${folder}/events`, `${folder}/elsewhere`);
    await storage.parquet.adopt();
    assert.strictEqual(storage.missing().isFolderGone, true);
    await Deno.rename(`${folder}/elsewhere`, `${folder}/events`);
    await storage.parquet.adopt();
    assert.strictEqual(storage.missing().isFolderGone, false);
    assert.deepStrictEqual(await numbersOf(storage), [1, 3]);
    await storage.close();
  });
});
