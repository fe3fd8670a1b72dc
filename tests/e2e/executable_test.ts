// The one file a server needs, as its owner meets it: alone in an empty folder, with an empty
// home, an empty environment, and no checkout in sight.
import assert from "node:assert/strict";
import { compile } from "../../scripts/compile/compile.ts";
import { NoCompileRuntime } from "../../scripts/compile/runtime.ts";
import { outputOf } from "../../scripts/lib.ts";
import {
  fromExecutable,
  type Program,
  runToEnd,
  ServerProcess,
} from "../../scripts/server_process.ts";

const USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 " +
  "(KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const MEBIBYTE = 1024 * 1024;

const executable = await compile().catch((error) => {
  if (!(error instanceof NoCompileRuntime)) throw error;
  console.log(`Skipping the tests of the executable: ${error.message}`);
  return null;
});

/** Registers a test that gets a copy of the executable in its own folder. */
function executableTest(name: string, run: (program: Program, folder: string) => Promise<void>) {
  Deno.test({
    name,
    ignore: executable === null,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "mallard_executable_" });
      try {
        for (const part of ["bin", "home", "empty"]) await Deno.mkdir(`${folder}/${part}`);
        const path = `${folder}/bin/mallard`;
        await Deno.copyFile(executable?.path ?? "", path);
        await run(fromExecutable(path, `${folder}/home`), folder);
        assert.deepEqual([...Deno.readDirSync(`${folder}/home`)], [], "the home stays empty");
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

async function run(command: string, ...args: string[]): Promise<boolean> {
  const done = await outputOf(command, { args, stderr: "null" });
  return done?.success ?? false;
}

async function send(server: ServerProcess, path: string): Promise<number> {
  const response = await fetch(`${server.url}/api/event`, {
    method: "POST",
    headers: { "user-agent": USER_AGENT, "x-forwarded-for": "8.8.8.8" },
    body: JSON.stringify({ d: "example.com", n: "pageview", u: `https://example.com${path}` }),
  });
  assert.equal(await response.text(), "");
  return response.status;
}

async function get(server: ServerProcess, path: string) {
  const response = await fetch(server.url + path);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function stats(server: ServerProcess, report: string) {
  const { status, text } = await get(server, `/api/stats/${report}?site_id=example.com&period=7d`);
  assert.equal(status, 200, text);
  return JSON.parse(text);
}

executableTest("The executable prints its version and its usage", async (program, folder) => {
  const cwd = `${folder}/empty`;
  const version = await runToEnd(program, ["--version"], { cwd });
  assert.match(version.stdout, /^mallard \d+\.\d+\.\d+\n$/);
  assert.equal(version.code, 0);
  const help = await runToEnd(program, ["--help"], { cwd });
  assert.match(help.stdout, /Usage:[^]*mallard config list/);
  assert.equal(help.code, 0);
  const settings = await runToEnd(program, ["config", "list"], { cwd });
  assert.match(settings.stdout, /MALLARD_NATIVE_DIR/);
  assert.equal(settings.code, 0);
  assert.deepEqual([...Deno.readDirSync(cwd)], []);
});

executableTest("The executable refuses a bad setting in one line", async (program, folder) => {
  const cwd = `${folder}/empty`;
  const { code, stdout, stderr } = await runToEnd(program, [], {
    cwd,
    env: { MALLARD_PORT: "eighty" },
  });
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^[^\n]*port[^\n]*eighty[^\n]*\n$/);
  assert.deepEqual([...Deno.readDirSync(cwd)], []);
});

executableTest("The executable counts, stops, starts and still has it", async (program, folder) => {
  const options = { dataDir: `${folder}/data`, cwd: `${folder}/empty` };
  let server = await ServerProcess.start(program, options).ready();
  assert.equal(await send(server, "/"), 202);
  assert.equal(await send(server, "/pricing"), 202);
  const page = await get(server, "/");
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-type") ?? "", /^text\/html/);
  for (const [, path = ""] of page.text.matchAll(/(?:src|href)="(?!https?:|#)([^"]+)"/g)) {
    const asset = await get(server, new URL(path, "http://localhost/").pathname);
    assert.equal(asset.status, 200, path);
  }
  assert.match((await get(server, "/mallard.js")).text, /data-domain|dataset/);
  const before = await stats(server, "main");
  assert.equal(before.total_pageviews, 2);
  assert.deepEqual(
    (await stats(server, "breakdown/countries")).map((row: { value: string }) => row.value),
    ["US"],
  );
  assert.equal(await server.stop(), 0, server.output);

  server = await ServerProcess.start(program, options).ready();
  assert.deepEqual(await stats(server, "main"), before);
  assert.equal(await send(server, "/"), 202);
  assert.equal((await stats(server, "main")).total_pageviews, 3);
  assert.equal(await server.stop(), 0, server.output);
  assert.doesNotMatch(server.output, /ERROR|rror:|\bat file:/);
  assert.deepEqual([...Deno.readDirSync(options.cwd)], []);
});

executableTest("The executable hashes passwords in its own thread", async (program, folder) => {
  const options = { dataDir: `${folder}/data`, env: { MALLARD_ADMIN_PASSWORD: "correct horse" } };
  await Deno.mkdir(options.dataDir);
  const server = await ServerProcess.start(program, options).ready();
  const login = async (password: string) => {
    const response = await fetch(`${server.url}/api/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ password }),
    });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await login("wrong horse"), 401);
  assert.equal(await login("correct horse"), 200);
  assert.equal(await server.stop(), 0, server.output);
});

executableTest("The executable unpacks its library once, and again when it is damaged", async (
  program,
  folder,
) => {
  const native = `${folder}/native`;
  const options = { dataDir: `${folder}/data`, cwd: folder, env: { MALLARD_NATIVE_DIR: native } };
  const library = () => {
    const [version] = [...Deno.readDirSync(native)];
    return `${native}/${version?.name}/libduckdb.so`;
  };
  const once = async () => {
    const server = await ServerProcess.start(program, options).ready();
    assert.equal(await server.stop(), 0, server.output);
    return (await Deno.stat(library())).ino;
  };
  const first = await once();
  assert.equal(await once(), first, "an intact copy is used as it is");
  const whole = await Deno.readFile(library());
  await Deno.remove(library());
  await Deno.writeFile(library(), whole.subarray(0, MEBIBYTE));
  await once();
  assert.deepEqual(await Deno.readFile(library()), whole);
});

executableTest(
  "The executable names the setting when it cannot unpack",
  async (program, folder) => {
    const blocked = `${folder}/blocked`;
    await Deno.writeTextFile(blocked, "a file where the folder should be");
    const { code, stderr } = await runToEnd(program, [], {
      cwd: folder,
      env: { MALLARD_PORT: "0", MALLARD_DATA_DIR: `${folder}/data`, MALLARD_NATIVE_DIR: blocked },
    });
    assert.equal(code, 1);
    const told = stderr.split("\n").filter((line) => line.startsWith("mallard: "));
    assert.equal(told.length, 1, stderr);
    assert.match(told[0] ?? "", /Cannot unpack DuckDB's library.*MALLARD_NATIVE_DIR/);
  },
);

executableTest("The executable names the setting on a disk without programs", async (
  program,
  folder,
) => {
  const native = `${folder}/native`;
  await Deno.mkdir(native);
  if (!await run("mount", "-t", "tmpfs", "-o", "noexec,size=100m", "tmpfs", native)) {
    return console.log("Skipping a disk without programs: none can be mounted here");
  }
  try {
    const { code, stderr } = await runToEnd(program, [], {
      cwd: folder,
      env: { MALLARD_PORT: "0", MALLARD_DATA_DIR: `${folder}/data`, MALLARD_NATIVE_DIR: native },
    });
    assert.equal(code, 1);
    assert.match(stderr, /^mallard: Cannot load DuckDB's library.*MALLARD_NATIVE_DIR/m);
  } finally {
    await run("umount", native);
  }
});

executableTest("Three executables may unpack at once", async (program, folder) => {
  const env = { MALLARD_NATIVE_DIR: `${folder}/native` };
  const servers = ["one", "two", "three"].map((name) =>
    ServerProcess.start(program, { dataDir: `${folder}/${name}`, cwd: folder, env })
  );
  await Promise.all(servers.map((server) => server.ready()));
  for (const server of servers) assert.equal(await server.stop(), 0, server.output);
});

Deno.test({
  name: "The executable is no larger than it was",
  ignore: executable === null,
  fn() {
    const megabytes = (executable?.bytes ?? 0) / 1e6;
    assert.ok(megabytes < 140, `it has ${megabytes.toFixed(1)} MB: see what compile.ts adds`);
  },
});
