import { deepStrictEqual as deepEqual, match, rejects } from "node:assert";
import * as duckdb from "@duckdb/node-api";
import { raw } from "../../src/core/sql.ts";
import { Db } from "../../src/storage/duckdb.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { openDuckDb } from "../support/storage/duckdb.ts";
import { withFolder } from "../support/storage/storage.ts";

Deno.test("Db.open() with paths reads these files and nothing else", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/work`);
    const maker = await openDuckDb();
    for (const name of ["own[1]", "other"]) {
      await maker.run(`copy (select '${name}' as name) to '${folder}/${name}.parquet'`);
    }
    maker.close();
    const db = await Db.open(duckdb, fakeSystem().clock, {
      folder: `${folder}/work`,
      spillFolder: `${folder}/work/spill`,
      memoryLimit: "64MiB",
      threads: 1,
      readers: 1,
      paths: [`${folder}/own[1].parquet`],
    });
    const ask = (text: string) => db.query(raw(text.replaceAll("FOLDER", folder)));
    deepEqual(await ask("select name from 'FOLDER/own[[]1].parquet'"), [{ name: "own[1]" }]);
    for (
      const text of [
        "select * from 'FOLDER/other.parquet'",
        "select * from read_parquet('FOLDER/*.parquet')",
        "select * from 'FOLDER/work/../other.parquet'",
        "select * from read_text('/etc/passwd')",
        "select * from glob('FOLDER/*')",
        "copy (select 1) to 'FOLDER/out.csv'",
        "copy (select 1) to 'FOLDER/own[1].parquet/../out.csv'",
        "attach 'FOLDER/other.db'",
        "load httpfs",
        "install httpfs",
        "set enable_external_access = true",
        "set allowed_paths = ['/etc/passwd']",
        "set memory_limit = '1TB'",
        "reset lock_configuration",
      ]
    ) {
      await rejects(ask(text), (error: Error) => {
        match(
          error.message,
          /Permission|configuration|locked|disabled|cannot|Cannot|not (?:be )?found/,
          text,
        );
        return true;
      }, text);
    }
    await db.close();
  });
});
