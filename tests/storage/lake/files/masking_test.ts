import assert from "node:assert/strict";
import { sqlOf, startS3, stopS3 } from "../../../../scripts/lake/parts.ts";
import { plainRows } from "../../../../scripts/lake/plain.ts";
import { sql } from "../../../../src/core/sql.ts";
import type { Run } from "../../../../src/storage/duckdb.ts";
import { realSystem } from "../../../../src/runtime/system.ts";
import { maskInLake } from "../../../../src/storage/lake/files/masking.ts";
import type { Lake } from "../../../../src/storage/lake/lake.ts";
import { Duty } from "../../../../src/storage/lake/nodes/duty.ts";
import { LOCKS } from "../../../../src/storage/lake/nodes/catalog_rules.ts";
import { Turns } from "../../../../src/storage/lake/nodes/turns.ts";
import { pageview } from "../../../support/events.ts";
import { damagePages } from "../../../support/lake/data.ts";
import {
  lakeTest,
  openLake,
  openOverLake,
  optionsOf,
  partsOfFile,
} from "../../../support/lake/lake.ts";
import { accept } from "../../../support/storage/storage.ts";

const partsNow = partsOfFile();
const { clock } = realSystem({ format: "text", levelMin: "error" });
const SITE = "example.com";
const AT = Date.UTC(2024, 0, 15, 12) * 1000;
const DAY_US = 86_400_000_000;

/** The folder of all files of the lake's events, whether its catalog names them or not. */
function bucketOf(env: Readonly<Record<string, string>>): string {
  const path = env["MALLARD_LAKE_DATA_PATH"]?.slice("s3://".length);
  return `${partsNow().folder}/s3/${path}main/events`;
}

/** Lets `meanwhile` happen once, when a commit of the lake has done its work and is yet to come. */
function beforeCommit(lake: Lake, meanwhile: () => Promise<void>): void {
  const commit = lake.commit.bind(lake);
  let isDone = false;
  lake.commit = <T>(tried: string, work: (run: Run) => Promise<T>) =>
    commit(tried, async (run) => {
      const result = await work(run);
      if (!isDone) {
        isDone = true;
        await meanwhile();
      }
      return result;
    });
}

lakeTest(
  "maskInLake() loses nothing that is flushed meanwhile, and brings nothing back that is erased",
  partsNow,
  async (env, folder) => {
    await Deno.mkdir(`${folder}/beside`);
    const storage = await openOverLake(folder, env);
    const lake = await openLake(`${folder}/beside`, optionsOf(env), { mayMake: false });
    const postgres = (storage.lake ?? assert.fail()).node.postgres();
    const duties = { duty: new Duty(postgres), turns: new Turns(postgres), clock };
    const mask = () =>
      maskInLake(lake, duties, {
        masksOf: () => ({ emails: true, tokens: false }),
        onSite: () => {},
      });
    const rows = () =>
      plainRows(
        partsNow(),
        env,
        "select date, pathname from lake.events order by timestamp, pathname",
      );
    const mail = (at: number) => pageview({ at, site_id: SITE, page: "/u/jo@example.org" });
    try {
      await accept(storage, [mail(AT), mail(AT + DAY_US)]);
      await storage.flusher.flush();
      const turnsTaken = async () => {
        const query = `select count(*) from pg_locks
          where locktype = 'advisory' and classid = ${LOCKS} and objid = 3 and granted
            and database = (select oid from pg_database where datname = current_database())`;
        return await sqlOf(partsNow(), query, env["MALLARD_LAKE_CATALOG"]?.split("/").at(-1));
      };
      beforeCommit(lake, async () => {
        assert.equal(await turnsTaken(), "1", "other servers wait with their flushes");
        await accept(storage, [pageview({ at: AT + 1, site_id: SITE, page: "/new" })]);
        await storage.flusher.flush();
        assert.equal(storage.flusher.counts.failures, 0);
      });
      assert.deepEqual(await mask(), { texts: 1, days: 2 });
      assert.deepEqual(await rows(), [
        ["2024-01-15", "/u/(mail)"],
        ["2024-01-15", "/new"],
        ["2024-01-16", "/u/(mail)"],
      ]);
      await accept(storage, [mail(AT + 2), mail(AT + DAY_US + 2)]);
      await storage.flusher.flush();
      beforeCommit(lake, async () => {
        const { events_deleted } = await storage.eraser.erase(SITE, "2024-01-15", "2024-01-15");
        assert.equal(events_deleted, 3);
      });
      assert.deepEqual(await mask(), { texts: 1, days: 2 });
      assert.deepEqual(await rows(), [["2024-01-16", "/u/(mail)"], ["2024-01-16", "/u/(mail)"]]);
    } finally {
      await lake.close();
      await storage.close();
    }
  },
);

lakeTest(
  "maskInLake() masks all but days with files that cannot be read, names these, and ends snapshots",
  partsNow,
  async (env, folder) => {
    await Deno.mkdir(`${folder}/beside`);
    const storage = await openOverLake(folder, env);
    const lake = await openLake(`${folder}/beside`, optionsOf(env), { mayMake: false });
    const postgres = (storage.lake ?? assert.fail()).node.postgres();
    const duties = { duty: new Duty(postgres), turns: new Turns(postgres), clock };
    const mask = () =>
      maskInLake(lake, duties, {
        masksOf: () => ({ emails: true, tokens: false }),
        onSite: () => {},
      });
    const mail = (at: number, site_id: string) =>
      pageview({ at, site_id, page: "/u/jo@example.org" });
    try {
      const days = [AT, AT + DAY_US, AT + 2 * DAY_US];
      await accept(
        storage,
        ["a.example", "b.example"].flatMap((site) => days.map((at) => mail(at, site))),
      );
      await storage.flusher.flush();
      const filesOf = async (site: string) =>
        (await lake.db.query(
          sql`select distinct filename as path from lake.events where site_id = ${site}`,
        )).map(({ path }) => String(path).replace("s3:/", `${partsNow().folder}/s3`)).sort();
      const [lost = "", , damaged = ""] = await filesOf("a.example");
      await stopS3(partsNow());
      await Deno.rename(lost, `${folder}/lost`);
      const whole = await Deno.readFile(damaged);
      await damagePages(damaged);
      await startS3(partsNow());
      await assert.rejects(
        mask(),
        /^Error: Cannot mask the lake's events of a\.example 2024-01-15, a\.example 2024-01-17: /,
      );
      const left = async () => {
        const rows = await plainRows(
          partsNow(),
          env,
          `select site_id, date from read_parquet('${bucketOf(env)}/*/*/*.parquet')
            where contains(pathname, '@') order by all`,
        );
        return rows.map((row) => row.join(" "));
      };
      await Deno.rename(damaged, `${folder}/damaged`);
      assert.deepEqual(await left(), [], "in no file that can be read");
      await stopS3(partsNow());
      await Deno.writeFile(damaged, whole);
      await Deno.rename(`${folder}/lost`, lost);
      await startS3(partsNow());
      assert.deepEqual(await left(), ["a.example 2024-01-15", "a.example 2024-01-17"]);
      assert.deepEqual(await mask(), { texts: 1, days: 2 });
      assert.deepEqual(await left(), []);
      assert.deepEqual(
        await plainRows(partsNow(), env, "select pathname, count(*) from lake.events group by 1"),
        [["/u/(mail)", 6]],
      );
    } finally {
      await lake.close();
      await storage.close();
    }
  },
);
