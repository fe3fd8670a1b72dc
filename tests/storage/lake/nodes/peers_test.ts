// Two servers over one lake: what each answers of the other's events before, during and after
// flushes, restarts and erasures, and what it says of what it may lack.
import assert from "node:assert/strict";
import { sql } from "../../../../src/core/sql.ts";
import { literal } from "../../../../src/storage/parquet/schema.ts";
import type { Storage } from "../../../../src/storage/open.ts";
import { ALL_DATES } from "../../../../src/storage/tiers/erase.ts";
import { plainRows } from "../../../../scripts/lake/plain.ts";
import { pageview } from "../../../support/events.ts";
import { numbered } from "../../../support/lake/data.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../../support/lake/lake.ts";
import { Nodes } from "../../../support/lake/nodes.ts";
import { accept, numbersOf } from "../../../support/storage/storage.ts";
import { until } from "../../../support/wait.ts";

const partsNow = partsOfFile();
const SITE = "example.com";

type Env = Readonly<Record<string, string>>;

/** Numbers of the events of SITE among the first `count`; see `numbered`. */
function expected(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
    .filter((n) => Math.floor(n / 3) % 2 === 0 && n % 11 !== 0);
}

const add = (storage: Storage, from: number, count: number) =>
  accept(storage, numbered(from, count, 3));

const follow = (storage: Storage) => storage.lake?.flusher.follow();
const plain = (env: Env, query: string) => plainRows(partsNow(), env, query);

function over(name: string, work: (nodes: Nodes, env: Env) => Promise<void>): void {
  lakeTest(name, partsNow, async (env, folder) => {
    const nodes = new Nodes(folder, env);
    try {
      await work(nodes, env);
    } finally {
      await nodes.closeAll();
    }
  });
}

over("each of two servers answers all events, before and after flushes", async (nodes, env) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(one, 0, 30);
  await add(two, 30, 30);
  for (const storage of [one, two]) {
    await follow(storage);
    assert.deepEqual(await numbersOf(storage), expected(60));
  }
  await two.flusher.flush();
  assert.deepEqual(await numbersOf(one), expected(60), "before it knows of the flush");
  await add(two, 60, 30);
  await follow(one);
  assert.deepEqual(await numbersOf(one), expected(90));
  await Promise.all([one.flusher.flush(), two.flusher.flush()]);
  for (const storage of [one, two]) {
    assert.equal(storage.flusher.failing, false);
    await follow(storage);
    assert.deepEqual(await numbersOf(storage), expected(90));
    assert.notEqual(storage.reader.behindSinceMs(), null);
  }
  const counts = "select count(*), count(distinct props) from lake.events";
  assert.deepEqual(await plain(env, counts), [[90, 90]]);
});

over("a server that is cut off says since when it lacks events", async (nodes) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(two, 0, 30);
  await follow(one);
  const before = one.reader.behindSinceMs() ?? NaN;
  nodes.cutOff.add("two");
  const cutMs = Date.now();
  await add(two, 30, 30);
  await follow(one);
  assert.deepEqual(await numbersOf(one), expected(30));
  assert.equal(one.reader.behindSinceMs(), before);
  assert.ok(before <= cutMs);
  await two.flusher.flush();
  await follow(one);
  assert.deepEqual(await numbersOf(one), expected(60), "by way of the lake");
  assert.ok((one.reader.behindSinceMs() ?? 0) >= cutMs);
  nodes.cutOff.clear();
  await add(two, 60, 30);
  await follow(one);
  assert.deepEqual(await numbersOf(one), expected(90));
  await nodes.close("two");
  await follow(one);
  assert.ok((one.reader.behindSinceMs() ?? 0) <= Date.now(), "it has events that are nowhere else");
});

over("a server that stops with nothing left keeps nobody behind", async (nodes) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(two, 0, 30);
  await two.flusher.flush();
  await nodes.close("two");
  await follow(one);
  assert.equal(one.reader.behindSinceMs(), null);
  assert.deepEqual(await numbersOf(one), expected(30));
  await add(await nodes.open("two"), 30, 30);
  await follow(one);
  assert.deepEqual(await numbersOf(one), expected(60));
});

over("a server that is started again is read by its new journal", async (nodes, env) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(two, 0, 30);
  await follow(one);
  await nodes.close("two");
  const again = await nodes.open("two");
  await add(again, 30, 30);
  await follow(one);
  assert.deepEqual(await numbersOf(one), expected(60));
  await again.flusher.flush();
  await follow(one);
  assert.deepEqual(await numbersOf(one), expected(60));
  assert.deepEqual(await plain(env, "select count(*) from lake.events"), [[60]]);
});

over("an erasure is done by every server, and by none later", async (nodes, env) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(one, 0, 30);
  await one.flusher.flush();
  await add(one, 30, 30);
  await add(two, 60, 30);
  await follow(one);
  assert.deepEqual(await numbersOf(one), expected(90));
  const dates = [SITE, "2026-01-01", "2026-01-02"] as const;
  const { events_deleted } = await one.eraser.erase(...dates, true);
  const there = numbered(0, 90, 3).filter(({ site_id, timestamp }) =>
    site_id === SITE && timestamp < Date.UTC(2026, 0, 3) * 1000
  );
  assert.equal(events_deleted, there.length);
  const erasing = one.eraser.erase(...dates);
  const following = setInterval(() => follow(two), 100);
  const erased = await erasing.finally(() => clearInterval(following));
  assert.deepEqual([erased.not_erased, erased.events_deleted], [undefined, events_deleted]);
  const left = expected(90).filter((n) => n % 3 === 2);
  for (const storage of [one, two]) {
    await follow(storage);
    assert.deepEqual(await numbersOf(storage), left);
    await storage.flusher.flush();
  }
  const rows = await plain(
    env,
    `select count(*) from lake.events where site_id = '${SITE}' and date < date '2026-01-03'`,
  );
  assert.deepEqual(rows, [[0]]);
  const lake = await one.lake?.node.lake();
  const objects = await lake?.db.query(
    sql`select file from glob(${literal(`${env["MALLARD_LAKE_DATA_PATH"]}**`)})
      where contains(file, ${literal(`site_id=${SITE}/`)})`,
  ) ?? [];
  assert.ok(objects.length > 0);
  for (const { file } of objects) assert.match(String(file), /date=2026-01-03/);
});

over("what a server has erased is gone from the memory of others", async (nodes) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(one, 0, 30);
  await follow(two);
  assert.deepEqual(await numbersOf(two), expected(30));
  const erasing = one.eraser.erase(SITE, "2026-01-01", "2026-01-31");
  await until(() => (one.lake?.node.erasedTo ?? 0) > 0, "the erasure of the first server");
  await add(one, 30, 30);
  await follow(two);
  assert.equal((await erasing).not_erased, undefined);
  const left = expected(60).filter((n) => n >= 30);
  assert.deepEqual(await numbersOf(two), left, "what came after it stays");
  await add(one, 60, 30);
  await follow(two);
  assert.deepEqual(await numbersOf(two), expected(90).filter((n) => n >= 30));
});

over("an erasure reaches what a server took whose clock is eight minutes ahead", async (nodes) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  const aheadUs = (Date.now() + 8 * 60_000) * 1000;
  await accept(two, [pageview({ at: aheadUs, site_id: SITE })]);
  await follow(one);
  assert.equal((await numbersOf(one)).length, 1);
  const erasing = one.eraser.erase(SITE, "2026-01-01", "9999-12-31");
  const following = setInterval(() => follow(two), 100);
  const { not_erased } = await erasing.finally(() => clearInterval(following));
  assert.equal(not_erased, undefined);
  for (const storage of [one, two]) {
    await follow(storage);
    assert.equal((await numbersOf(storage)).length, 0);
  }
});

over("servers that make one lake at the same moment all start", async (nodes, env) => {
  await Promise.all(["one", "two", "three"].map((node) => nodes.open(node)));
  assert.deepEqual(await plain(env, "select count(*) from lake.nodes"), [[3]]);
});

over("a server that comes back does the erasures that it missed", async (nodes, env) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(two, 0, 30);
  await follow(one);
  await nodes.close("two");
  const fromMs = Date.now();
  const { not_erased, erasure_id } = await one.eraser.erase(SITE, "2026-01-01", "2026-01-31");
  assert.deepEqual(not_erased, ["server two: what it has not brought into the lake yet"]);
  assert.deepEqual(await numbersOf(one), []);
  const upkeep = one.lake?.upkeep ?? assert.fail();
  const waiting = await upkeep.erasure(erasure_id ?? NaN);
  assert.deepEqual([waiting?.site, waiting?.firstDate, waiting?.lastDate], [
    SITE,
    "2026-01-01",
    "2026-01-31",
  ]);
  assert.deepEqual(waiting?.doneBy, ["one"]);
  assert.deepEqual(waiting.missing.map(({ server }) => server), ["two"]);
  assert.ok(waiting.madeMs >= fromMs - 1 && waiting.madeMs <= Date.now());
  assert.equal(await upkeep.erasure(99), null);
  const again = await nodes.open("two");
  await again.flusher.flush();
  assert.deepEqual(await plain(env, "select distinct site_id from lake.events"), [["b:c.org"]]);
  await follow(one);
  const asked = await one.eraser.erase(SITE, "2026-01-01", "2026-01-31", true);
  assert.deepEqual([asked.not_erased, asked.erasure_id], [undefined, undefined]);
  for (const storage of [one, again]) {
    const done = await storage.lake?.upkeep.erasure(erasure_id ?? NaN);
    assert.deepEqual([done?.doneBy, done?.missing], [["one", "two"], []]);
  }
});

over("flushes go on after an erasure that fails in the middle", async (nodes) => {
  const [one, two] = [await nodes.open("one"), await nodes.open("two")];
  await add(one, 0, 30);
  await one.flusher.flush();
  await add(one, 30, 30);
  const { db } = await one.lake?.node.lake() ?? {};
  assert.ok(db);
  const execute = db.execute.bind(db);
  let failures = 1;
  db.execute = (query, ...rest) => {
    if (!/cleanup_old_files/.test(query.text) || failures-- === 0) return execute(query, ...rest);
    return Promise.reject(new Error("the bucket fails"));
  };
  await assert.rejects(one.eraser.erase(SITE, ...ALL_DATES), { code: "unavailable" });
  await one.flusher.flush();
  assert.equal(one.flusher.failing, false);
  assert.deepEqual(await numbersOf(one), [], "what had been in the journal is erased, too");
  await add(one, 60, 30);
  await one.flusher.flush();
  const later = expected(90).filter((n) => n >= 60);
  assert.deepEqual(await numbersOf(one), later, "what came after it is not");
  await follow(two);
  const following = setInterval(() => follow(one), 100);
  const erasing = two.eraser.erase(SITE, "2025-01-01", "2025-01-01");
  await erasing.finally(() => clearInterval(following));
  await add(one, 90, 30);
  await one.flusher.flush();
  assert.equal(one.flusher.failing, false, "after the next erasure of another server");
  await follow(one);
  assert.equal(one.lake?.node.erasedTo, one.lake?.node.marked.erasedMax);
});

lakeTest("rows whose answer does not say up to where are not counted", partsNow, async (
  env,
  folder,
) => {
  for (const node of ["one", "two"]) await Deno.mkdir(`${folder}/${node}`);
  const two = await openOverLake(`${folder}/two`, env, { node: "two", address: "http://two" });
  let headers: Readonly<Record<string, string>> = {};
  const ask = async () => {
    const { text } = await two.store.run("journalText", { after: 0, rows: 100 });
    return { status: 200, headers: new Headers(headers), text };
  };
  const peers = { secret: "a secret of servers", ask };
  const one = await openOverLake(`${folder}/one`, env, { node: "one", peers });
  try {
    await add(two, 0, 30);
    for (const seq of [null, "", "-1", "soon"]) {
      headers = seq === null ? {} : { "x-journal-seq": seq };
      await follow(one);
      assert.deepEqual(await numbersOf(one), [], `${seq}`);
    }
    headers = { "x-journal-seq": "30" };
    await follow(one);
    assert.deepEqual(await numbersOf(one), expected(30));
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});
