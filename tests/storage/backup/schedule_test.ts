import {
  deepStrictEqual as deepEqual,
  match,
  ok,
  rejects,
  strictEqual as equal,
} from "node:assert";
import { HOUR_MS } from "../../../src/core/durations.ts";
import type { System } from "../../../src/core/types.ts";
import { AppError } from "../../../src/core/errors.ts";
import { verify } from "../../../src/storage/backup/verify.ts";
import { Backups } from "../../../src/storage/backup/schedule.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { flipBit, generationsIn, openBackupDb } from "../../support/storage/backups.ts";
import { accept, faultySystem, openFolder, withFolder } from "../../support/storage/storage.ts";

const event = (n: number) => pageview({ at: "2024-01-14 10:00:00", props: JSON.stringify({ n }) });

function backupsOf(
  folder: string,
  storage: Storage,
  { system = fakeSystem(), target = `${folder}/backup`, signal }: {
    system?: System;
    target?: string | null;
    signal?: AbortSignal;
  } = {},
): Backups {
  return new Backups(system, storage.store, openBackupDb, {
    dataDir: `${folder}/live`,
    folder: target,
    keep: 7,
    keepDays: null,
    signal: signal ?? new AbortController().signal,
  });
}

async function withLive(
  run: (folder: string, storage: Storage) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const storage = await openFolder(`${folder}/live`);
    await accept(storage, [event(1), event(2)]);
    await storage.flusher.flush();
    await run(folder, storage);
    await storage.close();
  });
}

function isRefusal(code: string, words: RegExp) {
  return (error: unknown) =>
    error instanceof AppError && error.code === code && words.test(error.message);
}

Deno.test("Backups.begin() makes one, looks through it, and remembers the verdict", async () => {
  await withLive(async (folder, storage) => {
    const system = fakeSystem();
    const backups = backupsOf(folder, storage, { system });
    deepEqual(await backups.state(), {
      folder: `${folder}/backup`,
      runningSince: null,
      last: null,
      kept: [],
      guarded: null,
      fault: null,
    });
    const { done } = await backups.begin();
    equal((await backups.state()).runningSince, "2024-01-15T12:00:00.000Z");
    await done;
    const { last, fault, runningSince } = await backups.state();
    equal(runningSince, null);
    equal(fault, null);
    equal(last?.madeAt, "2024-01-15T12:00:00.000Z");
    equal(last?.events, 2);
    equal(last?.files, 1);
    ok((last?.bytes ?? 0) > 10_000);
    deepEqual(last?.verdict?.faults, []);
    const db = await openBackupDb(`${folder}/backup`);
    const { events, faults } = await verify(system.files, db, `${folder}/backup`);
    await db.close();
    deepEqual({ events, faults }, { events: 2, faults: [] });
    const afterRestart = backupsOf(folder, storage);
    deepEqual(await afterRestart.state(), await backups.state());
  });
});

Deno.test("Backups.begin() refuses a second at once, and one to nowhere", async () => {
  await withLive(async (folder, storage) => {
    const backups = backupsOf(folder, storage);
    const { done } = await backups.begin();
    await rejects(backups.begin(), isRefusal("conflict", /is being made since 2024-01-15T12/));
    await done;
    await (await backups.begin()).done;
    equal((await backups.state()).fault, null);
    const nowhere = backupsOf(folder, storage, { target: null });
    await rejects(nowhere.begin(), isRefusal("conflict", /no backup_dir is set/));
    deepEqual((await nowhere.state()).last, null);
  });
});

Deno.test("Backups says in a sentence that a folder cannot be used", async () => {
  await withLive(async (folder, storage) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const blocked = backupsOf(folder, storage, { target: `${folder}/file/backup` });
    await rejects(
      blocked.begin(),
      isRefusal("unavailable", /^Cannot back up into .*file\/backup: /),
    );
    await blocked.idle();
    equal((await blocked.state()).runningSince, null);
    match((await blocked.state()).fault ?? "", /^Cannot /);
    await Deno.mkdir(`${folder}/other`);
    await Deno.writeTextFile(`${folder}/other/.lock`, "");
    const served = backupsOf(folder, storage, { target: `${folder}/other` });
    await (await served.begin()).done;
    match((await served.state()).fault ?? "", /other: it is the data folder of a server$/);
    await Deno.mkdir(`${folder}/odd`);
    await Deno.writeTextFile(`${folder}/odd/backup.json`, "{");
    const odd = backupsOf(folder, storage, { target: `${folder}/odd` });
    match((await odd.state()).fault ?? "", /^Cannot read .*odd\/backup.json: /);
    for (const target of ["", "/live", "/live/backup", "/live/events"]) {
      const make = () => backupsOf(folder, storage, { target: folder + target });
      await rejects(async () => await make().idle(), /^Error: Cannot use backup_dir/);
    }
    backupsOf(folder, storage, { target: `${folder}/live-backup` });
  });
});

Deno.test("Backups keeps the fault of a failed try until one succeeds", async () => {
  await withLive(async (folder, storage) => {
    const { system, faulty } = faultySystem("ENOSPC");
    const backups = backupsOf(folder, storage, { system });
    faulty.nth = 8;
    await (await backups.begin()).done;
    match((await backups.state()).fault ?? "", /^Cannot back up into .*: ENOSPC/);
    ok(system.lines.some(({ level, message }) => level === "error" && /ENOSPC/.test(message)));
    equal(backups.isFailing, true);
    await (await backups.begin()).done;
    const { fault, last } = await backups.state();
    equal(fault, null);
    equal(backups.isFailing, false);
    deepEqual(last?.verdict?.faults, []);
  });
});

Deno.test("Backups makes the next backup from what is sound in the last", async () => {
  await withLive(async (folder, storage) => {
    const { system } = faultySystem("EIO");
    const backups = backupsOf(folder, storage, { system });
    await (await backups.begin()).done;
    const [generation] = await generationsIn(`${folder}/backup`);
    await flipBit(`${generation}/events/site_id=example.com/date=2024-01-14/0001.parquet`);
    system.clock.advance(HOUR_MS);
    await (await backups.begin()).done;
    const { last, kept, guarded, fault } = await backups.state();
    equal(fault, null);
    equal(guarded, null);
    deepEqual(kept.map(({ madeAt, events }) => [madeAt, events]), [
      ["2024-01-15T13:00:00.000Z", 2],
      ["2024-01-15T12:00:00.000Z", 2],
    ]);
    deepEqual(last?.verdict?.faults, [], "it was copied again");
    const made = system.lines.findLast(({ message }) => message === "Backup made");
    equal(made?.fields?.["copied"], 1);
  });
});

Deno.test("Backups tells of a folder of another store, and of a far smaller backup", async () => {
  await withLive(async (folder, storage) => {
    const system = fakeSystem();
    await accept(storage, [event(3), event(4), event(5)]);
    const backups = backupsOf(folder, storage, { system });
    await (await backups.begin()).done;
    await backups.warnOfOtherStore();
    deepEqual(system.lines.filter(({ level }) => level === "error"), []);
    await storage.eraser.erase("example.com", "2024-01-01", "2024-01-31", false);
    await accept(storage, [event(6)]);
    await (await backups.begin()).done;
    const { guarded } = await backups.state();
    equal(guarded?.events, 5);
    match(guarded?.folder ?? "", /generations\/0001_/);
    ok(system.lines.some(({ message }) => message === "Backup needs a look"));
    // Each system gives out the same names in the same order.
    system.random.uuid();
    const empty = await openFolder(`${folder}/empty`, system);
    const unmounted = new Backups(system, empty.store, openBackupDb, {
      dataDir: `${folder}/empty`,
      folder: `${folder}/backup`,
      keep: 7,
      keepDays: null,
      signal: new AbortController().signal,
    });
    await unmounted.warnOfOtherStore();
    const warning = system.lines.findLast(({ level }) => level === "error");
    match(warning?.message ?? "", /is the right data_dir mounted/);
    match((await unmounted.state()).fault ?? "", /its backups are of another data folder/);
    await (await unmounted.begin()).done;
    match((await unmounted.state()).fault ?? "", /its backups are of another data folder/);
    deepEqual((await generationsIn(`${folder}/backup`)).length, 2);
    await empty.close();
  });
});

Deno.test("Backups.makeIfDue() goes by the backup in the folder, and fails aloud", async () => {
  await withLive(async (folder, storage) => {
    const { system, faulty } = faultySystem("EIO");
    const backups = backupsOf(folder, storage, { system });
    const madeAt = async () => (await backups.state()).last?.madeAt;
    await backups.makeIfDue(HOUR_MS);
    equal(await madeAt(), "2024-01-15T12:00:00.000Z");
    system.clock.advance(HOUR_MS - 1);
    await backups.makeIfDue(HOUR_MS);
    equal(await madeAt(), "2024-01-15T12:00:00.000Z");
    system.clock.advance(1);
    const after = backupsOf(folder, storage, { system });
    await after.makeIfDue(HOUR_MS);
    equal(await madeAt(), "2024-01-15T13:00:00.000Z");
    system.clock.advance(HOUR_MS);
    faulty.count = 0;
    faulty.nth = 8;
    await rejects(backups.makeIfDue(HOUR_MS), /^Error: Cannot back up into .*: EIO/);
  });
});

Deno.test("Backups ends when the server stops, and leaves the earlier one usable", async () => {
  await withLive(async (folder, storage) => {
    const stopping = new AbortController();
    const backups = backupsOf(folder, storage, { signal: stopping.signal });
    await (await backups.begin()).done;
    await accept(storage, [event(3)]);
    await storage.flusher.flush();
    const { done } = await backups.begin();
    stopping.abort();
    await done;
    ok((await backups.state()).fault !== null);
    const db = await openBackupDb(`${folder}/backup`);
    const { events, faults } = await verify(fakeSystem().files, db, `${folder}/backup`);
    await db.close();
    deepEqual({ events, faults }, { events: 2, faults: [] });
  });
});
