import assert from "node:assert";
import { fakeSystem } from "../../support/fake_system.ts";
import { pageview } from "../../support/events.ts";
import { forEachFault, forEachFaultInFolder } from "../../support/storage/faults.ts";
import {
  accept,
  faultySystem,
  numbersOf,
  openFolder,
  withFolder,
} from "../../support/storage/storage.ts";
import { until } from "../../support/wait.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";
import type { Storage } from "../../../src/storage/open.ts";

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
    await fill(storage, 40, TODAY, 19);
    await storage.compactor.run(NEVER);
    assert.strictEqual(parquetIn(folder, "2024-01-15").length, 16, "however many there were");
    assert.strictEqual((await numbersOf(storage)).length, 58);
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
    await duck.run(`copy (
      select * replace (timestamp + interval 1 second as timestamp), 'kept' as added_later
      from '${day}/0001.parquet'
    ) to '${day}/0009.parquet' (format parquet)`);
    duck.close();
    await storage.parquet.adopt();
    await storage.compactor.run(NEVER);
    assert.deepStrictEqual(parquetIn(folder, "2024-01-14"), ["0001.parquet", "0009.parquet"]);
    assert.deepStrictEqual(await numbersOf(storage), [1, 1]);
    await storage.close();
  });
});

Deno.test("Compactor quarantines a corrupt file and merges the others", async () => {
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
  await forEachFaultInFolder(async ({ folder, system, nth, failing }) => {
    const storage = await openFolder(folder, system);
    await fill(storage, 2, YESTERDAY);
    await failing(() => storage.compactor.run(NEVER));
    assert.deepStrictEqual(await numbersOf(storage), [1, 2], `after fault ${nth}`);
    await storage.compactor.run(NEVER);
    await storage.parquet.sweep();
    assert.strictEqual(storage.fileCount(), 1, `the next try succeeds after fault ${nth}`);
    assert.deepStrictEqual(await numbersOf(storage), [1, 2]);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepStrictEqual(await numbersOf(again), [1, 2], `restarted, ${nth}`);
    assert.strictEqual(parquetIn(folder, "2024-01-14").length, 1, `one file, ${nth}`);
    await again.close();
  });
});

Deno.test("Compactor keeps every event of a day that is too large to sort at once", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const day = `${folder}/events/site_id=example.com/date=2024-01-14`;
    await Deno.mkdir(day, { recursive: true });
    const duck = await openDuckDb();
    // Small ones that make two batches, a large one, and more files than are open at once.
    const sizes = [40_000, 40_000, 200_000, ...Array.from({ length: 140 }, () => 3)];
    let first = 0;
    for (const [index, size] of sizes.entries()) {
      const name = `${String(index + 1).padStart(4, "0")}.parquet`;
      await duck.run(`copy (
        select 'example.com' as site_id, 'v' || ((${first} + i) * 7919 % 1000) as visitor_id,
          timestamp '2024-01-14 00:00:00' + to_milliseconds(${first} + i) as timestamp,
          'pageview' as event_name, '/' as pathname, '{"n":' || (${first} + i) || '}' as props
        from range(${size}) t(i)) to '${day}/${name}' (format parquet)`);
      first += size;
    }
    await storage.parquet.adopt();
    await storage.compactor.run(NEVER);
    assert.deepStrictEqual(parquetIn(folder, "2024-01-14"), ["0144.parquet"]);
    assert.deepStrictEqual(await numbersOf(storage), Array.from({ length: first }, (_, n) => n));
    const [found] = await duck.rows(`
      select count(*) filter (where (previous, earlier) > (visitor_id, timestamp))::int as falls
      from (select *, lag(visitor_id) over (order by file_row_number) as previous,
          lag(timestamp) over (order by file_row_number) as earlier
        from read_parquet('${day}/0144.parquet', file_row_number = true)
        where (props ->> 'n')::int < 80_000)`);
    assert.ok(
      Number(found?.["falls"]) < 10,
      `${found?.["falls"]} small files' events out of order`,
    );
    duck.close();
    await storage.close();
  });
});

Deno.test("Compactor leaves no trace when it is told to stop", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const day = `${folder}/events/site_id=example.com/date=2024-01-14`;
    await Deno.mkdir(day, { recursive: true });
    const duck = await openDuckDb();
    for (const [hour, name] of ["0001.parquet", "0002.parquet", "0003.parquet"].entries()) {
      await duck.run(`copy (
        select 'example.com' as site_id, sha256('' || i) as visitor_id, 'pageview' as event_name,
          timestamp '2024-01-14 0${hour}:00:00' + to_milliseconds(i) as timestamp, '/' as pathname
        from range(100_000) t(i)) to '${day}/${name}' (format parquet)`);
    }
    duck.close();
    await storage.parquet.adopt();
    const stopping = new AbortController();
    const merging = storage.compactor.run(stopping.signal);
    const isWriting = () => [...Deno.readDirSync(day)].some(({ name }) => name.endsWith(".tmp"));
    await until(isWriting, "the merged file is begun");
    stopping.abort();
    await merging;
    assert.deepStrictEqual(parquetIn(folder, "2024-01-14"), [
      "0001.parquet",
      "0002.parquet",
      "0003.parquet",
    ]);
    await storage.compactor.run(NEVER);
    assert.strictEqual(parquetIn(folder, "2024-01-14").length, 1);
    await storage.close();
  });
});

Deno.test("Compactor survives faults while it sorts more files than it opens at once", async () => {
  await withFolder(async (template) => {
    const day = "events/site_id=example.com/date=2024-01-14";
    await Deno.mkdir(`${template}/${day}`, { recursive: true });
    const duck = await openDuckDb();
    for (let n = 1; n <= 130; n++) {
      await duck.run(`copy (
        select 'example.com' as site_id, 'v' as visitor_id, 'pageview' as event_name,
          timestamp '2024-01-14 00:00:00' as timestamp, '/' as pathname, '{"n":${n}}' as props
        ) to '${template}/${day}/${String(n).padStart(4, "0")}.parquet' (format parquet)`);
    }
    duck.close();
    await (await openFolder(template)).close();
    const expected = Array.from({ length: 130 }, (_, n) => n + 1);
    await forEachFault(async (nth) => {
      const { system, faulty } = faultySystem("EIO");
      let isNextTried = false;
      await withFolder(async (folder) => {
        await copyFolder(template, folder);
        const storage = await openFolder(folder, system);
        faulty.count = 0;
        faulty.nth = nth;
        await storage.compactor.run(NEVER);
        // The rest are removals of the files that were replaced, one like the other.
        isNextTried = faulty.count >= nth && nth <= 12;
        faulty.nth = 0;
        await storage.compactor.run(NEVER);
        await storage.parquet.sweep();
        assert.deepStrictEqual(await numbersOf(storage), expected, `after fault ${nth}`);
        assert.strictEqual(parquetIn(folder, "2024-01-14").length, 1, `one file, ${nth}`);
        await storage.close();
      });
      return isNextTried;
    });
  });
});

async function copyFolder(from: string, to: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) {
      await Deno.mkdir(`${to}/${name}`);
      await copyFolder(`${from}/${name}`, `${to}/${name}`);
    } else {
      await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
    }
  }
}

Deno.test("Compactor passes over files that were erased after it listed what is due", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    let erasing: Promise<unknown> | undefined;
    let erase: (() => Promise<unknown>) | undefined;
    // The first merge lists what is due, and the second date is erased before its turn.
    const storage = await openFolder(folder, {
      ...system,
      files: {
        ...system.files,
        async sync(path: string) {
          const due = erase;
          if (path.endsWith(".tmp") && path.includes("date=2024-01-13")) {
            erase = undefined;
            erasing = due?.();
            await until(() => storage.fileCount() <= 2, "the second date is erased");
          }
          await system.files.sync(path);
        },
      },
    });
    for (const day of ["13", "14"]) {
      for (let n = 1; n <= 2; n++) {
        const at = `2024-01-${day} 10:00:00`;
        await accept(storage, [pageview({ at, props: JSON.stringify({ n }) })]);
        await storage.flusher.flush();
      }
    }
    erase = () => storage.eraser.erase("example.com", "2024-01-14", "2024-01-14");
    await storage.compactor.run(new AbortController().signal);
    assert.ok(erasing, "the erasure took place");
    await erasing;
    assert.deepStrictEqual(system.lines.filter((line) => line.level === "error"), []);
    assert.deepStrictEqual(storage.quarantined(), []);
    await storage.close();
  });
});
