import assert from "node:assert";
import * as duckdb from "@duckdb/node-api";
import { ident, sql } from "../../src/core/sql.ts";
import { Db } from "../../src/storage/duckdb.ts";
import { literal, literalPath } from "../../src/storage/parquet/schema.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { withFolder } from "../support/storage/storage.ts";
import { turn, until } from "../support/wait.ts";

const { clock } = realSystem({ format: "text", levelMin: "error" });

function open(folder: string, readers = 2, time = clock): Promise<Db> {
  return Db.open(duckdb, time, {
    folder,
    spillFolder: `${folder}/spill`,
    memoryLimit: null,
    threads: null,
    readers,
  });
}

/** Runs for minutes unless it is stopped. */
const ENDLESS =
  sql`select count(*) as n from range(1000000) a, range(1000000) b where a.range <> b.range`;
const ENDLESS_ROWS = sql`select * from range(1000000) a, range(1000000) b`;

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

Deno.test("Db.query() binds every kind of value and reads plain ones", async () => {
  await withFolder(async (folder) => {
    const db = await open(folder);
    const hostile = `'; drop table x; -- "$1" \0 😀`;
    const rows = await db.query(sql`
      select ${hostile} as text, ${2 ** 53 - 1} as big, ${1.5} as half, ${true} as yes,
        ${null} as nothing, list_contains(${["a", hostile]}, ${hostile}) as listed`);
    assert.deepStrictEqual(rows, [{
      text: hostile,
      big: 2 ** 53 - 1,
      half: 1.5,
      yes: true,
      nothing: null,
      listed: true,
    }]);
    await assert.rejects(db.query(sql`select 9007199254740993 as n`), RangeError);
    await db.close();
  });
});

Deno.test("Db.open() lets no commit wait while tables in memory are compressed", async () => {
  await withFolder(async (folder) => {
    const db = await open(folder);
    const [row] = await db.query(sql`select current_setting('checkpoint_threshold') as least`);
    assert.match(String(row?.["least"]), /GiB$/);
    await db.close();
  });
});

Deno.test("Db.query() is stopped by time limit and signal, and goes on after", async () => {
  await withFolder(async (folder) => {
    const db = await open(folder, 1);
    await assert.rejects(db.query(ENDLESS, { timeoutMs: 100 }), { code: "unavailable" });
    const gone = new AbortController();
    const left = db.query(ENDLESS, { signal: gone.signal });
    const waiting = db.query(sql`select 1 as n`, { timeoutMs: 100 });
    await assert.rejects(waiting, { code: "unavailable" });
    gone.abort();
    await assert.rejects(left, { name: "AbortError" });
    assert.deepStrictEqual(await db.query(sql`select 1 as n`), [{ n: 1 }]);
    await db.close();
  });
});

Deno.test("Db may not leave its folder, and its settings are locked", async () => {
  await withFolder(async (folder) => {
    const db = await open(folder);
    const outside = await Deno.makeTempFile();
    const refused = [
      [sql`select * from read_text(${[outside]})`, /Permission Error: Cannot access file/],
      [sql`select * from read_text(${[`${folder}/../x`]})`, /Permission Error: Cannot access file/],
      [
        sql`set enable_external_access = true`,
        /Cannot change configuration option "enable_external_access"/,
      ],
      [sql`install httpfs`, /Permission Error: Cannot access directory/],
    ] as const;
    for (const [statement, error] of refused) await assert.rejects(db.query(statement), error);
    await Deno.remove(outside);
    await db.close();
  });
});

Deno.test("Db.close() stops what runs and refuses what comes", async () => {
  await withFolder(async (folder) => {
    for (let round = 0; round < 5; round++) {
      const db = await open(folder, 2, round % 2 ? clock : fakeSystem().clock);
      const file = `${folder}/${round}.csv`;
      const running = [
        db.query(ENDLESS),
        db.query(ENDLESS),
        db.query(ENDLESS),
        db.execute(sql`copy (${ENDLESS_ROWS}) to ${literal(file)} (format csv)`),
      ];
      const ended = Promise.allSettled(running);
      // The first rounds close before the queries start, the others while they run: the copy
      // starts last and makes its file then.
      if (round > 2) await until(() => exists(file), "the copy is running");
      await db.close();
      for (const end of await ended) {
        assert.ok(end.status === "rejected");
        assert.match(String(end.reason), /it is closing/, `round ${round}`);
      }
      await assert.rejects(db.query(sql`select 1`), /closing/);
      await db.close();
    }
  });
});

Deno.test("Db.query() that was left does not stop those that come after it", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const db = await open(folder, 1, system.clock);
    for (let round = 0; round < 20; round++) {
      const gone = new AbortController();
      const left = db.query(ENDLESS, { timeoutMs: 1000, signal: gone.signal });
      let outcome: string | undefined;
      left.then(() => outcome = "answered", () => outcome = "stopped");
      // A later abort in each round: before the query starts, as it starts, while it runs.
      for (let turns = 0; turns < round; turns++) await turn();
      gone.abort();
      // The clock repeats the interrupt that came too early.
      await until(() => {
        if (outcome === undefined) system.clock.advance(10);
        return outcome !== undefined;
      }, "the query has ended");
      assert.strictEqual(outcome, "stopped");
      const next = db.query(sql`select count(*) as n from range(3000000) where range % 7 = 1`);
      for (let tick = 0; tick < 40; tick++) {
        system.clock.advance(100);
        await turn();
      }
      assert.deepStrictEqual(await next, [{ n: 428572 }]);
    }
    await db.close();
  });
});

Deno.test("Db.open() reads a folder whose name has wildcards, and no other", async () => {
  await withFolder(async (above) => {
    const folder = `${above}/we[i]r*d?`;
    for (const name of [folder, `${above}/weirrrd!`]) Deno.mkdirSync(name);
    const db = await open(folder);
    const file = `${folder}/a.parquet`;
    await db.execute(sql`copy (select 1 as a) to ${literal(file)} (format parquet)`);
    Deno.copyFileSync(file, `${above}/weirrrd!/a.parquet`);
    const read = (path: string) => db.query(sql`select a, filename from read_parquet(${path})`);
    assert.deepStrictEqual(await read(literalPath(file)), [{ a: 1, filename: file }]);
    await assert.rejects(read(`${above}/weirrrd!/a.parquet`), /Permission/);
    await db.close();
  });
});

Deno.test("Db.open() bounds memory, threads and what is spilled", async () => {
  await withFolder(async (folder) => {
    const db = await Db.open(duckdb, clock, {
      folder,
      spillFolder: `${folder}/spill`,
      spillLimit: "1GiB",
      memoryLimit: "32MiB",
      threads: null,
      threadsMax: 1,
      readers: 1,
    });
    const rows = await db.query(sql`select current_setting('threads') as threads,
      current_setting('memory_limit') as memory, current_setting('temp_directory') as spill,
      current_setting('max_temp_directory_size') as spilled`);
    assert.deepStrictEqual(rows, [{
      threads: 1,
      memory: "32.0 MiB",
      spill: `${folder}/spill`,
      spilled: "1.0 GiB",
    }]);
    // More than the memory is sorted by way of the disk.
    const sorted = await db.query(sql`select count(*) as n from (
      select md5(i::varchar) as hash, i from range(400000) r(i) order by hash, i limit 399999)`);
    assert.deepStrictEqual(sorted, [{ n: 399_999 }]);
    await db.close();
  });
});

Deno.test("Db.drop() drops with the next what could not be dropped", async () => {
  await withFolder(async (folder) => {
    const db = await open(folder, 1);
    for (const name of ["one", "two", "three"]) {
      await db.execute(sql`create table ${ident(name)} (a int)`);
    }
    // Another change of the table that is not committed yet.
    await db.query(sql`begin`);
    await db.query(sql`alter table one add column b int`);
    await assert.rejects(db.drop(["one", "two"]), /conflict/);
    await db.query(sql`rollback`);
    await db.drop(["three"]);
    assert.deepStrictEqual(await db.query(sql`select table_name from duckdb_tables()`), []);
    await db.close();
  });
});
