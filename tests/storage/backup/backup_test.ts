import assert from "node:assert";
import { backup, restore, verify } from "../../../src/storage/backup/backup.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { forEachFault } from "../../support/storage/faults.ts";
import {
  accept,
  faultySystem,
  numbersOf,
  openFolder,
  withFolder,
} from "../../support/storage/storage.ts";

const event = (n: number, at = "2024-01-14 10:00:00") =>
  pageview({ at, props: JSON.stringify({ n }) });

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

Deno.test("backup() under load holds a prefix of the events; restore() returns it", async () => {
  await withFolder(async (folder) => {
    const live = `${folder}/live`;
    const system = fakeSystem();
    const storage = await openFolder(live, system);
    let accepted = 0;
    let stop = false;
    const load = (async () => {
      while (!stop) {
        await accept(storage, [event(accepted + 1)]);
        accepted++;
        if (accepted % 5 === 0) await storage.flusher.flush();
        if (accepted % 20 === 0) await storage.compactor.run(new AbortController().signal);
      }
    })();
    for (let round = 1; round <= 3; round++) {
      const before = accepted;
      const result = await backup(system, live, `${folder}/backup`);
      const after = accepted;
      assert.ok(result.events >= before && result.events <= after + 1, `round ${round}`);
      await restore(system, `${folder}/backup`, `${folder}/restored-${round}`);
      const restored = await openFolder(`${folder}/restored-${round}`);
      assert.deepStrictEqual(await numbersOf(restored), range(1, result.events));
      await restored.close();
    }
    stop = true;
    await load;
    await storage.close();
  });
});

Deno.test("backup() copies only what is new into a folder that holds one", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(`${folder}/live`, system);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2)]);
    assert.deepStrictEqual(await backup(system, `${folder}/live`, `${folder}/backup`), {
      files: 1,
      copied: 1,
      events: 2,
    });
    await storage.flusher.flush();
    assert.deepStrictEqual(await backup(system, `${folder}/live`, `${folder}/backup`), {
      files: 2,
      copied: 1,
      events: 2,
    });
    await storage.compactor.run(new AbortController().signal);
    assert.deepStrictEqual(await backup(system, `${folder}/live`, `${folder}/backup`), {
      files: 1,
      copied: 1,
      events: 2,
    });
    await storage.close();
  });
});

Deno.test("restore() brings back what was in no Parquet file yet, and the secret", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(`${folder}/live`, system);
    await Deno.writeTextFile(`${folder}/live/.secret`, "secret");
    await accept(storage, [event(1), event(2)]);
    await backup(system, `${folder}/live`, `${folder}/backup`);
    await storage.close();
    await restore(system, `${folder}/backup`, `${folder}/restored`);
    assert.strictEqual(await Deno.readTextFile(`${folder}/restored/.secret`), "secret");
    const restored = await openFolder(`${folder}/restored`);
    assert.deepStrictEqual(await numbersOf(restored), [1, 2]);
    await restored.close();
  });
});

Deno.test("backup() refuses the data folder of a server as its target", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const live = await openFolder(`${folder}/live`, system);
    const other = await openFolder(`${folder}/other`, system);
    await assert.rejects(
      backup(system, `${folder}/live`, `${folder}/other`),
      /^Error: Cannot back up into .*other: it is the data folder of a server$/,
    );
    await live.close();
    await other.close();
  });
});

Deno.test("verify() names every file that is missing, changed or short", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(`${folder}/live`, system);
    await accept(storage, range(1, 4).map((n) => event(n, `2024-01-1${n} 10:00:00`)));
    await storage.flusher.flush();
    // Inside the folder that this DuckDB may read.
    const target = `${folder}/live/backup`;
    await backup(system, `${folder}/live`, target);
    assert.deepStrictEqual(await verify(system.files, storage.db, target), {
      files: 4,
      events: 4,
      faults: [],
    });
    const day = (n: number) => `site_id=example.com/date=2024-01-1${n}/0001.parquet`;
    await Deno.remove(`${target}/events/${day(1)}`);
    const bytes = await Deno.readFile(`${target}/events/${day(2)}`);
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.remove(`${target}/events/${day(2)}`);
    await Deno.writeFile(`${target}/events/${day(2)}`, bytes);
    const { faults } = await verify(system.files, storage.db, target);
    assert.deepStrictEqual(faults, [
      `${day(1)}: missing`,
      `${day(2)}: its content has changed`,
    ]);
    await storage.close();
  });
});

Deno.test("restore() refuses a folder that is not empty, and one without a backup", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    await (await openFolder(`${folder}/live`, system)).close();
    await assert.rejects(restore(system, folder, `${folder}/new`), /there is no backup.json/);
    await backup(system, `${folder}/live`, `${folder}/backup`);
    await assert.rejects(restore(system, `${folder}/backup`, `${folder}/live`), /it is not empty/);
  });
});

Deno.test("backup() leaves the earlier backup usable when any file operation fails", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(`${folder}/live`);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2)]);
    await storage.flusher.flush();
    await forEachFault(async (nth, fault) => {
      const { system, faulty } = faultySystem(fault);
      faulty.nth = nth;
      const target = `${folder}/live/backup-${nth}`;
      const failed = await backup(system, `${folder}/live`, target).then(() => false, () => true);
      const hasFailed = faulty.count >= nth;
      faulty.nth = 0;
      if (failed) await backup(system, `${folder}/live`, target);
      const { events, faults: found } = await verify(system.files, storage.db, target);
      assert.deepStrictEqual({ events, found }, { events: 2, found: [] }, `fault ${nth}`);
      return hasFailed;
    });
    await storage.close();
  });
});
