import assert from "node:assert/strict";
import { sqlOf } from "../../../scripts/lake/parts.ts";
import { plainRows } from "../../../scripts/lake/plain.ts";
import { sql } from "../../../src/core/sql.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { Sites } from "../../../src/sites/sites.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { Duty } from "../../../src/storage/lake/nodes/duty.ts";
import { runCommand } from "../../support/command.ts";
import { customEvent, pageview } from "../../support/events.ts";
import { lakeDuckDb, lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept, EVER } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });
const AT = Date.UTC(2024, 0, 15, 12) * 1000;
const DAY_US = 86_400_000_000;
const TOKEN = "9f86d081884c7d659a2feaa0c55ad015";
const SITES = ["example.com", "plain.example", "tokens.example"];

/** Texts as they came, of two days, and others of a third; of one site the mail is to stay. */
async function fill(storage: Storage): Promise<void> {
  const sites = await Sites.open(storage.owned, system.clock);
  await sites.put("tokens.example", { mask_tokens: true });
  await sites.put("plain.example", { mask_emails: false });
  for (const site_id of SITES) {
    const referrer = `https://a.example/?mail=jo%40example.org&t=${TOKEN}`;
    const props = '{"mail":"jo@example.org","n":1.50}';
    await accept(storage, [
      pageview({ at: AT, site_id, page: "/u/jo@example.org", referrer }),
      pageview({ at: AT + 1, site_id, page: "/plain" }),
      customEvent({ at: AT + DAY_US, site_id, name: "x", props }),
      pageview({ at: AT + 2 * DAY_US, site_id, page: "/other" }),
    ]);
    await storage.flusher.flush();
  }
}

/** What statistics read of a site. */
async function readOf(storage: Storage, site: string): Promise<unknown[][]> {
  const rows = await storage.reader.query(
    site,
    EVER,
    (events) => sql`select pathname, referrer, props from ${events} order by timestamp`,
  );
  return rows.map((row) => Object.values(row));
}

/** All files of the lake's events that are in the bucket, whether its catalog names them or not. */
function bucketOf(env: Readonly<Record<string, string>>): string {
  return `${partsNow().folder}/s3/${
    env["MALLARD_LAKE_DATA_PATH"]?.slice("s3://".length)
  }main/events`;
}

lakeTest(
  "privacy-audit mask masks what is in a lake, by site, beside a server",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    const { node, flusher } = storage.lake ?? assert.fail();
    const loadDuckDb = () => Promise.resolve(lakeDuckDb);
    const mask = () => runCommand(folder, "privacy-audit", ["mask"], { env, system, loadDuckDb });
    try {
      await fill(storage);
      const lists = () =>
        SITES.map((site) => new Map(node.stockOf(site).map((one) => [one.date, one.file_list])));
      const before = lists();
      await new Duty(node.postgres()).once("upkeep", async () => {
        await assert.rejects(mask(), /Cannot mask now: a server merges files of the lake/);
      });
      assert.match((await mask()).text, /^Masked 6 texts on 4 days in the lake\. /);
      await flusher.follow();
      const masked = (token: string) => [
        ["/u/(mail)", `https://a.example/?mail=(mail)&t=${token}`, null],
        ["/plain", null, null],
        ["/", null, '{"mail":"(mail)","n":1.50}'],
        ["/other", null, null],
      ];
      const [of = "", plain = "", tokens = ""] = SITES;
      assert.deepEqual(await readOf(storage, of), masked(TOKEN));
      assert.deepEqual(await readOf(storage, tokens), masked("(token)"));
      assert.equal(
        (await readOf(storage, plain))[0]?.[0],
        "/u/jo@example.org",
        "as its owner wants",
      );
      const same = lists().map((list, at) =>
        [...list].filter(([date, files]) => before[at]?.get(date) === files).map(([date]) => date)
      );
      const days = ["2024-01-15", "2024-01-16", "2024-01-17"];
      assert.deepEqual(same, [days.slice(2), days, days.slice(2)], "no other day is written anew");
      const left = await plainRows(
        partsNow(),
        env,
        `select distinct site_id from read_parquet('${bucketOf(env)}/*/*/*.parquet')
          where regexp_matches(concat_ws(' ', pathname, referrer, props), 'jo(@|%40)')`,
      );
      assert.deepEqual(left, [["plain.example"]], "in no file of the bucket");
      const database = env["MALLARD_LAKE_CATALOG"]?.split("/").at(-1);
      const bounds = await sqlOf(
        partsNow(),
        `select count(*) from ducklake_table_column_stats
          where concat(min_value, max_value) ~ 'jo@|jo%40'`,
        database,
      );
      assert.equal(bounds, "0", "nor in the catalog");
      assert.match((await mask()).text, /^Masked 0 texts on 0 days/);
      const verified = await runCommand(folder, "lake", ["verify"], { env, system, loadDuckDb });
      assert.match(verified.text, /^The lake is sound: .* 12 events/);
      const counts = "select site_id, count(*) from lake.events group by 1 order by 1";
      assert.deepEqual(await plainRows(partsNow(), env, counts), SITES.map((site) => [site, 4]));
    } finally {
      await storage.close();
    }
  },
);
