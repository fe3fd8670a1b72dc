// What the command line can do besides serving, as a table. Each verb works on DATA_DIR, says what
// it did in a sentence, and leaves arguments, settings and exit codes to main.ts.
import { resolve } from "node:path";
import { hashPassword, resetPassword } from "../auth/password.ts";
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import type { Host } from "../runtime/host.ts";
import { auditData, auditText } from "../storage/backup/privacy_audit.ts";
import { backup, restore, verify } from "../storage/backup/backup.ts";
import { Db } from "../storage/duckdb.ts";
import { openStorage } from "../storage/open.ts";
import { Store } from "../storage/state/store.ts";

/** What a verb is given. `readInput` reads standard input to its end. */
export interface VerbContext {
  readonly config: Config;
  readonly system: System;
  readonly host: Host;
  readonly args: readonly string[];
  readonly readInput: () => Promise<string>;
}

/** What a verb came to: a text for standard output, and whether all is well. */
export interface VerbResult {
  readonly text: string;
  readonly isFine: boolean;
}

/** One verb. */
export interface Verb {
  /** Names of its arguments, as the usage shows them. */
  readonly args: readonly string[];
  readonly doc: string;
  /** Rejects with a sentence. */
  readonly run: (context: VerbContext) => Promise<VerbResult>;
}

/** Every verb but `serve`. */
export const VERBS = {
  backup: {
    args: ["DIR"],
    doc: "copy DATA_DIR into DIR while the server runs; only what is new, where DIR holds a backup",
    run: async ({ config, system, args }) => {
      const target = resolve(args[0] ?? "");
      const { files, copied, events } = await backup(system, dataDirOf(config), target);
      return fine(
        `Backed up ${events} events: ${files} files, ${copied} of them new, in ${target}`,
      );
    },
  },
  verify: {
    args: ["DIR"],
    doc: "compare every file of the backup in DIR with what was written",
    run: async ({ config, system, host, args }) => {
      const folder = resolve(args[0] ?? "");
      const db = await openDb(config, system, host, folder);
      try {
        const { files, events, faults } = await verify(system.files, db, folder);
        const lines = faults.map((fault) => `${fault}\n`).join("");
        if (faults.length > 0) {
          return { text: `${lines}${faults.length} faults in ${folder}\n`, isFine: false };
        }
        return fine(`The backup in ${folder} is sound: ${files} files, ${events} events`);
      } finally {
        await db.close();
      }
    },
  },
  restore: {
    args: ["DIR"],
    doc: "copy the backup in DIR into an empty DATA_DIR",
    run: async ({ config, system, args }) => {
      const dataDir = dataDirOf(config);
      const { files, events } = await restore(system, resolve(args[0] ?? ""), dataDir);
      return fine(`Restored ${events} events in ${files} files into ${dataDir}`);
    },
  },
  adopt: {
    args: [],
    doc: "take up Parquet files copied into DATA_DIR; a running server does so by itself",
    run: async ({ config, system, host }) => {
      const storage = await openStorage(system, host, { ...config, dataDir: dataDirOf(config) });
      const count = storage.fileCount();
      await storage.close();
      return fine(`The catalog holds ${count} files`);
    },
  },
  "hash-password": {
    args: [],
    doc: "read a password from standard input and print its hash for MALLARD_ADMIN_PASSWORD",
    run: async ({ system, readInput }) =>
      fine(await hashPassword(system.random, await readPassword(readInput))),
  },
  "reset-password": {
    args: [],
    doc: "read a new password from standard input; an empty one removes the kept password",
    run: async ({ config, system, readInput }) => {
      const password = await readPassword(readInput);
      const store = await Store.open(`${dataDirOf(config)}/mallard.sqlite`);
      try {
        const { clock, random } = system;
        const changed = await resetPassword(store, clock, random, password || null);
        const what = password ? "The password is set" : "The password is removed";
        return fine(changed ? `${what}; restart the server` : "There was no password");
      } finally {
        await store.close();
      }
    },
  },
  "privacy-audit": {
    args: [],
    doc: "look through DATA_DIR for anything that looks like an address or an e-mail",
    run: async ({ config, system, host }) => {
      const dataDir = dataDirOf(config);
      const db = await openDb(config, system, host, dataDir);
      try {
        const report = await auditData(db, system.files, dataDir);
        return { text: auditText(report), isFine: report.findings.length === 0 };
      } finally {
        await db.close();
      }
    },
  },
} as const satisfies Record<string, Verb>;

/** Name of a verb. */
export type VerbName = keyof typeof VERBS;

/** The usage lines of the verbs. */
export function verbsHelp(): string {
  return Object.entries<Verb>(VERBS).map(([name, { args, doc }]) =>
    `  mallard ${[name, ...args].join(" ").padEnd(20)} ${doc}\n`
  ).join("");
}

function dataDirOf(config: Config): string {
  return resolve(config.data_dir);
}

function fine(sentence: string): VerbResult {
  return { text: `${sentence}\n`, isFine: true };
}

async function openDb(
  config: Config,
  { clock }: System,
  host: Host,
  folder: string,
): Promise<Db> {
  return await Db.open(await host.loadDuckDb(), clock, {
    folder,
    spillFolder: `${folder}/.spill`,
    memoryLimit: config.memory_limit,
    threads: config.threads,
    readers: 1,
  });
}

async function readPassword(readInput: () => Promise<string>): Promise<string> {
  return (await readInput()).replace(/\r?\n$/, "");
}
