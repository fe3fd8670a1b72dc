// Commands beside a running server, which they ask through the socket of DATA_DIR, and commands
// that need no settings.
import assert from "node:assert/strict";
import { fromSource, runToEnd } from "../../scripts/server_process.ts";
import { runCommand } from "../support/command.ts";
import { startReady } from "../support/server/ready_server.ts";
import { withFolder } from "../support/storage/storage.ts";

Deno.test("keys and sites are managed beside a server that has a password", async () => {
  await withFolder(async (folder) => {
    const env = { MALLARD_ADMIN_PASSWORD: "correct horse", MALLARD_BASE_PATH: "/stats" };
    const dataDir = `${folder}/data`;
    const run = async (name: "keys" | "sites", args: readonly string[], options = {}) =>
      (await runCommand(dataDir, name, args, { env, options })).text;
    await assert.rejects(
      run("keys", ["create", "too early"]),
      /^Error: Cannot create the key: no server answers on .*data;/,
    );
    const server = await startReady(dataDir, { ...env, MALLARD_SITE_IDS: "example.com" });
    try {
      // As a process, too: the rights that the program is started with allow the socket.
      const made = await runToEnd(fromSource(), ["keys", "create", "Grafana", "--scope", "Admin"], {
        cwd: folder,
        env: { ...env, MALLARD_DATA_DIR: dataDir },
      });
      assert.match(made.stdout, /^mm_[0-9a-f]{32}\n$/, made.stderr);
      const headers = { authorization: `Bearer ${made.stdout.trim()}` };
      const ask = async () => {
        const response = await fetch(`${server.url}/api/keys`, { headers });
        await response.body?.cancel();
        return response.status;
      };
      assert.equal(await ask(), 200, "the key works over the network");
      const listed: readonly { key_hash: string; name: string }[] = JSON.parse(
        await run("keys", ["list"], { json: true }),
      );
      assert.deepEqual(listed.map(({ name }) => name), ["Grafana"]);
      const start = listed[0]?.key_hash.slice(0, 12) ?? "";
      assert.match(await run("keys", []), new RegExp(`^${start}  Admin .*  Grafana\n$`));
      assert.equal(await run("keys", ["revoke", start]), "Revoked Grafana\n");
      assert.equal(await ask(), 401);
      await assert.rejects(
        run("keys", ["revoke", start]),
        /no valid key has a hash that begins so/,
      );
      assert.equal(await run("sites", ["create", "shop.example"]), "Created shop.example\n");
      await assert.rejects(
        run("sites", ["create", "shop.example"]),
        /^Error: Cannot add the site: shop.example exists already$/,
      );
      const aliased = await run("sites", ["alias", "shop.example", "old.example", "older.example"]);
      assert.equal(aliased, "shop.example is also old.example, older.example\n");
      const aliases = await run("sites", ["alias", "shop.example"]);
      assert.equal(aliases, "old.example\nolder.example\n");
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
  });
});

/** What scripts read: each command with its arguments, on a folder that holds a few events. */
const READABLE: readonly (readonly [command: string, ...args: string[]])[] = [
  ["version"],
  ["config", "check"],
  ["doctor"],
  ["health"],
  ["keys", "list"],
  ["sites", "list"],
  ["imports", "list"],
  ["expiry", "list"],
  ["quarantine", "list"],
  ["backup", "BACKUPS"],
  ["verify", "BACKUPS"],
  ["export", "OUT", "--format", "csv"],
  ["takeout", "TAKEN"],
  ["privacy-audit"],
];

Deno.test("seed fills a server, and commands print one JSON value for scripts", async () => {
  await withFolder(async (folder) => {
    const dataDir = `${folder}/data`;
    const server = await startReady(dataDir, {});
    const run = (args: readonly string[], data = dataDir) =>
      runToEnd(fromSource(), args, { cwd: folder, env: { MALLARD_DATA_DIR: data } });
    try {
      const seeds = ["seed", "--days", "2", "--sites", "1", "--visitors", "20", "--json"];
      const seeded = await run(seeds);
      assert.deepEqual([seeded.code, seeded.stderr], [0, ""], "no progress in a pipe");
      const { accepted, sites: [site] } = JSON.parse(seeded.stdout);
      assert.ok(accepted > 20);
      const asked = await fetch(`${server.url}/api/stats/main?site_id=${site}&period=7d`);
      assert.ok((await asked.json()).total_pageviews > 20);
      const again = await run(seeds);
      assert.deepEqual([again.code, again.stdout], [1, ""]);
      assert.match(again.stderr, /Cannot seed: \S+ is there already; delete it first\n$/);
      for (const args of READABLE) {
        const done = await run([...args, "--json"]);
        assert.ok(done.code === 0 || args[0] === "doctor", `${args}: ${done.stderr}`);
        assert.doesNotThrow(() => JSON.parse(done.stdout), `${args}: ${done.stdout}`);
        assert.doesNotMatch(done.stderr, /\r/);
      }
      const stopped = `${folder}/stopped`;
      const none = await run(["health", "--json"], stopped);
      assert.deepEqual([none.code, JSON.parse(none.stdout).ready], [1, false]);
      const adopted = await run(["adopt", "--json"], stopped);
      assert.deepEqual(JSON.parse(adopted.stdout).files, 0, adopted.stderr);
      const restored = await run(["restore", "BACKUPS", "--json"], `${folder}/other`);
      assert.ok(JSON.parse(restored.stdout).files >= 0, restored.stderr);
      for (
        const [args, code] of [[["backup"], 2], [["seed", "--nope"], 2], [["what"], 2]] as const
      ) {
        assert.equal((await run(args)).code, code, `${args}`);
      }
    } finally {
      assert.equal(await server.stop(), 0, server.output());
    }
  });
});

Deno.test("config check and version run with settings that are wrong", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/mallard.toml`;
    await Deno.writeTextFile(file, 'port = 8001\ndata_dir = "/tmp"\n');
    const run = (...args: string[]) =>
      runToEnd(fromSource(), args, { cwd: folder, env: { MALLARD_METRICS_TOKEN: "a token" } });
    const right = await run("config", "check", "--config", file);
    assert.equal(right.code, 0);
    assert.match(right.stdout, /^port = 8001\ndata_dir = "\/tmp"\n/);
    assert.match(right.stdout, /^metrics_token = "\(hidden\)"$/m);
    await Deno.writeTextFile(file, 'port = "x"\nprot = 1\n');
    const wrong = await run("config", "check", "-c", file, "--json");
    assert.equal(wrong.code, 1);
    const { ok, faults } = JSON.parse(wrong.stdout);
    assert.deepEqual([ok, faults.length], [false, 2]);
    assert.match(faults[1], /did you mean port\?$/);
    const version = await run("version", "-c", file, "--json");
    const facts = JSON.parse(version.stdout);
    assert.match(facts.version, /^\d+\.\d+\.\d+$/);
    assert.match(facts.duckdb, /^\d+\.\d+\.\d+/);
    assert.ok(facts.schema_version > 0);
    const usage = await run("hash-password", "--json");
    assert.equal(usage.code, 2);
    assert.match(usage.stderr, /^mallard: Unknown option '--json'/);
  });
});
