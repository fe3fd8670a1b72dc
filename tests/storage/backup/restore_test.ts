import {
  deepStrictEqual as deepEqual,
  match,
  ok,
  rejects,
  strictEqual as equal,
} from "node:assert";
import { backup } from "../../../src/storage/backup/backup.ts";
import { restore } from "../../../src/storage/backup/restore.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { flipBit, generationsIn } from "../../support/storage/backups.ts";
import { forEachFault } from "../../support/storage/faults.ts";
import {
  accept,
  faultySystem,
  numbersOf,
  openFolder,
  withFolder,
} from "../../support/storage/storage.ts";

const event = (n: number) => pageview({ at: "2024-01-14 10:00:00", props: JSON.stringify({ n }) });

/** A backup of one event in Parquet and one in the journal, with the owner's files. */
async function withBackup(work: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const storage = await openFolder(`${folder}/live`);
    await Deno.writeTextFile(`${folder}/live/.secret`, "secret");
    await Deno.writeTextFile(`${folder}/live/api_keys.json`, "[]");
    await accept(storage, [event(1)]);
    await storage.flusher.flush();
    await accept(storage, [event(2)]);
    await storage.close();
    await backup(fakeSystem(), `${folder}/live`, `${folder}/backup`);
    await work(folder);
  });
}

async function numbersIn(folder: string): Promise<number[]> {
  const storage = await openFolder(folder);
  try {
    return await numbersOf(storage);
  } finally {
    await storage.close();
  }
}

Deno.test("restore() brings back the journal and the owner's files", async () => {
  await withBackup(async (folder) => {
    const restored = `${folder}/restored`;
    await Deno.mkdir(`${restored}/lost+found`, { recursive: true });
    deepEqual(await restore(fakeSystem(), `${folder}/backup`, restored), { files: 1, events: 2 });
    equal(await Deno.readTextFile(`${restored}/.secret`), "secret");
    equal(await Deno.readTextFile(`${restored}/api_keys.json`), "[]");
    for (const name of [".secret", "mallard.sqlite"]) {
      equal(((await Deno.stat(`${restored}/${name}`)).mode ?? 0) & 0o777, 0o600, name);
    }
    deepEqual((await Array.fromAsync(Deno.readDir(restored))).map(({ name }) => name).sort(), [
      ".secret",
      "api_keys.json",
      "events",
      "lost+found",
      "mallard.sqlite",
    ]);
    deepEqual(await numbersIn(restored), [1, 2]);
  });
});

Deno.test("restore() refuses a folder that is not empty, and one without a backup", async () => {
  await withBackup(async (folder) => {
    const system = fakeSystem();
    await rejects(restore(system, folder, `${folder}/new`), /there is no backup.json/);
    const into = (name: string) => restore(system, `${folder}/backup`, `${folder}/${name}`);
    await rejects(into("live"), /it is not empty/);
    // A start without this program's check made a server beside an unfinished restore.
    await Deno.mkdir(`${folder}/new/.restoring`, { recursive: true });
    await Deno.writeTextFile(`${folder}/new/mallard.sqlite`, "");
    await rejects(into("new"), /it is not empty/);
  });
});

Deno.test("restore() of a damaged backup leaves nothing that serves", async () => {
  await withBackup(async (folder) => {
    const system = fakeSystem();
    const [sound = ""] = await generationsIn(`${folder}/backup`);
    await backup(system, `${folder}/live`, `${folder}/backup`);
    const newest = (await generationsIn(`${folder}/backup`))[1] ?? "";
    await flipBit(`${newest}/mallard.sqlite`);
    const target = `${folder}/restored`;
    await rejects(
      restore(system, `${folder}/backup`, target),
      /^Error: Cannot restore .*mallard.sqlite: its content has changed$/,
    );
    await rejects(
      openFolder(target),
      /^Error: Cannot use .*restored: a restore into it was not finished; run it again, or empty/,
    );
    deepEqual((await Array.fromAsync(Deno.readDir(target))).map(({ name }) => name), [
      ".restoring",
    ]);
    await restore(system, sound, target);
    deepEqual(await numbersIn(target), [1, 2]);
  });
});

Deno.test("restore() serves nothing or everything when any file operation fails", async () => {
  await withBackup(async (folder) => {
    let refused = 0;
    await forEachFault(async (nth, fault) => {
      const { system, faulty } = faultySystem(fault);
      const target = `${folder}/restored-${nth}`;
      faulty.nth = nth;
      const again = () => restore(system, `${folder}/backup`, target);
      const failed = await again().then(() => false, () => true);
      const hasFailed = faulty.count >= nth;
      faulty.nth = 0;
      const { files } = system;
      if (await files.size(`${target}/.restoring`) !== null) {
        ok(failed, `fault ${nth}`);
        await rejects(openFolder(target), /was not finished/, `fault ${nth}`);
        refused++;
        await again();
      } else if (await files.size(target) === null) await again();
      const db = Sqlite.openImmutable(`${target}/mallard.sqlite`);
      const [file, ...others] = db.all("select path, bytes from files");
      equal(await files.size(`${target}/events/${file?.["path"]}`), file?.["bytes"]);
      deepEqual([others.length, db.all("select seq from journal").length], [0, 1], `fault ${nth}`);
      db.close();
      if (nth % 4 === 0) deepEqual(await numbersIn(target), [1, 2], `fault ${nth}`);
      return hasFailed;
    });
    ok(refused > 10, `${refused} unfinished`);
  });
});

Deno.test("restore() resumes the same backup only, once it is copied whole", async () => {
  await withBackup(async (folder) => {
    const system = fakeSystem();
    system.clock.advance(1000);
    const [first = ""] = await generationsIn(`${folder}/backup`);
    await backup(system, `${folder}/live`, `${folder}/backup`);
    const target = `${folder}/restored`;
    const { files } = system;
    const stopped = {
      ...system,
      files: {
        ...files,
        rename: (from: string, to: string) =>
          to.endsWith("/events") ? Promise.reject(new Error("EIO")) : files.rename(from, to),
      },
    };
    await rejects(restore(stopped, first, target), /EIO/);
    await rejects(restore(system, `${folder}/backup`, target), /another backup, made at 2024-/);
    await rejects(openFolder(target), /was not finished/);
    await restore(system, first, target);
    deepEqual(await numbersIn(target), [1, 2]);
    match(await Deno.readTextFile(`${target}/.secret`), /^secret$/);
  });
});
