// What an erasure leaves of a lake, whatever happened before and meanwhile: nothing.
import assert from "node:assert/strict";
import { faultyS3 } from "../../../scripts/lake/faulty_s3.ts";
import { type Parts, sqlOf, startS3, stopS3 } from "../../../scripts/lake/parts.ts";
import { sql } from "../../../src/core/sql.ts";
import { literal } from "../../../src/storage/parquet/schema.ts";
import { plainRows } from "../../../scripts/lake/plain.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { ALL_DATES } from "../../../src/storage/tiers/erase.ts";
import { pageview } from "../../support/events.ts";
import { numbered } from "../../support/lake/data.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept, numbersOf } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const SITE = "example.com";
const OTHER = "b:c.org";
const HOUR = 3_600_000;

/** Files of a site in the bucket, as the S3 server keeps them. */
function objectsOf({ folder }: Parts, env: Readonly<Record<string, string>>, site: string) {
  const inBucket = env["MALLARD_LAKE_DATA_PATH"]?.slice("s3://".length);
  return filesIn(`${folder}/s3/${inBucket}`)
    .filter((path) => path.includes(`site_id=${encodeURIComponent(site)}/`));
}

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

function makeOlder(paths: readonly string[], byMs: number): void {
  const then = new Date(Date.now() - byMs);
  for (const path of paths) Deno.utimeSync(path, then, then);
}

function lakeOf(storage: Storage) {
  return storage.lake ?? assert.fail("there is no lake");
}

async function upkeep(storage: Storage): Promise<void> {
  await storage.compactor.run(new AbortController().signal);
  assert.equal(storage.compactor.counts.failures, 0);
}

/** So many flushes that the files of a partition are to be merged. */
async function flushOften(storage: Storage, days: number): Promise<void> {
  for (let flush = 0; flush < 14; flush++) {
    await accept(storage, numbered(flush * 6, 6, days));
    await storage.flusher.flush();
  }
}

async function openTwo(env: Readonly<Record<string, string>>, folder: string) {
  const storages: Storage[] = [];
  for (const node of ["one", "two"]) {
    await Deno.mkdir(`${folder}/${node}`);
    storages.push(await openOverLake(`${folder}/${node}`, env, { node }));
  }
  const [one = assert.fail(), two = assert.fail()] = storages;
  for (const { lake } of storages) await lake?.flusher.follow();
  return { one, two };
}

lakeTest(
  "an erasure takes what another server flushes just before its commit",
  partsNow,
  async (env, folder) => {
    const { one, two } = await openTwo(env, folder);
    try {
      await accept(two, numbered(0, 60, 3));
      const lake = await lakeOf(one).node.lake();
      const commit = lake.commit.bind(lake);
      lake.commit = async (tried, ...rest) => {
        if (tried === "Cannot erase from the lake") await two.flusher.flush();
        return await commit(tried, ...rest);
      };
      const erased = await one.eraser.erase(SITE, ...ALL_DATES);
      assert.deepEqual([erased.events_deleted, erased.parquet_partitions_deleted], [30, 3]);
      await lakeOf(two).flusher.follow();
      await one.lake?.flusher.follow();
      assert.deepEqual([await numbersOf(one), await numbersOf(two)], [[], []]);
      const left = await plainRows(
        partsNow(),
        env,
        "select site_id, count(*) from lake.events group by 1",
      );
      assert.deepEqual(left, [[OTHER, 30]]);
      assert.deepEqual(objectsOf(partsNow(), env, SITE), []);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  },
);

lakeTest("the catalog has no text of erased events", partsNow, async (env, folder) => {
  const storage = await openOverLake(folder, env);
  const database = env["MALLARD_LAKE_CATALOG"]?.split("/").at(-1);
  const boundsOf = (name: string) =>
    sqlOf(
      partsNow(),
      `select concat_ws(' ', s.min_value, octet_length(s.max_value), 'bytes')
        from ducklake_table_column_stats s join ducklake_column c using (table_id, column_id)
        join ducklake_table t using (table_id)
        where t.table_name = 'events' and c.column_name = '${name}'`,
      database,
    );
  const at = Date.UTC(2026, 0, 2, 3) * 1000;
  try {
    await accept(storage, numbered(0, 60, 3));
    await storage.flusher.flush();
    await accept(storage, [pageview({ at, site_id: SITE, visitor: "v1", page: "/!!jane" })]);
    await storage.flusher.flush();
    assert.match(await boundsOf("pathname"), /!!jane/);
    await storage.eraser.erase(SITE, ...ALL_DATES);
    const wide = "32 bytes";
    for (const name of ["pathname", "visitor_id", "props", "site_id"]) {
      assert.equal(await boundsOf(name), wide, name);
    }
    // They stay wide, and what is beyond all texts of before is found.
    await accept(storage, [pageview({ at, site_id: OTHER, visitor: "v2", page: "/~~~" })]);
    await storage.flusher.flush();
    assert.equal(await boundsOf("pathname"), wide);
    assert.match(await boundsOf("timestamp"), /^2026-01-0/);
    const found = `select count(*) from lake.events where pathname = '/~~~'`;
    assert.deepEqual(await plainRows(partsNow(), env, found), [[1]]);
    const none = `select count(*) from lake.events where pathname like '/!!%'`;
    assert.deepEqual(await plainRows(partsNow(), env, none), [[0]]);
  } finally {
    await storage.close();
  }
});

lakeTest(
  "what a server left that never came back is removed a day later",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    try {
      await accept(storage, numbered(0, 6, 3));
      await storage.flusher.flush();
      const lake = await lakeOf(storage).node.lake();
      const folder = `${env["MALLARD_LAKE_DATA_PATH"]}main/events/site_id=${SITE}/date=2026-01-01`;
      for (const name of ["old", "new"]) {
        const path = literal(`${folder}/${name}.parquet`);
        await lake.db.execute(sql`copy (select 1) to ${path} (format parquet)`);
      }
      const all = () => objectsOf(partsNow(), env, SITE);
      const before = all();
      const numbers = await numbersOf(storage);
      assert.equal(before.length, 5);
      makeOlder(before.filter((file) => file.endsWith("/old.parquet")), 25 * HOUR);
      makeOlder(before.filter((file) => file.endsWith("/new.parquet")), 23 * HOUR);
      // It keeps the times of files that it has listed.
      await stopS3(partsNow());
      await startS3(partsNow());
      await upkeep(storage);
      assert.deepEqual(all(), before.filter((file) => !file.endsWith("/old.parquet")));
      assert.deepEqual(await numbersOf(storage), numbers);
    } finally {
      await storage.close();
    }
  },
);

lakeTest("files of a merge that fails are known to be lost", partsNow, async (env, folder) => {
  const storage = await openOverLake(folder, env);
  const { flusher, node } = lakeOf(storage);
  try {
    await flushOften(storage, 1);
    assert.equal(flusher.lostMs, null);
    const { db } = await node.lake();
    const transaction = db.transaction.bind(db);
    const seen: (number | null)[] = [];
    db.transaction = (work) =>
      transaction((run) =>
        work((statement) => {
          if (statement.text.includes("merge_adjacent")) seen.push(flusher.lostMs);
          return run(statement);
        })
      );
    await upkeep(storage);
    // If the process ends in between, it is known at the next start.
    assert.ok(seen.length > 0 && seen.every((ms) => ms !== null));
    assert.equal(flusher.lostMs, null);
  } finally {
    await storage.close();
  }
});

lakeTest(
  "files of a merge that another server's commit overtook are known to be lost",
  partsNow,
  async (env, folder) => {
    const { one, two } = await openTwo(env, folder);
    try {
      await flushOften(one, 1);
      const { db } = await lakeOf(one).node.lake();
      const transaction = db.transaction.bind(db);
      const atOnce: string[] = [];
      db.transaction = (work) =>
        transaction(async (run) => {
          let files: string | undefined;
          const result = await work((statement) => {
            files ??= /merge_adjacent.*max_compacted_files => (\d+)/s.exec(statement.text)?.[1];
            return run(statement);
          });
          if (files === undefined) return result;
          atOnce.push(files);
          if (atOnce.length > 2) return result;
          await accept(two, numbered(1000 * atOnce.length, 6, 1));
          await two.flusher.flush();
          return result;
        });
      await upkeep(one);
      // Each attempt is sooner done than the one before.
      assert.deepEqual(atOnce.slice(0, 3), ["4", "2", "1"]);
      assert.notEqual(lakeOf(one).flusher.lostMs, null);
      await lakeOf(two).flusher.follow();
      const { not_erased } = await one.eraser.erase(SITE, ...ALL_DATES);
      assert.ok(not_erased?.includes("lake: files of a commit that failed, for two hours"));
      // Its files are there, as is said, until they are old enough.
      const left = objectsOf(partsNow(), env, SITE);
      assert.ok(left.length > 0);
      makeOlder(left, 2 * HOUR);
      await stopS3(partsNow());
      await startS3(partsNow());
      await upkeep(one);
      assert.deepEqual(objectsOf(partsNow(), env, SITE), []);
    } finally {
      await one.close();
      await two.close();
    }
  },
);

lakeTest(
  "files of a flush that came through at its second attempt are known to be lost",
  partsNow,
  async (env, folder) => {
    const s3 = faultyS3(partsNow().s3Port);
    const storage = await openOverLake(folder, { ...env, MALLARD_S3_ENDPOINT: s3.origin });
    const { flusher } = lakeOf(storage);
    try {
      await accept(storage, numbered(0, 60, 3));
      await flusher.follow();
      s3.failAfterUpload(6);
      await storage.flusher.flush();
      assert.deepEqual([storage.flusher.counts.flushes, storage.flusher.counts.failures], [1, 0]);
      assert.equal(s3.refused(), 6);
      assert.notEqual(flusher.lostMs, null);
      const { not_erased } = await storage.eraser.erase(SITE, ...ALL_DATES);
      assert.deepEqual(not_erased, ["lake: files of a commit that failed, for two hours"]);
      const left = objectsOf(partsNow(), env, SITE);
      assert.ok(left.length > 0);
      makeOlder(left, 2 * HOUR);
      await stopS3(partsNow());
      await startS3(partsNow());
      await upkeep(storage);
      assert.deepEqual(objectsOf(partsNow(), env, SITE), []);
      assert.equal((await plainRows(partsNow(), env, "select 1 from lake.events")).length, 30);
    } finally {
      await storage.close();
      await s3.close();
    }
  },
);

lakeTest(
  "upkeep removes rows of the catalog that no snapshot shows",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    const database = env["MALLARD_LAKE_CATALOG"]?.split("/").at(-1);
    const ask = (query: string) => sqlOf(partsNow(), query, database);
    try {
      const held = await ask(
        `select i.table_name from ducklake_inlined_data_tables i
          join ducklake_table t using (table_id) where t.table_name = 'nodes'`,
      );
      for (let flush = 0; flush < 5; flush++) {
        await accept(storage, numbered(flush * 6, 6, 3));
        await storage.flusher.flush();
      }
      // It forgets the snapshots of before.
      await storage.eraser.erase("nobody.example", ...ALL_DATES);
      const ended = `select count(*) from ${held}
        where end_snapshot <= (select min(snapshot_id) from ducklake_snapshot)`;
      assert.ok(Number(await ask(ended)) >= 5);
      await upkeep(storage);
      assert.equal(await ask(ended), "0");
      // This server's row, and that which tells older ones of the erasure.
      const left = await ask(`select count(*) from ${held} where end_snapshot is null`);
      assert.equal(left, "2");
      await accept(storage, numbered(30, 6, 3));
      await storage.flusher.flush();
      assert.equal(storage.flusher.counts.failures, 0);
    } finally {
      await storage.close();
    }
  },
);

lakeTest(
  "a file that is gone keeps no other date from being merged and erased, and its own is told",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    const { upkeep } = lakeOf(storage);
    try {
      await flushOften(storage, 3);
      const gone = objectsOf(partsNow(), env, SITE).find((file) => file.includes("2026-01-02")) ??
        assert.fail();
      await stopS3(partsNow());
      await Deno.rename(gone, `${folder}/kept`);
      await startS3(partsNow());
      await storage.compactor.run(new AbortController().signal);
      assert.deepEqual([storage.compactor.counts.failures, storage.fileCount()], [1, 14 + 5]);
      for (const number of [1, 2]) {
        await assert.rejects(
          storage.eraser.erase(SITE, ...ALL_DATES),
          new RegExp(
            "Cannot erase: the lake's files of 2026-01-02 .*404.*; put them back .*" +
              `dates are erased \\(erasure ${number}\\)`,
          ),
        );
        await lakeOf(storage).flusher.follow();
        const left = upkeep.within(SITE, ...ALL_DATES);
        assert.deepEqual(left.map(({ date }) => date), ["2026-01-02"]);
        const state = await upkeep.erasure(number);
        assert.deepEqual([state?.doneBy, state?.missing], [["one"], []]);
        assert.deepEqual(state?.left, ["2026-01-02"]);
      }
      assert.equal(await upkeep.erasure(1), null, "the second has taken its place");
      const { erasures } = await upkeep.faults();
      const waiting = erasures.map(({ number, site, dates }) => [number, site, dates]);
      assert.deepEqual(waiting, [[2, SITE, ["2026-01-02"]]]);
      // Of less, and of other dates.
      await assert.rejects(storage.eraser.erase(SITE, "2026-01-02", "2026-01-03"));
      await storage.eraser.erase(SITE, "2026-01-03", "2026-01-04");
      assert.deepEqual((await upkeep.erasure(2))?.left, ["2026-01-02"]);
      await stopS3(partsNow());
      await Deno.rename(`${folder}/kept`, gone);
      await startS3(partsNow());
      const { erasure_id, events_deleted } = await storage.eraser.erase(SITE, ...ALL_DATES);
      assert.equal(erasure_id, 5);
      assert.ok(events_deleted > 0);
      assert.deepEqual((await upkeep.erasure(5))?.left, []);
      assert.deepEqual(await upkeep.faults(), { files: [], erasures: [] });
      const rows = "select number, left_dates from lake.erasures order by 1";
      assert.deepEqual(await plainRows(partsNow(), env, rows), [[4, null], [5, null]]);
      const objects = objectsOf(partsNow(), env, SITE);
      assert.deepEqual(objects.filter((file) => file.includes("2026-01-02")), []);
    } finally {
      await storage.close();
    }
  },
);

lakeTest(
  "files are known to be lost until the last of them is old enough",
  partsNow,
  async (env, folder) => {
    let storage = await openOverLake(folder, env);
    const noteOf = async (agoMs: number) => {
      const value = String(Date.now() - agoMs);
      await storage.store.run("setMeta", { name: "lake_lost_ms", value });
      await storage.close();
      storage = await openOverLake(folder, env);
      await upkeep(storage);
      return lakeOf(storage).flusher.lostMs;
    };
    try {
      assert.notEqual(await noteOf(1.5 * HOUR), null);
      assert.equal(await noteOf(2.5 * HOUR), null);
    } finally {
      await storage.close();
    }
  },
);
