import {
  deepStrictEqual as deepEqual,
  match,
  ok,
  rejects,
  strictEqual as equal,
} from "node:assert";
import { DAY_MS } from "../../../src/core/durations.ts";
import { MIGRATIONS } from "../../../src/storage/state/migrations.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { Store } from "../../../src/storage/state/store.ts";
import {
  pruneUpgradeCopies,
  removeUpgradeCopies,
} from "../../../src/storage/state/upgrade_copy.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { withFolder } from "../../support/storage/storage.ts";

const OLDER = MIGRATIONS.length - 1;

/** A file as a program of the schema before this one left it. */
function writeOlder(path: string): void {
  const db = Sqlite.open(path);
  for (const step of MIGRATIONS.slice(0, OLDER)) db.exec(step);
  db.exec(`pragma user_version = ${OLDER}`);
  db.run("insert into journal (site_id, date, event) values ('a.example', '2024-01-14', '{}')");
  db.run("insert into facts values ('visitor_salts_1', 'salt-text'), ('journal_id', 'this one')");
  db.close();
}

function versionOf(path: string): unknown {
  const db = Sqlite.openImmutable(path);
  try {
    return db.get("pragma user_version")?.["user_version"];
  } finally {
    db.close();
  }
}

const namesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

Deno.test("Store.open() keeps a copy before it changes the schema, without salts", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/mallard.sqlite`;
    writeOlder(path);
    await (await Store.open(path)).close();
    equal(versionOf(path), MIGRATIONS.length);
    const copy = `${path}.v${OLDER}`;
    deepEqual(await namesIn(folder), ["mallard.sqlite", `mallard.sqlite.v${OLDER}`]);
    equal(versionOf(copy), OLDER);
    equal(((await Deno.stat(copy)).mode ?? 0) & 0o777, 0o600);
    const db = Sqlite.openImmutable(copy);
    deepEqual(db.all("select name, value from facts").map((row) => ({ ...row })), [
      { name: "journal_id", value: "this one" },
    ]);
    equal(db.all("select * from journal").length, 1);
    db.close();
    ok(!new TextDecoder("latin1").decode(await Deno.readFile(copy)).includes("salt-text"));
    // Nothing to change at the next start, and nothing for a new file.
    await Deno.remove(copy);
    await (await Store.open(path)).close();
    await (await Store.open(`${folder}/new.sqlite`)).close();
    deepEqual(await namesIn(folder), ["mallard.sqlite", "new.sqlite"]);
  });
});

Deno.test("Store.open() changes nothing where no copy can be kept", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/mallard.sqlite`;
    writeOlder(path);
    await Deno.mkdir(`${path}.v${OLDER}/in-the-way`, { recursive: true });
    await rejects(Store.open(path), /^Error: Cannot bring the schema up to date: no copy can be/);
    equal(versionOf(path), OLDER);
  });
});

Deno.test("Store.open() as reader, writer or immutable leaves the schema as it is", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/mallard #1?.sqlite`;
    writeOlder(path);
    for (const mode of ["reader", "writer", "immutable"] as const) {
      const store = await Store.open(path, mode);
      equal(await store.run("journalRows", undefined), 1, mode);
      await store.close();
      equal(versionOf(path), OLDER, mode);
    }
    const store = await Store.open(path, "reader");
    await rejects(store.run("setMeta", { name: "a", value: "b" }), /readonly/);
    await store.close();
    const newer = Sqlite.open(path);
    newer.exec(`pragma user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    await rejects(Store.open(path, "reader"), /is newer than this program's/);
    match(String(versionOf(path)), /^\d+$/);
  });
});

Deno.test("copies of an older schema go after a week, and with an erasure", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const store = await Store.open(`${folder}/mallard.sqlite`);
    const names = () => namesIn(folder).then((all) => all.filter((name) => /\.v\d/.test(name)));
    const prune = () => pruneUpgradeCopies(system, store, folder);
    for (const name of ["v1", "v2", "v2.tmp"]) {
      await Deno.writeTextFile(`${folder}/mallard.sqlite.${name}`, "");
    }
    await prune();
    system.clock.advance(7 * DAY_MS);
    await prune();
    equal((await names()).length, 3);
    system.clock.advance(1000);
    await prune();
    deepEqual(await names(), []);
    await Deno.writeTextFile(`${folder}/mallard.sqlite.v2`, "");
    await prune();
    deepEqual(await names(), ["mallard.sqlite.v2"], "its own week");
    await removeUpgradeCopies(system.files, folder);
    deepEqual(await names(), []);
    await store.close();
  });
});
