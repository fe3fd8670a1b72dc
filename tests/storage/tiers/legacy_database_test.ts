import assert from "node:assert";
import { DuckDBInstance } from "@duckdb/node-api";
import { fakeSystem } from "../../support/fake_system.ts";
import { numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

async function writeDatabase(path: string, statements: string[], checkpoint: boolean) {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  if (!checkpoint) await connection.run("pragma disable_checkpoint_on_shutdown");
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

const EVENTS = `create table events as
  select 'example.com' as site_id, 'v' || i as visitor_id,
    timestamp '2024-01-15 10:00:00' + interval (i) second as timestamp,
    'pageview' as event_name, '/' as pathname, '{"n":' || i || '}' as props,
    1.25::decimal(12, 2) as revenue_amount
  from range(5) t(i)`;

Deno.test("importLegacy() brings in mallard.duckdb's events once and sets it aside", async () => {
  for (const checkpoint of [true, false]) {
    await withFolder(async (folder) => {
      await writeDatabase(`${folder}/mallard.duckdb`, [EVENTS], checkpoint);
      const copy = await Deno.readFile(`${folder}/mallard.duckdb`);
      const log = await Deno.readFile(`${folder}/mallard.duckdb.wal`).catch(() => null);
      let storage = await openFolder(folder);
      assert.deepStrictEqual(await numbersOf(storage), [0, 1, 2, 3, 4]);
      await storage.flusher.flush();
      await storage.close();
      const names = [...Deno.readDirSync(folder)].map((entry) => entry.name);
      assert.ok(names.includes("mallard.duckdb.taken-over"));
      assert.ok(!names.includes("mallard.duckdb"));
      // As after a crash between the transaction and the renaming.
      await Deno.writeFile(`${folder}/mallard.duckdb`, copy);
      if (log) await Deno.writeFile(`${folder}/mallard.duckdb.wal`, log);
      storage = await openFolder(folder);
      assert.deepStrictEqual(await numbersOf(storage), [0, 1, 2, 3, 4]);
      await storage.close();
    });
  }
});

Deno.test("importLegacy() reports a database it cannot read, and leaves it", async () => {
  const cases: ((path: string) => Promise<void>)[] = [
    (path) => Deno.writeTextFile(path, "no database"),
    (path) => writeDatabase(path, ["create table other (x integer)"], true),
  ];
  for (const make of cases) {
    await withFolder(async (folder) => {
      await make(`${folder}/mallard.duckdb`);
      const system = fakeSystem();
      const storage = await openFolder(folder, system);
      assert.deepStrictEqual(await numbersOf(storage), []);
      await storage.close();
      assert.ok(await Deno.stat(`${folder}/mallard.duckdb`));
      const errors = system.lines.filter((line) => line.level === "error");
      assert.match(errors[0]!.message, /^Cannot import the legacy database/);
      assert.strictEqual(errors[0]!.fields["path"], "mallard.duckdb");
    });
  }
});
