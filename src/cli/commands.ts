// Every command of the command line, by name.
import { ADOPT } from "./adopt.ts";
import { BACKUP } from "./backup.ts";
import type { Command } from "./command.ts";
import { DOCTOR } from "./doctor.ts";
import { EXPIRY } from "./expiry.ts";
import { HASH_PASSWORD } from "./hash_password.ts";
import { PRIVACY_AUDIT } from "./privacy_audit.ts";
import { QUARANTINE } from "./quarantine.ts";
import { RESET_PASSWORD } from "./reset_password.ts";
import { RESTORE } from "./restore.ts";
import { SERVE } from "./serve.ts";
import { SITES } from "./sites.ts";
import { VERIFY } from "./verify.ts";

/** The commands; `serve` is meant where none is named. */
export const COMMANDS = {
  serve: SERVE,
  doctor: DOCTOR,
  backup: BACKUP,
  verify: VERIFY,
  restore: RESTORE,
  adopt: ADOPT,
  sites: SITES,
  expiry: EXPIRY,
  quarantine: QUARANTINE,
  "hash-password": HASH_PASSWORD,
  "reset-password": RESET_PASSWORD,
  "privacy-audit": PRIVACY_AUDIT,
} as const satisfies Record<string, Command>;

/** Name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** The help of one command. */
export function commandHelp(name: CommandName): string {
  const { args, doc }: Command = COMMANDS[name];
  return `Usage: mallard ${[name, ...args].join(" ")} [--config FILE]\n\n${doc}\n`;
}

/** The usage lines of the commands. */
export function commandsHelp(): string {
  return Object.entries<Command>(COMMANDS).map(([name, { args, doc }]) =>
    `  mallard ${[name, ...args].join(" ").padEnd(20)} ${doc}\n`
  ).join("");
}
