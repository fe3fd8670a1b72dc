// The executable on a machine that has nothing else and no way out: a folder as the root, a network
// with loopback alone. Every step of its life ends with all events that were counted.
import assert from "node:assert/strict";
import { compile } from "../../scripts/compile/compile.ts";
import { NoCompileRuntime } from "../../scripts/compile/runtime.ts";
import { canIsolate, cleanMachine } from "../../scripts/release/clean_machine.ts";

const executable = await compile().catch((error) => {
  if (!(error instanceof NoCompileRuntime)) throw error;
  console.log(`Skipping the test of a clean machine: ${error.message}`);
  return null;
});

Deno.test({
  name: "the executable alone starts, counts, backs up, rolls back, upgrades and is restored",
  ignore: executable === null,
  async fn() {
    if (!await canIsolate()) {
      return console.log("Namespaces cannot be made here: the clean machine is skipped");
    }
    const steps: string[] = [];
    await cleanMachine(executable?.path ?? "", ({ what }) => steps.push(what));
    assert.equal(steps.at(-1), "start there");
  },
});
