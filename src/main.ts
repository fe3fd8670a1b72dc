// The process: arguments and environment become a command, the command's result an exit status.
import { parseArguments } from "./cli/arguments.ts";
import type { Command, CommandOptions } from "./cli/command.ts";
import { commandHelp, type CommandName, COMMANDS, commandsHelp } from "./cli/commands.ts";
import { type Config, loadConfig } from "./config/load.ts";
import { messageOf } from "./core/errors.ts";
import { Timings } from "./core/timings/timings.ts";
import { exitAtOnce } from "./runtime/c_library.ts";
import {
  flushOutput,
  limitNewFiles,
  print,
  printErrors,
  readInput,
  realHost,
  showProgress,
  VERSION,
  writeOutput,
} from "./runtime/process.ts";
import { realSystem } from "./runtime/system.ts";
import { openTracer } from "./runtime/tracing.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const USAGE = `Mallard Metrics ${VERSION}: web analytics that you own

Usage:
${commandsHelp()}  mallard --help | --version
  --config FILE                the settings file, for any of them

mallard COMMAND --help shows a command with an example; mallard config list, all settings.
`;

function exitWith(errors: readonly string[], status: number): never {
  printErrors(errors);
  Deno.exit(status);
}

interface Settings {
  readonly config: Config;
  readonly warnings: readonly string[];
  readonly faults: readonly string[];
}

/** Exits where the settings are wrong, unless the command runs anyway. */
function readConfig(configPath: string | null, runsAnyway: boolean): Settings {
  let file = null;
  if (configPath !== null) {
    try {
      file = { path: configPath, text: Deno.readTextFileSync(configPath) };
    } catch (error) {
      return wrong([`Cannot read settings file ${configPath}: ${messageOf(error)}`], runsAnyway);
    }
  }
  const loaded = loadConfig({ file, env: Deno.env.toObject() });
  return "faults" in loaded ? wrong(loaded.faults, runsAnyway) : { ...loaded, faults: [] };
}

function wrong(faults: readonly string[], runsAnyway: boolean): Settings {
  const defaults = loadConfig({ file: null, env: {} });
  if (!runsAnyway || "faults" in defaults) exitWith(faults, EXIT_USAGE);
  return { ...defaults, faults };
}

async function run(
  name: CommandName,
  configPath: string | null,
  args: readonly string[],
  options: CommandOptions,
): Promise<void> {
  const command: Command = COMMANDS[name];
  const { config, warnings, faults } = readConfig(configPath, command.runsAnyway === true);
  limitNewFiles(config.data_readable_by);
  const real = realSystem({ format: config.log_format, levelMin: "info" });
  const tracer = await openTracer(Deno.env.get("OTEL_DENO"));
  const system = { ...real, timings: new Timings(tracer) };
  const host = realHost(config, system);
  const terminal = { write: writeOutput, tell: printErrors, progress: showProgress };
  const given = { config, warnings, faults, args, options, terminal };
  const end = (status: number): never => {
    // The last spans are sent by the runtime as it ends.
    if (tracer === undefined) exitAtOnce(status);
    Deno.exit(status);
  };
  try {
    const { text, ok } = await command.run({ ...given, system, host, readInput });
    await Promise.all([flushOutput(), system.flushLog()]);
    if (text !== "") print(text);
    end(ok ? 0 : EXIT_FAILED);
  } catch (error) {
    await Promise.all([flushOutput(), system.flushLog()]);
    printErrors([messageOf(error)]);
    end(EXIT_FAILED);
  }
}

async function main(): Promise<void> {
  const invocation = parseArguments(Deno.args);
  if ("fault" in invocation) exitWith([`${invocation.fault}; see --help`], EXIT_USAGE);
  const { command, configPath, args, options = {}, about } = invocation;
  switch (command) {
    case "help":
      return print(about === undefined ? USAGE : commandHelp(about));
    default:
      return await run(command, configPath, args, options);
  }
}

await main();
