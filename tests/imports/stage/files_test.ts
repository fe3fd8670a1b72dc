// RowsFiles: what is read for a span holds all of its rows and little else. Rows whose days are
// everywhere in the files are sorted first, and nothing of them is lost.
import * as duckdb from "@duckdb/node-api";
import assert from "node:assert/strict";
import { raw, sql } from "../../../src/core/sql.ts";
import { ROWS_FORMAT, RowsFiles } from "../../../src/imports/stage/files.ts";
import { sortRows } from "../../../src/imports/stage/rows.ts";
import { Db } from "../../../src/storage/duckdb.ts";
import { literal } from "../../../src/storage/parquet/schema.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { importFiles, importsOf, running, SITE } from "../../support/storage/imports.ts";
import { EVER, openFolder, withFolder } from "../../support/storage/storage.ts";

/** More than a file holds. */
const ROWS = 200_000;
const DAYS = 400;

Deno.test("RowsFiles reads for a span all of its rows, and sorted rows few times", async () => {
  await withFolder(async (folder) => {
    const db = await Db.open(duckdb, fakeSystem().clock, {
      folder,
      spillFolder: `${folder}/spill`,
      memoryLimit: "96MiB",
      threads: 1,
      readers: 1,
    });
    try {
      // Every 100th row has no time; the days of the others are mixed.
      await db.execute(sql`copy (
        select line, null::varchar as apart, case when line % 100 = 0 then 'bad' end as fault,
          case when line % 100 > 0 then timestamp '2023-01-01' + to_days((line * 7919
            % ${raw(String(DAYS))})::integer) + to_seconds(line % 50) end as happened_at
        from (select range as line from range(1, ${raw(String(ROWS))} + 1))
      ) to ${literal(`${folder}/mixed`)} ${ROWS_FORMAT}`);
      const mixed = await RowsFiles.of(db, `${folder}/mixed`);
      const march = { from: "2023-03-01", to: "2023-03-02" };
      const inMarch = async (files: RowsFiles) => {
        const [row] = await db.query(sql`
          select count(*) as rows from ${files.relation({ dates: march })}
          where happened_at >= '2023-03-01' and happened_at < '2023-03-03'`);
        return row?.["rows"];
      };
      assert.deepEqual([mixed.rowsOf({}), mixed.rowsOf({ dates: march })], [ROWS, ROWS]);
      assert.equal(mixed.rowsOf({ lines: { from: 15_000, to: 15_001 } }), 10_240);
      const order = [...mixed.relation().text.matchAll(/data_(\d+)/g)].map(([, n]) => Number(n));
      assert.deepEqual(order, [0, 1], "files in the order of their lines");
      await sortRows(db, mixed.relation(), `${folder}/sorted`);
      const sorted = await RowsFiles.of(db, `${folder}/sorted`);
      assert.equal(sorted.rowsOf({}), ROWS * 0.99);
      assert.ok(sorted.rowsOf({ dates: march }) <= 2 * 10_240);
      // Each of the days has 500 rows but for those whose lines end in 00.
      const counts = [await inMarch(mixed), await inMarch(sorted)];
      assert.deepEqual(counts, [1000, 1000]);
      const [wrong] = await db.query(sql`
        select count(*) as rows, count(distinct line) as lines from (select line, happened_at,
          lag(happened_at) over (order by line) as before from ${sorted.relation()})
        where before is null or before <= happened_at`);
      assert.deepEqual(wrong, { rows: ROWS * 0.99, lines: ROWS * 0.99 });
    } finally {
      await db.close();
    }
  });
});

Deno.test("Imports keeps every row of a file whose days are mixed", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    try {
      const imports = await importsOf(folder, system, storage);
      const rows = Array.from({ length: 90_000 }, (_, n) => {
        const time = new Date(Date.UTC(2023, 0, 1 + n * 7919 % 300, 9, 0, n % 60)).toISOString();
        return `/${n},T,false,0,s${n % 900},true,,,,"1,1,1",DE,${time}\n`;
      });
      const { state, report } = await importFiles(running(imports), {
        "mixed.csv": "1Path,Title,Event,Bot,Session,FirstVisit,Referrer,Referrer scheme," +
          `Browser,Screen size,Location,Date\n${rows.join("")}`,
      });
      assert.deepEqual([state, report.days?.length, report.totals], ["done", 300, {
        events: rows.length,
        pageviews: rows.length,
        visitors: 900,
      }], report.error);
      const [stored] = await storage.reader.query(
        SITE,
        EVER,
        (events) =>
          sql`select count(*) as events, count(distinct pathname) as pages,
          count(*) filter (dayofyear(timestamp) - 1 = pathname[2:]::bigint * 7919 % 300) as right
          from ${events}`,
      );
      const all = rows.length;
      assert.deepEqual(stored, { events: all, pages: all, right: all });
    } finally {
      await storage.close();
    }
  });
});
