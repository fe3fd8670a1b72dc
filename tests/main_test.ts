// What the program says of itself on the command line, and what a person may then do with it.
import assert from "node:assert/strict";
import { fromSource } from "../scripts/server_process.ts";
import { startReady } from "./support/server/ready_server.ts";
import { withFolder } from "./support/storage/storage.ts";

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "main prints an IPv6 address as a URL that can be opened",
  ignore: !hasIpv6(),
  fn: () =>
    withFolder(async (dataDir) => {
      const server = await startReady(dataDir, { MALLARD_HOST: "::1" });
      assert.match(server.url, /^http:\/\/\[::1\]:\d+$/);
      const health = await fetch(`${server.url}/health`);
      assert.equal(await health.text(), "ok");
      assert.equal(await server.stop(), 0);
    }),
});

Deno.test("main prints the help of a command, and ends well when nobody reads it", async () => {
  const program = fromSource();
  const start = (...args: string[]) =>
    new Deno.Command(program.command, {
      args: [...program.args, ...args],
      clearEnv: true,
      env: { ...program.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  const unread = start("--help");
  await unread.stdout.cancel();
  const screens = await Promise.all([start("--help").output(), start("serve", "--help").output()]);
  for (const { stdout } of screens) {
    const lines = new TextDecoder().decode(stdout).split("\n");
    assert.ok(lines.length <= 40, `${lines.length} lines`);
    assert.ok(lines.some((line) => line.includes("mallard config list")), lines.join("\n"));
  }
  const [{ stdout }, { success, stderr }] = await Promise.all([
    start("backup", "--help").output(),
    Promise.all([unread.status, new Response(unread.stderr).text()]).then(([status, stderr]) => ({
      ...status,
      stderr,
    })),
  ]);
  assert.match(new TextDecoder().decode(stdout), /^Usage: mallard backup DIR /);
  assert.ok(success, stderr);
});

Deno.test({
  name: "main ends a command at once, whether it has done its work or failed",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withFolder(async (folder) => {
      const program = fromSource();
      const preload = `${folder}/preload.ts`;
      await Deno.writeTextFile(
        preload,
        `addEventListener("unload", () => console.log("the end"));`,
      );
      const run = async (...args: string[]) => {
        const { code, stdout, stderr } = await new Deno.Command(program.command, {
          args: ["run", `--preload=${preload}`, ...program.args.slice(1), ...args],
          clearEnv: true,
          env: { ...program.env, MALLARD_DATA_DIR: folder },
        }).output();
        const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
        return { code, said, isInOrder: said.includes("the end") };
      };
      const [done, failed, refused] = await Promise.all([
        run("version"),
        run("keys", "list"),
        run("--unknown"),
      ]);
      assert.deepEqual([done.code, done.isInOrder], [0, false], done.said);
      assert.deepEqual([failed.code, failed.isInOrder], [1, false], failed.said);
      assert.match(failed.said, /Cannot .*keys.*: /);
      // Before a command has begun, nothing is open.
      assert.deepEqual([refused.code, refused.isInOrder], [2, true], refused.said);
    }),
});
