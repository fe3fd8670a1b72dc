// The arguments of the process as one command with its options. Pure: it reads and prints nothing.
import { parseArgs } from "node:util";
import { messageOf } from "../core/errors.ts";
import type { Command } from "./command.ts";
import { type CommandName, COMMANDS } from "./commands.ts";

/** What the arguments ask for. */
export interface Invocation {
  readonly command: CommandName | "help" | "version";
  /** The settings file, or null for none. */
  readonly configPath: string | null;
  readonly args: readonly string[];
  /** Whether the result is wanted as JSON. */
  readonly json?: true;
  /** The command whose help is asked for; all of them when missing. */
  readonly about?: CommandName;
}

const OPTIONS = {
  config: { type: "string", short: "c", multiple: true },
  help: { type: "boolean", short: "h" },
  json: { type: "boolean" },
  version: { type: "boolean", short: "V" },
} as const;

/** Reads the arguments; `fault` tells what is wrong with them. */
export function parseArguments(args: readonly string[]): Invocation | { readonly fault: string } {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
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
  const found = named === null
    ? commandOf("serve", positionals, configPath)
    : commandOf(named, rest, configPath);
  if (!values.json || "fault" in found) return found;
  const row: Command = COMMANDS[named ?? "serve"];
  return row.json ? { ...found, json: true } : { fault: `${named ?? "serve"} takes no --json` };
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
