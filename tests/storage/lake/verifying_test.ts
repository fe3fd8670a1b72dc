import assert from "node:assert/strict";
import { raw, sql } from "../../../src/core/sql.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { Importing } from "../../../src/storage/lake/importing.ts";
import { LocalFolder } from "../../../src/storage/lake/local_folder.ts";
import { verifyEvents } from "../../../src/storage/lake/verifying.ts";
import { literal } from "../../../src/storage/parquet/schema.ts";
import { damagePages, fill, numbered, SITES } from "../../support/lake/data.ts";
import { newLake } from "../../../scripts/lake/plain.ts";
import { LACKS_LAKE, lakeTest, openLake, optionsOf, partsOfFile } from "../../support/lake/lake.ts";
import { withFolder } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();

Deno.test({
  name: "verifyEvents() finds files that are lost or changed, and events that are too many or few",
  ignore: LACKS_LAKE,
  fn: () =>
    withFolder(async (folder) => {
      const env = await newLake(partsNow(), "verified");
      await fill(folder, numbered(0, 80, 2), { flushes: 1, isAllFlushed: true });
      const lake = await openLake(folder, optionsOf(env));
      const local = new LocalFolder(folder);
      const { source, partitions } = local.content();
      const system = realSystem({ format: "text", levelMin: "error" });
      await new Importing(system, lake, {
        eventsFolder: `${folder}/events`,
        source,
        partitionNow: (partition) => local.partition(partition),
      }).run(partitions);
      local.close();
      assert.deepEqual(await verifyEvents(lake), {
        files: 4,
        partitions: 4,
        events: 80,
        faults: [],
      });
      const faults = async () => (await verifyEvents(lake)).faults;

      const one = sql`site_id = 'example.com' and date = '2026-01-01'::date`;
      await lake.db.execute(sql`insert into lake.events select * from lake.events where ${one}`);
      assert.deepEqual(await faults(), [
        "example.com 2026-01-01: 40 events, 20 were imported",
      ]);
      await lake.db.execute(sql`delete from lake.events where ${one}`);
      assert.deepEqual(await faults(), ["example.com 2026-01-01: 0 events, 20 were imported"]);

      const two = sql`site_id = 'example.com' and date = '2026-01-02'::date`;
      await lake.db.execute(sql`update lake.events set pathname = '/other' where ${two}`);
      assert.deepEqual((await faults()).slice(1), [
        "example.com 2026-01-02: 20 events, but not the same as were imported",
      ]);

      const rows = await lake.db.query(
        raw("select distinct filename as path from lake.events where site_id = 'b:c.org'"),
      );
      const [lost, cut] = rows.map((row) => String(row["path"])).sort();
      // An object is a file of the S3 server's folder.
      await Deno.remove(String(lost).replace("s3:/", `${partsNow().folder}/s3`));
      await lake.db.query(
        sql`copy (select 'PAR1 no more'::blob as x) to ${literal(String(cut))} (format blob)`,
      );
      const found = (await faults()).join("\n");
      assert.ok(found.includes(`${lost}: Cannot read files of the lake: `), found);
      assert.ok(found.includes(`${cut}: Cannot read files of the lake: `), found);
      assert.match(found, /^b:c\.org: Cannot read its events: /m);
      await lake.close();
    }),
});

lakeTest(
  "verifyEvents() names a file whose pages are damaged, though its end is whole",
  partsNow,
  async (env, folder) => {
    await fill(folder, numbered(0, 8000, 2), { flushes: 1, isAllFlushed: true });
    const lake = await openLake(folder, optionsOf(env));
    try {
      const local = new LocalFolder(folder);
      const { source, partitions } = local.content();
      const system = realSystem({ format: "text", levelMin: "error" });
      await new Importing(system, lake, {
        eventsFolder: `${folder}/events`,
        source,
        partitionNow: (partition) => local.partition(partition),
      }).run(partitions);
      local.close();
      assert.deepEqual((await verifyEvents(lake)).faults, []);
      const rows = await lake.db.query(
        raw("select distinct filename as path from lake.events where date = '2026-01-02'"),
      );
      const damaged = rows.map((row) => String(row["path"])).sort();
      assert.equal(damaged.length, 2);
      const [path = ""] = damaged;
      await damagePages(path.replace("s3:/", `${partsNow().folder}/s3`));
      const site = SITES.find((one) => path.includes(encodeURIComponent(one))) ?? "";
      const { faults } = await verifyEvents(lake);
      assert.equal(faults.length, 2, faults.join("\n"));
      assert.ok(faults[0]?.startsWith(`${path}: Cannot read its events: `), faults[0]);
      assert.ok(faults[1]?.startsWith(`${site}: Cannot read its events: `), faults[1]);
    } finally {
      await lake.close();
    }
  },
);
