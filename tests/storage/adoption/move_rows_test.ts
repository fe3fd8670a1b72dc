// Moving rows of a wrong folder in a real folder: nothing is lost, whatever fails.
import assert from "node:assert/strict";
import { moveRows } from "../../../src/storage/adoption/move_rows.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { pageview } from "../../support/events.ts";
import {
  accept,
  faultyFiles,
  numbersOf,
  openFolder,
  withFolder,
} from "../../support/storage/storage.ts";

const OWN = "site_id=example.com/date=2024-01-15/0001.parquet";
const WRONG = "site_id=example.com/date=2024-03-01/0001.parquet";

/** A folder whose one file lies under another date, its rows as `select` gives them. */
async function misplaced(folder: string, select = "select *"): Promise<void> {
  await Deno.mkdir(`${folder}/elsewhere`);
  const other = await openFolder(`${folder}/elsewhere`);
  await accept(
    other,
    [1, 2].map((n) => pageview({ at: `2024-01-15 10:00:0${n}`, props: JSON.stringify({ n }) })),
  );
  await other.flusher.flush();
  await other.close();
  await Deno.mkdir(`${folder}/events/${WRONG.slice(0, WRONG.lastIndexOf("/"))}`, {
    recursive: true,
  });
  const duck = await openDuckDb();
  await duck.run(`copy (
    ${select} from read_parquet('${folder}/elsewhere/events/${OWN}', hive_partitioning = false)
  ) to '${folder}/events/${WRONG}' (format parquet)`);
  duck.close();
}

Deno.test("A file that cannot be moved whole stays as it is", async () => {
  const selects = [
    "select * exclude (site_id)",
    "select * replace (case when props like '%1%' then site_id end as site_id)",
    "select * replace (case when props like '%1%' then timestamp end as timestamp)",
    "select *, 'kept' as added_later",
  ];
  for (const select of selects) {
    await withFolder(async (folder) => {
      await misplaced(folder, select);
      const before = await Deno.readFile(`${folder}/events/${WRONG}`);
      const system = fakeSystem();
      const storage = await openFolder(folder, system);
      const moving = moveRows(storage, system.files, `${folder}/events`, WRONG);
      await assert.rejects(moving, /^Error: Cannot move .*: (\d of its events|it has columns)/);
      assert.deepEqual(await numbersOf(storage), []);
      assert.deepEqual(await Deno.readFile(`${folder}/events/${WRONG}`), before);
      await storage.close();
    });
  }
});

Deno.test("Moving loses and doubles nothing when any file operation fails", async () => {
  for (let nth = 1, isDone = false; !isDone; nth++) {
    await withFolder(async (folder) => {
      await misplaced(folder);
      const system = fakeSystem();
      const first = await openFolder(folder, system);
      const files = Object.assign(faultyFiles(system.files, "EIO"), { nth });
      await moveRows(first, files, `${folder}/events`, WRONG).catch(() => {});
      isDone = files.count < nth;
      await first.close();
      const second = await openFolder(folder, system);
      for (const path of [...second.refused().keys()]) {
        await moveRows(second, system.files, `${folder}/events`, path);
      }
      assert.deepEqual(await numbersOf(second), [1, 2], `operation ${nth}`);
      await second.close();
    });
  }
});
