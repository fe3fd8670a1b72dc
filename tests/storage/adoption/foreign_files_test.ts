// Files that were copied in are judged by what they hold, in a real folder.
import assert from "node:assert/strict";
import type { Storage } from "../../../src/storage/open.ts";
import { sql } from "../../../src/core/sql.ts";
import { literal } from "../../../src/storage/parquet/schema.ts";
import { moveRows } from "../../../src/storage/adoption/move_rows.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { pageview } from "../../support/events.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

const DAY = "events/site_id=example.com/date=2024-01-15";
const OWN = "site_id=example.com/date=2024-01-15";

const event = (n: number) =>
  pageview({ at: `2024-01-15 10:00:0${n}`, props: JSON.stringify({ n }) });

/** A folder with one file of two events, closed. */
async function filled(folder: string): Promise<void> {
  const storage = await openFolder(folder);
  await accept(storage, [event(1), event(2)]);
  await storage.flusher.flush();
  await storage.close();
}

function reasonsOf(storage: Storage): [string, string][] {
  return [...storage.refused()].sort();
}

Deno.test("A copy of a file under another name is named and not counted", async () => {
  await withFolder(async (folder) => {
    await filled(folder);
    await Deno.copyFile(`${folder}/${DAY}/0001.parquet`, `${folder}/${DAY}/copy.parquet`);
    const system = fakeSystem();
    const atStart = await openFolder(folder, system);
    assert.deepEqual(await numbersOf(atStart), [1, 2]);
    const reason = `all of its 2 events are in ${OWN}/0001.parquet`;
    assert.deepEqual(reasonsOf(atStart), [[`${OWN}/copy.parquet`, reason]]);
    const told = system.lines.filter(({ message }) => message === "A Parquet file is not counted");
    assert.deepEqual(told.map(({ fields }) => fields["path"]), [`${OWN}/copy.parquet`]);

    // While it runs it is judged once, and forgotten when the owner removes it.
    await Deno.copyFile(`${folder}/${DAY}/0001.parquet`, `${folder}/${DAY}/again.parquet`);
    assert.equal(await atStart.parquet.adopt(), 0);
    assert.equal(atStart.refused().size, 2);
    await Deno.remove(`${folder}/${DAY}/copy.parquet`);
    await Deno.remove(`${folder}/${DAY}/again.parquet`);
    assert.equal(await atStart.parquet.adopt(), 0);
    assert.equal(atStart.refused().size, 0);
    assert.deepEqual(await numbersOf(atStart), [1, 2]);
    await atStart.close();
    // Neither is a file beside the partitions. Its events find their place when they are moved.
    await Deno.rename(`${folder}/${DAY}/0001.parquet`, `${folder}/events/loose.parquet`);
    const storage = await openFolder(folder);
    await storage.parquet.adopt();
    assert.deepEqual(reasonsOf(storage), [
      ["loose.parquet", "it lies in no folder site_id=…/date=…"],
    ]);
    await moveRows(storage, fakeSystem().files, `${folder}/events`, "loose.parquet");
    assert.deepEqual(await numbersOf(storage), [1, 2]);
    await storage.parquet.adopt();
    assert.equal(storage.refused().size, 0);
    await storage.close();
  });
});

Deno.test("Of two copies of another server's file one is counted", async () => {
  await withFolder(async (folder) => {
    const elsewhere = `${folder}/elsewhere`;
    await Deno.mkdir(elsewhere);
    await filled(elsewhere);
    await Deno.mkdir(`${folder}/${DAY}`, { recursive: true });
    for (const name of ["0001", "0007"]) {
      await Deno.copyFile(`${elsewhere}/${DAY}/0001.parquet`, `${folder}/${DAY}/${name}.parquet`);
    }
    const storage = await openFolder(folder);
    assert.deepEqual(await numbersOf(storage), [1, 2]);
    assert.equal(storage.refused().size, 1);
    await storage.close();
  });
});

Deno.test("A copy that another program has written anew is named and not counted", async () => {
  await withFolder(async (folder) => {
    await filled(folder);
    const writer = await openFolder(folder);
    const [from, to] = [`${folder}/${DAY}/0001.parquet`, `${folder}/${DAY}/anew.parquet`];
    await writer.db.execute(sql`
      copy (
        select * from read_parquet(${literal(from)}, hive_partitioning = false)
        order by timestamp desc
      )
      to ${literal(to)} (format parquet, compression uncompressed)`);
    await writer.close();
    const storage = await openFolder(folder);
    assert.deepEqual(await numbersOf(storage), [1, 2]);
    const reason = `all of its 2 events are in ${OWN}/0001.parquet`;
    assert.deepEqual(reasonsOf(storage), [[`${OWN}/anew.parquet`, reason]]);
    await storage.close();
  });
});

Deno.test("A file that shares single events with another is counted, and told of", async () => {
  await withFolder(async (folder) => {
    await filled(folder);
    const elsewhere = `${folder}/elsewhere`;
    await Deno.mkdir(elsewhere);
    const other = await openFolder(elsewhere);
    await accept(other, [event(2), event(3)]);
    await other.flusher.flush();
    await other.close();
    await Deno.copyFile(`${elsewhere}/${DAY}/0001.parquet`, `${folder}/${DAY}/0009.parquet`);
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    assert.deepEqual(await numbersOf(storage), [1, 2, 2, 3]);
    assert.equal(storage.refused().size, 0);
    const told = system.lines.find(({ message }) =>
      message === "A Parquet file repeats events of others"
    );
    assert.equal(told?.fields["reason"], `1 of its 2 events are in ${OWN}/0001.parquet`);
    await storage.close();
  });
});

Deno.test("Rows of another date or site are named, and moved when the owner says so", async () => {
  await withFolder(async (folder) => {
    const elsewhere = `${folder}/elsewhere`;
    await Deno.mkdir(elsewhere);
    await filled(elsewhere);
    const wrong = [
      "site_id=example.com/date=2024-03-01/0001.parquet",
      "site_id=other.org/date=2024-01-15/0001.parquet",
    ];
    for (const path of wrong) {
      await Deno.mkdir(`${folder}/events/${path.slice(0, path.lastIndexOf("/"))}`, {
        recursive: true,
      });
      await Deno.copyFile(`${elsewhere}/${DAY}/0001.parquet`, `${folder}/events/${path}`);
    }
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    assert.deepEqual(reasonsOf(storage), [
      [wrong[0], "it holds events of 2024-01-15"],
      [wrong[1], "it holds events of the site example.com"],
    ]);
    assert.deepEqual(await numbersOf(storage), []);
    const move = (path = "") => moveRows(storage, system.files, `${folder}/events`, path);
    assert.equal(await move(wrong[0]), 2);
    assert.deepEqual(await numbersOf(storage), [1, 2]);
    // The second file holds the same events: nothing is added twice.
    assert.equal(await move(wrong[1]), 0);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepEqual(await numbersOf(again), [1, 2]);
    assert.equal(again.refused().size, 0);
    await again.close();
  });
});
