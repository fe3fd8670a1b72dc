// The process: arguments and environment become a command, the command's result an exit status.
import { parseArguments } from "./cli/arguments.ts";
import type { Command } from "./cli/command.ts";
import { commandHelp, type CommandName, COMMANDS, commandsHelp } from "./cli/commands.ts";
import { type Config, loadConfig, optionsHelp } from "./config/load.ts";
import { messageOf } from "./core/errors.ts";
import {
  flushOutput,
  limitNewFiles,
  print,
  printErrors,
  readInput,
  realHost,
  VERSION,
} from "./runtime/process.ts";
import { realSystem } from "./runtime/system.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const USAGE = `Mallard Metrics ${VERSION}: web analytics that you own

Usage:
${commandsHelp()}  mallard --help | --version
  --config FILE                the settings file, for any of them

`;

function exitWith(errors: readonly string[], status: number): never {
  printErrors(errors);
  Deno.exit(status);
}

function readConfig(configPath: string | null): { config: Config; warnings: readonly string[] } {
  let file = null;
  if (configPath !== null) {
    try {
      file = { path: configPath, text: Deno.readTextFileSync(configPath) };
    } catch (error) {
      exitWith([`Cannot read settings file ${configPath}: ${messageOf(error)}`], EXIT_USAGE);
    }
  }
  const loaded = loadConfig({ file, env: Deno.env.toObject() });
  if ("faults" in loaded) exitWith(loaded.faults, EXIT_USAGE);
  return loaded;
}

async function run(
  name: CommandName,
  configPath: string | null,
  args: readonly string[],
  json: boolean,
): Promise<void> {
  const { config, warnings } = readConfig(configPath);
  limitNewFiles(config.data_readable_by);
  const system = realSystem({ format: config.log_format, levelMin: "info" });
  const host = realHost(config, system);
  const command: Command = COMMANDS[name];
  try {
    const { text, ok } = await command.run({
      config,
      warnings,
      system,
      host,
      args,
      json,
      readInput,
    });
    await Promise.all([flushOutput(), system.flushLog()]);
    if (text !== "") print(text);
    Deno.exit(ok ? 0 : EXIT_FAILED);
  } catch (error) {
    await Promise.all([flushOutput(), system.flushLog()]);
    exitWith([messageOf(error)], EXIT_FAILED);
  }
}

async function main(): Promise<void> {
  const invocation = parseArguments(Deno.args);
  if ("fault" in invocation) exitWith([`${invocation.fault}; see --help`], EXIT_USAGE);
  const { command, configPath, args, json = false, about } = invocation;
  switch (command) {
    case "help":
      if (about !== undefined) print(`${commandHelp(about)}${about === "serve" ? "\n" : ""}`);
      else print(USAGE);
      return about === undefined || about === "serve" ? print(`${optionsHelp()}\n`) : undefined;
    case "version":
      return print(`mallard ${VERSION}\n`);
    default:
      return await run(command, configPath, args, json);
  }
}

await main();
