// What servers over one lake know of each other, whatever fails in between.
import assert from "node:assert/strict";
import { plainRows } from "../../../scripts/lake/plain.ts";
import { retire } from "../../../src/storage/lake/marks.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { ALL_DATES } from "../../../src/storage/tiers/erase.ts";
import { numbered } from "../../support/lake/data.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept, numbersOf } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const SITE = "example.com";
const COUNTS = "select count(*), count(distinct props) from lake.events";

async function openAll(
  env: Readonly<Record<string, string>>,
  folder: string,
  nodes: readonly string[],
): Promise<Storage[]> {
  const storages: Storage[] = [];
  for (const node of nodes) {
    await Deno.mkdir(`${folder}/${node}`);
    storages.push(await openOverLake(`${folder}/${node}`, env, { node }));
  }
  for (const storage of storages) await follow(storage);
  return storages;
}

function lakeOf(storage: Storage | undefined) {
  return storage?.lake ?? assert.fail("there is no lake");
}

async function follow(storage: Storage): Promise<void> {
  await lakeOf(storage).flusher.follow();
}

async function two(env: Readonly<Record<string, string>>, folder: string) {
  const [one = assert.fail(), two = assert.fail()] = await openAll(env, folder, ["one", "two"]);
  return { one, two };
}

lakeTest(
  "while a journal is read, nobody hears that all of it is in the lake",
  partsNow,
  async (env, folder) => {
    const { one, two: loading } = await two(env, folder);
    const flushedUs = async () => {
      await follow(one);
      return lakeOf(one).node.marked.others[0]?.flushed_us;
    };
    try {
      const before = await flushedUs();
      Object.defineProperty(loading.hot, "isLoading", { value: true, configurable: true });
      await accept(loading, numbered(0, 6, 3));
      await loading.flusher.flush();
      assert.equal(await flushedUs(), before);
      Reflect.deleteProperty(loading.hot, "isLoading");
      await accept(loading, numbered(6, 6, 3));
      await loading.flusher.flush();
      assert.ok(Number(await flushedUs()) > Number(before));
    } finally {
      await Promise.all([one.close(), loading.close()]);
    }
  },
);

lakeTest(
  "a server that could not tell that it has erased tells it later",
  partsNow,
  async (env, folder) => {
    const { one, two: other } = await two(env, folder);
    try {
      const lake = await lakeOf(other).node.lake();
      const commit = lake.commit.bind(lake);
      let left = 1;
      lake.commit = (tried, ...rest) => {
        const isTold = tried === "Cannot tell other servers of an erasure";
        return isTold && left-- > 0 ? Promise.reject(new Error("cut off")) : commit(tried, ...rest);
      };
      const { erasure_id = assert.fail() } = await one.eraser.erase(SITE, ...ALL_DATES);
      await follow(other);
      assert.equal(left, 0);
      await follow(other);
      const state = await lakeOf(one).upkeep.erasure(erasure_id);
      assert.deepEqual([state?.doneBy, state?.missing], [["one", "two"], []]);
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  },
);

lakeTest("a server that was retired while it runs goes on", partsNow, async (env, folder) => {
  const { one, two: other } = await two(env, folder);
  try {
    const lake = await lakeOf(one).node.lake();
    assert.equal(await lake.commit("Cannot retire", (run) => retire(run, "two")), 1);
    await accept(other, numbered(0, 12, 3));
    await other.flusher.flush();
    assert.equal(other.flusher.counts.failures, 0);
    await follow(one);
    assert.deepEqual(await numbersOf(one), await numbersOf(other));
    assert.equal((await numbersOf(one)).length, 5);
    assert.deepEqual(lakeOf(one).node.marked.others.map(({ node }) => node), ["two"]);
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});

lakeTest(
  "a flush that goes on while its server leaves keeps nobody waiting for it",
  partsNow,
  async (env, folder) => {
    const { one, two: leaving } = await two(env, folder);
    const { flusher, node } = lakeOf(leaving);
    try {
      const { db } = await node.lake();
      const transaction = db.transaction.bind(db);
      const [begun, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      db.transaction = async () => {
        db.transaction = transaction;
        begun.resolve();
        await left.promise;
        throw new Error("Failed to commit: another commit came first, a conflict");
      };
      // Nothing came: it says so.
      const flushing = flusher.flush();
      await begun.promise;
      await node.leave();
      left.resolve();
      await flushing;
      await follow(one);
      assert.deepEqual(lakeOf(one).node.marked.others, []);
      assert.equal(one.reader.behindSinceMs(), null);
    } finally {
      await Promise.all([one.close(), leaving.close()]);
    }
  },
);

lakeTest(
  "a server that was away answers nothing that was erased meanwhile, and keeps no copy of it",
  partsNow,
  async (env, folder) => {
    const { one, two: other } = await two(env, folder);
    const copy = `${folder}/two/mallard.sqlite.v1`;
    await accept(other, numbered(0, 12, 3));
    // What it holds is in no lake: it does not sign off.
    await other.hot.sync();
    await other.close();
    await Deno.writeTextFile(copy, "the journal of before an upgrade");
    await one.eraser.erase(SITE, ...ALL_DATES);
    const again = await openOverLake(`${folder}/two`, env, { node: "two" });
    try {
      assert.deepEqual(await numbersOf(again), []);
      assert.equal((await numbersOf(again, "b:c.org")).length, 5);
      await assert.rejects(Deno.stat(copy), Deno.errors.NotFound);
    } finally {
      await Promise.all([one.close(), again.close()]);
    }
  },
);

lakeTest("servers that stop at the same moment all sign off", partsNow, async (env, folder) => {
  const [one = assert.fail(), ...others] = await openAll(env, folder, ["a", "b", "c", "d"]);
  try {
    await Promise.all(others.map((storage) => storage.close()));
    await follow(one);
    assert.deepEqual(lakeOf(one).node.marked.others, []);
  } finally {
    await one.close();
  }
});

for (const name of ["one", "two"]) {
  lakeTest(
    `a server whose copy went on as ${name} brings and answers nothing twice`,
    partsNow,
    async (
      env,
      folder,
    ) => {
      for (const name of ["a", "b"]) await Deno.mkdir(`${folder}/${name}`);
      let first = await openOverLake(`${folder}/a`, env, { node: "one" });
      try {
        await accept(first, numbered(0, 12, 3));
        await first.hot.sync();
        for (const { name, isFile } of Deno.readDirSync(`${folder}/a`)) {
          if (isFile) await Deno.copyFile(`${folder}/a/${name}`, `${folder}/b/${name}`);
        }
        const copy = await openOverLake(`${folder}/b`, env, { node: name });
        await copy.flusher.flush();
        await accept(first, numbered(12, 12, 3));
        await first.flusher.flush();
        assert.equal(first.flusher.counts.failures, 1);
        await follow(first);
        assert.match(
          lakeOf(first).node.outOfReach?.reason ?? "",
          new RegExp(`another server writes to it as ${name}, in the place of this one`),
        );
        await assert.rejects(numbersOf(first), /Cannot read the events now/);
        await copy.close();
        const rows = () => plainRows(partsNow(), env, COUNTS);
        assert.deepEqual(await rows(), [[12, 12]]);
        // What it has beyond that comes with its next start.
        await first.close();
        first = await openOverLake(`${folder}/a`, env, { node: "one" });
        await first.flusher.flush();
        assert.deepEqual(await rows(), [[24, 24]]);
        assert.deepEqual(lakeOf(first).node.marked.others, []);
      } finally {
        await first.close();
      }
    },
  );
}

lakeTest(
  "an erasure that fails after its commit is recorded once, and flushes go on",
  partsNow,
  async (env, folder) => {
    const { one, two: other } = await two(env, folder);
    const { flusher } = lakeOf(one);
    const settle = flusher.settle.bind(flusher);
    let calls = 0;
    flusher.settle = () => ++calls === 2 ? Promise.reject(new Error("disk full")) : settle();
    try {
      await assert.rejects(one.eraser.erase(SITE, ...ALL_DATES), /erased by trying again/);
      const numbers = "select number from lake.erasures";
      assert.deepEqual(await plainRows(partsNow(), env, numbers), [[1]]);
      await other.eraser.erase(SITE, ...ALL_DATES);
      await follow(one);
      await accept(one, numbered(0, 12, 3));
      await one.flusher.flush();
      assert.equal(one.flusher.counts.failures, 0);
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  },
);
