// Backup, verify and restore as commands of the real program, with the rights it is started with.
import { match, ok, strictEqual as equal } from "node:assert/strict";
import { fromSource } from "../../scripts/server_process.ts";
import { startReady } from "../support/server/ready_server.ts";
import { generationsIn } from "../support/storage/backups.ts";
import { withFolder } from "../support/storage/storage.ts";
import { until } from "../support/wait.ts";

const DAYS = 60;

function command(dataDir: string, ...args: string[]): Deno.ChildProcess {
  const program = fromSource();
  return new Deno.Command(program.command, {
    args: [...program.args, ...args],
    clearEnv: true,
    env: { ...program.env, MALLARD_DATA_DIR: dataDir, MALLARD_PORT: "0" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function ended(child: Deno.ChildProcess): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("a restore that is killed leaves a folder on which no server starts", async () => {
  await withFolder(async (folder) => {
    const [live, target, restored] = ["live", "backup", "restored"].map((n) => `${folder}/${n}`);
    if (!live || !target || !restored) throw new Error("no folders");
    const server = await startReady(live, {});
    const lines = Array.from(
      { length: DAYS },
      (_, day) =>
        JSON.stringify({ d: "example.com", n: "pageview", u: "/", at: Date.UTC(2024, 0, 1 + day) }),
    );
    const headers = { "content-type": "application/x-ndjson" };
    const url = `${server.url}/api/import`;
    const { accepted } = await (await fetch(url, {
      method: "POST",
      headers,
      body: lines.join("\n"),
    })).json();
    equal(accepted, DAYS);
    await server.stop();
    equal((await ended(command(live, "backup", target))).code, 0);
    // Whether the kill comes in the middle is up to chance: either way nothing partial serves.
    const child = command(restored, "restore", target);
    let hasEnded = false;
    const output = child.output().finally(() => hasEnded = true);
    await until(
      async () => hasEnded || await exists(`${restored}/.restoring`),
      "the restore has begun",
    );
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await output;
    if (await exists(`${restored}/.restoring`)) {
      const { code, text } = await ended(command(restored));
      equal(code, 1);
      match(text, /Cannot use .*: a restore into it was not finished/);
      equal((await ended(command(restored, "restore", target))).code, 0);
    }
    const backedUp = await ended(command(restored, "backup", target));
    equal(backedUp.code, 0, backedUp.text);
    match(backedUp.text, new RegExp(`^Backed up ${DAYS} events`));
    equal((await generationsIn(target)).length, 2);
    const { code, text } = await ended(command(live, "verify", target));
    equal(code, 0, text);
    ok(text.endsWith(` ${DAYS} events\n`), text);
    await keepsWhatIsThere(folder, restored, target);
  });
});

/** A backup is not replaced by another store's, not into DATA_DIR, and not taken when altered. */
async function keepsWhatIsThere(folder: string, live: string, target: string): Promise<void> {
  const empty = `${folder}/empty`;
  await (await startReady(empty, {})).stop();
  const [inside, ...both] = await Promise.all([
    ended(command(live, "backup", `${live}/inside`)),
    ended(command(live, "backup", target)),
    ended(command(live, "backup", target)),
  ]);
  equal(inside?.code, 1, inside?.text);
  ok(both.some(({ code }) => code === 0), both.map(({ text }) => text).join(""));
  // The lock of the folder is free, so the refusal is that of the other store.
  const foreign = await ended(command(empty, "backup", target));
  equal(foreign.code, 1, foreign.text);
  match(foreign.text, /its backups are of another data folder/);
  const sound = await ended(command(live, "verify", target));
  equal(sound.code, 0, sound.text);
  const file = (await parquetFiles(target)).at(-1) ?? "";
  const bytes = await Deno.readFile(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await Deno.writeFile(file, bytes);
  const altered = await ended(command(live, "verify", target));
  equal(altered.code, 1, altered.text);
}

async function parquetFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await parquetFiles(`${folder}/${name}`));
    else if (name.endsWith(".parquet")) found.push(`${folder}/${name}`);
  }
  return found.sort();
}
