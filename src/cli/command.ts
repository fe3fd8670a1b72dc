// What a command of the command line is: a row with its arguments, its doc and what it runs.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import type { SettingName } from "../config/settings.ts";
import type { System } from "../core/types.ts";
import type { Host } from "../runtime/host.ts";
import { Db } from "../storage/duckdb.ts";
import { MIGRATIONS, schemaVersion } from "../storage/state/migrations.ts";
import { Sqlite } from "../storage/state/sqlite.ts";

/** What a command is given. `readInput` reads standard input to its end. */
export interface CommandContext {
  readonly config: Config;
  /** What is odd in the settings, but no fault. */
  readonly warnings: readonly string[];
  readonly system: System;
  readonly host: Host;
  readonly args: readonly string[];
  /** The options of the command that were given. */
  readonly options?: CommandOptions;
  /** What is wrong with the settings, where the command runs all the same. */
  readonly faults?: readonly string[];
  readonly readInput: () => Promise<string>;
  /** Where a command writes while it runs. */
  readonly terminal: Terminal;
}

/** What a command may write before its result. */
export interface Terminal {
  /** Bytes to standard output. False where its reader left before the end, which is no error. */
  readonly write: (data: ReadableStream<Uint8Array>) => Promise<boolean>;
  /** Lines to standard error. */
  readonly tell: (lines: readonly string[]) => void;
  /** Shows how far the work is, in place of what was shown before; only to a person. */
  readonly progress: (text: string) => void;
}

/** Options of a command by name, without the dashes. */
export type CommandOptions = Readonly<Record<string, string | boolean | undefined>>;

/** An option of a command: one with a value, or a switch. */
export interface OptionRow {
  readonly type: "string" | "boolean";
  /** What its value is, for the usage. */
  readonly value?: string;
  readonly doc: string;
}

/** The option of commands whose result a program may read. */
export const JSON_OPTION: OptionRow = { type: "boolean", doc: "print the result as JSON" };

/** The result of a command: a text for standard output, and whether it succeeded. */
export interface CommandResult {
  readonly text: string;
  readonly ok: boolean;
}

/** One command. */
export interface Command {
  /**
   * Names of its arguments, as the usage shows them; one in brackets may be left out, and one that
   * ends in `…]` may be given many times.
   */
  readonly args: readonly string[];
  readonly doc: string;
  /** What its first argument may be, where it is one of a few words. */
  readonly actions?: readonly string[];
  /** Its options by name, without the dashes. */
  readonly options?: Readonly<Record<string, OptionRow>>;
  /** The settings that its help shows. */
  readonly settings?: readonly SettingName[];
  /** A line that shows it in use. */
  readonly example?: string;
  /** Whether it runs where the settings are wrong; it is given the defaults then. */
  readonly runsAnyway?: true;
  /** Rejects with a sentence for standard error. */
  readonly run: (context: CommandContext) => Promise<CommandResult>;
}

/** A result that succeeded. */
export function succeeded(sentence: string): CommandResult {
  return { text: `${sentence}\n`, ok: true };
}

/** A result for a program that reads it: one JSON value. */
export function asJson(value: unknown, ok = true): CommandResult {
  return { text: `${JSON.stringify(value, null, 2)}\n`, ok };
}

/** Absolute path of DATA_DIR. */
export function dataDirOf(config: Config): string {
  return resolve(config.data_dir);
}

/**
 * Rejects where the schema of mallard.sqlite is of an older program: a command that opens the whole
 * store would raise it, and the way back were gone.
 */
export async function requireCurrentSchema(
  { system: { files } }: CommandContext,
  dataDir: string,
  what: string,
): Promise<void> {
  const path = `${dataDir}/mallard.sqlite`;
  if (await files.size(path) === null) return;
  const db = Sqlite.openReader(path);
  try {
    const version = schemaVersion(db);
    if (version >= MIGRATIONS.length) return;
    throw new Error(
      `Cannot ${what}: mallard.sqlite has schema version ${version} of an older program; ` +
        "start this program's server once",
    );
  } finally {
    db.close();
  }
}

/** Opens DuckDB over a folder that no server has open. The caller closes it. */
export async function openDatabase(
  { config, system, host }: CommandContext,
  folder: string,
): Promise<Db> {
  return await Db.open(await host.loadDuckDb(), system.clock, {
    folder,
    spillFolder: `${folder}/.spill`,
    memoryLimit: config.memory_limit,
    threads: config.threads,
    readers: 1,
  });
}
