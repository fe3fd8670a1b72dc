// Every command of the command line, by name.
import { settingHelp } from "../config/load.ts";
import { HASH_PASSWORD } from "./access/hash_password.ts";
import { KEYS } from "./access/keys.ts";
import { RESET_PASSWORD } from "./access/reset_password.ts";
import { ADOPT } from "./adopt.ts";
import { BACKUP } from "./backup.ts";
import type { Command } from "./command.ts";
import { EXPORT } from "./exports/export.ts";
import { TAKEOUT } from "./exports/takeout.ts";
import { EXPIRY } from "./expiry.ts";
import { IMPORT } from "./imports/import.ts";
import { IMPORTS } from "./imports/imports.ts";
import { LAKE } from "./lake/lake.ts";
import { PRIVACY_AUDIT } from "./privacy_audit.ts";
import { QUARANTINE } from "./quarantine.ts";
import { RESTORE } from "./restore.ts";
import { ROLLBACK } from "./rollback.ts";
import { SEED } from "./seed/seed.ts";
import { SERVE } from "./serve.ts";
import { completionsCommand } from "./setup/completions.ts";
import { CONFIG } from "./setup/config.ts";
import { DOCTOR } from "./setup/doctor.ts";
import { HEALTH } from "./setup/health.ts";
import { VERSION_COMMAND } from "./setup/version.ts";
import { SITES } from "./sites.ts";
import { VERIFY } from "./verify.ts";

/** The commands; `serve` is meant where none is named. */
export const COMMANDS = {
  serve: SERVE,
  config: CONFIG,
  doctor: DOCTOR,
  health: HEALTH,
  backup: BACKUP,
  verify: VERIFY,
  restore: RESTORE,
  rollback: ROLLBACK,
  adopt: ADOPT,
  import: IMPORT,
  imports: IMPORTS,
  export: EXPORT,
  takeout: TAKEOUT,
  lake: LAKE,
  sites: SITES,
  keys: KEYS,
  seed: SEED,
  expiry: EXPIRY,
  quarantine: QUARANTINE,
  "hash-password": HASH_PASSWORD,
  "reset-password": RESET_PASSWORD,
  "privacy-audit": PRIVACY_AUDIT,
  completions: completionsCommand((): Readonly<Record<string, Command>> => COMMANDS),
  version: VERSION_COMMAND,
} as const satisfies Record<string, Command>;

/** Name of a command. */
export type CommandName = keyof typeof COMMANDS;

const OPTION_WIDTH = 18;

/** Exit codes of every command. */
const EXIT_CODES = `Exit code: 0 done; 1 it failed, or a check found something; ` +
  "2 the arguments or the settings are wrong\n";

const SETTINGS_HEAD =
  "Settings that most servers need (all of them: mallard config list): key of " +
  "the file,\nenvironment name (which wins), default\n";

/** The help of one command. */
export function commandHelp(name: CommandName): string {
  const { args, doc, options = {}, settings, example }: Command = COMMANDS[name];
  const rows = Object.entries(options).map(([option, { value, doc }]) => {
    const shown = `--${option}${value === undefined ? "" : ` ${value}`}`;
    return `  ${shown.padEnd(OPTION_WIDTH)} ${doc}\n`;
  });
  const common = `  ${"--config FILE".padEnd(OPTION_WIDTH)} the settings file\n`;
  const own = options && Object.keys(options).length > 0 ? " [OPTION…]" : "";
  return [
    `Usage: mallard ${[name, ...args].join(" ")}${own} [--config FILE]\n`,
    `${wrapped(doc)}\n`,
    rows.join("") + common,
    ...settings === undefined ? [] : [SETTINGS_HEAD + settings.map(settingHelp).join("\n") + "\n"],
    ...example === undefined ? [] : [`Example:\n  ${example}\n`],
    EXIT_CODES,
  ].join("\n");
}

const HELP_WIDTH = 80;

/** A text broken into lines at its spaces. */
function wrapped(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length >= HELP_WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

/** The usage lines of the commands. */
export function commandsHelp(): string {
  return Object.entries<Command>(COMMANDS).map(([name, { args, doc }]) =>
    `  mallard ${[name, ...args].join(" ").padEnd(20)} ${doc}\n`
  ).join("");
}
