import { deepStrictEqual as deepEqual, match, rejects, strictEqual as equal } from "node:assert";
import { backup } from "../../../src/storage/backup/backup.ts";
import { digestOfBytes } from "../../../src/storage/digest.ts";
import { restore } from "../../../src/storage/backup/restore.ts";
import { MIGRATIONS } from "../../../src/storage/state/migrations.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { flipBit, generationsIn, makeFlat, verified } from "../../support/storage/backups.ts";
import { filesOf } from "../../support/storage/data_dir.ts";
import { accept, copyTree, openFolder, withFolder } from "../../support/storage/storage.ts";

const day = (n: number) => `site_id=example.com/date=2024-01-1${n}/0001.parquet`;

/** A backup of four days in Parquet and one event in the journal. */
async function withBackup(
  work: (folder: string, generation: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const storage = await openFolder(`${folder}/live`);
    const events = [1, 2, 3, 4].map((n) => pageview({ at: `2024-01-1${n} 10:00:00` }));
    await accept(storage, events);
    await storage.flusher.flush();
    await accept(storage, [pageview({ at: "2024-01-15 10:00:00" })]);
    await Deno.writeTextFile(`${folder}/live/.secret`, "secret");
    await storage.close();
    await backup(fakeSystem(), `${folder}/live`, `${folder}/backup`);
    const [generation = ""] = await generationsIn(`${folder}/backup`);
    await work(`${folder}/backup`, generation);
  });
}

Deno.test("verify() names every file that is missing, changed or short", async () => {
  await withBackup(async (folder, generation) => {
    deepEqual(await verified(folder), { events: 5, faults: [] });
    await Deno.remove(`${generation}/events/${day(1)}`);
    await flipBit(`${generation}/events/${day(2)}`);
    deepEqual((await verified(folder)).faults, [
      `${day(1)}: missing`,
      `${day(2)}: its content has changed`,
    ]);
  });
});

Deno.test("verify() and restore() find one changed bit in any file", async () => {
  await withBackup(async (folder, generation) => {
    for (const name of [`events/${day(3)}`, "mallard.sqlite", ".secret", "backup.json"]) {
      const copy = `${folder}-bit`;
      await copyTree(generation, copy);
      await flipBit(`${copy}/${name}`);
      const { faults } = await verified(copy);
      equal(faults.length, 1, name);
      match(faults[0] ?? "", /changed|not valid JSON|Unexpected|Expected/, name);
      await rejects(restore(fakeSystem(), copy, `${folder}-new`), /changed|JSON/, name);
      await Deno.remove(copy, { recursive: true });
    }
  });
});

Deno.test("verify() and restore() refuse a manifest that names files elsewhere", async () => {
  await withBackup(async (folder, generation) => {
    const path = `${generation}/backup.json`;
    const { sha256: _, ...manifest } = JSON.parse(await Deno.readTextFile(path));
    const other = { name: "../evil", bytes: 1, sha256: "" };
    const file = { ...manifest.files[0], path: "../../evil.parquet" };
    for (const changed of [{ others: [other] }, { files: [file] }]) {
      await Deno.writeTextFile(path, await sealed({ ...manifest, ...changed }));
      match((await verified(folder)).faults[0] ?? "", /: it lists .*evil/);
      await rejects(restore(fakeSystem(), folder, `${folder}-new`), /: it lists .*evil/);
    }
  });
});

Deno.test("verify() and restore() refuse a manifest without digest or database", async () => {
  await withBackup(async (folder, generation) => {
    const path = `${generation}/backup.json`;
    const { sha256: _, ...manifest } = JSON.parse(await Deno.readTextFile(path));
    const tried: [text: string, fault: RegExp][] = [
      [JSON.stringify(manifest), /: its content has changed$/],
      ["null", /backup\.json: it lists no files$/],
      [await sealed({ ...manifest, others: [] }), /: it does not list mallard\.sqlite$/],
    ];
    for (const [text, fault] of tried) {
      await Deno.writeTextFile(path, text);
      match((await verified(folder)).faults[0] ?? "", fault);
      await rejects(restore(fakeSystem(), folder, `${folder}-new`), fault);
    }
    await Deno.writeTextFile(path, await sealed(manifest));
    // A pipe in the place of a file is not waited for.
    await Deno.remove(`${generation}/mallard.sqlite`);
    await new Deno.Command("mkfifo", { args: [`${generation}/mallard.sqlite`] }).output();
    match((await verified(folder)).faults.join(), /mallard\.sqlite: missing/);
  });
});

/** The text of a manifest with the digest of its content. */
async function sealed(content: object): Promise<string> {
  const sha256 = await digestOfBytes(new TextEncoder().encode(JSON.stringify(content)));
  return JSON.stringify({ ...content, sha256 });
}

Deno.test("verify() compares the catalog and the events with the manifest", async () => {
  await withBackup(async (folder, generation) => {
    await makeFlat(folder);
    generation = folder;
    const db = Sqlite.open(`${generation}/mallard.sqlite`);
    db.exec("update files set rows = 7 where date = '2024-01-11'; delete from journal");
    db.close();
    deepEqual((await verified(folder)).faults, [
      `${day(1)}: 7 events in the catalog`,
      "mallard.sqlite: 0 journal rows, not 1",
    ]);
  });
});

Deno.test("verify() and backup() leave an older schema as it is, and write nothing", async () => {
  await withBackup(async (folder, generation) => {
    const live = folder.replace(/backup$/, "live");
    const db = Sqlite.open(`${live}/mallard.sqlite`);
    const later = MIGRATIONS.slice(3).join("").matchAll(/create table (\w+)/g);
    for (const table of new Set([...later].map(([, name]) => name))) {
      // Some are made under a name that they do not keep.
      db.exec(`drop table if exists ${table}`);
    }
    db.exec("pragma user_version = 3");
    db.close();
    await backup(fakeSystem(), live, folder);
    const before = await filesOf(folder);
    deepEqual(await verified(folder), { events: 5, faults: [] });
    deepEqual(await filesOf(folder), before);
    await restore(fakeSystem(), folder, `${folder}-new`);
    for (const path of [live, (await generationsIn(folder))[1], `${folder}-new`]) {
      const opened = Sqlite.openImmutable(`${path}/mallard.sqlite`);
      equal(opened.get("pragma user_version")?.["user_version"], 3, path);
      opened.close();
    }
    const opened = await openFolder(`${folder}-new`);
    await opened.close();
    const now = Sqlite.openImmutable(`${folder}-new/mallard.sqlite`);
    equal(now.get("pragma user_version")?.["user_version"], MIGRATIONS.length);
    now.close();
    equal(await Deno.stat(generation).then(({ isDirectory }) => isDirectory), true);
  });
});

Deno.test("verify() judges the newest backup, and one that is named", async () => {
  await withBackup(async (folder, generation) => {
    await backup(fakeSystem(), folder.replace(/backup$/, "live"), folder);
    const newest = (await generationsIn(folder))[1] ?? "";
    await flipBit(`${newest}/mallard.sqlite`);
    deepEqual((await verified(folder)).faults, ["mallard.sqlite: its content has changed"]);
    deepEqual((await verified(generation)).faults, []);
    await Deno.writeTextFile(`${newest}/backup.json`, "{");
    match((await verified(folder)).faults[0] ?? "", /^Cannot read .*backup.json: /);
    await Deno.remove(folder, { recursive: true });
    await Deno.mkdir(folder);
    await rejects(verified(folder), /^Error: Cannot verify .*: there is no backup.json$/);
  });
});
