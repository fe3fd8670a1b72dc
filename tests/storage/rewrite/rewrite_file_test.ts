import assert from "node:assert/strict";
import { raw, type Sql, sql } from "../../../src/core/sql.ts";
import type { Db } from "../../../src/storage/duckdb.ts";
import { findTextsIn, forgetTexts, isChanged } from "../../../src/storage/rewrite/rewrite_file.ts";
import { openFolder, withFolder } from "../../support/storage/storage.ts";

Deno.test("findTextsIn() reads the events once, however many texts they have", async () => {
  await withFolder(async (folder) => {
    const storage = await openFolder(folder);
    const { db } = storage;
    // Each text twice, more of them than are read at once, of which every third is changed.
    await db.execute(sql`create table given as
      select '/page/' || (i % 45001) as pathname from range(90002) as r(i)`);
    let reads = 0;
    const counting = new Proxy(db, {
      get: (target, name: keyof Db) => {
        const value = target[name];
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if ((args[0] as Sql | undefined)?.text?.includes("given")) reads++;
          return (value as (...args: unknown[]) => unknown).apply(target, args);
        };
      },
    });
    const isThird = (text: string) => Number(text.split("/").at(-1)) % 3 === 0;
    const rule = {
      columns: ["pathname" as const],
      may: "page",
      change: (_: string, text: string) => isThird(text) ? `${text}/masked` : text,
    };
    let turns = 0;
    const pause = () => Promise.resolve(void turns++);
    assert.equal(await findTextsIn(counting, raw("given"), rule, { pause }), 15_001);
    assert.equal(reads, 1);
    assert.ok(turns > 100, "others have their turn");
    const [found] = await db.query(sql`
      select count(*)::int as rows, count(distinct pathname)::int as texts,
        count(*) filter (where split_part(pathname, '/', 3)::int % 3 = 0)::int as right
      from given as events where ${isChanged(rule)}`);
    assert.deepEqual({ ...found }, { rows: 30_002, texts: 15_001, right: 30_002 });
    await forgetTexts(db);
    const left = await db.query(sql`select table_name from duckdb_tables()
      where table_name like '%texts%'`);
    assert.deepEqual(left, []);
    await storage.close();
  });
});
