// What is erased from a lake is gone from its bucket, and what is merged is answered as before.
import assert from "node:assert/strict";
import { startPostgres, stopPostgres } from "../../../scripts/lake/parts.ts";
import { plainRows } from "../../../scripts/lake/plain.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { HOUR_MS } from "../../../src/core/durations.ts";
import { sql } from "../../../src/core/sql.ts";
import { EVENTS } from "../../../src/storage/lake/tables.ts";
import { ALL_COLUMNS, literal } from "../../../src/storage/parquet/schema.ts";
import { ALL_DATES } from "../../../src/storage/tiers/erase.ts";
import { numbered } from "../../support/lake/data.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept, numbersOf } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const SITE = "example.com";

/** The objects of a site in the bucket. */
async function objectsOf(storage: Storage, env: Readonly<Record<string, string>>, site: string) {
  const lake = await storage.lake?.node.lake();
  const rows = await lake?.db.query(
    sql`select file from glob(${literal(`${env["MALLARD_LAKE_DATA_PATH"]}**`)})`,
  );
  return (rows ?? []).map((row) => String(row["file"]))
    .filter((file) => file.includes(`site_id=${encodeURIComponent(site)}/`));
}

lakeTest(
  "an erasure leaves no object of what it erased, hot rows included",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    try {
      await accept(storage, numbered(0, 60, 3));
      await storage.flusher.flush();
      await accept(storage, numbered(60, 30, 3));
      const before = await numbersOf(storage);
      assert.equal((await objectsOf(storage, env, SITE)).length, 3);
      const asked = await storage.eraser.erase(SITE, "2026-01-01", "2026-01-02", true);
      const { erasure_id, ...erased } = await storage.eraser.erase(
        SITE,
        "2026-01-01",
        "2026-01-02",
      );
      assert.deepEqual(erased, asked);
      assert.equal(erasure_id, 1);
      assert.equal(erased.parquet_partitions_deleted, 2);
      assert.equal(erased.events_deleted, 30);
      assert.equal(erased.db_records_deleted, 10);
      assert.deepEqual(await numbersOf(storage), before.filter((n) => n % 3 === 2));
      const left = await objectsOf(storage, env, SITE);
      assert.equal(left.length, 1);
      assert.match(left[0] ?? "", /date=2026-01-03/);
      assert.equal((await objectsOf(storage, env, "b:c.org")).length, 3);
      await storage.flusher.flush();
      assert.deepEqual(await numbersOf(storage), before.filter((n) => n % 3 === 2));
      await storage.eraser.erase(SITE, "0000-01-01", "9999-12-31");
      assert.deepEqual(await objectsOf(storage, env, SITE), []);
      assert.deepEqual(await numbersOf(storage), []);
    } finally {
      await storage.close();
    }
    const rows = await plainRows(partsNow(), env, "select distinct site_id from lake.events");
    assert.deepEqual(rows, [["b:c.org"]]);
  },
);

lakeTest("files of a partition are merged, and the answers stay", partsNow, async (env, folder) => {
  const storage = await openOverLake(folder, env);
  try {
    for (let flush = 0; flush < 14; flush++) {
      await accept(storage, numbered(flush * 6, 6, 3));
      await storage.flusher.flush();
    }
    const before = await numbersOf(storage);
    assert.equal(storage.fileCount(), 14 * 6);
    await storage.compactor.run(new AbortController().signal);
    assert.deepEqual([storage.compactor.counts.failures, storage.fileCount()], [0, 6]);
    assert.deepEqual(await numbersOf(storage), before);
    await accept(storage, numbered(84, 6, 3));
    await storage.flusher.flush();
    assert.equal((await numbersOf(storage)).length, before.length + 3);
  } finally {
    await storage.close();
  }
});

/** Files of a day, as an import of a data folder registers them. */
async function register(storage: Storage, env: Readonly<Record<string, string>>, date: string) {
  const lake = await storage.lake?.node.lake() ?? assert.fail();
  const which = sql`site_id = ${literal(SITE)} and date = ${literal(date)}::date`;
  const folderOf = `imports/one/site_id=${SITE}/date=${date}`;
  const file = literal(`${env["MALLARD_LAKE_DATA_PATH"]}${folderOf}/1-a.parquet`);
  await lake.db.query(
    sql`copy (select ${ALL_COLUMNS} from ${EVENTS} where ${which}) to ${file} (format parquet)`,
  );
  await lake.commit("Cannot register", async (run) => {
    await run(sql`delete from ${EVENTS} where ${which}`);
    await run(
      sql`call ducklake_add_data_files('lake', 'events', ${file}, allow_missing => true,
        hive_partitioning => true)`,
    );
  });
}

for (
  const { name, failures } of [
    { name: "files that an import has registered are merged with those of flushes", failures: 0 },
    { name: "a partition that cannot be merged keeps no other from it", failures: 1 },
  ]
) {
  lakeTest(name, partsNow, async (env, folder) => {
    const storage = await openOverLake(folder, env);
    try {
      const { flusher, node } = storage.lake ?? assert.fail();
      await accept(storage, numbered(0, 12, 3));
      await storage.flusher.flush();
      const first = await numbersOf(storage);
      for (const date of ["2026-01-01", "2026-01-02"]) await register(storage, env, date);
      await node.follow();
      assert.deepEqual(await numbersOf(storage), first);
      for (let flush = 2; flush < 15; flush++) {
        await accept(storage, numbered(flush * 6, 6, 3));
        await storage.flusher.flush();
      }
      const before = await numbersOf(storage);
      const commit = flusher.commit.bind(flusher);
      let left = failures;
      flusher.commit = (tried, work) =>
        left-- > 0 ? Promise.reject(new Error("a file is gone")) : commit(tried, work);
      await storage.compactor.run(new AbortController().signal);
      const found = [storage.compactor.counts.failures, storage.fileCount()];
      assert.deepEqual(found, [failures, 6 - failures + failures * 14]);
      assert.deepEqual(await numbersOf(storage), before);
    } finally {
      await storage.close();
    }
  });
}

lakeTest("what is here expires where PostgreSQL is away", partsNow, async (env, folder) => {
  const storage = await openOverLake(folder, env);
  const expired: string[] = [];
  await stopPostgres(partsNow(), "fast");
  try {
    await storage.lake?.upkeep.whileExpiring(() => {
      expired.push(String(storage.lake?.upkeep.isExpiring));
      return Promise.resolve();
    });
    assert.deepEqual(expired, ["false"]);
    await startPostgres(partsNow());
    const failing = storage.lake?.upkeep.whileExpiring(() => {
      expired.push(String(storage.lake?.upkeep.isExpiring));
      return Promise.reject(new Error("of the work"));
    });
    await assert.rejects(failing ?? assert.fail(), /of the work/);
    assert.deepEqual(expired, ["false", "true"]);
  } finally {
    await startPostgres(partsNow()).catch(() => {});
    await storage.close();
  }
});

lakeTest("what is too old expires from the lake", partsNow, async (env, folder) => {
  const storage = await openOverLake(folder, env);
  try {
    await accept(storage, numbered(0, 60, 3));
    await storage.flusher.flush();
    const nowMs = Date.UTC(2026, 0, 5);
    assert.equal((await storage.expiry.expire(SITE, 2, nowMs)).parquet_partitions_deleted, 0);
    await storage.lake?.upkeep.whileExpiring(async () => {
      const counts = await storage.expiry.expire(SITE, 2, nowMs);
      assert.equal(counts.parquet_partitions_deleted, 2);
    });
    assert.ok((await numbersOf(storage)).every((n) => n % 3 === 2));
  } finally {
    await storage.close();
  }
});

lakeTest(
  "more files than servers leave are removed by nobody, and keep nothing from being erased",
  partsNow,
  async (given, folder) => {
    const [data, files] = [`${folder}/data`, `${folder}/lake`];
    for (const path of [data, files]) await Deno.mkdir(path);
    const storage = await openOverLake(data, { ...given, MALLARD_LAKE_DATA_PATH: `${files}/` });
    const strange = `${files}/main/events/site_id=strange.org`;
    const countOf = () => [...Deno.readDirSync(strange)].length;
    const upkeep = () => storage.compactor.run(new AbortController().signal);
    try {
      await accept(storage, numbered(0, 12, 3));
      await storage.flusher.flush();
      await Deno.mkdir(strange, { recursive: true });
      const yesterday = new Date(Date.now() - 26 * HOUR_MS);
      for (let n = 0; n <= 1000; n++) {
        await Deno.writeTextFile(`${strange}/${n}.parquet`, "");
        await Deno.utime(`${strange}/${n}.parquet`, yesterday, yesterday);
      }
      await upkeep();
      assert.deepEqual([countOf(), storage.compactor.counts.failures], [1001, 1]);
      // Where a write has failed, files of before an hour are looked for.
      const flusher = storage.lake?.flusher ?? assert.fail();
      await flusher.writing(() => Promise.reject(new Error("cut"))).catch(() => {});
      await upkeep();
      const { events_deleted } = await storage.eraser.erase(SITE, ...ALL_DATES);
      assert.deepEqual([countOf(), events_deleted], [1001, 6]);
      assert.notEqual(flusher.lostMs, null);
      await Deno.remove(`${strange}/0.parquet`);
      await upkeep();
      assert.equal(countOf(), 0);
    } finally {
      await storage.close();
    }
  },
);
