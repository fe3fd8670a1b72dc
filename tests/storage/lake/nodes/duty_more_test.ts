// Two servers that do at the same time what one should, as when a lock is lost in the middle: no
// event is lost, and none is there twice.
import assert from "node:assert/strict";
import { faultyS3 } from "../../../../scripts/lake/faulty_s3.ts";
import { plainRows } from "../../../../scripts/lake/plain.ts";
import { raw } from "../../../../src/core/sql.ts";
import { realSystem } from "../../../../src/runtime/system.ts";
import { Duty } from "../../../../src/storage/lake/nodes/duty.ts";
import { Turns } from "../../../../src/storage/lake/nodes/turns.ts";
import { LakeUpkeep } from "../../../../src/storage/lake/upkeep.ts";
import type { Storage } from "../../../../src/storage/open.ts";
import { numbered } from "../../../support/lake/data.ts";
import {
  lakeTest,
  openLake,
  openOverLake,
  optionsOf,
  partsOfFile,
} from "../../../support/lake/lake.ts";
import { accept, numbersOf } from "../../../support/storage/storage.ts";
import { until } from "../../../support/wait.ts";

const partsNow = partsOfFile();
const FLUSHES = 14;
const system = realSystem({ format: "text", levelMin: "error" });

/** Always believes that it holds the lock. */
class Unlocked extends Duty {
  override async once(
    _: Parameters<Duty["once"]>[0],
    work: Parameters<Duty["once"]>[1],
  ): Promise<boolean> {
    await work(() => true);
    return true;
  }
}

/** The upkeep of a server that is one. */
function withoutLock({ lake, mutex }: Storage): LakeUpkeep {
  assert.ok(lake);
  const { clock, log } = system;
  const duty = new Unlocked(lake.node.postgres());
  return new LakeUpkeep(lake.node, lake.flusher, duty, clock, log, mutex);
}

type Work = (
  env: Readonly<Record<string, string>>,
  nodes: readonly [one: Storage, two: Storage],
) => Promise<void>;

/** A test of two servers over a lake whose partitions have many files. */
function overManyFiles(name: string, work: Work): void {
  lakeTest(name, partsNow, async (env, folder) => {
    const open = async (node: string) => {
      await Deno.mkdir(`${folder}/${node}`);
      return await openOverLake(`${folder}/${node}`, env, { node });
    };
    const [one, two] = [await open("one"), await open("two")];
    try {
      for (let flush = 0; flush < FLUSHES; flush++) {
        const storage = flush % 2 === 0 ? one : two;
        await accept(storage, numbered(flush * 6, 6, 3));
        await storage.flusher.flush();
      }
      await Promise.all([one, two].map((storage) => storage.lake?.flusher.follow()));
      await new Duty(one.lake?.node.postgres() ?? assert.fail()).once("upkeep", async () => {});
      await work(env, [one, two]);
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  });
}

overManyFiles("a server merges in its turn", async (_, [one]) => {
  const inTurn = Turns.prototype.inTurn;
  let turns = 0;
  Turns.prototype.inTurn = function (work) {
    turns++;
    return inTurn.call(this, work) as ReturnType<typeof work>;
  };
  try {
    await withoutLock(one).run(new AbortController().signal);
  } finally {
    Turns.prototype.inTurn = inTurn;
  }
  // Six partitions, four a time.
  assert.equal(turns, 2);
});

overManyFiles("what two servers merge while one flushes is there once", async (env, [one, two]) => {
  const files = "select count(*) from ducklake_list_files('lake', 'events')";
  const [[before]] = await plainRows(partsNow(), env, files) as [[number]];
  assert.equal(before, FLUSHES * 6);
  await accept(one, numbered(FLUSHES * 6, 6, 3));
  const { signal } = new AbortController();
  await Promise.all([
    withoutLock(one).run(signal),
    withoutLock(two).run(signal),
    one.flusher.flush(),
  ]);
  await one.flusher.flush();
  const counts = "select count(*), count(distinct props) from lake.events";
  const all = (FLUSHES + 1) * 6;
  assert.deepEqual(await plainRows(partsNow(), env, counts), [[all, all]]);
  const [[after]] = await plainRows(partsNow(), env, files) as [[number]];
  assert.ok(after < before, `${after} files of ${before}`);
  for (const storage of [one, two]) {
    await storage.lake?.flusher.follow();
    const found = await numbersOf(storage);
    assert.equal(new Set(found).size, found.length);
    assert.equal(found.length, numbered(0, all, 3).filter(isOfFirstSite).length);
  }
});

overManyFiles(
  "what one server erases while another merges stays erased",
  async (env, [one, two]) => {
    const { signal } = new AbortController();
    const merging = withoutLock(one).run(signal);
    await two.eraser.erase("example.com", "0000-01-01", "9999-12-31");
    await merging;
    await Promise.all([one.flusher.flush(), two.flusher.flush()]);
    const counts = "select site_id, count(*), count(distinct props) from lake.events group by 1";
    assert.deepEqual(await plainRows(partsNow(), env, counts), [
      ["b:c.org", FLUSHES * 3, FLUSHES * 3],
    ]);
  },
);

lakeTest("what is deleted during a merge stays deleted", partsNow, async (env, folder) => {
  const s3 = faultyS3(partsNow().s3Port);
  await Deno.mkdir(`${folder}/one`);
  const one = await openOverLake(`${folder}/one`, { ...env, MALLARD_S3_ENDPOINT: s3.origin });
  const other = await openLake(folder, optionsOf(env));
  try {
    for (let flush = 0; flush < FLUSHES; flush++) {
      await accept(one, numbered(flush * 6, 6, 3));
      await one.flusher.flush();
    }
    s3.fail("hangs");
    const merging = withoutLock(one).run(new AbortController().signal);
    await until(() => s3.waiting() > 0, "the merge reads its files");
    await other.commit(
      "Cannot delete",
      (run) => run(raw("delete from lake.events where site_id = 'example.com'")),
    );
    s3.fail("none");
    await merging;
    const counts = "select site_id, count(*), count(distinct props) from lake.events group by 1";
    assert.deepEqual(await plainRows(partsNow(), env, counts), [
      ["b:c.org", FLUSHES * 3, FLUSHES * 3],
    ]);
    const files = "select count(*) from ducklake_list_files('lake', 'events')";
    assert.deepEqual(await plainRows(partsNow(), env, files), [[3]]);
  } finally {
    await Promise.all([one.close(), other.close()]);
    await s3.close();
  }
});

lakeTest("a commit misses nothing that expired since it began", partsNow, async (env, folder) => {
  await Deno.mkdir(`${folder}/one`);
  const one = await openOverLake(`${folder}/one`, env);
  const late = await openLake(folder, optionsOf(env));
  const seen: unknown[] = [];
  const mergeAndErase = async () => {
    const lake = await one.lake?.node.lake();
    await lake?.db.execute(raw("call ducklake_merge_adjacent_files('lake', 'events')"));
    // The second lets the snapshots of all that was before go, and their numbers.
    await one.eraser.erase("example.com", "2026-01-01", "2026-01-01");
    await one.eraser.erase("example.com", "2026-01-02", "2026-01-02");
  };
  try {
    for (const from of [0, 24]) {
      await accept(one, numbered(from, 24, 3));
      await one.flusher.flush();
    }
    await late.commit("Cannot delete some of each file", async (run) => {
      const [row] = await run(raw("select count(*)::int as erasures from lake.erasures"));
      await run(
        raw(`delete from lake.events
          where site_id = 'b:c.org' and (props ->> 'n')::bigint // 6 % 2 = 1`),
      );
      seen.push(row?.["erasures"]);
      if (seen.length === 1) await mergeAndErase();
    });
    assert.deepEqual(seen, [0, 2]);
    const counts = `select site_id, (props ->> 'n')::bigint // 6 % 2, count(*) from lake.events
      group by all order by all`;
    assert.deepEqual(await plainRows(partsNow(), env, counts), [
      ["b:c.org", 0, 12],
      ["example.com", 0, 4],
      ["example.com", 1, 4],
    ]);
  } finally {
    await Promise.all([one.close(), late.close()]);
  }
});

function isOfFirstSite({ site_id, engaged_ms }: ReturnType<typeof numbered>[number]): boolean {
  return site_id === "example.com" && engaged_ms === null;
}
