// Ends of imports into a lake that meet something: their own success, an undo at another server, a
// bucket that fails, and a cut from PostgreSQL.
import assert from "node:assert/strict";
import { faultyS3 } from "../../../../scripts/lake/faulty_s3.ts";
import { plainRows } from "../../../../scripts/lake/plain.ts";
import { AppError } from "../../../../src/core/errors.ts";
import { realSystem } from "../../../../src/runtime/system.ts";
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

lakeTest(
  "who cancels an import that ends in the same moment takes nothing out",
  partsNow,
  async (env, folder) => {
    const system = realSystem({ format: "text", levelMin: "error" });
    const storage = await openOverLake(folder, env, { system });
    try {
      const imports = await importsOf(folder, system, storage, overLake(env, "one"));
      const elsewhere = await importsOf(`${folder}/two`, system, storage, overLake(env, "two"));
      const { id, folder: given } = await imports.list.begin();
      await Deno.writeTextFile(`${given}/0`, exported(days(2)));
      await imports.list.add(id, SITE, {
        tool: null,
        days: "before",
        website: null,
        dry_run: false,
        files: [{ name: "a.csv", path: `${given}/0` }],
      });
      // It reads that the import waits; then it is run to its end.
      const find = elsewhere.list.find.bind(elsewhere.list);
      elsewhere.list.find = async (asked) => {
        elsewhere.list.find = find;
        const found = await find(asked);
        assert.equal((await imports.run(id, new AbortController().signal)).state, "done");
        return found;
      };
      await assert.rejects(elsewhere.end(id), /^AppError: Cannot cancel the import: it is done$/);
      await elsewhere.runWaiting(new AbortController().signal);
      const there =
        "select (select count(*) from lake.events), (select count(*) from lake.imports)";
      assert.deepEqual(await plainRows(partsNow(), env, there), [[4, 2]]);
      const found = await storage.owned.run("findPastImport", id);
      assert.deepEqual([found?.state, found?.wish], ["done", ""]);
      assert.equal((await elsewhere.end(id)).state, "undone", "as anybody can");
      assert.deepEqual(await plainRows(partsNow(), env, there), [[0, 0]]);
    } finally {
      await storage.close();
    }
  },
);

lakeTest(
  "an undo of the import that made a site forgets none that has events of its own",
  partsNow,
  async (env, folder) => {
    const system = realSystem({ format: "text", levelMin: "error" });
    const storage = await openOverLake(folder, env, { system });
    try {
      const imports = await importsOf(folder, system, storage, overLake(env, "one"));
      const first = await importFiles(running(imports), { "a.csv": exported(days(2)) });
      assert.equal(first.report.new_site, true);
      await accept(storage, numbered(0, 6, 1));
      await storage.flusher.flush();
      await imports.end(first.id);
      assert.equal(storage.sites.hasSite(SITE), true);
      await storage.eraser.erase(SITE, ...ALL_DATES);
      assert.equal(await storage.forgetSite(SITE), true);
      const second = await importFiles(running(imports), { "b.csv": exported(days(3)) });
      await imports.end(second.id);
      assert.equal(storage.sites.hasSite(SITE), false, "one that has nothing is forgotten");
    } finally {
      await storage.close();
    }
  },
);

lakeTest("days that another server has freed can be imported at once", partsNow, async (
  env,
  folder,
) => {
  const system = realSystem({ format: "text", levelMin: "error" });
  for (const node of ["one", "two"]) await Deno.mkdir(`${folder}/${node}`);
  const one = await openOverLake(`${folder}/one`, env, { system, node: "one" });
  const two = await openOverLake(`${folder}/two`, env, { system, node: "two" });
  try {
    const here = await importsOf(`${folder}/one`, system, one, overLake(env, "one"));
    const there = await importsOf(`${folder}/two`, system, two, overLake(env, "two"));
    const first = await importFiles(running(here), { "a.csv": exported(days(2)) });
    await two.lake?.flusher.follow();
    await here.end(first.id);
    await two.shared?.refresh();
    const again = await importFiles(running(there), { "a.csv": exported(days(2)) });
    assert.equal(again.state, "done", again.report.error);
    assert.deepEqual(again.report.days?.map((day) => day.left_out), [null, null]);
    assert.deepEqual(await plainRows(partsNow(), env, "select count(*) from lake.events"), [[4]]);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});

lakeTest("an undo that cannot be ended is ended later, and says so", partsNow, async (
  env,
  folder,
) => {
  const system = realSystem({ format: "text", levelMin: "error" });
  const s3 = faultyS3(partsNow().s3Port);
  const storage = await openOverLake(folder, { ...env, MALLARD_S3_ENDPOINT: s3.origin }, {
    system,
  });
  try {
    const imports = await importsOf(folder, system, storage, overLake(env, "one"));
    const there = () =>
      plainRows(
        partsNow(),
        env,
        "select (select count(*) from lake.events), (select count(*) from lake.imports)",
      );
    const isLater = (error: unknown) =>
      error instanceof AppError && error.code === "unavailable" &&
      /; the import is undone as soon as that is over$/.test(error.message);
    const record = async (id: string) => {
      const found = await storage.owned.run("findPastImport", id);
      return [found?.state, found?.wish];
    };
    const first = await importFiles(running(imports), { "a.csv": exported(days(2)) });
    s3.fail("all");
    await assert.rejects(imports.end(first.id), isLater);
    assert.deepEqual(await record(first.id), ["done", "undo"]);
    s3.fail("none");
    await imports.runWaiting(new AbortController().signal);
    assert.deepEqual(await record(first.id), ["undone", ""]);
    assert.deepEqual(await there(), [[0, 0]]);

    const second = await importFiles(running(imports), { "b.csv": exported(days(3)) });
    const run = storage.owned.run.bind(storage.owned);
    storage.owned.run = (op, args) =>
      op === "undoImport"
        ? Promise.reject(new AppError("unavailable", "Cannot change it now: nothing was changed"))
        : run(op, args);
    await assert.rejects(imports.end(second.id), isLater);
    assert.deepEqual(await record(second.id), ["done", "undo"]);
    assert.deepEqual(await there(), [[0, 0]], "its events are gone");
    storage.owned.run = run;
    await imports.runWaiting(new AbortController().signal);
    assert.deepEqual(await record(second.id), ["undone", ""]);
  } finally {
    await storage.close();
    await s3.close();
  }
});

lakeTest("an import asks PostgreSQL whether it is wanted, and not its copy", partsNow, async (
  env,
  folder,
) => {
  const system = realSystem({ format: "text", levelMin: "error" });
  for (const node of ["one", "two"]) await Deno.mkdir(`${folder}/${node}`);
  const one = await openOverLake(`${folder}/one`, env, { system, node: "one" });
  const two = await openOverLake(`${folder}/two`, env, { system, node: "two" });
  try {
    const imports = await importsOf(`${folder}/two`, system, two, overLake(env, "two"));
    const { flusher } = two.lake ?? assert.fail();
    const { store, owned } = two;
    // The notice of a change does not come: the copy stays as it was.
    let isTold = true;
    const run = store.run.bind(store);
    store.run = (op, args) =>
      op === "writeCopy" && !isTold ? Promise.resolve(undefined as never) : run(op, args);
    const commit = flusher.commit.bind(flusher);
    let isWantedHere: string | undefined;
    flusher.commit = async (tried, work) => {
      flusher.commit = commit;
      isTold = false;
      await one.owned.run("cancelImports", SITE);
      isWantedHere = (await owned.run("listPastImports", undefined))[0]?.wish;
      return await commit(tried, work).finally(() => isTold = true);
    };
    const ended = await importFiles(running(imports), { "a.csv": exported(days(2)) });
    assert.equal(isWantedHere, "", "the copy does not know it");
    assert.notEqual(ended.state, "done");
    const rows = await plainRows(partsNow(), env, "select count(*) from lake.events");
    assert.deepEqual(rows, [[0]]);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});
