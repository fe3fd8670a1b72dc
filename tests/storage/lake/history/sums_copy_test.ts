// Sums of days over a lake: every server has those of all, once, whatever is cut off, removed or
// done twice in between; and a server that had some before gives them to the others.
import assert from "node:assert/strict";
import { sqlOf } from "../../../../scripts/lake/parts.ts";
import { realSystem } from "../../../../src/runtime/system.ts";
import type { Imports } from "../../../../src/imports/imports.ts";
import {
  SUM_COLUMNS,
  SUM_KIND_NAMES,
  SUM_KINDS,
} from "../../../../src/storage/history/sum_kinds.ts";
import type { Storage } from "../../../../src/storage/open.ts";
import { Sqlite } from "../../../../src/storage/state/sqlite.ts";
import { lakeTest, openOverLake, optionsOf, partsOfFile } from "../../../support/lake/lake.ts";
import {
  importFiles,
  importsOf,
  running,
  SITE,
  summed,
  type TestFiles,
} from "../../../support/storage/imports.ts";
import {
  datesFrom,
  plausibleTables,
  plausibleZip,
  sumOf,
} from "../../../support/storage/plausible_export.ts";
import { openFolder } from "../../../support/storage/storage.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });
const DATES = datesFrom("2023-11-20", 14);
const TABLES = plausibleTables(DATES);
const FILES = { "export.zip": plausibleZip(TABLES) };
const DAY_BEFORE = "2023-11-19";

type Env = Readonly<Record<string, string>>;

interface Server {
  readonly folder: string;
  readonly storage: Storage;
  readonly imports: Imports;
}

/** A server over the lake; its imports are run by the test. */
async function serve(folder: string, env: Env, node: string): Promise<Server> {
  await Deno.mkdir(`${folder}/${node}`, { recursive: true });
  const storage = await openOverLake(`${folder}/${node}`, env, { system, node });
  const own = { ...env, MALLARD_STORAGE: "lake", MALLARD_NODE_NAME: node };
  const imports = await importsOf(`${folder}/${node}`, system, storage, own);
  return { folder: `${folder}/${node}`, storage, imports };
}

/** A test of two servers. */
function withTwo(
  name: string,
  work: (one: Server, two: Server, env: Env) => Promise<void>,
): void {
  lakeTest(name, partsNow, async (env, folder) => {
    const one = await serve(folder, env, "one");
    try {
      const two = await serve(folder, env, "two");
      try {
        await work(one, two, env);
      } finally {
        await two.storage.close();
      }
    } finally {
      await one.storage.close();
    }
  });
}

/** All that a server has of sums: the days, and what each kind adds up to. */
async function allOf(storage: Storage) {
  const imports = await storage.sums.of(SITE);
  const kinds: Record<string, unknown> = {};
  for (const kind of SUM_KIND_NAMES) {
    kinds[kind] = await summed(storage, kind, SUM_KINDS[kind].map((_, place) => place));
  }
  return {
    days: imports.map(({ dates }) => dates),
    labels: imports.map((one) => one.label),
    kinds,
  };
}

/** The same of a folder without a lake that has imported the same files. */
async function allOfLocal(folder: string) {
  const storage = await openFolder(folder, system);
  try {
    const imports = await importsOf(folder, system, storage);
    const done = await importFiles(running(imports), FILES);
    assert.equal(done.state, "done", done.report.error);
    return await allOf(storage);
  } finally {
    await storage.close();
  }
}

const NOTHING = {
  days: [],
  labels: [],
  kinds: Object.fromEntries(
    SUM_KIND_NAMES.map((kind) => [kind, {}]),
  ),
};

/** How many rows a mallard.sqlite has of some dates. */
function rowsIn({ folder }: Pick<Server, "folder">, where = "true"): number {
  const db = Sqlite.openReader(`${folder}/mallard.sqlite`);
  try {
    return Number(db.get(`select count(*) as rows from past_sums where ${where}`)?.["rows"]);
  } finally {
    db.close();
  }
}

/** What PostgreSQL answers. */
function sharedSql(env: Env, statement: string): Promise<string> {
  const database = new URL(optionsOf(env).catalog).pathname.slice(1);
  return sqlOf(partsNow(), statement, database).then((text) => text.trim());
}

/** Does something once, before an import is committed. */
function beforeCommit({ storage: { owned } }: Server, work: () => Promise<unknown>): void {
  const run = owned.run.bind(owned);
  owned.run = (op, args) => {
    if (op !== "commitImport") return run(op, args);
    owned.run = run;
    return work().then(() => run(op, args));
  };
}

async function importedAt({ imports }: Server, files: TestFiles = FILES, options = {}) {
  const done = await importFiles(running(imports), files, options);
  assert.equal(done.state, "done", done.report.error);
  return done;
}

/** Pageviews of the days, as the file has them. */
const pageviews = (keep: (date: string) => boolean) =>
  sumOf(TABLES["visitors"], "pageviews", (row) => keep(String(row["date"])));

/** Pageviews of the days of all imports, as a server adds them up. */
async function pageviewsAt({ storage: { sums } }: Server): Promise<number> {
  let pageviews = 0;
  for (const { id, dates } of await sums.of(SITE)) {
    const asked = { kind: "days", dates, places: [], byDate: false, only: null } as const;
    for (const { counts } of await sums.ask({ ...asked, import_id: id })) {
      pageviews += counts[SUM_COLUMNS.indexOf("pageviews")] ?? 0;
    }
  }
  return pageviews;
}

lakeTest("every server has the sums of an import, and any undoes it", partsNow, async (
  env,
  folder,
) => {
  const one = await serve(folder, env, "one");
  const two = await serve(folder, env, "two");
  try {
    const wanted = await allOfLocal(`${folder}/local`);
    assert.deepEqual(wanted.days, [DATES]);
    const done = await importedAt(one);
    assert.deepEqual(await allOf(one.storage), wanted);
    await two.storage.sums.follow();
    assert.deepEqual(await allOf(two.storage), wanted);
    assert.ok(two.storage.sites.hasSite(SITE));
    assert.equal((await importedAt(two)).id, done.id, "the same file is the same import");
    const three = await serve(folder, env, "three");
    assert.deepEqual(await allOf(three.storage), wanted, "of a server that starts later");
    await three.storage.close();

    assert.equal((await two.imports.end(done.id)).state, "undone");
    await one.storage.sums.follow();
    for (const server of [one, two]) {
      assert.deepEqual(await allOf(server.storage), NOTHING);
      assert.equal(rowsIn(server), 0);
    }
    assert.equal(await sharedSql(env, "select count(*) from mallard.past_sums"), "0");
    assert.notEqual((await importedAt(two)).id, done.id, "it can come again");
    await one.storage.sums.follow();
    assert.deepEqual(await allOf(one.storage), wanted);
  } finally {
    await two.storage.close();
    await one.storage.close();
  }
});

withTwo("erased and expired days of sums are gone everywhere", async (one, two, env) => {
  await importedAt(one);
  await two.storage.sums.follow();
  const [first, last] = ["2023-11-22", "2023-11-24"];
  const isThere = `date between '${first}' and '${last}'`;
  assert.ok(rowsIn(two, isThere) > 0);
  let isOver = false;
  const erasing = one.storage.eraser.erase(SITE, first, last).finally(() => isOver = true);
  while (!isOver) {
    // As its job does.
    await two.storage.lake?.node.follow();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const erased = await erasing;
  assert.deepEqual([erased.summed_days_deleted, erased.not_erased], [3, undefined]);
  assert.equal(
    await sharedSql(env, `select count(*) from mallard.past_sums where ${isThere}`),
    "0",
  );
  const left = pageviews((date) => date < first || date > last);
  for (const server of [one, two]) {
    assert.equal(rowsIn(server, isThere), 0);
    assert.equal(await pageviewsAt(server), left);
  }

  const { upkeep } = one.storage.lake ?? assert.fail();
  const nowMs = Date.parse("2023-12-28T12:00:00Z");
  await upkeep.whileExpiring(async () => {
    await one.storage.expiry.expire(SITE, 30, nowMs);
  });
  await two.storage.sums.follow();
  const young = pageviews((date) => date > "2023-11-27");
  for (const server of [one, two]) {
    assert.equal(await pageviewsAt(server), young);
    assert.equal(rowsIn(server, "date <= '2023-11-27'"), 0);
  }
  const days = await sharedSql(env, "select count(distinct date) from mallard.past_sums");
  assert.equal(days, String(DATES.filter((date) => date > "2023-11-27").length));
});

withTwo("an erasure that is learnt of late hides nothing that came after it", async (one, two) => {
  await importedAt(one);
  await two.storage.sums.follow();
  const wanted = await allOf(one.storage);
  const { eraser, mutex, sums } = two.storage;
  await mutex.run(() => eraser.eraseElsewhere(SITE, DAY_BEFORE, "2023-11-30", Date.now() * 1000));
  await sums.follow();
  assert.deepEqual(await allOf(two.storage), wanted);
  assert.equal(rowsIn(two), rowsIn(one));
});

lakeTest(
  "a copy that was cut off is made again, and counts once",
  partsNow,
  async (env, folder) => {
    const one = await serve(folder, env, "one");
    let two = await serve(folder, env, "two");
    try {
      const done = await importedAt(one);
      const listed = [{ import_id: done.id, site_id: SITE, dates: DATES }];
      const { store } = two.storage;
      const { missing } = await store.run("takeListed", { listed, isCopied: false });
      assert.deepEqual(missing, [{ import_id: done.id, dates: DATES }]);
      // Killed in the second day.
      for (const date of DATES.slice(0, 2)) {
        const rows = await one.storage.store.run("readSums", { id: done.id, date });
        await store.run("addSums", { id: done.id, rows: rows.slice(0, 3) });
      }
      assert.deepEqual(await allOf(two.storage), NOTHING, "nothing is shown before all is there");
      await two.storage.close();
      two = await serve(folder, env, "two");
      assert.deepEqual(await allOf(two.storage), await allOf(one.storage));
      assert.equal(rowsIn(two), rowsIn(one));
    } finally {
      await two.storage.close();
      await one.storage.close();
    }
  },
);

withTwo("sums that somebody else has written, too, do not enter", async (one, _, env) => {
  beforeCommit(one, () =>
    sharedSql(
      env,
      `insert into mallard.past_sums select import_id, site_id, date, 'x', row_count, body, kept
        from mallard.past_sums limit 1`,
    ));
  const first = await importFiles(running(one.imports), FILES);
  assert.equal(first.state, "waiting");
  assert.match(first.report.error ?? "", /its sums are not those that were written/);
  assert.deepEqual(await allOf(one.storage), NOTHING);
  await one.imports.run(first.id, new AbortController().signal);
  assert.equal(await pageviewsAt(one), pageviews(() => true));
});

withTwo("of two imports of the same days one fills them", async (one, two) => {
  beforeCommit(two, () => importedAt(one));
  const other = { "other.zip": plausibleZip(plausibleTables(DATES, 2)) };
  const late = await importFiles(running(two.imports), other);
  assert.equal(late.state, "waiting");
  assert.match(late.report.error ?? "", /another one has filled some of its days/);
  const again = await two.imports.run(late.id, new AbortController().signal);
  assert.equal(again.state, "done", again.report.error);
  assert.deepEqual(again.report.days?.map((day) => day.left_out), DATES.map(() => "imported"));
  await two.storage.sums.follow();
  assert.equal(await pageviewsAt(two), pageviews(() => true));

  const all = { "third.zip": plausibleZip(plausibleTables(DATES, 3)) };
  await importedAt(one, all, { days: "all" });
  const both = pageviews(() => true) + sumOf(plausibleTables(DATES, 3)["visitors"], "pageviews");
  assert.equal(await pageviewsAt(one), both);
});

withTwo("a cancelled import leaves no sums", async (one, two, env) => {
  beforeCommit(one, () => two.storage.owned.run("cancelImports", SITE));
  const ended = await importFiles(running(one.imports), FILES);
  const over = await one.imports.run(ended.id, new AbortController().signal);
  assert.equal(over.state, "cancelled");
  assert.deepEqual(await allOf(one.storage), NOTHING);
  assert.equal(await sharedSql(env, "select count(*) from mallard.past_sums"), "0");
});

lakeTest("the first server shares the sums that it had before", partsNow, async (env, folder) => {
  const wanted = await allOfLocal(`${folder}/one`);
  let one = await serve(folder, env, "one");
  assert.deepEqual(await allOf(one.storage), wanted);
  await one.storage.close();
  // Another catalog, as after a first start that failed: what is here is shared once more.
  await sharedSql(env, "drop schema mallard cascade");
  const db = Sqlite.openWriter(`${folder}/one/mallard.sqlite`);
  db.run("delete from facts where name = 'lake_journal'");
  db.close();
  one = await serve(folder, env, "one");
  const two = await serve(folder, env, "two");
  try {
    assert.deepEqual(await allOf(one.storage), wanted);
    assert.deepEqual(await allOf(two.storage), wanted);
    const [found] = await two.storage.owned.run("listPastImports", undefined);
    assert.equal((await two.imports.end(found?.id ?? "")).state, "undone");
    await one.storage.sums.follow();
    assert.deepEqual(await allOf(one.storage), NOTHING);
    await one.storage.close();
    one = await serve(folder, env, "one");
    assert.deepEqual(await allOf(one.storage), NOTHING, "they are not shared again");
  } finally {
    await two.storage.close();
    await one.storage.close();
  }
});
