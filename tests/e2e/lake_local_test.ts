// A folder of a server over a lake whose settings name no lake for a while: nothing is taken,
// changed or lost there, and commands say which copy counts.
import assert from "node:assert/strict";
import { startPostgres, stopPostgres } from "../../scripts/lake/parts.ts";
import { plainRows } from "../../scripts/lake/plain.ts";
import { fromSource, runToEnd, ServerProcess } from "../../scripts/server_process.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { resetPassword } from "../support/server/reset_password.ts";

const SITE = "there.example";
const PASSWORD = "a long password of the lake";
const OTHER = "another long password";
const partsNow = partsOfFile();

async function send(url: string, page: string): Promise<void> {
  const response = await fetch(`${url}/api/event`, {
    method: "POST",
    headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101" },
    body: JSON.stringify({ name: "pageview", url: `https://${SITE}${page}`, domain: SITE }),
  });
  assert.equal(response.status, 202, await response.text());
}

/** Logs in; the status of the answer. */
async function login(url: string, password: string): Promise<number> {
  const response = await fetch(`${url}/api/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify({ password }),
  });
  await response.body?.cancel();
  return response.status;
}

lakeTest(
  "a folder of a lake is not used as a local one, and goes on over the lake as it was",
  partsNow,
  async (env, folder) => {
    const dataDir = `${folder}/data`;
    await Deno.mkdir(dataDir);
    const own = { MALLARD_DATA_DIR: dataDir, MALLARD_NODE_NAME: "one" };
    const lake = { ...env, ...own, MALLARD_STORAGE: "lake", MALLARD_LAKE_FLUSH_INTERVAL: "3600" };
    const local = { ...own, MALLARD_STORAGE: "local" };
    const start = async (settings: Readonly<Record<string, string>>) =>
      await ServerProcess.start(fromSource(), { dataDir, env: settings }).ready();
    const command = (settings: Readonly<Record<string, string>>, ...args: readonly string[]) =>
      runToEnd(fromSource(), args, { cwd: dataDir, env: settings });

    let server = await start(lake);
    await resetPassword(lake, PASSWORD);
    for (const page of ["/1", "/2", "/3"]) await send(server.url, page);
    assert.equal(await server.stop(), 0, server.output);
    server = await start(lake);
    for (const page of ["/4", "/5"]) await send(server.url, page);
    await server.kill();

    // What is refused without the settings of the lake, and says why.
    const IN_LAKE = /its events are in a lake, which a server reads with storage = "lake"/;
    const OVER_LAKE = /is of a server over a lake, whose PostgreSQL has what counts; set storage/;
    assert.match((await command(local, "lake", "import")).stderr, IN_LAKE);
    const listed = await command(local, "imports", "list");
    assert.equal(listed.code, 1);
    assert.match(listed.stderr, OVER_LAKE);
    const found = await command(local, "doctor");
    assert.match(found.stdout, /store.*is of a server over a lake: what it has of settings is a/);
    await assert.rejects(start(local), IN_LAKE);
    await stopPostgres(partsNow(), "fast");
    try {
      await assert.rejects(start(local), IN_LAKE);
      await assert.rejects(resetPassword(local, OTHER), OVER_LAKE);
      // Without PostgreSQL it goes on with what it knew.
      server = await start(lake);
      assert.equal(await login(server.url, OTHER), 401);
      assert.equal(await login(server.url, PASSWORD), 200);
      await send(server.url, "/6");
    } finally {
      await startPostgres(partsNow());
    }
    assert.equal(await server.stop(), 0, server.output);
    server = await start(lake);
    assert.equal(await login(server.url, PASSWORD), 200);
    assert.equal(await server.stop(), 0, server.output);
    const rows = await plainRows(
      partsNow(),
      env,
      "select pathname, count(*) from lake.events group by all order by all",
    );
    assert.deepEqual(rows, ["/1", "/2", "/3", "/4", "/5", "/6"].map((page) => [page, 1]));
  },
);
