// Progress of long commands as a person sees it: a line on a terminal, none in a pipe. `script`
// gives a process a terminal.
import assert from "node:assert/strict";
import { outputOf } from "../../scripts/lib.ts";
import { fromSource, type Program, runToEnd } from "../../scripts/server_process.ts";
import { pageview } from "../support/events.ts";
import { accept, openFolder, withFolder } from "../support/storage/storage.ts";

const tried = await outputOf("script", { args: ["--version"], stdout: "null" });
const script = tried?.success ?? false;
if (!script) console.log("Skipping progress on a terminal: script (util-linux) is not installed");

/** A program that writes to a terminal; what it shows is its standard output. */
function onTerminal({ command, args, ...program }: Program, more: readonly string[]): Program {
  const line = [command, ...args, ...more].map((word) => `'${word}'`).join(" ");
  return { ...program, command: "script", args: ["-qec", line, "/dev/null"] };
}

const LOG = Array.from(
  { length: 3 },
  (_, day) =>
    `203.0.113.${day} - - [0${day + 1}/Mar/2024:10:00:00 +0000] "GET /a HTTP/1.1" 200 512 "-" ` +
    `"Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"\n`,
).join("");

/** A data folder with files of two days that no catalog names. */
async function foreignFolder(folder: string): Promise<void> {
  const first = await openFolder(folder);
  await accept(first, [
    pageview({ at: "2024-01-14 10:00:00" }),
    pageview({ at: "2024-01-15 10:00:00" }),
  ]);
  await first.flusher.flush({ all: true });
  await first.close();
  for (const name of ["", "-wal", "-shm"]) {
    await Deno.remove(`${folder}/mallard.sqlite${name}`).catch(() => {});
  }
}

Deno.test({
  name: "adopt, import and takeout show how far they are on a terminal, and nothing in a pipe",
  ignore: !script,
  fn: async () => {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/access.log`, LOG);
      const commands = [
        [["adopt"], "of 2 files"],
        [["import", "access.log", "--site", "example.com", "--days", "all"], "of 3 days"],
        [["takeout", "out"], "of 5 files"],
      ] as const;
      for (const kind of ["pipe", "terminal"]) {
        const cwd = `${folder}/${kind}`;
        await foreignFolder(`${cwd}/data`);
        await Deno.copyFile(`${folder}/access.log`, `${cwd}/access.log`);
        for (const [args, shown] of commands) {
          const isTerminal = kind === "terminal";
          const program = isTerminal ? onTerminal(fromSource(), args) : fromSource();
          const env = { MALLARD_DATA_DIR: `${cwd}/data` };
          const done = await runToEnd(program, isTerminal ? [] : args, { cwd, env });
          assert.equal(done.code, 0, done.stdout + done.stderr);
          const all = done.stdout + done.stderr;
          assert.equal(all.includes(shown), isTerminal, `${kind} ${args}: ${all}`);
          assert.equal(all.includes("\x1b[K"), isTerminal, `${kind} ${args}`);
        }
      }
    });
  },
});
