// Plausible's export of tables: every number of every table, counted by itself.
import assert from "node:assert/strict";
import type { SumKind } from "../../../../src/storage/history/sum_kinds.ts";
import { restoreTakeout, takeOut } from "../../../../src/storage/backup/takeout.ts";
import { fakeSystem } from "../../../support/fake_system.ts";
import { importFiles, importsOf, running, SITE, summed } from "../../../support/storage/imports.ts";
import {
  datesFrom,
  plausibleTables,
  plausibleZip,
  sumOf,
} from "../../../support/storage/plausible_export.ts";
import { openFolder, withFolder } from "../../../support/storage/storage.ts";

const KINDS = [
  ...["browsers", "days", "devices", "entry_pages", "events", "exit_pages", "locations", "pages"],
  ...["props", "sources", "systems"],
];

/** Each table, its kind, one of its counts and the place of that among SUM_COLUMNS. */
const COUNTED: readonly (readonly [string, SumKind, string, number])[] = [
  ["browsers", "browsers", "visits", 1],
  ["operating_systems", "systems", "pageviews", 2],
  ["devices", "devices", "bounces", 4],
  ["locations", "locations", "visits", 1],
  ["sources", "sources", "pageviews", 2],
  ["entry_pages", "entry_pages", "entrances", 1],
  ["exit_pages", "exit_pages", "exits", 1],
  ["pages", "pages", "total_scroll_depth", 10],
  ["custom_props", "props", "events", 3],
  ["visitors", "days", "pageviews", 2],
];

const DATES = datesFrom("2023-11-29", 4);

Deno.test("PLAUSIBLE reads every table, and every number of it", async () => {
  const tables = plausibleTables(DATES);
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const done = await importFiles(running(imports), { "export.zip": plausibleZip(tables) });
    assert.equal(done.state, "done", done.report.error);
    const [found, ...others] = await storage.sums.of(SITE);
    assert.equal(others.length, 0);
    assert.deepEqual(found?.dates, DATES);
    assert.deepEqual(Object.keys(found?.kinds ?? {}).sort(), KINDS);
    // Each table's visitors, and another of its counts, by kind.
    for (const [table, kind, column, at] of COUNTED) {
      const [sum] = await storage.sums.ask({
        import_id: done.id,
        kind,
        dates: DATES,
        places: [],
        byDate: false,
        only: null,
      });
      assert.equal(sum?.counts[0], sumOf(tables[table], "visitors"), table);
      assert.equal(sum?.counts[at], sumOf(tables[table], column), table);
    }
    const places = await storage.sums.ask({
      import_id: done.id,
      kind: "locations",
      dates: DATES,
      places: [0, 1, 2],
      byDate: false,
      only: null,
    });
    const shown = places.map(({ values }) => values.map((value) => value ?? "-").join(" | "));
    assert.deepEqual(shown.sort(), [
      "- | - | -",
      "DE | Baden-Württemberg | Stuttgart",
      "DE | Berlin | Berlin",
      "US | Oregon | Portland",
    ]);
    const days = await summed(storage, "days");
    await storage.close();

    // A takeout, which is a backup without secrets, has them, too.
    const { files, clock, random } = system;
    const world = { files, clock, random };
    await takeOut(world, folder, `${folder}-taken`, {});
    await restoreTakeout(world, `${folder}-taken`, `${folder}-made`);
    const made = await openFolder(`${folder}-made`, system);
    assert.deepEqual(await summed(made, "days"), days);
    await made.close();
    for (const name of ["taken", "made"]) {
      await Deno.remove(`${folder}-${name}`, { recursive: true });
    }
  });
});

Deno.test("a count that is no number of its size rejects its row alone", async () => {
  const absurd = ["1e400", "NaN", "-5", "99999999999999999999", "9223372036854775808", "abc", ""];
  const lines = absurd.map((visitors, index) => `2024-01-${10 + index},${visitors},2,1,1,1`);
  const header = "date,visitors,pageviews,bounces,visits,visit_duration";
  const table = [header, "2024-01-01,1,2,0,1,5", ...lines].join("\n") + "\n";
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const imports = await importsOf(folder, system, storage);
    const done = await importFiles(running(imports), {
      "imported_visitors_20240101_20240201.csv": table,
    });
    assert.equal(done.state, "done", done.report.error);
    assert.equal(done.report.rejected, absurd.length);
    const [found] = await storage.sums.of(SITE);
    assert.deepEqual(found?.dates, ["2024-01-01"]);
    await storage.close();
  });
});
