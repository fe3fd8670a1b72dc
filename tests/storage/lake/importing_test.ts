import assert from "node:assert/strict";
import { runCommand } from "../../support/command.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { pageview } from "../../support/events.ts";
import { fill, numbered, SUMS, sumsOfFolder } from "../../support/lake/data.ts";
import { newLake, plainRows } from "../../../scripts/lake/plain.ts";
import { LACKS_LAKE, lakeDuckDb, partsOfFile } from "../../support/lake/lake.ts";
import { openDuckDb } from "../../support/storage/duckdb.ts";
import { openFolder, withFolder } from "../../support/storage/storage.ts";

const ignore = LACKS_LAKE;
const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });

/** `mallard lake ACTION`, with its JSON. */
async function lake(
  folder: string,
  env: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<Readonly<Record<string, unknown>> & { readonly ok: boolean }> {
  const { text, ok } = await runCommand(folder, "lake", args, {
    env,
    system,
    options: { json: true },
    loadDuckDb: () => Promise.resolve(lakeDuckDb),
  });
  return { ...JSON.parse(text), ok };
}

const sumsOfLake = (env: Readonly<Record<string, string>>) =>
  plainRows(partsNow(), env, `${SUMS} from lake.events group by all order by 1, 2`);

Deno.test({
  name: "lake import brings every event once, what waits in the journal included, as files are",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const env = await newLake(partsNow(), "whole");
      await fill(folder, numbered(0, 700, 6), { flushes: 3 });
      const first = await lake(folder, env, "import");
      const { events, partitions, registered, rewritten, faults } = first;
      assert.deepEqual({ events, partitions, rewritten, faults }, {
        events: 700,
        partitions: 12,
        rewritten: 0,
        faults: [],
      });
      assert.ok(Number(registered) >= 24, String(registered));
      assert.deepEqual(await sumsOfLake(env), await sumsOfFolder(folder));
      const [[dated]] = await plainRows(
        partsNow(),
        env,
        "select count(*) from lake.events where date = timestamp::date",
      ) as [[number]];
      assert.equal(dated, 700);

      const again = await lake(folder, env, "import");
      assert.deepEqual([again["events"], again["partitionsThere"]], [0, 12]);
      const verified = await lake(folder, env, "verify");
      assert.deepEqual([verified.ok, verified["events"]], [true, 700]);
    }),
});

Deno.test({
  name: "lake import adds what came into a partition since, and tells what has gone from it",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const env = await newLake(partsNow(), "later");
      await fill(folder, numbered(0, 200, 2), { flushes: 2, isAllFlushed: true });
      await lake(folder, env, "import");
      // Two events that are the same to the last bit are two.
      const twin = pageview({ at: "2026-01-01T05:00:00", props: '{"n":"5000"}' });
      const later = [...numbered(200, 50, 2), twin, { ...twin }];
      await fill(folder, later, { flushes: 1, isAllFlushed: true });
      const storage = await openFolder(folder);
      await storage.compactor.run(new AbortController().signal);
      await storage.close();
      const added = await lake(folder, env, "import");
      assert.deepEqual([added["events"], added["rewritten"], added["faults"]], [52, 4, []]);
      assert.deepEqual(await sumsOfLake(env), await sumsOfFolder(folder));
      assert.equal((await lake(folder, env, "verify")).ok, true);

      const erasing = await openFolder(folder);
      await erasing.eraser.erase("example.com", "2026-01-01", "2026-01-01");
      await erasing.close();
      const before = await sumsOfLake(env);
      await fill(folder, [pageview({ at: "2026-01-01T06:00:00", props: '{"n":"9"}' })], {
        flushes: 1,
        isAllFlushed: true,
      });
      const gone = await lake(folder, env, "import");
      assert.deepEqual([gone.ok, gone["events"], gone["gone"]], [true, 1, 65]);
      const total = (rows: unknown[][]) => rows.reduce((sum, row) => sum + Number(row[2]), 0);
      assert.equal(total(await sumsOfLake(env)), total(before) + 1);
    }),
});

Deno.test({
  name: "lake import writes files anew that would be read otherwise than here, and names lost ones",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const env = await newLake(partsNow(), "odd");
      await fill(folder, numbered(0, 40, 2), { flushes: 1, isAllFlushed: true });
      const odd = `${folder}/events/site_id=odd.org/date=2026-03-01`;
      await Deno.mkdir(odd, { recursive: true });
      const writer = await openDuckDb();
      await writer.run(`copy (
        select 'odd.org' as site_id, 'v' as visitor_id, 'pageview' as event_name,
          timestamp '2026-03-01 01:00:00' as timestamp, '/%61' as pathname,
          1.5::double as revenue_amount, 'x' as unknown
      ) to '${odd}/0001.parquet'`);
      writer.close();
      const storage = await openFolder(folder);
      await storage.close();
      const lost = `${folder}/events/site_id=example.com/date=2026-01-01/0001.parquet`;
      await Deno.rename(lost, `${folder}/lost`);
      const done = await lake(folder, env, "import");
      assert.equal(done.ok, false);
      assert.deepEqual(done["faults"], [
        "example.com 2026-01-01: site_id=example.com/date=2026-01-01/0001.parquet is missing",
      ]);
      assert.equal(done["rewritten"], 1);
      const rows = await plainRows(
        partsNow(),
        env,
        "select pathname, revenue_amount, date from lake.events where site_id = 'odd.org'",
      );
      assert.deepEqual(rows, [["/a", "1.50", "2026-03-01"]]);

      await Deno.rename(`${folder}/lost`, lost);
      const rest = await lake(folder, env, "import");
      assert.deepEqual([rest.ok, rest["partitionsThere"]], [true, 4]);
      assert.equal((await lake(folder, env, "verify")).ok, true);
    }),
});

Deno.test({
  name: "lake import and export work over a shared folder, and give back every event",
  ignore,
  fn: () =>
    withFolder(async (folder) => {
      const env = await newLake(partsNow(), "folder");
      const files = `${folder}/lake files/`;
      await Deno.mkdir(files);
      const own = { ...env, MALLARD_LAKE_DATA_PATH: files };
      const dataDir = `${folder}/data`;
      await fill(dataDir, numbered(0, 90, 3), { flushes: 2 });
      const done = await lake(dataDir, own, "import");
      assert.deepEqual([done["events"], done["faults"]], [90, []]);
      assert.deepEqual(await sumsOfLake(own), await sumsOfFolder(dataDir));
      assert.equal((await lake(dataDir, own, "verify")).ok, true);

      const back = `${folder}/back`;
      const exported = await lake(dataDir, own, "export", back);
      assert.deepEqual([exported["events"], exported["partitions"]], [90, 6]);
      assert.deepEqual(await sumsOfFolder(back), await sumsOfFolder(dataDir));
    }),
});
