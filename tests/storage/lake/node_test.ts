// A server's storage over a lake of real parts: what is answered before, during and after flushes,
// and what is left when PostgreSQL or the process fails at the worst moment.
import assert from "node:assert/strict";
import { startPostgres, stopPostgres } from "../../../scripts/lake/parts.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { numbered } from "../../support/lake/data.ts";
import { plainRows } from "../../../scripts/lake/plain.ts";
import { lakeTest, type LakeWork, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { FATAL } from "../../support/storage/duckdb.ts";
import { until } from "../../support/wait.ts";
import { accept, copyTree, numbersOf, openFolder } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const SITE = "example.com";

/** Numbers of the events of SITE among the first `count`; see `numbered`. */
function expected(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
    .filter((n) => Math.floor(n / 3) % 2 === 0 && n % 11 !== 0);
}

const add = (storage: Storage, from: number, count: number) =>
  accept(storage, numbered(from, count, 3));

/** How many events plain DuckDB reads, and how many different ones. */
const plainCounts = (env: Readonly<Record<string, string>>) =>
  plainRows(partsNow(), env, "select count(*), count(distinct props) from lake.events");

/** How the files of events are packed. */
async function compressions(env: Readonly<Record<string, string>>): Promise<unknown[]> {
  const files = await plainRows(
    partsNow(),
    env,
    "select data_file from ducklake_list_files('lake', 'events')",
  );
  const list = files.map(([path]) => `'${path}'`).join(", ");
  const query = `select distinct compression from parquet_metadata([${list}])`;
  return (await plainRows(partsNow(), env, query)).flat();
}

/** The next commit succeeds, and its answer is lost. */
async function loseNextAnswer(storage: Storage): Promise<void> {
  const lake = await storage.lake?.node.lake();
  assert.ok(lake);
  const commit = lake.commit.bind(lake);
  lake.commit = async (tried, work) => {
    lake.commit = commit;
    await commit(tried, work);
    throw new Error("Cannot write: the connection was lost");
  };
}

/** Opens storage while PostgreSQL is down, which is back after `work`. Closes nothing. */
async function openWithoutPostgres(
  folder: string,
  env: Readonly<Record<string, string>>,
  work: (storage: Storage) => Promise<void>,
): Promise<Storage> {
  await stopPostgres(partsNow(), "fast");
  try {
    const storage = await openOverLake(folder, env);
    await work(storage);
    return storage;
  } finally {
    await startPostgres(partsNow());
  }
}

/** Brings storage to the lake, before and after a flush; then closes it. */
async function joined(storage: Storage, numbers: readonly number[]): Promise<void> {
  try {
    await storage.lake?.flusher.follow();
    assert.deepEqual(await numbersOf(storage), numbers);
    await storage.flusher.flush();
    assert.deepEqual(await numbersOf(storage), numbers);
  } finally {
    await storage.close();
  }
}

const over = (name: string, work: LakeWork) => lakeTest(name, partsNow, work);

over(
  "events are answered before and after a flush, and over a restart",
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    try {
      await add(storage, 0, 60);
      assert.deepEqual(await numbersOf(storage), expected(60));
      await storage.flusher.flush();
      assert.equal(storage.flusher.failing, false);
      assert.deepEqual(await numbersOf(storage), expected(60));
      assert.equal(storage.hot.rows, 0);
      assert.deepEqual(await compressions(env), ["ZSTD"]);
      await add(storage, 60, 30);
      await storage.flusher.flush();
      await add(storage, 90, 30);
      assert.deepEqual(await numbersOf(storage), expected(120));
    } finally {
      await storage.close();
    }
    const again = await openOverLake(folder, env);
    try {
      assert.deepEqual(await numbersOf(again), expected(120));
      assert.equal(again.hot.rows, 30);
      assert.equal(again.reader.storedEvents(SITE) + again.reader.storedEvents("b:c.org"), 90);
      assert.equal(again.reader.firstDate(SITE), "2026-01-01");
    } finally {
      await again.close();
    }
    assert.deepEqual(await plainCounts(env), [[90, 90]]);
  },
);

over("a commit whose answer is lost brings its events once", async (env, folder) => {
  const storage = await openOverLake(folder, env);
  try {
    await add(storage, 0, 30);
    await loseNextAnswer(storage);
    await storage.flusher.flush();
    assert.equal(storage.flusher.failing, true);
    assert.deepEqual(await numbersOf(storage), expected(30));
    await add(storage, 30, 30);
    assert.deepEqual(await numbersOf(storage), expected(60));
    await storage.flusher.flush();
    assert.equal(storage.flusher.failing, false);
    assert.deepEqual(await numbersOf(storage), expected(60));
  } finally {
    await storage.close();
  }
  assert.deepEqual(await plainCounts(env), [[60, 60]]);
});

over("so it does when the process ends before it knows", async (env, folder) => {
  const storage = await openOverLake(folder, env);
  try {
    await add(storage, 0, 30);
    await loseNextAnswer(storage);
    await storage.flusher.flush();
    await add(storage, 30, 30);
  } finally {
    await storage.close();
  }
  const again = await openOverLake(folder, env);
  try {
    assert.equal(again.hot.rows, 30);
    assert.deepEqual(await numbersOf(again), expected(60));
    await again.flusher.flush();
    assert.deepEqual(await numbersOf(again), expected(60));
  } finally {
    await again.close();
  }
  assert.deepEqual(await plainCounts(env), [[60, 60]]);
});

over("so it does when DuckDB was opened again since", async (env, folder) => {
  const storage = await openOverLake(folder, env);
  try {
    await add(storage, 0, 30);
    await loseNextAnswer(storage);
    await storage.flusher.flush();
    await add(storage, 30, 30);
    // One table has the rows of both sides of the mark then.
    await assert.rejects(storage.db.query(FATAL));
    await until(() => !storage.reopening.isUnderWay, "DuckDB is opened again");
    await storage.flusher.flush();
    await storage.flusher.flush();
    assert.deepEqual(await numbersOf(storage), expected(60));
  } finally {
    await storage.close();
  }
  assert.deepEqual(await plainCounts(env), [[60, 60]]);
});

over("without PostgreSQL events are kept, and statistics say so", async (env, folder) => {
  const storage = await openOverLake(folder, env);
  try {
    await add(storage, 0, 30);
    await storage.flusher.flush();
    await stopPostgres(partsNow(), "immediate");
    try {
      await storage.lake?.flusher.follow();
      await add(storage, 30, 30);
      await assert.rejects(
        numbersOf(storage),
        /Cannot read the events now: the lake is out of reach/,
      );
      await assert.rejects(
        storage.eraser.erase(SITE, "2026-01-01", "2026-01-31"),
        /Cannot (erase|read|change)/,
      );
      await storage.flusher.flush();
      assert.equal(storage.flusher.failing, true);
    } finally {
      await startPostgres(partsNow());
    }
    await storage.lake?.flusher.follow();
    assert.deepEqual(await numbersOf(storage), expected(60));
    await storage.flusher.flush();
    assert.deepEqual(await numbersOf(storage), expected(60));
  } finally {
    await storage.close();
  }
  assert.deepEqual(await plainCounts(env), [[60, 60]]);
});

over(
  "a server starts without PostgreSQL, and has all events when it is back",
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    await add(storage, 0, 30);
    await loseNextAnswer(storage);
    await storage.flusher.flush();
    await storage.close();
    const again = await openWithoutPostgres(folder, env, async (storage) => {
      await add(storage, 30, 30);
      await assert.rejects(numbersOf(storage), /the lake is out of reach/);
    });
    await joined(again, expected(60));
    assert.deepEqual(await plainCounts(env), [[60, 60]]);
  },
);

over("a journal that was put back loses and repeats no event", async (env, folder) => {
  const [dataDir, copy] = [`${folder}/data`, `${folder}/copy`];
  await Deno.mkdir(dataDir);
  const storage = await openOverLake(dataDir, env);
  await add(storage, 0, 30);
  await storage.close();
  await copyTree(dataDir, copy);
  const later = await openOverLake(dataDir, env);
  await add(later, 30, 30);
  await later.flusher.flush();
  await later.close();
  // It has the numbers of the rows that are in the lake, for other events.
  const again = await openWithoutPostgres(copy, env, (storage) => add(storage, 60, 60));
  await joined(again, expected(120));
  assert.deepEqual(await plainCounts(env), [[120, 120]]);
});

over("a lake has several servers; the next of a name takes its place", async (env, folder) => {
  const [one, two, three] = ["one", "two", "three"].map((name) => `${folder}/${name}`);
  assert.ok(one && two && three);
  for (const path of [one, two, three]) await Deno.mkdir(path);
  const first = await openOverLake(one, env);
  const other = await openOverLake(three, env, { node: "two" });
  try {
    await add(first, 0, 30);
    await add(other, 60, 30);
    const second = await openOverLake(two, env);
    try {
      await add(second, 30, 30);
      await first.flusher.flush();
      assert.equal(first.flusher.failing, true);
      await Promise.all([second.flusher.flush(), other.flusher.flush()]);
      assert.equal(other.flusher.failing, false);
    } finally {
      await second.close();
    }
    assert.deepEqual(await plainCounts(env), [[60, 60]]);
  } finally {
    await first.close();
    await other.close();
  }
  const back = await openOverLake(one, env);
  await back.flusher.flush();
  await back.close();
  assert.deepEqual(await plainCounts(env), [[90, 90]]);
});

over("a data folder is over a lake or not", async (env, folder) => {
  const [local, lake] = [`${folder}/local`, `${folder}/lake`];
  await Promise.all([Deno.mkdir(local), Deno.mkdir(lake)]);
  const storage = await openFolder(local);
  await accept(storage, numbered(0, 30, 3));
  await storage.flusher.flush({ all: true });
  await storage.close();
  await assert.rejects(
    openOverLake(local, env),
    /holds 6 Parquet files, which would not be counted/,
  );
  await (await openOverLake(lake, env)).close();
  await assert.rejects(openFolder(lake), /its events are in a lake, which a server reads/);
});
