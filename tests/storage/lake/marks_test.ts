// Data folders that are copies of each other: what waits in them comes into the lake once, whoever
// brings it, and whatever the copies are called.
import assert from "node:assert/strict";
import { plainRows } from "../../../scripts/lake/plain.ts";
import { raw } from "../../../src/core/sql.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { numbered, SITES } from "../../support/lake/data.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept, copyTree, numbersOf } from "../../support/storage/storage.ts";

type Env = Readonly<Record<string, string>>;

const partsNow = partsOfFile();

/** The numbers of all events in the lake, as plain DuckDB reads them. */
async function numbersInLake(env: Env): Promise<number[]> {
  const query = "select (props ->> 'n')::int from lake.events order by 1";
  return (await plainRows(partsNow(), env, query)).flat().map(Number);
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

const add = (storage: Storage, from: number, count: number) =>
  accept(storage, numbered(from, count, 3));

/** Copies the data folder of a server that may run. */
async function copyRunning(storage: Storage, from: string, to: string): Promise<void> {
  await storage.hot.sync();
  await Deno.mkdir(to);
  for (const { name, isFile } of Deno.readDirSync(from)) {
    if (isFile) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

async function follow(storage: Storage): Promise<void> {
  await storage.lake?.flusher.follow();
}

const outOfReach = (storage: Storage) => storage.lake?.node.outOfReach?.reason ?? "";

/** What a server answers of all sites. */
async function answeredBy(storage: Storage): Promise<number[]> {
  const found = await Promise.all(SITES.map((site) => numbersOf(storage, site)));
  return found.flat().sort((a, b) => a - b);
}

/** What is answered of the first events: rows with `engaged_ms` are no events. */
const answers = (count: number) => upTo(count).filter((n) => n % 11 !== 0);

lakeTest(
  "of a server and its copy the last one that was started brings what both have",
  partsNow,
  async (env, folder) => {
    const [a, b] = [`${folder}/a`, `${folder}/b`];
    await Deno.mkdir(a);
    let one = await openOverLake(a, env, { node: "one" });
    let two: Storage | null = null;
    try {
      await add(one, 0, 12);
      await copyRunning(one, a, b);
      two = await openOverLake(b, env, { node: "two" });
      await add(one, 12, 12);
      await one.flusher.flush();
      assert.equal(one.flusher.failing, true);
      await one.close();
      one = await openOverLake(a, env, { node: "one" });
      await add(two, 24, 12);
      await two.flusher.flush();
      assert.equal(two.flusher.failing, true);
      await Promise.all([follow(one), follow(two)]);
      assert.match(outOfReach(two), /another server writes to it as one, in the place of this/);
      await assert.rejects(numbersOf(two), /Cannot read the events now/);
      assert.deepEqual(await answeredBy(one), answers(24));
      await one.flusher.flush();
      // That the other has left gives it nothing back.
      await one.close();
      await two.flusher.flush();
      assert.deepEqual(await numbersInLake(env), upTo(24));
      await two.close();
      two = await openOverLake(b, env, { node: "two" });
      await two.flusher.flush();
      assert.deepEqual(await numbersInLake(env), upTo(36));
      assert.deepEqual(await answeredBy(two), answers(36));
    } finally {
      await one.close();
      await two?.close();
    }
  },
);

for (const node of ["one", "two"]) {
  lakeTest(
    `a copy that brings as ${node} what its original has not leaves it nothing to bring`,
    partsNow,
    async (env, folder) => {
      const [a, b] = [`${folder}/a`, `${folder}/b`];
      await Deno.mkdir(a);
      await addAndStop(a, env, numbered(0, 12, 3));
      await copyTree(a, b);
      // Killed before its first flush, with something that the copy has not.
      await addAndStop(a, env, numbered(12, 6, 3));
      await flushAndStop(b, env, node);
      assert.deepEqual(await numbersInLake(env), upTo(12));
      await flushAndStop(a, env, "one");
      assert.deepEqual(await numbersInLake(env), upTo(18));
    },
  );
}

/** A server that accepts events and is killed before its flush. */
async function addAndStop(
  dataDir: string,
  env: Env,
  events: ReturnType<typeof numbered>,
): Promise<void> {
  const storage = await openOverLake(dataDir, env, { node: "one" });
  await accept(storage, events);
  await storage.close();
}

async function flushAndStop(dataDir: string, env: Env, node: string): Promise<void> {
  const storage = await openOverLake(dataDir, env, { node });
  await storage.flusher.flush();
  assert.equal(storage.flusher.failing, false);
  await storage.close();
}

lakeTest("copies that have nothing to bring both go on", partsNow, async (env, folder) => {
  const [a, b] = [`${folder}/a`, `${folder}/b`];
  await Deno.mkdir(a);
  const first = await openOverLake(a, env, { node: "one" });
  await add(first, 0, 12);
  await first.flusher.flush();
  await first.close();
  await copyTree(a, b);
  const one = await openOverLake(a, env, { node: "one" });
  const two = await openOverLake(b, env, { node: "two" });
  try {
    await add(one, 12, 6);
    await add(two, 18, 6);
    for (const storage of [one, two]) {
      await storage.flusher.flush();
      assert.equal(storage.flusher.failing, false);
    }
    assert.deepEqual(await numbersInLake(env), upTo(24));
  } finally {
    await one.close();
    await two.close();
  }
});

lakeTest("a lake of before goes on", partsNow, async (env, folder) => {
  const storage = await openOverLake(folder, env);
  await add(storage, 0, 12);
  const lake = await storage.lake?.node.lake();
  await lake?.db.execute(raw("alter table lake.nodes drop column taken_by"));
  await storage.close();
  await flushAndStop(folder, env, "one");
  assert.deepEqual(await numbersInLake(env), upTo(12));
  const taken = await plainRows(partsNow(), env, "select taken_by from lake.nodes order by all");
  assert.deepEqual(taken, [["one"], [null]]);
});
