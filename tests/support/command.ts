// Runs a command of the command line in this process, over a real folder.
import { COMMANDS } from "../../src/cli/commands.ts";
import type { CommandOptions, CommandResult } from "../../src/cli/command.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { System } from "../../src/core/types.ts";
import type { Host } from "../../src/runtime/host.ts";
import { fakeSystem } from "./fake_system.ts";

interface RunOptions {
  readonly system?: System;
  readonly options?: CommandOptions;
  /** Settings beside DATA_DIR. */
  readonly env?: Readonly<Record<string, string>>;
  /** Without it a command that loads DuckDB rejects. */
  readonly loadDuckDb?: Host["loadDuckDb"];
}

/** The result of `mallard NAME ARGS` with DATA_DIR at `folder`. Rejects as the command does. */
export async function runCommand(
  folder: string,
  name: keyof typeof COMMANDS,
  args: readonly string[],
  {
    system = fakeSystem(),
    options,
    env = {},
    loadDuckDb = () => Promise.reject(new Error("not needed")),
  }: RunOptions = {},
): Promise<CommandResult> {
  const loaded = loadConfig({ file: null, env: { ...env, MALLARD_DATA_DIR: folder } });
  if ("faults" in loaded) throw new Error(loaded.faults.join("\n"));
  return await COMMANDS[name].run({
    config: loaded.config,
    warnings: [],
    system,
    host: {
      version: "0.0.0",
      pid: Deno.pid,
      memoryBytes: null,
      loadDuckDb,
    },
    args,
    ...options === undefined ? {} : { options },
    readInput: () => Promise.resolve(""),
    terminal: {
      write: async (data) => {
        await data.cancel();
        return false;
      },
      tell: () => {},
      progress: () => {},
    },
  });
}
