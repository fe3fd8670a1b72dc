import assert from "node:assert";
import { fakeSystem } from "../support/fake_system.ts";
import { pageview } from "../support/events.ts";
import {
  accept,
  type Fault,
  faultySystem,
  numbersOf,
  openFolder,
  withFolder,
} from "../support/storage.ts";
import { openDuckDb } from "../support/duckdb.ts";
import type { Storage } from "../../src/storage/open.ts";

const NEVER = new AbortController().signal;
const event = (n: number, at: string) => pageview({ at, props: JSON.stringify({ n }) });
const YESTERDAY = "2024-01-14 10:00:00";
const TODAY = "2024-01-15 10:00:00";

async function fill(storage: Storage, files: number, at: string, first = 1): Promise<void> {
  for (let n = first; n < first + files; n++) {
    await accept(storage, [event(n, at)]);
    await storage.flusher.flush();
  }
}

const parquetIn = (folder: string, date: string) =>
  [...Deno.readDirSync(`${folder}/events/site_id=example.com/date=${date}`)].map((e) => e.name)
    .sort();

Deno.test("Compactor makes one file of a closed day and leaves an open one alone", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await fill(storage, 3, YESTERDAY);
    await fill(storage, 3, TODAY, 4);
    await storage.compactor.run(NEVER);
    assert.deepStrictEqual(parquetIn(folder, "2024-01-14"), ["0004.parquet"]);
    assert.strictEqual(parquetIn(folder, "2024-01-15").length, 3);
    assert.deepStrictEqual(await numbersOf(storage), [1, 2, 3, 4, 5, 6]);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), [1, 2, 3, 4, 5, 6]);
    await again.close();
  });
});

Deno.test("Compactor merges an open day in steps when it holds more than 16 files", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await fill(storage, 18, TODAY);
    await storage.compactor.run(NEVER);
    assert.deepStrictEqual(parquetIn(folder, "2024-01-15").length, 3);
    assert.strictEqual((await numbersOf(storage)).length, 18);
    await storage.close();
  });
});

Deno.test("Compactor leaves queries their files, and gives up what was erased", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await fill(storage, 2, YESTERDAY);
    const merging = storage.compactor.run(NEVER);
    const reads = await Promise.all(Array.from({ length: 20 }, () => numbersOf(storage)));
    for (const numbers of reads) assert.deepStrictEqual(numbers, [1, 2]);
    await merging;
    await fill(storage, 2, YESTERDAY, 3);
    await Promise.all([
      storage.compactor.run(NEVER),
      storage.eraser.erase("example.com", "2024-01-14", "2024-01-14"),
    ]);
    assert.deepStrictEqual(await numbersOf(storage), []);
    assert.deepStrictEqual(parquetIn(folder, "2024-01-14"), []);
    await storage.close();
  });
});

Deno.test("Compactor leaves a partition with columns of another program as it is", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    await fill(storage, 1, YESTERDAY);
    const duck = await openDuckDb();
    const day = `${folder}/events/site_id=example.com/date=2024-01-14`;
    await duck.run(`copy (select *, 'kept' as added_later from '${day}/0001.parquet')
      to '${day}/0009.parquet' (format parquet)`);
    duck.close();
    await storage.cold.adopt();
    await storage.compactor.run(NEVER);
    assert.deepStrictEqual(parquetIn(folder, "2024-01-14"), ["0001.parquet", "0009.parquet"]);
    assert.deepStrictEqual(await numbersOf(storage), [1, 1]);
    await storage.close();
  });
});

Deno.test("Compactor sets aside a damaged file and merges the others", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    await fill(storage, 3, YESTERDAY);
    const path = `${folder}/events/site_id=example.com/date=2024-01-14/0002.parquet`;
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.fill(0, 10, bytes.length - 10));
    await storage.compactor.run(NEVER);
    await storage.compactor.run(NEVER);
    assert.deepStrictEqual(await numbersOf(storage), [1, 3]);
    assert.deepStrictEqual(storage.quarantined(), [
      "site_id=example.com/date=2024-01-14/0002.parquet",
    ]);
    assert.strictEqual(parquetIn(folder, "2024-01-14").length, 1);
    await storage.close();
  });
});

Deno.test("Compactor loses and doubles nothing when any file operation fails", async () => {
  const faults = ["EIO", "ENOSPC", "EACCES"] as const satisfies Fault[];
  for (let nth = 1, done = false; !done; nth++) {
    await withFolder(async (folder) => {
      const { system, faulty } = faultySystem(faults[nth % faults.length]!);
      const storage = await openFolder(folder, system);
      await fill(storage, 2, YESTERDAY);
      faulty.count = 0;
      faulty.nth = nth;
      await storage.compactor.run(NEVER);
      done = faulty.count < nth;
      faulty.nth = 0;
      assert.deepStrictEqual(await numbersOf(storage), [1, 2], `after fault ${nth}`);
      await storage.compactor.run(NEVER);
      await storage.cold.sweep();
      assert.strictEqual(storage.fileCount(), 1, `the next try succeeds after fault ${nth}`);
      assert.deepStrictEqual(await numbersOf(storage), [1, 2]);
      await storage.close();
      const again = await openFolder(folder);
      assert.deepStrictEqual(await numbersOf(again), [1, 2], `restarted, ${nth}`);
      assert.strictEqual(parquetIn(folder, "2024-01-14").length, 1, `one file, ${nth}`);
      await again.close();
    });
  }
});
