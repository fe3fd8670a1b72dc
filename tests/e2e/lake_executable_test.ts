// The compiled executable over a lake: it takes events, answers, stops, and starts again with what
// it had, and plain DuckDB reads the same.
import assert from "node:assert/strict";
import { compile } from "../../scripts/compile/compile.ts";
import { NoCompileRuntime } from "../../scripts/compile/runtime.ts";
import { plainRows } from "../../scripts/lake/plain.ts";
import { fromExecutable, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import { LACKS_LAKE, lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { until } from "../support/wait.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const MAIN = "/api/stats/main?site_id=lake.example&period=day";

const partsNow = partsOfFile();

const executable = LACKS_LAKE ? null : await compile().catch((error) => {
  if (!(error instanceof NoCompileRuntime)) throw error;
  console.log(`Skipping the executable over a lake: ${error.message}`);
  return null;
});

lakeTest("the executable over a lake counts, stops and starts", partsNow, async (env, folder) => {
  if (executable === null) return;
  for (const part of ["home", "data"]) await Deno.mkdir(`${folder}/${part}`);
  const program = fromExecutable(executable.path, `${folder}/home`);
  const settings = { ...env, MALLARD_STORAGE: "lake", MALLARD_LAKE_FLUSH_INTERVAL: "5" };
  const start = () =>
    ServerProcess.start(program, { dataDir: `${folder}/data`, env: settings }).ready();
  const send = async (server: ServerProcess, path: string) => {
    const response = await fetch(`${server.url}/api/event`, {
      method: "POST",
      headers: { "user-agent": BROWSER },
      body: JSON.stringify({ d: "lake.example", n: "pageview", u: `https://lake.example${path}` }),
    });
    assert.equal(response.status, 202, await response.text());
  };
  const ask = async (server: ServerProcess, path: string) =>
    await (await fetch(server.url + path)).json();
  let server = await start();
  try {
    await send(server, "/a");
    await send(server, "/b");
    assert.equal((await ask(server, MAIN)).total_pageviews, 2);
    await until(
      async () => (await ask(server, "/health/detailed")).buffered_events === 0,
      "the flush",
    );
    assert.equal((await ask(server, MAIN)).total_pageviews, 2);
    await send(server, "/c");
    assert.equal(await server.stop(), 0, server.output);

    server = await start();
    await send(server, "/d");
    const { total_pageviews, unique_visitors } = await ask(server, MAIN);
    assert.deepEqual([total_pageviews, unique_visitors], [4, 1]);
  } finally {
    assert.equal(await server.stop(), 0, server.output);
  }
  assert.doesNotMatch(server.output, / ERROR |rror:|\bat file:/);
  assert.deepEqual(
    await plainRows(partsNow(), env, "select pathname from lake.events order by 1"),
    [["/a"], ["/b"], ["/c"], ["/d"]],
  );
  const verified = await runToEnd(program, ["lake", "verify"], {
    cwd: folder,
    env: { ...env, MALLARD_DATA_DIR: `${folder}/data` },
  });
  assert.equal(verified.code, 0, verified.stderr);
  assert.deepEqual([...Deno.readDirSync(`${folder}/home`)], [], "the home stays empty");
});
