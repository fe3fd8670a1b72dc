// Completions as the shells themselves make them. A shell that is not installed is skipped.
import assert from "node:assert/strict";
import { outputOf } from "../../../scripts/lib.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { runCommand } from "../../support/command.ts";
import { withFolder } from "../../support/storage/storage.ts";

const NAMES = Object.keys(COMMANDS);

/** The output of a shell that runs `script`; null where it is not installed. */
async function shell(name: string, args: readonly string[], cwd: string): Promise<string | null> {
  const env = { HOME: cwd, TERM: "dumb" };
  const done = await outputOf(name, { args: [...args], cwd, env });
  if (done === null) return null;
  const decoder = new TextDecoder();
  assert.equal(decoder.decode(done.stderr), "");
  assert.equal(done.code, 0);
  return decoder.decode(done.stdout);
}

/** Registers a test with what completes the last of some words. */
function shellTest(
  name: "bash" | "zsh" | "fish",
  argsFor: (script: string, words: readonly string[]) => readonly string[],
) {
  Deno.test(`completions of ${name} name commands, actions and options`, async () => {
    await withFolder(async (folder) => {
      const { text } = await runCommand(folder, "completions", [name]);
      const script = `${folder}/script`;
      await Deno.writeTextFile(script, text);
      await Deno.writeTextFile(`${folder}/some.toml`, "");
      const complete = async (...words: string[]) =>
        (await shell(name, argsFor(script, words), folder))?.split("\n")
          .map((line) => line.split("\t")[0] ?? "").filter((line) => line !== "");
      const all = await complete("");
      if (!all) return console.log(`${name} is not installed: its completions are skipped`);
      for (const command of NAMES) assert.ok(all.includes(command), command);
      assert.ok((await complete("privacy-"))?.includes("privacy-audit"));
      const actions = await complete("keys", "");
      for (const action of ["list", "create", "revoke"]) assert.ok(actions?.includes(action));
      assert.ok((await complete("keys", "--"))?.includes("--scope"));
      assert.ok((await complete("doctor", "--"))?.includes("--json"));
      assert.ok(!(await complete("reset-password", "--"))?.includes("--json"));
    });
  });
}

shellTest("bash", (script, words) => {
  const list = ["mallard", ...words].map((word) => `'${word}'`).join(" ");
  return [
    "-c",
    `source '${script}'; COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _mallard; ` +
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ];
});

shellTest("fish", (script, words) => [
  "-c",
  `source '${script}'; complete -C 'mallard ${words.join(" ")}'`,
]);

// Outside of its line editor zsh has no completion: what the script adds is printed instead.
shellTest("zsh", (script, words) => {
  const list = ["mallard", ...words].map((word) => `'${word}'`).join(" ");
  return [
    "-f",
    "-c",
    `compdef() { :; }; _files() { :; }; ` +
    "compadd() { local one; for one in ${@:#--}; do [[ $one == $PREFIX* ]] && print -r -- $one; " +
    "done; true }; " +
    "_describe() { local one; for one in ${(P)2}; do [[ $one == $PREFIX* ]] && " +
    "print -r -- ${one%%:*}; done; true }; " +
    `source '${script}'; words=(${list}); CURRENT=${words.length + 1}; ` +
    `PREFIX='${words.at(-1)}'; _mallard; true`,
  ];
});
