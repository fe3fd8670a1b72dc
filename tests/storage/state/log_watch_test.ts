import assert from "node:assert";
import { LogWatch } from "../../../src/storage/state/log_watch.ts";
import { Sqlite } from "../../../src/storage/state/sqlite.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { withFolder } from "../../support/storage/storage.ts";

const BYTES_MAX = 100_000;

async function withReader(
  work: (store: Store, reader: Sqlite, path: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const path = `${folder}/mallard.sqlite`;
    const store = await Store.open(path);
    const reader = Sqlite.open(path);
    reader.exec("begin");
    reader.all("select * from facts");
    await work(store, reader, path);
    reader.close();
    await store.close();
  });
}

Deno.test("LogWatch warns while a foreign reader lets the log grow, then empties it", async () => {
  await withReader(async (store, reader, path) => {
    const { log, lines } = fakeSystem();
    const watch = new LogWatch(store, log, { bytesMax: BYTES_MAX });
    for (let round = 0; round < 2; round++) {
      await store.run("setMeta", { name: `n${round}`, value: "x".repeat(2 * BYTES_MAX) });
      await watch.check();
      assert.strictEqual(watch.isHeld, true);
      assert.ok(watch.bytes > BYTES_MAX);
    }
    assert.deepStrictEqual(lines.map(({ level }) => level), ["warn"]);
    reader.exec("commit");
    await watch.check();
    assert.strictEqual(watch.isHeld, false);
    assert.strictEqual((await Deno.stat(`${path}-wal`)).size, 0);
    assert.deepStrictEqual(lines.map(({ level }) => level), ["warn", "info"]);
  });
});

Deno.test("LogWatch empties the log of what was erased once no program reads", async () => {
  await withReader(async (store, reader, path) => {
    const watch = new LogWatch(store, fakeSystem().log);
    await store.run("setMeta", { name: "n", value: "needle" });
    await store.run("setMeta", { name: "n", value: "" });
    await store.run("emptyLog", undefined);
    const isLeft = async () => (await Deno.readTextFile(`${path}-wal`)).includes("needle");
    assert.strictEqual(await isLeft(), true);
    reader.exec("commit");
    await watch.check();
    assert.strictEqual(await isLeft(), false);
  });
});
