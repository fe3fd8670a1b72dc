import assert from "node:assert/strict";
import { realSystem } from "../../src/runtime/system.ts";
import { withSpillFolder } from "../../src/storage/empty_folder.ts";
import { openFolder, withFolder } from "../support/storage/storage.ts";

const { files } = realSystem({ format: "text", levelMin: "error" });

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

const spillsOf = (folder: string) =>
  namesIn(folder).filter((name) => name.startsWith(".lake-spill-"));

Deno.test("a server that starts leaves what a running command has spilled", () =>
  withFolder(async (folder) => {
    await withSpillFolder(files, folder, "one", async (own) => {
      await Deno.writeTextFile(`${own}/duckdb_temp_storage.tmp`, "events");
      const storage = await openFolder(folder);
      await withSpillFolder(files, folder, "two", (other) => {
        assert.deepEqual(spillsOf(folder), [".lake-spill-one", ".lake-spill-two"]);
        assert.deepEqual(namesIn(other).filter((name) => /duckdb/.test(name)), []);
        return Promise.resolve();
      });
      await storage.close();
      assert.equal(await Deno.readTextFile(`${own}/duckdb_temp_storage.tmp`), "events");
      assert.deepEqual(spillsOf(folder), [".lake-spill-one"]);
    });
    assert.deepEqual(spillsOf(folder), []);
  }));

Deno.test("what a killed command has spilled is removed by the next one, and by a server", () =>
  withFolder(async (folder) => {
    const leave = async () => {
      await Deno.mkdir(`${folder}/.lake-spill-killed`);
      await Deno.writeTextFile(`${folder}/.lake-spill-killed/duckdb_temp_storage.tmp`, "events");
    };
    await leave();
    await withSpillFolder(files, folder, "next", () => {
      assert.deepEqual(spillsOf(folder), [".lake-spill-next"]);
      return Promise.resolve();
    });
    await leave();
    const storage = await openFolder(folder);
    assert.deepEqual(spillsOf(folder), []);
    await storage.close();
  }));

Deno.test("withSpillFolder() removes its folder where the work fails", () =>
  withFolder(async (folder) => {
    const failing = withSpillFolder(files, folder, "one", () => Promise.reject(new Error("no")));
    await assert.rejects(failing, /^Error: no$/);
    assert.deepEqual(spillsOf(folder), []);
  }));
