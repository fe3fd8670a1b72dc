// Imports through the API of a real server, killed at random moments: what is imported is there
// once and whole or not at all; an export of it gives the same answers byte for byte; undoing gives
// back the answers of before.
import assert from "node:assert/strict";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { seededRandom } from "../support/fake_system.ts";
import {
  datesFrom,
  plausibleTables,
  plausibleZip,
  sumOf,
} from "../support/storage/plausible_export.ts";
import { withFolder } from "../support/storage/storage.ts";

const SITE = "example.com";
const DAYS = 40;
const ROWS = 25 * DAYS;
/** `MALLARD_TEST_KILLS` does more. */
const KILLS = Number(Deno.env.get("MALLARD_TEST_KILLS") ?? "2");

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly repeated?: boolean;
  readonly report: {
    readonly error?: string;
    readonly totals?: { readonly events: number; readonly pageviews: number };
  };
}

/** Rows of GoatCounter's export, and the pageviews of each path. */
function goatCounterExport(): { readonly csv: string; readonly pages: Map<string, number> } {
  const pages = new Map<string, number>();
  const lines = [
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme," +
    "Screen size,Location,FirstVisit,Date",
  ];
  for (let n = 0; n < ROWS; n++) {
    const path = `/page/${n % 7}`;
    pages.set(path, (pages.get(path) ?? 0) + 1);
    const at = new Date(Date.UTC(2024, 0, 1 + n % DAYS, 9, n % 60, n % 50)).toISOString();
    lines.push(`${path},T,false,,Firefox 120,Linux,s${n % 91},0,,,"1280,720,1",DE,0,${at}`);
  }
  return { csv: lines.join("\n") + "\n", pages };
}

const REPORTS = [
  "timeseries?interval=day&metrics=visitors,visits,pageviews,bounce_rate,visit_duration",
  "breakdown/pages?limit=20",
  "breakdown/browsers?limit=20",
  "main?",
  "sessions?",
];

/** The answers of a site about a span, as they are. */
async function answersOf(server: ServerProcess, site: string): Promise<string[]> {
  return await Promise.all(REPORTS.map(async (report) => {
    const range = "start_date=2023-12-30&end_date=2024-02-20";
    const answer = await fetch(`${server.url}/api/stats/${report}&site_id=${site}&${range}`);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return text.replaceAll(site, "SITE");
  }));
}

async function upload(server: ServerProcess, site: string, body: BodyInit): Promise<Shown> {
  const answer = await fetch(`${server.url}/api/imports?site_id=${site}&name=export`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body,
  });
  const text = await answer.text();
  assert.equal(answer.status, 202, text);
  return JSON.parse(text);
}

async function find(server: ServerProcess, id: string): Promise<Shown> {
  return await (await fetch(`${server.url}/api/imports/${id}`)).json();
}

/** Waits for the end of an import; rejects when it never comes. */
async function ended(server: ServerProcess, id: string): Promise<Shown> {
  for (const from = performance.now();;) {
    const shown = await find(server, id);
    if (shown.state !== "waiting" && shown.state !== "running") return shown;
    assert.ok(performance.now() - from < 120_000, `never: ${JSON.stringify(shown)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function pageviews(server: ServerProcess, site: string): Promise<number> {
  const query = `site_id=${site}&start_date=2024-01-01&end_date=2024-02-20`;
  const answer = await fetch(`${server.url}/api/stats/breakdown/pages?${query}`);
  if (answer.status === 404) return 0;
  const rows: { pageviews: number }[] = await answer.json();
  return rows.reduce((sum, row) => sum + row.pageviews, 0);
}

async function checkRefusals(server: ServerProcess): Promise<void> {
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${server.url}/api/imports${path}`, init);
    return [answer.status, await answer.text()] as const;
  };
  const headers = { "content-type": "application/octet-stream" };
  const post = { method: "POST", headers, body: "x" };
  assert.equal((await ask(`?site_id=${SITE}`, { ...post, headers: {} }))[0], 415);
  const [status, text] = await ask("?days=some", post);
  assert.equal(status, 400);
  assert.match(text, /site_id: it is missing.*days/s);
  assert.equal((await ask("/none"))[0], 404);
  assert.equal((await ask("/none", { method: "DELETE" }))[0], 404);
  const shown = await upload(server, SITE, "hello");
  const failed = await ended(server, shown.id);
  assert.equal(failed.state, "failed");
  assert.match(String(failed.report.error), /Cannot import export: its first line is "hello"/);
  assert.equal((await ask(`/${shown.id}`, { method: "DELETE" }))[0], 409);
  assert.equal((await ask(`/${shown.id}/rejects`))[0], 404);
}

/** The same of sums of days, which are rows of SQLite: all of them are seen, or none. */
async function checkSums(
  server: ServerProcess,
  start: () => Promise<ServerProcess>,
  random: ReturnType<typeof seededRandom>,
): Promise<ServerProcess> {
  const tables = plausibleTables(datesFrom("2024-01-01", 40));
  const total = sumOf(tables["pages"], "pageviews");
  const before = await answersOf(server, SITE);
  const { id } = await upload(server, SITE, plausibleZip(tables));
  let next = server;
  for (let kill = 0; kill < KILLS; kill++) {
    const [byte = 0] = random.bytes(1);
    await new Promise((resolve) => setTimeout(resolve, byte * 5));
    await next.kill();
    next = await start();
    const there = await pageviews(next, SITE) - 1;
    assert.ok(there === 0 || there === total, `${there} of ${total} after a kill`);
  }
  const shown = await ended(next, id);
  assert.equal(shown.state, "done", shown.report.error);
  assert.equal(await pageviews(next, SITE) - 1, total);
  const undone = await fetch(`${next.url}/api/imports/${id}`, { method: "DELETE" });
  assert.equal(undone.status, 202, await undone.text());
  assert.deepEqual(await answersOf(next, SITE), before);
  return next;
}

Deno.test("A killed server imports all of a file or nothing, and undoes it whole", async () => {
  const random = seededRandom(Math.floor(Date.now() / 86_400_000));
  await withFolder(async (dataDir) => {
    const start = () => ServerProcess.start(fromSource(), { dataDir }).ready();
    let server = await start();
    try {
      const own = { d: SITE, n: "pageview", u: "/own", at: "2024-02-10T10:00:00Z" };
      const sent = await fetch(`${server.url}/api/import`, {
        method: "POST",
        headers: { "content-type": "application/x-ndjson" },
        body: JSON.stringify(own),
      });
      assert.equal(sent.status, 200, await sent.text());
      const before = await answersOf(server, SITE);
      await checkRefusals(server);
      const { csv, pages } = goatCounterExport();
      let shown = await upload(server, SITE, csv);
      for (let kill = 0; kill < KILLS; kill++) {
        const [byte = 0] = random.bytes(1);
        await new Promise((resolve) => setTimeout(resolve, byte * 5));
        await server.kill();
        server = await start();
        const { state } = await find(server, shown.id);
        const there = await pageviews(server, SITE) - 1;
        assert.ok(there === 0 || there === ROWS, `${there} of ${ROWS} after a kill (${state})`);
      }
      shown = await ended(server, shown.id);
      assert.equal(shown.state, "done", shown.report.error);
      assert.deepEqual(shown.report.totals?.events, ROWS);
      const [, breakdown = ""] = await answersOf(server, SITE);
      const found = new Map(
        (JSON.parse(breakdown) as { value: string; pageviews: number }[])
          .map(({ value, pageviews }) => [value, pageviews]),
      );
      assert.deepEqual(found, new Map([...found.keys()].map((at) => [at, pages.get(at) ?? 1])));
      assert.equal(found.size, pages.size + 1);
      const again = await upload(server, SITE, csv);
      assert.deepEqual([again.id, again.repeated], [shown.id, true]);

      // Loss-free: the export of it, imported into another site.
      for (const format of ["parquet", "csv"]) {
        const path = `/api/sites/${SITE}/export?format=${format}`;
        const exported = await (await fetch(server.url + path)).bytes();
        const site = `${format}.example`;
        const copy = await ended(server, (await upload(server, site, exported)).id);
        assert.equal(copy.state, "done", copy.report.error);
        assert.deepEqual(await answersOf(server, site), await answersOf(server, SITE), format);
      }
      const undone = await fetch(`${server.url}/api/imports/${shown.id}`, { method: "DELETE" });
      assert.equal(undone.status, 202, await undone.text());
      assert.deepEqual(await answersOf(server, SITE), before);
      server = await checkSums(server, start, random);
      assert.equal(await server.stop(), 0);
    } finally {
      await server.kill();
    }
  });
});
