// Commands that the owner runs beside a server, which may be an older program.
import assert from "node:assert";
import * as duckdb from "@duckdb/node-api";
import { MIGRATIONS } from "../../src/storage/state/migrations.ts";
import { Sqlite } from "../../src/storage/state/sqlite.ts";
import { Store } from "../../src/storage/state/store.ts";
import { commandHelp, type CommandName, COMMANDS } from "../../src/cli/commands.ts";
import { SETTING_NAMES, settingRow } from "../../src/config/settings.ts";
import { runCommand } from "../support/command.ts";
import { withFolder } from "../support/storage/storage.ts";

const OLDER = 4;
const loadDuckDb = () => Promise.resolve(duckdb);

function runner(folder: string) {
  return async (
    name: "expiry" | "quarantine" | "sites" | "adopt" | "privacy-audit",
    ...args: string[]
  ) => (await runCommand(folder, name, args, { loadDuckDb })).text;
}

Deno.test("commands beside an older server leave its schema as it is", async () => {
  await withFolder(async (folder) => {
    const server = Sqlite.open(`${folder}/mallard.sqlite`);
    for (const step of MIGRATIONS.slice(0, OLDER)) server.exec(step);
    server.exec(`pragma user_version = ${OLDER}`);
    const run = runner(folder);
    assert.match(await run("expiry", "allow"), /is trusted/);
    assert.match(await run("expiry", "list"), /The trash is empty/);
    assert.match(await run("expiry", "undo"), /Brought back 0 files/);
    assert.match(await run("quarantine", "list"), /The quarantine is empty/);
    assert.match(await run("quarantine", "restore"), /There is no Parquet file to restore/);
    for (const action of ["list", "accept", "refuse", "delete"]) {
      const args = action === "list" ? [] : ["example.com"];
      await assert.rejects(run("sites", action, ...args), /schema version 4 of an older program/);
    }
    await assert.rejects(run("adopt"), /schema version 4 of an older program/);
    await assert.rejects(run("adopt", "move"), /schema version 4 of an older program/);
    await assert.rejects(run("privacy-audit", "mask"), /schema version 4 of an older program/);
    assert.strictEqual(server.get("pragma user_version")?.["user_version"], OLDER);
    const tables = server.all("select name from sqlite_master where name like 'proposed%'");
    assert.deepStrictEqual(tables, []);
    const said = server.get("select value from facts where name = 'clock_allowed_ms'");
    assert.ok(Number(said?.["value"]) > 0);
    server.close();
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.deepStrictEqual(names.filter((name) => /\.v\d/.test(name)), []);
  });
});

Deno.test("over a lake privacy-audit wants it, and adopt says what to do", async () => {
  await withFolder(async (folder) => {
    const store = await Store.open(`${folder}/mallard.sqlite`);
    assert.match(await runner(folder)("privacy-audit"), /Nothing looks like/);
    await store.run("setMeta", { name: "lake_journal", value: "a journal" });
    await store.close();
    const run = runner(folder);
    await assert.rejects(run("privacy-audit"), /Cannot open the lake: lake_catalog is not set/);
    const wanted = /lake_catalog is not set/;
    await assert.rejects(run("privacy-audit", "mask"), wanted);
    await assert.rejects(
      run("adopt"),
      /are in a lake; put the files into .* "mallard lake import"/,
    );
  });
});

Deno.test("the help of each command fits a screen and has an example", () => {
  for (const name of Object.keys(COMMANDS) as CommandName[]) {
    const lines = commandHelp(name).split("\n");
    assert.ok(lines.length <= 24, `${name} has ${lines.length} lines`);
    for (const line of lines) assert.ok(line.length <= 110, line);
    const example = lines[lines.findIndex((line) => line.startsWith("Example:")) + 1] ?? "";
    assert.ok(example.includes(`mallard ${name}`), `${name}: ${example}`);
    assert.match(lines.at(-2) ?? "", /^Exit code: 0 .*; 1 .*; 2 /);
  }
});

Deno.test("the help of serve shows a few settings, config list every one", async () => {
  const help = commandHelp("serve");
  for (const env of ["MALLARD_DATA_DIR", "MALLARD_PORT", "MALLARD_ADMIN_PASSWORD"]) {
    assert.ok(help.includes(env), env);
  }
  const [, command] = /\(all of them: mallard (config list)\)/.exec(help) ?? [];
  assert.strictEqual(command, "config list");
  const { text } = await runCommand("data", "config", ["list"]);
  for (const name of SETTING_NAMES) assert.ok(text.includes(settingRow(name).env), name);
  const { text: json } = await runCommand("data", "config", ["list"], { options: { json: true } });
  const listed = JSON.parse(json).map(({ name }: { name: string }) => name);
  assert.deepStrictEqual(listed, SETTING_NAMES);
  await assert.rejects(
    async () => await runCommand("data", "config", ["lsit"]),
    /Cannot run config lsit: it must be check or list/,
  );
});
