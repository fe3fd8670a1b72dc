import assert from "node:assert/strict";
import * as duckdb from "@duckdb/node-api";
import { fakeSystem } from "../../support/fake_system.ts";
import { runCommand } from "../../support/command.ts";
import { withFolder } from "../../support/storage/storage.ts";

const CSV =
  "1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme,Browser,Screen size," +
  'Location,Date\n/a,T,false,0,s1,true,,,,"1,1,1",DE,2024-01-02T10:00:00Z\n';

Deno.test("IMPORT takes a plain file, and nothing of it twice", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/old.csv`;
    await Deno.writeTextFile(file, CSV);
    const data = `${folder}/data`;
    await Deno.mkdir(data);
    const loadDuckDb = () => Promise.resolve(duckdb);
    const run = () =>
      runCommand(data, "import", [file], { loadDuckDb, options: { site: "example.com" } });
    assert.match((await run()).text, /example.com: done[\s\S]*Total: 1 events, 1 pageviews/);
    assert.match((await run()).text, /imported before.*nothing was added/);

    // What is named is read where it is; what is no plain file is refused, and nothing is left.
    await Deno.symlink("old.csv", `${folder}/linked.csv`);
    await Deno.mkdir(`${folder}/sub`);
    const system = fakeSystem({ seed: 2 });
    const options = { site: "other.example" };
    const other = (path: string) =>
      runCommand(data, "import", [path], { system, loadDuckDb, options });
    assert.match((await other(`${folder}/linked.csv`)).text, /Total: 1 events/);
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    for (const path of [`${folder}/sub`, `${folder}/pipe`, "/dev/null"]) {
      const told = new RegExp(`Cannot import ${path}: it is no plain file`);
      await assert.rejects(other(path), told);
    }
    await assert.rejects(other(`${folder}/none`), /Cannot import .*none: it is missing/);
    assert.deepEqual([...Deno.readDirSync(`${data}/imports`)], []);
  });
});
