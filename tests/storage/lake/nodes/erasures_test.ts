// What other servers answer and say while a server erases: it holds what it erases until the
// bucket has answered, and others ask it for that.
import assert from "node:assert/strict";
import { plainRows } from "../../../../scripts/lake/plain.ts";
import type { Storage } from "../../../../src/storage/open.ts";
import { numbered } from "../../../support/lake/data.ts";
import { lakeTest, partsOfFile } from "../../../support/lake/lake.ts";
import { Nodes } from "../../../support/lake/nodes.ts";
import { accept, numbersOf } from "../../../support/storage/storage.ts";
import { until } from "../../../support/wait.ts";

const partsNow = partsOfFile();
const SITE = "example.com";
const DATES = ["2026-01-01", "2026-01-31"] as const;

/** Numbers of the events of SITE from one to before another; see `numbered`. */
function expected(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n)
    .filter((n) => Math.floor(n / 3) % 2 === 0 && n % 11 !== 0);
}

const add = (storage: Storage, from: number, count: number) =>
  accept(storage, numbered(from, count, 3));

function lakeOf(storage: Storage) {
  return storage.lake ?? assert.fail("there is no lake");
}

const follow = (storage: Storage) => lakeOf(storage).flusher.follow();

function over(name: string, work: (nodes: Nodes) => Promise<void>): void {
  lakeTest(name, partsNow, async (env, folder) => {
    const nodes = new Nodes(folder, env);
    try {
      await work(nodes);
    } finally {
      await nodes.closeAll();
    }
  });
}

/** Lets the bucket of a server wait with the next removal of files. */
async function holdCleanUp(storage: Storage) {
  const { db } = await lakeOf(storage).node.lake();
  const execute = db.execute.bind(db);
  const { promise: held, resolve: go, reject: fail } = Promise.withResolvers<void>();
  const { promise: isHeld, resolve: begin } = Promise.withResolvers<void>();
  db.execute = async (statement) => {
    if (statement.text.includes("ducklake_cleanup_old_files")) {
      db.execute = execute;
      begin();
      await held;
    }
    return await execute(statement);
  };
  return { go, fail, isHeld };
}

async function doneBy(storage: Storage, number: number) {
  const state = await lakeOf(storage).upkeep.erasure(number);
  return [state?.doneBy, state?.missing.map(({ server }) => server)];
}

lakeTest(
  "a server of before `recorded_to` finds an erasure in the marks while it goes on",
  partsNow,
  async (env, folder) => {
    const nodes = new Nodes(folder, env);
    const marks = async () => {
      const rows = "select max(erased_to), count(*) filter (not is_retired) from lake.nodes";
      return (await plainRows(partsNow(), env, rows))[0];
    };
    try {
      const one = await nodes.open("one");
      const two = await nodes.open("two");
      for (const [number, from] of [[1, 0], [2, 30]] as const) {
        await add(one, from, 30);
        const { go, isHeld } = await holdCleanUp(one);
        const erasing = one.eraser.erase(SITE, ...DATES);
        await isHeld;
        assert.deepEqual(await marks(), [number, 2]);
        assert.deepEqual(await doneBy(two, number), [[], ["one", "two"]]);
        go();
        await erasing;
        await follow(two);
        assert.deepEqual(await doneBy(two, number), [["one", "two"], []]);
      }
    } finally {
      await nodes.closeAll();
    }
  },
);

over("nobody answers again what a server is about to erase, nor says it is done", async (nodes) => {
  const one = await nodes.open("one");
  let two = await nodes.open("two");
  await add(one, 0, 30);
  await follow(two);
  assert.deepEqual(await numbersOf(two), expected(0, 30));
  const { go, isHeld } = await holdCleanUp(one);
  const erasing = one.eraser.erase(SITE, ...DATES);
  try {
    await isHeld;
    await follow(two);
    assert.deepEqual(await numbersOf(two), []);
    assert.deepEqual(await doneBy(two, 1), [["two"], ["one"]]);
    await nodes.close("two");
    two = await nodes.open("two");
    const three = await nodes.open("three");
    for (const storage of [two, three]) {
      await follow(storage);
      assert.deepEqual(await numbersOf(storage), []);
      assert.equal((await numbersOf(storage, "b:c.org")).length, 13);
    }
  } finally {
    go();
    await erasing.catch(() => {});
  }
  assert.deepEqual(await erasing, {
    db_records_deleted: 15,
    events_deleted: 15,
    parquet_partitions_deleted: 0,
    erasure_id: 1,
  });
  for (const storage of [one, two]) {
    await follow(storage);
    assert.deepEqual(await numbersOf(storage), []);
  }
  assert.deepEqual(await doneBy(two, 1), [["one", "three", "two"], []]);
});

over("an erasure that cannot be told at once is told later, and not done again", async (nodes) => {
  const one = await nodes.open("one");
  await add(one, 0, 30);
  const lake = await lakeOf(one).node.lake();
  const commit = lake.commit.bind(lake);
  let refused = 0;
  lake.commit = (tried, ...rest) => {
    const isTold = tried === "Cannot tell other servers of an erasure";
    return isTold && refused++ === 0
      ? Promise.reject(new Error("cut off"))
      : commit(tried, ...rest);
  };
  await one.eraser.erase(SITE, ...DATES);
  assert.equal(refused, 1);
  assert.deepEqual(await doneBy(one, 1), [[], ["one"]]);
  // Its time is of before the end of the erasure, as that of a clock that is behind.
  await add(one, 30, 30);
  await follow(one);
  assert.equal(refused, 2);
  assert.deepEqual(await doneBy(one, 1), [["one"], []]);
  assert.deepEqual(await numbersOf(one), expected(30, 60));
});

over("what an erasure that failed leaves in a journal is erased soon after", async (nodes) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(one, 0, 30);
  await follow(two);
  const { fail, isHeld } = await holdCleanUp(one);
  const erasing = one.eraser.erase(SITE, ...DATES).then(() => null, (error: Error) => error);
  await isHeld;
  await follow(two);
  fail(new Error("disk full"));
  assert.match((await erasing)?.message ?? "", /erased by trying again/);
  assert.deepEqual(await doneBy(two, 1), [["two"], ["one"]]);
  await until(async () => {
    await follow(one);
    return (await doneBy(two, 1))[1]?.length === 0;
  }, "the journal is without them");
  for (const storage of [one, two]) {
    await follow(storage);
    assert.deepEqual(await numbersOf(storage), []);
  }
});
