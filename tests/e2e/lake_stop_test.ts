// A server over a lake that is stopped while its flush waits for a PostgreSQL that answers nothing:
// it ends in time, closes its files, and the next start brings every event once.
import assert from "node:assert/strict";
import { plainRows } from "../../scripts/lake/plain.ts";
import { fromSource, ServerProcess } from "../../scripts/server_process.ts";
import { whileHanging } from "../support/lake/hanging.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { until } from "../support/wait.ts";

const BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const partsNow = partsOfFile();

async function send({ url }: ServerProcess, page: string): Promise<void> {
  const response = await fetch(`${url}/api/event`, {
    method: "POST",
    headers: { "user-agent": BROWSER },
    body: JSON.stringify({
      name: "pageview",
      url: `https://stop.example${page}`,
      domain: "stop.example",
    }),
  });
  assert.equal(response.status, 202, await response.text());
}

lakeTest(
  "a stop closes all files though a flush hangs beside PostgreSQL",
  partsNow,
  async (env, folder) => {
    const dataDir = `${folder}/data`;
    await Deno.mkdir(dataDir);
    const settings = {
      ...env,
      MALLARD_STORAGE: "lake",
      MALLARD_LAKE_FLUSH_INTERVAL: "5",
      MALLARD_SHUTDOWN_TIMEOUT: "1",
    };
    const start = () => ServerProcess.start(fromSource(), { dataDir, env: settings }).ready();
    const rows = () =>
      plainRows(partsNow(), env, "select pathname from lake.events order by pathname");
    const server = await start();
    await send(server, "/1");
    await until(async () => (await rows()).length === 1, "the first flush");
    await whileHanging(partsNow(), async () => {
      await send(server, "/2");
      // A flush follows each 5 seconds, and a look at the lake.
      await new Promise((resolve) => setTimeout(resolve, 7000));
      await send(server, "/3");
      assert.equal(await server.stop(), 0, server.output);
      assert.match(server.output, /Stopped while the lake did not answer/);
      assert.doesNotMatch(server.output, /while a query was still running|Shutdown failed/);
      // Whoever closes it last removes its log.
      const names = [...Deno.readDirSync(dataDir)].map(({ name }) => name);
      assert.deepEqual(names.filter((name) => /sqlite|pid/.test(name)), ["mallard.sqlite"]);
    });
    const again = await start();
    try {
      await until(async () => (await rows()).length >= 3, "all events");
    } finally {
      assert.equal(await again.stop(), 0, again.output);
    }
    assert.deepEqual(await rows(), [["/1"], ["/2"], ["/3"]]);
    const left = "select count(*) from lake.nodes where not is_retired";
    assert.deepEqual(await plainRows(partsNow(), env, left), [[0]]);
  },
);
