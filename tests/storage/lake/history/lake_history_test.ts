// The events of imports in a lake beside those of a site itself: what an undo takes out, and what
// an erasure lets be imported again.
import assert from "node:assert/strict";
import { plainRows } from "../../../../scripts/lake/plain.ts";
import { realSystem } from "../../../../src/runtime/system.ts";
import { sql } from "../../../../src/core/sql.ts";
import { literal } from "../../../../src/storage/parquet/schema.ts";
import { ALL_DATES } from "../../../../src/storage/tiers/erase.ts";
import { numbered } from "../../../support/lake/data.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../../support/lake/lake.ts";
import { importFiles, importsOf, running, SITE } from "../../../support/storage/imports.ts";
import { accept } from "../../../support/storage/storage.ts";

const partsNow = partsOfFile();

/** Two pageviews of each of some dates, as GoatCounter exports them. */
function exported(dates: readonly string[]): string {
  const header = "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer," +
    "Referrer scheme,Screen size,Location,FirstVisit,Date";
  const rows = dates.flatMap((date) =>
    ["08:00:00", "09:00:00"].map((time) =>
      `/old,T,false,,Firefox 120,Linux,s1,0,,,"1280,720,1",DE,0,${date}T${time}Z`
    )
  );
  return [header, ...rows, ""].join("\n");
}

/** So many dates in a row. */
function days(count: number): string[] {
  return Array.from(
    { length: count },
    (_, n) => new Date(Date.UTC(2025, 3, 1 + n)).toISOString().slice(0, 10),
  );
}

const overLake = (env: Readonly<Record<string, string>>, node: string) => ({
  ...env,
  MALLARD_STORAGE: "lake",
  MALLARD_NODE_NAME: node,
});

lakeTest("an undo leaves a site's own events, an erasure days free", partsNow, async (
  env,
  folder,
) => {
  const system = realSystem({ format: "text", levelMin: "error" });
  const storage = await openOverLake(folder, env, { system });
  try {
    const imports = await importsOf(folder, system, storage, overLake(env, "one"));
    const rows = () =>
      plainRows(
        partsNow(),
        env,
        "select date, count(*) filter (import_id is null), count(import_id) from lake.events " +
          `where site_id = '${SITE}' group by all order by all`,
      );
    const noted = () =>
      plainRows(partsNow(), env, "select date, events from lake.imports order by all");
    await accept(storage, numbered(0, 6, 1));
    await storage.flusher.flush();
    const own = await rows();
    assert.equal(own.length, 1);
    const [date, count] = own[0] ?? [];
    const dates = ["2025-12-30", "2025-12-31", String(date)];

    const before = await importFiles(running(imports), { "a.csv": exported(dates) });
    assert.deepEqual(before.report.days?.map((day) => day.left_out), [null, null, "own"]);
    const all = { "b.csv": exported([String(date)]) };
    const beside = await importFiles(running(imports), all, { days: "all" });
    assert.equal(beside.state, "done", beside.report.error);
    assert.deepEqual(await rows(), [["2025-12-30", 0, 2], ["2025-12-31", 0, 2], [date, count, 2]]);
    assert.equal((await importFiles(running(imports), all, { days: "all" })).id, beside.id);

    await imports.end(beside.id);
    assert.deepEqual(await rows(), [["2025-12-30", 0, 2], ["2025-12-31", 0, 2], [date, count, 0]]);
    await storage.eraser.erase(SITE, "2025-12-31", "2025-12-31");
    assert.deepEqual(await noted(), [["2025-12-30", 2]]);
    const again = await importFiles(running(imports), { "c.csv": exported(dates) + "\n" });
    const left = again.report.days?.map((day) => day.left_out);
    assert.deepEqual(left, ["imported", null, "own"], again.report.error);
    assert.deepEqual(await noted(), [["2025-12-30", 2], ["2025-12-31", 2]]);
    await imports.end(before.id);
    await imports.end(again.id);
    assert.deepEqual([await rows(), await noted()], [own, []]);
  } finally {
    await storage.close();
  }
});

lakeTest("no batch of an import follows an erasure of its site", partsNow, async (env, folder) => {
  const system = realSystem({ format: "text", levelMin: "error" });
  const storage = await openOverLake(folder, env, { system });
  try {
    const { flusher } = storage.lake ?? assert.fail();
    const imports = await importsOf(folder, system, storage, overLake(env, "one"));
    const commit = flusher.commit.bind(flusher);
    let batches = 0;
    let erasing: Promise<unknown> | undefined;
    flusher.commit = async (tried, work) => {
      const result = await commit(tried, work);
      if (++batches === 2) {
        await storage.owned.run("cancelImports", SITE);
        erasing = storage.eraser.erase(SITE, ...ALL_DATES);
      }
      return result;
    };
    const ended = await importFiles(running(imports), { "a.csv": exported(days(60)) });
    await erasing;
    assert.deepEqual([ended.state, batches], ["cancelled", 2]);
    const there = "select count(*) from lake.events union all select count(*) from lake.imports";
    assert.deepEqual(await plainRows(partsNow(), env, there), [[0], [0]]);
    const lake = await storage.lake?.node.lake();
    const objects = sql`select file from glob(${literal(`${env["MALLARD_LAKE_DATA_PATH"]}**`)})
      where contains(file, ${literal(`site_id=${SITE}/`)})`;
    assert.deepEqual(await lake?.db.query(objects), []);
  } finally {
    await storage.close();
  }
});

lakeTest(
  "an erasure between two batches ends an import that it has not cancelled",
  partsNow,
  async (
    env,
    folder,
  ) => {
    const system = realSystem({ format: "text", levelMin: "error" });
    const storage = await openOverLake(folder, env, { system });
    try {
      const { flusher } = storage.lake ?? assert.fail();
      const imports = await importsOf(folder, system, storage, overLake(env, "one"));
      await storage.eraser.erase(SITE, ...ALL_DATES);
      const first = await importFiles(running(imports), { "a.csv": exported(days(2)) });
      assert.equal(first.state, "done", "an erasure before an import");
      const commit = flusher.commit.bind(flusher);
      let erasing: Promise<unknown> | undefined;
      flusher.commit = async (tried, work) => {
        const result = await commit(tried, work);
        erasing ??= storage.eraser.erase(SITE, "2025-05-20", "2025-05-20");
        return result;
      };
      const all = { days: "all" } as const;
      const ended = await importFiles(running(imports), { "b.csv": exported(days(60)) }, all);
      await erasing;
      assert.equal(ended.state, "failed");
      assert.match(ended.report.error ?? "", /were erased meanwhile/);
      const rows = await plainRows(partsNow(), env, "select count(*) from lake.events");
      assert.deepEqual(rows, [[4]]);
    } finally {
      await storage.close();
    }
  },
);

lakeTest("an import waits for as long as the bucket fails", partsNow, async (env, folder) => {
  const system = realSystem({ format: "text", levelMin: "error" });
  const storage = await openOverLake(folder, env, { system });
  try {
    const imports = await importsOf(folder, system, storage, overLake(env, "one"));
    const lake = await storage.lake?.node.lake() ?? assert.fail();
    const { db } = lake;
    const transaction = db.transaction.bind(db);
    db.transaction = () => Promise.reject(new Error("HTTP 503 of the bucket"));
    const waiting = await importFiles(running(imports), { "a.csv": exported(days(2)) });
    assert.deepEqual([waiting.state, waiting.report.attempts], ["waiting", 0]);
    db.transaction = transaction;
    const ended = await imports.run(waiting.id, new AbortController().signal);
    assert.equal(ended.state, "done", ended.report.error);
  } finally {
    await storage.close();
  }
});

lakeTest("what a server left of an import that is over, another takes out", partsNow, async (
  env,
  folder,
) => {
  const system = realSystem({ format: "text", levelMin: "error" });
  const storage = await openOverLake(folder, env, { system });
  try {
    const imports = await importsOf(folder, system, storage, overLake(env, "one"));
    const lake = await storage.lake?.node.lake() ?? assert.fail();
    const there = () =>
      plainRows(
        partsNow(),
        env,
        "select (select count(*) from lake.events), (select sum(events) from lake.imports)",
      );
    const kept = await importFiles(running(imports), { "a.csv": exported(days(2)) });
    assert.equal(kept.state, "done", kept.report.error);
    const commit = lake.commit.bind(lake);
    lake.commit = async (tried, work) => {
      if (/take an import out/.test(tried)) throw new Error("the server dies");
      const result = await commit(tried, work);
      await storage.owned.run("cancelImports", SITE);
      return result;
    };
    const files = { "b.csv": exported(days(40)) };
    const over = await importFiles(running(imports), files, { days: "all" });
    lake.commit = commit;
    assert.deepEqual([over.state, await there()], ["cancelled", [[4 + 32, 4 + 32]]]);
    const elsewhere = await importsOf(`${folder}/two`, system, storage, overLake(env, "two"));
    await elsewhere.runWaiting(new AbortController().signal);
    assert.deepEqual(await there(), [[4, 4]]);
  } finally {
    await storage.close();
  }
});
