import assert from "node:assert/strict";
import { sqlOf, startPostgres, stopPostgres } from "../../../scripts/lake/parts.ts";
import { raw, sql } from "../../../src/core/sql.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import type { LakeOptions } from "../../../src/storage/lake/connection.ts";
import { IMPORTS } from "../../../src/storage/lake/tables.ts";
import { newLake, plainRows } from "../../../scripts/lake/plain.ts";
import { LACKS_LAKE, openLake, optionsOf, partsOfFile } from "../../support/lake/lake.ts";
import { withFolder } from "../../support/storage/storage.ts";

const ignore = LACKS_LAKE;
const partsNow = partsOfFile();

/** The bucket's answer to a request of another time. */
const SKEWED = `<?xml version="1.0"?><Error><Code>RequestTimeTooSkewed</Code>
  <Message>The difference between the request time and the current time is too large.</Message>
  </Error>`;

/** Asserts what `Lake.open` says with changed options, and that it shows no password. */
function refusing(folder: string, options: LakeOptions) {
  return async (
    changed: Partial<LakeOptions>,
    says: RegExp,
    more: Parameters<typeof openLake>[2] = {},
  ) => {
    const opening = openLake(folder, { ...options, ...changed }, more);
    const error = await opening.then((lake) => lake.close(), (error: Error) => error);
    assert.ok(error instanceof Error, `nothing was said, where ${says} is due`);
    assert.match(error.message, new RegExp(`^Cannot open the lake: ${says.source}$`, "s"));
    for (const text of [error.message, String(error.cause), error.stack ?? ""]) {
      assert.ok(!/secret word/.test(text), text);
    }
  };
}

Deno.test({
  name: "Lake.open() says in a sentence what is wrong, and shows no password",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const parts = partsNow();
      const env = await newLake(parts, "faults");
      const options = optionsOf(env);
      const { catalog, s3 } = options;
      const refuses = refusing(folder, options);
      await refuses({}, /there is no lake in faults on 127\.0\.0\.1:\d+; .*/, { mayMake: false });
      await refuses({ dataPath: "s3://none/x/" }, /there is no bucket for s3:\/\/none\/x\/;.*/);
      const away = "http://127.0.0.1:1";
      await refuses({ s3: { ...s3, endpoint: away } }, /no server answers at http:\S+:1/);
      await (await openLake(folder, options)).close();

      await refuses({ password: "secret word's" }, /PostgreSQL refuses the password for .*/);
      await refuses({ password: null }, /PostgreSQL refuses the password for .*/);
      const elsewhere = catalog.replace(/:\d+\//, ":1/");
      await refuses({ catalog: elsewhere }, /PostgreSQL is out of reach: .*refused.*/);
      await refuses(
        { catalog: "host=nosuch.invalid user=lake dbname=faults" },
        /PostgreSQL is out of reach: could not translate host name.*/,
      );
      const other = catalog.replace(/\w+$/, "other");
      await refuses({ catalog: other }, /PostgreSQL has no database called other; create it/);
      await sqlOf(parts, "create role poor login password 'secret words'");
      await refuses(
        { catalog: catalog.replace("lake@", "poor@"), password: "secret words" },
        /PostgreSQL does not permit it: permission denied for .*/,
      );
      await refuses(
        { dataPath: "s3://mallard/other/" },
        /the lake's files are in s3:\/\/mallard\/faults\/, and lake_data_path is s3:.*/,
      );
      await refuses({ dataPath: `${folder}/none/` }, /lake_data_path .*\/none\/ is missing; .*/);
    }),
});

Deno.test({
  name: "Lake.open() says what is wrong with extensions, clocks and versions",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const parts = partsNow();
      const env = await newLake(parts, "versions");
      const options = optionsOf(env);
      const { s3 } = options;
      const refuses = refusing(folder, options);
      await (await openLake(folder, options)).close();
      await refuses(
        { extensionDir: folder },
        /extension_dir \S+ has no \w+\.duckdb_extension for DuckDB v\S+/,
      );
      await Deno.mkdir(`${folder}/v0.0.1`);
      await refuses({ extensionDir: folder }, /extension_dir .*, only for v0\.0\.1/);

      const system = realSystem({ format: "text", levelMin: "error" });
      const clock = Object.create(system.clock, {
        nowMs: { value: () => Date.now() - 3_600_000 },
      });
      await refuses({}, /the clock of this machine is 60 minutes behind that of PostgreSQL.*/, {
        system: { ...system, clock },
      });
      const skewed = Deno.serve(
        { port: 0, onListen() {} },
        () => new Response(SKEWED, { status: 403 }),
      );
      await refuses(
        { s3: { ...s3, endpoint: `http://127.0.0.1:${skewed.addr.port}` } },
        /the clock of this machine is off: the bucket refuses the time of the request/,
      );
      await skewed.shutdown();

      await sqlOf(
        parts,
        "update ducklake_metadata set value = '9.9' where key = 'version'",
        "versions",
      );
      await refuses({}, /its catalog is of DuckLake 9\.9, and this program's extension needs .*/);
    }),
});

Deno.test({
  name: "Lake.open() adds columns that an older lake lacks, and refuses those of a newer program",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const parts = partsNow();
      const env = await newLake(parts, "columns");
      const options = optionsOf(env);
      const first = await openLake(folder, options);
      await first.db.execute(raw("alter table lake.events drop column language"));
      await first.close();
      const second = await openLake(folder, options);
      await second.db.execute(
        raw("insert into lake.events (site_id, language) values ('a', 'de')"),
      );
      await second.db.execute(raw("alter table lake.events add column later varchar"));
      await second.close();
      await assert.rejects(
        openLake(folder, options),
        /^Error: Cannot open the lake: a newer program made it: its events have the column later/,
      );
      assert.deepEqual(await plainRows(parts, env, "select language from lake.events"), [["de"]]);
    }),
});

Deno.test({
  name: "Lake.commit() of many at the same time loses nothing and doubles nothing",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const parts = partsNow();
      const env = await newLake(parts, "many");
      const [writers, commits] = [4, 6];
      const lakes = [];
      for (let n = 0; n < writers; n++) lakes.push(await openLake(folder, optionsOf(env)));
      await Promise.all(lakes.map(async (lake, writer) => {
        for (let n = 0; n < commits; n++) {
          await lake.commit("Cannot count", async (run) => {
            // Each takes the number after the highest that it sees.
            const [row] = await run(sql`select coalesce(max(events), 0) as n from ${IMPORTS}`);
            const next = Number(row?.["n"]) + 1;
            await run(
              sql`insert into ${IMPORTS} (source, events) values (${String(writer)}, ${next})`,
            );
          });
        }
      }));
      for (const lake of lakes) await lake.close();
      const rows = await plainRows(parts, env, "select events from lake.imports order by events");
      assert.deepEqual(
        rows.map(([n]) => n),
        Array.from({ length: writers * commits }, (_, index) => index + 1),
      );
    }),
});

Deno.test({
  name: "Lake.commit() goes on after PostgreSQL was restarted",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const parts = partsNow();
      const env = await newLake(parts, "restarted");
      const lake = await openLake(folder, optionsOf(env));
      const add = (n: number) =>
        lake.commit(
          "Cannot count",
          (run) => run(sql`insert into ${IMPORTS} (source, events) values ('a', ${n})`),
        );
      await add(1);
      await stopPostgres(parts, "immediate");
      const waiting = add(2);
      await startPostgres(parts);
      await waiting;
      await add(3);
      await lake.close();
      const rows = await plainRows(parts, env, "select events from lake.imports order by events");
      assert.deepEqual(rows, [[1], [2], [3]]);
    }),
});
