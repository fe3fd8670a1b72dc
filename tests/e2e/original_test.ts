// The move from the original program: the folder, the settings file, the environment and the keys
// that it left are used as they are, and counts go on. The folder is made here by DuckDB alone.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { openDuckDb } from "../support/storage/duckdb.ts";
import { storedRows } from "../support/storage/data_dir.ts";
import { withFolder } from "../support/storage/storage.ts";

const SITE = "example.com";
const SECRET = "the original's own secret";
const KEY = `mm_${"4".repeat(32)}`;
const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0";
const DAYS = ["2024-01-14", "2024-01-15", "2024-01-16"];

/** The columns of the original, and no later ones. */
const COLUMNS = `
  '${SITE}' as site_id, sha256('v' || i % 2) as visitor_id,
  timestamp 'DATE 10:00:00' + to_minutes(i) as timestamp, 'pageview' as event_name,
  '/p' || i as pathname, '${SITE}' as hostname, 'https://news.ycombinator.com/' as referrer,
  'Hacker News' as referrer_source, null::varchar as utm_source, null::varchar as utm_medium,
  null::varchar as utm_campaign, null::varchar as utm_content, null::varchar as utm_term,
  'Firefox' as browser, '121.0' as browser_version, 'Linux' as os, null::varchar as os_version,
  'desktop' as device_type, '1920' as screen_size, 'DE' as country_code,
  null::varchar as region, null::varchar as city, null::varchar as props,
  12.50::decimal(12, 2) as revenue_amount, 'EUR' as revenue_currency`;

const TOML = `host = "127.0.0.1"
port = PORT
data_dir = "metrics-data"
site_ids = ["${SITE}"]
filter_bots = false
retention_days = 0
cache_ttl_secs = 0

[privacy]
suppress_browser_version = true
`;

/** A data folder as the original left it: three days of three events each, in two tiers. */
async function leave(folder: string): Promise<void> {
  const dataDir = `${folder}/metrics-data`;
  const duckdb = await openDuckDb();
  try {
    for (const date of DAYS) {
      const partition = `${dataDir}/events/site_id=${SITE}/date=${date}`;
      await Deno.mkdir(partition, { recursive: true });
      await duckdb.run(`copy (select ${COLUMNS.replace("DATE", date)} from range(3) t(i))
        to '${partition}/0001.parquet' (format parquet, compression zstd)`);
    }
    await duckdb.run(`attach '${dataDir}/mallard.duckdb' as original`);
    await duckdb.run(`create table original.events as
      select ${COLUMNS.replace("DATE", "2024-01-17")} from range(3) t(i)`);
    await duckdb.run("detach original");
  } finally {
    duckdb.close();
  }
  await Deno.writeTextFile(`${dataDir}/.secret`, SECRET);
  await Deno.writeTextFile(
    `${dataDir}/api_keys.json`,
    JSON.stringify([{
      key_hash: createHash("sha256").update(KEY).digest("hex"),
      name: "Grafana",
      scope: "ReadOnly",
      created_at: "2024-01-15T10:00:00Z",
      revoked: false,
    }]),
  );
}

/** The id that the original gives a visitor on a day. */
function visitorId(date: string): string {
  const hmac = (key: string, text: string) => createHmac("sha256", key).update(text).digest("hex");
  return hmac(hmac("mallard-metrics-salt", `${SECRET}:${date}`), `203.0.113.7|${BROWSER}`);
}

/** Starts the program as the original was: the file first, the rest from the environment. */
async function start(folder: string): Promise<ServerProcess> {
  const own = fromSource();
  const program = { ...own, args: [...own.args, "mallard-metrics.toml"] };
  const env = {
    MALLARD_DATA_DIR: "", // Empty counts as unset: the file names it.
    MALLARD_ADMIN_PASSWORD: "correct horse",
    MALLARD_FLUSH_COUNT: "1",
    MALLARD_SESSION_TTL: "3600",
  };
  const server = ServerProcess.start(program, { dataDir: folder, cwd: folder, env });
  const { port } = new URL(server.url);
  await Deno.writeTextFile(`${folder}/mallard-metrics.toml`, TOML.replace("PORT", port));
  return server;
}

Deno.test("what the original left is served as it is, twice, and counts go on", async () => {
  await withFolder(async (folder) => {
    await leave(folder);
    const port = "8000";
    await Deno.writeTextFile(`${folder}/mallard-metrics.toml`, TOML.replace("PORT", port));
    for (const run of [1, 2]) {
      const server = await (await start(folder)).ready();
      try {
        const path = `/api/stats/main?site_id=${SITE}&start_date=2024-01-01&end_date=2024-02-01`;
        assert.equal((await fetch(server.url + path)).status, 401, "the password is set");
        const asked = await fetch(server.url + path, { headers: { "x-api-key": KEY } });
        const { total_pageviews, unique_visitors, bounce_rate } = await asked.json();
        assert.deepEqual([total_pageviews, unique_visitors, bounce_rate], [12, 2, 0.5]);
        const headers = { "user-agent": BROWSER, "x-forwarded-for": "203.0.113.7" };
        const body = JSON.stringify({ d: SITE, n: "pageview", u: `https://${SITE}/new${run}` });
        const sent = await fetch(`${server.url}/api/event`, { method: "POST", headers, body });
        assert.equal(sent.status, 202);
        const other = JSON.stringify({ d: "other.example", n: "pageview", u: "/" });
        const origin = { ...headers, origin: "https://other.example" };
        const refused = await fetch(`${server.url}/api/event`, {
          method: "POST",
          headers: origin,
          body: other,
        });
        assert.equal(refused.status, 403, "site_ids of the file");
      } finally {
        assert.equal(await server.stop(), 0, server.output);
      }
    }
    const dataDir = `${folder}/metrics-data`;
    const rows = await storedRows(dataDir);
    assert.equal(rows.length, 14);
    for (const { timestamp, visitor_id, browser, browser_version } of rows.slice(12)) {
      assert.equal(visitor_id, visitorId(String(timestamp).slice(0, 10)), "ids continue");
      assert.deepEqual([browser, browser_version], ["Firefox", null], "[privacy] of the file");
    }
    const names = [...Deno.readDirSync(dataDir)].map(({ name }) => name);
    assert.ok(names.includes("mallard.duckdb.taken-over") && !names.includes("mallard.duckdb"));
    assert.equal(await Deno.readTextFile(`${dataDir}/.secret`), SECRET);
  });
});
