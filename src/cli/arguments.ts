// The arguments of the process as one command with its options. Pure: it reads and prints nothing.
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import type { Command, CommandOptions } from "./command.ts";
import { type CommandName, COMMANDS } from "./commands.ts";

/** What the arguments ask for. */
export interface Invocation {
  readonly command: CommandName | "help";
  /** The settings file, or null for none. */
  readonly configPath: string | null;
  readonly args: readonly string[];
  /** The options of the command that were given. */
  readonly options?: CommandOptions;
  /** The command whose help is asked for; all of them when missing. */
  readonly about?: CommandName;
}

const OPTIONS = {
  config: { type: "string", short: "c", multiple: true },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} as const;

/** Reads the arguments; `fault` tells what is wrong with them. */
export function parseArguments(args: readonly string[]): Invocation | { readonly fault: string } {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: { ...optionsOf(args), ...OPTIONS },
      allowPositionals: true,
    });
  } catch (error) {
    // The runtime's advice for arguments that start with a dash is of no use here.
    return { fault: messageOf(error).split(". ")[0] ?? "" };
  }
  const { values, positionals } = parsed;
  const configPaths = values.config ?? [];
  const configPath = configPaths[0] ?? null;
  const [first = "", ...rest] = positionals;
  const named = Object.hasOwn(COMMANDS, first) ? first as CommandName : null;
  if (values.help) {
    return { command: "help", configPath, args: [], ...(named === null ? {} : { about: named }) };
  }
  if (values.version) return { command: "version", configPath, args: [] };
  if (configPath === "") return { fault: "--config needs a file" };
  if (configPaths.length > 1) return { fault: "there is more than one --config" };
  // A settings file may stand alone: `mallard FILE` is `mallard serve FILE`.
  const asked = named === null
    ? commandOf("serve", positionals, configPath)
    : commandOf(named, rest, configPath);
  const options = ownOptions(values);
  return "fault" in asked || Object.keys(options).length === 0 ? asked : { ...asked, options };
}

/** What was given beside the options that every command has. */
function ownOptions(values: Readonly<Record<string, unknown>>): CommandOptions {
  const own = Object.entries(values).filter(([name]) => !Object.hasOwn(OPTIONS, name));
  return Object.fromEntries(own) as CommandOptions;
}

/** The options of the command that is named first. */
function optionsOf(args: readonly string[]): NonNullable<Command["options"]> {
  const named = args.find((text) => Object.hasOwn(COMMANDS, text));
  const command: Command | null = named === undefined ? null : COMMANDS[named as CommandName];
  return command?.options ?? {};
}

function commandOf(
  command: CommandName,
  args: readonly string[],
  configPath: string | null,
): Invocation | { readonly fault: string } {
  if (command === "serve") {
    if (args.length > 1 || args.length === 1 && configPath !== null) {
      return { fault: `there is one argument too many: ${args.at(-1)}` };
    }
    return { command, configPath: args[0] ?? configPath, args: [] };
  }
  const wanted: Command["args"] = COMMANDS[command].args;
  const least = wanted.filter((name) => !name.startsWith("[")).length;
  const most = wanted.at(-1)?.endsWith("…]") ? Infinity : wanted.length;
  if (args.length >= least && args.length <= most) return { command, configPath, args };
  return { fault: `${command} takes ${wanted.join(" ") || "no argument"}` };
}
