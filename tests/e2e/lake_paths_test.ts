// Stored paths of a lake are rewritten by way of an export: a local server does it, and a new lake
// takes what came of it, with what was collected meanwhile.
import assert from "node:assert/strict";
import { newLake, plainRows } from "../../scripts/lake/plain.ts";
import { fromSource, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { until } from "../support/wait.ts";

const partsNow = partsOfFile();
const SITE = "paths.example";
const PAGES = ["/user/7", "/user/8", "/plain"];
const RULES = { masks: [{ from: "/user/#", to: "/user/:id" }] };
const COUNTS = "select pathname, count(*) from lake.events group by all order by all";

type Settings = Readonly<Record<string, string>>;

async function start(dataDir: string, env: Settings): Promise<ServerProcess> {
  return await ServerProcess.start(fromSource(), { dataDir, env }).ready();
}

async function ask(server: ServerProcess, method: string, path: string, body?: string) {
  const type = path === "/api/import" ? "application/x-ndjson" : "application/json";
  const answer = await fetch(server.url + path, {
    method,
    headers: { "content-type": type },
    ...body === undefined ? {} : { body },
  });
  return { status: answer.status, text: await answer.text() };
}

/** Brings events of two days that are over, each page once a day. */
async function bring(server: ServerProcess, days: readonly string[]): Promise<void> {
  const lines = days.flatMap((day) =>
    PAGES.map((u, n) =>
      JSON.stringify({
        d: SITE,
        n: "pageview",
        u,
        at: `${day}T10:00:0${n}Z`,
        ip: `203.0.113.${n}`,
        ua: "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
      })
    )
  );
  const { status, text } = await ask(server, "POST", "/api/import", lines.join("\n"));
  assert.ok(status < 300, text);
}

/** Rewrites what is stored by the rules of the site, and confirms it. */
async function rewrite(server: ServerProcess): Promise<void> {
  const rules = await ask(
    server,
    "PATCH",
    `/api/sites/${SITE}`,
    JSON.stringify({ path_rules: RULES }),
  );
  assert.equal(rules.status, 200, rules.text);
  const path = `/api/sites/${SITE}/path-rules`;
  const act = (action: string) =>
    ask(server, "POST", `${path}/history`, JSON.stringify({ action }));
  const begun = await act("apply");
  assert.equal(begun.status, 202, begun.text);
  const stateOf = async () => JSON.parse((await ask(server, "GET", path)).text).history?.state;
  await until(async () => await stateOf() === "rewritten", "what is stored is rewritten");
  assert.equal((await act("confirm")).status, 200);
}

lakeTest(
  "stored paths are rewritten by way of an export, which comes into a new lake alone",
  partsNow,
  async (env, folder) => {
    const [one, other] = [`${folder}/one`, `${folder}/other`];
    await Deno.mkdir(one);
    const command = (settings: Settings, ...args: readonly string[]) =>
      runToEnd(fromSource(), args, { cwd: folder, env: settings });

    let server = await start(one, { ...env, MALLARD_STORAGE: "lake" });
    await bring(server, ["2024-01-01", "2024-01-02"]);
    await ask(server, "PATCH", `/api/sites/${SITE}`, JSON.stringify({ path_rules: RULES }));
    const refused = await ask(
      server,
      "POST",
      `/api/sites/${SITE}/path-rules/history`,
      JSON.stringify({ action: "apply" }),
    );
    assert.ok(refused.status >= 400 && refused.status < 500, refused.text);
    assert.equal(await server.stop(), 0, server.output);
    const exported = await command({ ...env, MALLARD_DATA_DIR: one }, "lake", "export", other);
    assert.match(exported.stdout, /^Exported 6 events of 2 partitions /, exported.stderr);

    server = await start(other, {});
    await bring(server, ["2024-01-02", "2024-01-03"]);
    await rewrite(server);
    assert.equal(await server.stop(), 0, server.output);

    const again = await command({ ...env, MALLARD_DATA_DIR: other }, "lake", "import");
    assert.equal(again.code, 1, again.stdout);
    assert.match(
      again.stderr,
      /it was exported from this lake, which would count its events twice/,
    );
    const before = [["/plain", 2], ["/user/7", 2], ["/user/8", 2]];
    assert.deepEqual(await plainRows(partsNow(), env, COUNTS), before);

    const fresh = await newLake(partsNow(), `n${crypto.randomUUID().replaceAll("-", "")}`);
    const imported = await command({ ...fresh, MALLARD_DATA_DIR: other }, "lake", "import");
    assert.match(imported.stdout, /^Imported 12 events of 3 partitions/, imported.stderr);
    const after = [["/plain", 4], ["/user/:id", 8]];
    assert.deepEqual(await plainRows(partsNow(), fresh, COUNTS), after);
    await Deno.rename(`${other}/events`, `${folder}/events of before`);
    server = await start(other, { ...fresh, MALLARD_STORAGE: "lake" });
    await bring(server, ["2024-01-03"]);
    const { text } = await ask(server, "GET", `/api/sites/${SITE}/export?format=csv`);
    const pages = text.trim().split("\n").slice(1).map((line) => line.split(",")[4]).sort();
    assert.deepEqual(pages, [
      ...Array(5).fill("/plain"),
      ...Array(10).fill("/user/:id"),
    ]);
    assert.equal(await server.stop(), 0, server.output);
  },
);
