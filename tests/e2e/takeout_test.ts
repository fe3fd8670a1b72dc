// A takeout, imported into an empty folder, is the same server: its answers are equal to the byte.
import assert from "node:assert/strict";
import { fromSource, runToEnd } from "../../scripts/server_process.ts";
import { CHECKSUMS } from "../../src/storage/backup/takeout.ts";
import { Sqlite } from "../../src/storage/state/sqlite.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const SITE = "/api/sites/example.com";
const RANGE = "site_id=example.com&start_date=2024-01-01&end_date=2024-01-20";
const ASKED = [
  ...["/api/sites", SITE, `${SITE}/goals`, `${SITE}/segments`, `${SITE}/funnels`],
  ...[`${SITE}/annotations`, `${SITE}/queries`, `${SITE}/path-rules`],
  ...["main", "timeseries", "breakdown/pages", "breakdown/sources", "breakdown/countries"]
    .map((name) => `/api/stats/${name}?${RANGE}`),
];

async function answersOf(url: string): Promise<string[]> {
  return await Promise.all(ASKED.map(async (path) => {
    const answer = await fetch(`${url}${path}`);
    assert.equal(answer.status, 200, `${path} ${await answer.clone().text()}`);
    return `${path} ${await answer.text()}`;
  }));
}

async function fill(url: string): Promise<void> {
  const send = async (method: string, path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path} ${await answer.text()}`);
  };
  const lines = Array.from({ length: 300 }, (_, n) =>
    JSON.stringify({
      d: "example.com",
      n: n % 7 === 0 ? "Signup" : "pageview",
      u: `https://example.com/page/${n % 11}`,
      r: n % 5 === 0 ? "https://news.example/" : undefined,
      ip: `198.51.100.${n % 20}`,
      at: Date.UTC(2024, 0, 1 + n % 15, n % 24, n % 60),
    }));
  const body = lines.join("\n");
  const headers = { "content-type": "application/x-ndjson" };
  const taken = await fetch(`${url}/api/import`, { method: "POST", headers, body });
  assert.equal((await taken.json()).accepted, 300);
  await send("PATCH", SITE, { visit_timeout_minutes: 45, aliases: ["www.example.com"] });
  await send("POST", `${SITE}/goals`, { name: "Signup", event: "Signup" });
  await send("POST", `${SITE}/annotations`, { date: "2024-01-05", text: "Launch" });
  await send("POST", `${SITE}/queries`, { name: "Days", query: "select\n  1" });
  await send("POST", "/api/keys", { name: "Grafana", scope: "ReadOnly" });
}

Deno.test("a takeout, imported, answers as its server did, and has no secret", async () => {
  await withFolder(async (folder) => {
    const [live, out, again] = ["live", "out", "again"].map((name) => `${folder}/${name}`);
    if (!live || !out || !again) throw new Error("no folders");
    const run = (dataDir: string, ...args: string[]) =>
      runToEnd(fromSource(), args, { cwd: folder, env: { MALLARD_DATA_DIR: dataDir } });
    const server = await startReady(live, {});
    await fill(server.url);
    const expected = await answersOf(server.url);
    const salt = "5a17".repeat(16);
    const db = Sqlite.openWriter(`${live}/mallard.sqlite`);
    db.run("insert into facts values ('visitor_salts_30', ?)", salt);
    const [key] = db.all("select key_hash from api_keys");
    db.close();
    const made = await run(live, "takeout", out);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^Took out 300 events/);
    assert.match((await run(live, "takeout", out)).stderr, /it exists; remove it, or name another/);
    const packed = await run(live, "takeout", `${out}.tar`);
    assert.equal(packed.code, 0, packed.stderr);
    assert.match((await run(live, "takeout", `${out}.tar`)).stderr, /it exists/);
    assert.equal(await server.stop(), 0);
    const content = new TextDecoder("latin1").decode(await Deno.readFile(`${out}/mallard.sqlite`));
    for (const secret of [salt, String(key?.["key_hash"])]) assert.ok(!content.includes(secret));
    assert.match(await Deno.readTextFile(`${out}/${CHECKSUMS}`), / {2}mallard\.sqlite\n/);
    await refusesChange(out, () => run(again, "import", out));
    // The folder is imported below, where its making was killed.
    const imported = await run(again, "import", `${out}.tar`);
    assert.equal(imported.code, 0, imported.stderr);
    assert.match((await run(again, "import", out)).stderr, /it is not empty/);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assert.deepEqual(names, ["again", "live", "out", "out.tar"]);
    const same = await startReady(again, {});
    try {
      assert.deepEqual(await answersOf(same.url), expected);
      const keys = await (await fetch(`${same.url}/api/keys`)).text();
      assert.ok(!keys.includes(String(key?.["key_hash"])));
    } finally {
      assert.equal(await same.stop(), 0);
    }
    await isWholeOrHalf(live, `${folder}/killed`, (path) => run(`${folder}/new`, "import", path));
  });
});

/** Each kind of file is refused by its name after one of its bytes changed. */
async function refusesChange(
  out: string,
  importIt: () => Promise<{ code: number; stderr: string }>,
): Promise<void> {
  for (const name of ["mallard.sqlite", "settings.json"]) {
    const whole = await Deno.readFile(`${out}/${name}`);
    const changed = whole.slice();
    changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1;
    await Deno.writeFile(`${out}/${name}`, changed);
    const { code, stderr } = await importIt();
    assert.equal(code, 1);
    assert.ok(stderr.includes(`: ${name}: its content has changed`), stderr);
    await Deno.writeFile(`${out}/${name}`, whole);
  }
}

/** What a kill leaves is no takeout, or says that it is half, or is whole. */
async function isWholeOrHalf(
  dataDir: string,
  target: string,
  importIt: (path: string) => Promise<{ code: number; stderr: string }>,
): Promise<void> {
  const { command, args, env } = fromSource();
  const child = new Deno.Command(command, {
    args: [...args, "takeout", target],
    clearEnv: true,
    env: { ...env, MALLARD_DATA_DIR: dataDir },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const exists = (path: string) => Deno.stat(path).then(() => true, () => false);
  let hasEnded = false;
  const output = child.status.finally(() => hasEnded = true);
  await until(
    async () => hasEnded || await exists(`${target}.partial/generations`),
    "the takeout has begun",
  );
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  await output;
  if (await exists(target)) return assert.ok(await exists(`${target}/${CHECKSUMS}`));
  const { code, stderr } = await importIt(`${target}.partial`);
  assert.equal(code, 1);
  assert.match(stderr, /the takeout was not finished|it is missing|name the site/);
}
