// Imports of other programs' data into a lake: every report answers as it does over local files, on
// every server; any of them can undo an import; after kills each event is there once.
import assert from "node:assert/strict";
import { fromSource, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import { plainRows } from "../../scripts/lake/plain.ts";
import { seededRandom } from "../support/fake_system.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import {
  type Answers,
  answersOf,
  declare,
  imported,
  reaches,
  undone,
  withoutDigits,
} from "../support/server/import_answers.ts";
import { startReady } from "../support/server/ready_server.ts";
import { SUM_FILES } from "../support/sources/sum_files.ts";
import { VIEW_FILES } from "../support/sources/views.ts";
import {
  datesFrom,
  plausibleTables,
  plausibleZip,
  sumOf,
} from "../support/storage/plausible_export.ts";
import { until } from "../support/wait.ts";

const partsNow = partsOfFile();
/** `MALLARD_TEST_KILLS` does more. */
const KILLS = Number(Deno.env.get("MALLARD_TEST_KILLS") ?? "3");

const overLake = (env: Readonly<Record<string, string>>, node: string) => ({
  ...env,
  MALLARD_STORAGE: "lake",
  MALLARD_NODE_NAME: node,
  MALLARD_HOT_PEERS: "1",
});

/** Answers without what only one of several servers says. */
function alone(answers: Answers): Answers {
  return Object.fromEntries(
    Object.entries(answers).map(([name, text]) => [
      name,
      text.replace(/,?"behind_since":"[^"]*"/, "").replace("{,", "{"),
    ]),
  );
}

lakeTest(
  "imports into a lake answer as over local files, on every server, and any undoes them",
  partsNow,
  async (env, folder) => {
    for (const name of ["local", "one", "two"]) await Deno.mkdir(`${folder}/${name}`);
    const tools = Object.entries(VIEW_FILES).slice(0, 3);
    const local = await startReady(`${folder}/local`, {});
    const site = (tool: string) => `${tool}.example`;
    const [first = ""] = tools.map(([tool]) => tool);
    await declare(local.url, site(first));
    const empty = await answersOf(local.url, site(first));
    await imported(local.url, site(first), VIEW_FILES[first] ?? "", "views.txt");
    const wanted = withoutDigits(await answersOf(local.url, site(first)));
    assert.equal(await local.stop(), 0);

    const one = await startReady(`${folder}/one`, overLake(env, "one"));
    const ids = new Map<string, string>();
    for (const [tool, text] of tools) {
      await declare(one.url, site(tool));
      assert.deepEqual(await answersOf(one.url, site(tool)), empty, `${tool}, before`);
      ids.set(tool, await imported(one.url, site(tool), text, "views.txt"));
      assert.deepEqual(withoutDigits(await answersOf(one.url, site(tool))), wanted, tool);
    }

    const two = await startReady(`${folder}/two`, overLake(env, "two"));
    const list = async (url: string) => await (await fetch(`${url}/api/imports`)).json();
    assert.deepEqual(await list(two.url), await list(one.url));
    const again = await fetch(`${two.url}/api/imports?site_id=${site(first)}&name=views.txt`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: VIEW_FILES[first] ?? "",
    });
    const repeated = await again.json();
    assert.deepEqual([repeated.id, repeated.repeated], [ids.get(first), true]);
    for (const [tool] of tools) {
      const answers = alone(await answersOf(two.url, site(tool)));
      assert.deepEqual(withoutDigits(answers), wanted, `${tool}, on the other server`);
      await undone(two.url, ids.get(tool) ?? "", tool);
      assert.deepEqual(alone(await answersOf(two.url, site(tool))), empty, `${tool}, undone`);
      await reaches(one.url, ids.get(tool) ?? "", "undone", tool);
    }
    for (const [tool] of tools) {
      await until(
        async () =>
          JSON.stringify(alone(await answersOf(one.url, site(tool)))) === JSON.stringify(empty),
        `${tool} is undone on the first server`,
      );
    }
    assert.equal(await one.stop(), 0);
    assert.equal(await two.stop(), 0);
    const left = await plainRows(partsNow(), env, "select count(*) from lake.events");
    assert.deepEqual(left, [[0]]);
  },
);

/** Answers without the id of an import. */
function withoutId(answers: Answers, id: string): Answers {
  return Object.fromEntries(
    Object.entries(alone(answers)).map(([name, text]) => [name, text.replaceAll(id, "IMPORT")]),
  );
}

lakeTest(
  "sums of days in a lake answer as over local files, on every server, and any undoes them",
  partsNow,
  async (env, folder) => {
    for (const name of ["local", "one", "two"]) await Deno.mkdir(`${folder}/${name}`);
    const site = (tool: string) => `${tool}.example`;
    const local = await startReady(`${folder}/local`, {});
    const wanted = new Map<string, Answers>();
    const empty = new Map<string, Answers>();
    for (const [tool, [name, body]] of Object.entries(SUM_FILES)) {
      await declare(local.url, site(tool));
      empty.set(tool, await answersOf(local.url, site(tool)));
      const id = await imported(local.url, site(tool), body, name);
      wanted.set(tool, withoutId(await answersOf(local.url, site(tool)), id));
      assert.notDeepEqual(wanted.get(tool), empty.get(tool), tool);
    }
    assert.equal(await local.stop(), 0);

    const one = await startReady(`${folder}/one`, overLake(env, "one"));
    const running = await startReady(`${folder}/two`, overLake(env, "two"));
    const ids = new Map<string, string>();
    for (const [tool, [name, body]] of Object.entries(SUM_FILES)) {
      await declare(one.url, site(tool));
      const id = await imported(one.url, site(tool), body, name);
      ids.set(tool, id);
      const answers = withoutId(await answersOf(one.url, site(tool)), id);
      assert.deepEqual(answers, wanted.get(tool), tool);
      await until(
        async () =>
          JSON.stringify(withoutId(await answersOf(running.url, site(tool)), id)) ===
            JSON.stringify(wanted.get(tool)),
        `${tool} is at the other server`,
      );
    }
    assert.equal(await running.stop(), 0);
    const two = await startReady(`${folder}/two`, overLake(env, "two"));
    for (const [tool, id] of ids) {
      const answers = withoutId(await answersOf(two.url, site(tool)), id);
      assert.deepEqual(answers, wanted.get(tool), `${tool}, after a start`);
      await undone(two.url, id, tool);
      assert.deepEqual(alone(await answersOf(two.url, site(tool))), empty.get(tool), tool);
      await until(
        async () =>
          JSON.stringify(alone(await answersOf(one.url, site(tool)))) ===
            JSON.stringify(empty.get(tool)),
        `${tool} is undone on the first server`,
      );
    }
    assert.equal(await one.stop(), 0);
    assert.equal(await two.stop(), 0);
  },
);

/** A seed of kills, which a failure can be had again with. */
function seedOfKills(): number {
  const seed = Number(Deno.env.get("MALLARD_TEST_SEED") ?? Date.now() % 1e9);
  console.log(`Kills by seed ${seed}`);
  return seed;
}

/**
 * Imports a file into a lake by a server that is killed and started again meanwhile; resolves when
 * it is done. `options` are those of commands beside that server.
 */
async function importKilled(
  env: Readonly<Record<string, string>>,
  folder: string,
  seed: number,
  { name, body, pauseMs: [leastMs, mostMs] }: {
    readonly name: string;
    readonly body: BodyInit;
    readonly pauseMs: readonly [number, number];
  },
) {
  const random = seededRandom(seed);
  const settings = overLake(env, "one");
  const dataDir = `${folder}/one`;
  await Deno.mkdir(dataDir);
  const start = () => ServerProcess.start(fromSource(), { dataDir, env: settings }).ready();
  let server = await start();
  const sent = await fetch(`${server.url}/api/imports?site_id=killed.example&name=${name}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body,
  });
  const { id } = await sent.json();
  for (let kill = 0; kill < KILLS; kill++) {
    const ms = leastMs + (mostMs - leastMs) * (random.bytes(1)[0] ?? 0) / 255;
    await new Promise((resolve) => setTimeout(resolve, ms));
    await server.kill();
    server = await start();
  }
  await reaches(server.url, id, "done", "after kills");
  const options = { cwd: folder, env: { ...settings, MALLARD_DATA_DIR: dataDir } };
  return { server, id, options };
}

lakeTest("an import of sums into a lake that is killed brings each day once", partsNow, async (
  env,
  folder,
) => {
  const seed = seedOfKills();
  const dates = datesFrom("2022-01-01", 500);
  const tables = plausibleTables(dates, seed);
  const { server, id, options } = await importKilled(env, folder, seed, {
    name: "export.zip",
    body: plausibleZip(tables),
    pauseMs: [300, 4000],
  });
  const range = "site_id=killed.example&start_date=2022-01-01&end_date=2023-12-31";
  const main = await (await fetch(`${server.url}/api/stats/main?${range}`)).json();
  assert.equal(main.total_pageviews, sumOf(tables["visitors"], "pageviews"));
  const asked = await fetch(
    `${server.url}/api/stats/query?${range}&metrics=pageviews&dimensions=page`,
  );
  const byPage = new Map<string, number>(
    (await asked.json()).results.map((
      { dimensions, metrics }: { dimensions: string[]; metrics: { pageviews: number } },
    ) => [dimensions[0], metrics.pageviews]),
  );
  for (const page of ["/", "/docs"]) {
    const keep = (row: Readonly<Record<string, unknown>>) => row["page"] === page;
    assert.equal(byPage.get(page), sumOf(tables["pages"], "pageviews", keep), page);
  }
  const verified = await runToEnd(fromSource(), ["lake", "verify"], options);
  assert.match(verified.stdout, /The lake is sound: .*, 500 days of sums\n$/, verified.stderr);
  const listed = await runToEnd(fromSource(), ["imports", "undo", id], options);
  assert.match(listed.stdout, /undone/, listed.stderr);
  const after = await (await fetch(`${server.url}/api/stats/main?${range}`)).json();
  assert.equal(after.total_pageviews, 0);
  assert.equal(await server.stop(), 0);
});

const DAYS = 40;
const ROWS = 25 * DAYS;

/** Rows of GoatCounter's export, some of each day. */
function goatCounterExport(): string {
  const lines = [
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme," +
    "Screen size,Location,FirstVisit,Date",
  ];
  for (let n = 0; n < ROWS; n++) {
    const at = new Date(Date.UTC(2024, 0, 1 + n % DAYS, 9, n % 60, n % 50)).toISOString();
    lines.push(`/page/${n % 7},T,false,,Firefox 120,Linux,s${n % 91},0,,,"1280,720,1",DE,0,${at}`);
  }
  return lines.join("\n") + "\n";
}

lakeTest("an import into a lake that is killed brings each event once", partsNow, async (
  env,
  folder,
) => {
  const { server, id, options } = await importKilled(env, folder, seedOfKills(), {
    name: "g.csv",
    body: goatCounterExport(),
    pauseMs: [500, 6000],
  });
  const once = "select count(*), count(distinct (timestamp, visitor_id, pathname)), " +
    "count(distinct date) from lake.events where site_id = 'killed.example'";
  assert.deepEqual(await plainRows(partsNow(), env, once), [[ROWS, ROWS, DAYS]]);
  const answer = await fetch(
    `${server.url}/api/stats/main?site_id=killed.example&start_date=2024-01-01&end_date=2024-02-20`,
  );
  assert.equal((await answer.json()).total_pageviews, ROWS);
  const listed = await runToEnd(fromSource(), ["imports", "undo", id], options);
  assert.match(listed.stdout, /undone/, listed.stderr);
  assert.deepEqual(await plainRows(partsNow(), env, once), [[0, 0, 0]]);
  assert.equal(await server.stop(), 0);
  assert.deepEqual([...Deno.readDirSync(`${options.env.MALLARD_DATA_DIR}/imports`)], []);
});
