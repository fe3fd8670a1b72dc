// The way back after an upgrade: every event is counted once, before and after it.
import assert from "node:assert/strict";
import * as duckdb from "@duckdb/node-api";
import { MIGRATIONS } from "../../src/storage/state/migrations.ts";
import { Sqlite } from "../../src/storage/state/sqlite.ts";
import { runCommand } from "../support/command.ts";
import { pageview } from "../support/events.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { importFiles, importsOf, running, SITE } from "../support/storage/imports.ts";
import { datesFrom, plausibleTables, plausibleZip } from "../support/storage/plausible_export.ts";
import { accept, numbersOf, openFolder, withFolder } from "../support/storage/storage.ts";

const OLDER = MIGRATIONS.length - 1;
const loadDuckDb = () => Promise.resolve(duckdb);
const event = (n: number) => pageview({ at: "2024-01-14 10:00:00", props: `{"n":${n}}` });

/**
 * A mallard.sqlite of the older schema in `to`, with journal and facts of the one in `from`, but
 * without ids of store and journal: it was never opened by a program that gives them.
 */
function copyAsOlder(from: string, to: string): void {
  const newer = Sqlite.openReader(`${from}/mallard.sqlite`);
  const older = Sqlite.open(`${to}/mallard.sqlite`);
  for (const step of MIGRATIONS.slice(0, OLDER)) older.exec(step);
  older.exec(`pragma user_version = ${OLDER}`);
  for (const { seq, site_id, date, event } of newer.all("select * from journal")) {
    const values = [seq, site_id, date, event].map((value) => value ?? null);
    older.run("insert into journal (seq, site_id, date, event) values (?, ?, ?, ?)", ...values);
  }
  for (
    const { name, value } of newer.all(
      "select * from facts where name not in ('store_id', 'journal_id')",
    )
  ) {
    older.run("insert or replace into facts values (?, ?)", name ?? null, value ?? null);
  }
  newer.close();
  older.close();
}

Deno.test("mallard rollback drops sums of imports only where it is told to", async () => {
  await withFolder(async (folder) => {
    const [first, live] = [`${folder}/first`, `${folder}/live`];
    for (const path of [first, live]) await Deno.mkdir(path);
    await (await openFolder(first)).close();
    copyAsOlder(first, live);
    const system = fakeSystem();
    const upgraded = await openFolder(live, system);
    const imports = await importsOf(live, system, upgraded);
    const tables = plausibleTables(datesFrom("2023-11-29", 3));
    const done = await importFiles(running(imports), { "export.zip": plausibleZip(tables) });
    assert.equal(done.state, "done", done.report.error);
    await upgraded.close();
    const rollback = (options = {}) => runCommand(live, "rollback", [], { loadDuckDb, ...options });
    await assert.rejects(rollback(), /3 days of sums of imports would be lost.*--drop-sums/);
    const again = await openFolder(live, system);
    assert.equal((await again.sums.of(SITE)).length, 1);
    await again.close();
    const { text } = await rollback({ options: { "drop-sums": true } });
    assert.match(text, /3 days of sums were dropped: import their files again/);
    const after = await openFolder(live, system);
    assert.deepEqual(await after.sums.of(SITE), []);
    await after.close();
  });
});

Deno.test("mallard rollback brings the older schema back and loses no event", async () => {
  await withFolder(async (folder) => {
    const [first, live] = [`${folder}/first`, `${folder}/live`];
    for (const path of [first, live]) await Deno.mkdir(path);
    const before = await openFolder(first);
    await accept(before, [event(1)]);
    await before.close();
    copyAsOlder(first, live);

    const upgraded = await openFolder(live);
    await accept(upgraded, [event(2)]);
    await upgraded.flusher.flush({ all: true });
    await accept(upgraded, [event(3)]);
    const backup = () => runCommand(live, "backup", [`${folder}/backups`], { loadDuckDb });
    await backup();
    const rollback = (...args: string[]) => runCommand(live, "rollback", args, { loadDuckDb });
    await assert.rejects(rollback(), /another server runs on it/);
    await upgraded.close();
    await assert.rejects(
      rollback("1"),
      /no copy of an older schema 1 is kept in .*, there are \d+;/,
    );
    assert.match((await rollback()).text, /^Rolled back to schema version \d+; 1 events were/);
    const db = Sqlite.openReader(`${live}/mallard.sqlite`);
    assert.equal(db.get("pragma user_version")?.["user_version"], OLDER);
    db.close();
    assert.equal((await Deno.stat(`${live}/mallard.sqlite`)).mode?.toString(8).slice(-3), "600");
    await assert.rejects(rollback(), /schema version \d+ of an older program/);

    const after = await openFolder(live);
    assert.deepEqual(await numbersOf(after), [1, 2, 3]);
    assert.match((await backup()).text, /^Backed up 3 events/);
    await after.close();
  });
  await withFolder(async (folder) => {
    await (await openFolder(folder)).close();
    await assert.rejects(
      runCommand(folder, "rollback", [], { loadDuckDb }),
      /^Error: Cannot roll back: no copy of an older schema is kept in .*, there is none;/,
    );
  });
});
