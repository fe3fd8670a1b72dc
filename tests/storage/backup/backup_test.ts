import {
  deepStrictEqual as deepEqual,
  match,
  ok,
  rejects,
  strictEqual as equal,
} from "node:assert";
import { DAY_MS } from "../../../src/core/durations.ts";
import { backup, type BackupLimits } from "../../../src/storage/backup/backup.ts";
import { whileLocked } from "../../../src/storage/backup/folders.ts";
import { restore } from "../../../src/storage/backup/restore.ts";
import { verify } from "../../../src/storage/backup/verify.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import {
  flipBit,
  generationsIn,
  makeFlat,
  openBackupDb,
  verified,
} from "../../support/storage/backups.ts";
import { forEachFault } from "../../support/storage/faults.ts";
import {
  accept,
  copyTree,
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
      ok(result.events >= before && result.events <= after + 1, `round ${round}`);
      await restore(system, `${folder}/backup`, `${folder}/restored-${round}`);
      const restored = await openFolder(`${folder}/restored-${round}`);
      deepEqual(await numbersOf(restored), range(1, result.events));
      await restored.close();
    }
    stop = true;
    await load;
    await storage.close();
  });
});

Deno.test("backup() copies only what is new, and shares the rest between generations", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(`${folder}/live`, system);
    const target = `${folder}/backup`;
    const make = async () => {
      const { files, copied, events } = await backup(system, `${folder}/live`, target);
      return { files, copied, events };
    };
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2)]);
    deepEqual(await make(), { files: 1, copied: 1, events: 2 });
    await storage.flusher.flush();
    deepEqual(await make(), { files: 2, copied: 1, events: 2 });
    const first = `events/site_id=example.com/date=2024-01-14/0001.parquet`;
    const inodes = (await Promise.all(
      [`${folder}/live`, ...await generationsIn(target)].map((at) => Deno.stat(`${at}/${first}`)),
    )).map(({ ino }) => ino);
    equal(inodes[1], inodes[2], "shared between generations");
    ok(inodes[0] !== inodes[1], "never with the live data");
    await storage.compactor.run(new AbortController().signal);
    deepEqual(await make(), { files: 1, copied: 1, events: 2 });
    equal((await generationsIn(target)).length, 3);
    for (const generation of await generationsIn(target)) {
      deepEqual(await verified(generation), { events: 2, faults: [] });
    }
    await storage.close();
  });
});

Deno.test("backup() keeps so many, none that is too old, and one that is far larger", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(`${folder}/live`, system);
    const target = `${folder}/backup`;
    await accept(storage, range(1, 8).map((n) => event(n)));
    const make = (limits: BackupLimits) => backup(system, `${folder}/live`, target, limits);
    const numbers = async () =>
      (await generationsIn(target)).map((path) => Number(/\/(\d+)_[^/]+$/.exec(path)?.[1]));
    for (let count = 0; count < 4; count++) await make({ keep: 3 });
    deepEqual(await numbers(), [2, 3, 4]);
    system.clock.advance(40 * DAY_MS);
    deepEqual((await make({ keep: 3, keepDays: 30 })).warnings, []);
    deepEqual(await numbers(), [4, 5], "the newest two stay");
    await storage.eraser.erase("example.com", "2024-01-01", "2024-01-31", false);
    await accept(storage, [event(9), event(10), event(11)]);
    for (let count = 0; count < 3; count++) {
      const { warnings } = await make({ keep: 1 });
      match(warnings[0] ?? "", /^This backup has 3 events, an earlier one 8: .*0005_.* is kept/);
      deepEqual(await numbers(), [5, 6 + count]);
    }
    await accept(storage, [event(12)]);
    deepEqual((await make({ keep: 1 })).warnings, []);
    deepEqual(await numbers(), [9]);
    await storage.close();
  });
});

Deno.test("backup() refuses a folder of another store, but not of a restored one", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const target = `${folder}/backup`;
    const live = await openFolder(`${folder}/live`, system);
    await accept(live, range(1, 3).map((n) => event(n)));
    await live.flusher.flush();
    await live.close();
    await backup(system, `${folder}/live`, target);
    const empty = await openFolder(`${folder}/empty`, system);
    await accept(empty, [event(1)]);
    await rejects(
      backup(system, `${folder}/empty`, target),
      /^Error: Cannot back up into .*backup: its backups are of another data folder than .*empty;/,
    );
    await empty.close();
    deepEqual(await verified(target), { events: 3, faults: [] });
    await restore(system, target, `${folder}/restored`);
    const restored = await openFolder(`${folder}/restored`, system);
    await accept(restored, [event(4)]);
    equal((await backup(system, `${folder}/restored`, target)).copied, 1, "another journal");
    await restored.close();
    deepEqual(await verified(target), { events: 4, faults: [] });
  });
});

Deno.test("backup() copies again what the last one has damaged or lost", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(`${folder}/live`, system);
    const target = `${folder}/backup`;
    await accept(storage, range(1, 3).map((n) => event(n, `2024-01-1${n} 10:00:00`)));
    await storage.flusher.flush();
    await backup(system, `${folder}/live`, target);
    const [first = ""] = await generationsIn(target);
    const day = (n: number) => `events/site_id=example.com/date=2024-01-1${n}/0001.parquet`;
    await flipBit(`${first}/${day(1)}`);
    await Deno.remove(`${first}/${day(2)}`);
    equal((await backup(system, `${folder}/live`, target)).copied, 2);
    deepEqual(await verified(target), { events: 3, faults: [] });
    // What is damaged or lost in DATA_DIR comes from the last backup.
    await flipBit(`${folder}/live/${day(1)}`);
    await Deno.remove(`${folder}/live/${day(3)}`);
    equal((await backup(system, `${folder}/live`, target)).copied, 0);
    deepEqual(await verified(target), { events: 3, faults: [] });
    // What no backup has is left out, with a warning.
    const { warnings, files } = await backup(system, `${folder}/live`, `${folder}/other`);
    equal(files, 2);
    deepEqual(warnings, [`${day(3)} is in the catalog, but missing on disk`]);
    deepEqual((await verified(`${folder}/other`)).faults.filter((x) => /13\//.test(x)), []);
    await storage.close();
  });
});

Deno.test("backup() continues in the folder of an earlier version", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(`${folder}/live`, system);
    await Deno.writeTextFile(`${folder}/live/.secret`, "secret");
    const target = `${folder}/backup`;
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2)]);
    await backup(system, `${folder}/live`, target);
    await makeFlat(target);
    deepEqual(await verified(target), { events: 2, faults: [] });
    await restore(system, target, `${folder}/restored`);
    const restored = await openFolder(`${folder}/restored`);
    deepEqual(await numbersOf(restored), [1, 2]);
    await restored.close();
    equal(await Deno.readTextFile(`${folder}/restored/.secret`), "secret");
    equal((await backup(system, `${folder}/live`, target, { keep: 2 })).copied, 1);
    equal((await backup(system, `${folder}/live`, target, { keep: 2 })).copied, 0);
    deepEqual((await Array.fromAsync(Deno.readDir(target))).map(({ name }) => name).sort(), [
      ".backup.lock",
      "generations",
    ], "the flat one went as the oldest");
    deepEqual(await verified(target), { events: 2, faults: [] });
    await storage.close();
  });
});

Deno.test("backup() refuses a folder in, around or of a data folder, and one in use", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const live = await openFolder(`${folder}/live`, system);
    const other = await openFolder(`${folder}/other`, system);
    await Deno.symlink(`${folder}/live`, `${folder}/link`);
    await Deno.mkdir(`${folder}/linked`);
    await Deno.symlink(`${folder}/live/events`, `${folder}/linked/generations`);
    const into = (target: string) => backup(system, `${folder}/live`, folder + target);
    await rejects(
      into("/other"),
      /^Error: Cannot back up into .*other: it is the data folder of a server$/,
    );
    for (const target of ["", "/live", "/live/events", "/live/a/b", "/link/backup", "/linked"]) {
      await rejects(into(target), /: one of it and the data folder contains the other$/, target);
    }
    equal(await system.files.size(`${folder}/live/a`), null);
    await Deno.mkdir(`${folder}/backup`);
    await whileLocked(`${folder}/backup`, "", async () => {
      await rejects(
        into("/backup"),
        /^Error: Cannot back up into .*: another process is doing so$/,
      );
    });
    const outcomes = await Promise.allSettled([into("/backup"), into("/backup")]);
    deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    deepEqual((await verified(`${folder}/backup`)).faults, []);
    await live.close();
    await other.close();
  });
});

Deno.test("backup() leaves the earlier backup usable when any file operation fails", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(`${folder}/live`);
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    const live = `${folder}/live`;
    await backup(fakeSystem(), live, `${folder}/first`);
    await accept(storage, [event(2)]);
    await storage.flusher.flush();
    const db = await openBackupDb(folder);
    await forEachFault(async (nth, fault) => {
      const { system, faulty } = faultySystem(fault);
      const target = `${folder}/backup-${nth}`;
      await copyTree(`${folder}/first`, target);
      // Every other time the earlier one is of an earlier version, and is removed at the end.
      if (nth % 2 === 0) await makeFlat(target);
      faulty.nth = nth;
      const limits = { keep: 1 };
      const failed = await backup(system, live, target, limits).then(() => false, () => true);
      const hasFailed = faulty.count >= nth;
      faulty.nth = 0;
      const { events, faults } = await verify(system.files, db, target);
      ok(events === 2 || (failed && events === 1), `fault ${nth}: ${events} events`);
      deepEqual(faults, [], `fault ${nth}`);
      if (failed) await backup(system, live, target, limits);
      deepEqual(await verify(system.files, db, target), { files: 2, events: 2, faults: [] });
      equal((await generationsIn(target)).length, 1, `fault ${nth}: nothing is left over`);
      return hasFailed;
    });
    await db.close();
    await storage.close();
  });
});
