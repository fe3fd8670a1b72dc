// Backups of a running server into the one folder its owner chose: one at a time, each verified
// when it is made. It must not take a folder from anybody else.
import { AppError, messageOf } from "../../core/errors.ts";
import type { Clock, Files, Log } from "../../core/types.ts";
import { backup, type BackupFacts, readBackup, verify } from "./backup.ts";
import type { Db } from "../duckdb.ts";
import type { Store } from "../state/store.ts";

/** The result of a verification; `madeAt` tells of which backup. */
interface Verdict {
  readonly madeAt: string;
  readonly verifiedAt: string;
  /** What is wrong with it, file by file, the first few. */
  readonly faults: readonly string[];
}

/** The state of backups. */
export interface BackupState {
  readonly folder: string | null;
  readonly runningSince: string | null;
  /** The backup in the folder; its verdict is null where it was never verified. */
  readonly last: BackupFacts & { readonly verdict: Verdict | null } | null;
  /** Why the last try failed, or the folder cannot be read. */
  readonly fault: string | null;
}

/** Where backups come from and go to. Paths are absolute; no `folder` means there are none. */
export interface BackupOptions {
  readonly dataDir: string;
  readonly folder: string | null;
  /** Aborts what runs when the server stops. */
  readonly signal: AbortSignal;
}

const VERDICT = "backup_verdict";
const FAULTS_KEPT_MAX = 10;

/** Makes backups and reports on the last one. */
export class Backups {
  readonly #world: { readonly files: Files; readonly clock: Clock; readonly log: Log };
  readonly #store: Store;
  readonly #openDb: (folder: string) => Promise<Db>;
  readonly #options: BackupOptions;
  #running: { readonly since: string; readonly done: Promise<void> } | null = null;
  #fault: string | null = null;

  /** `openDb` opens a DuckDB that may read a folder. Throws where the folder cannot be one. */
  constructor(
    world: { readonly files: Files; readonly clock: Clock; readonly log: Log },
    store: Store,
    openDb: (folder: string) => Promise<Db>,
    options: BackupOptions,
  ) {
    const { dataDir, folder } = options;
    if (folder !== null && (isWithin(folder, dataDir) || isWithin(dataDir, folder))) {
      throw new Error(`Cannot use backup_dir ${folder}: it and data_dir lie in one another`);
    }
    this.#world = world;
    this.#store = store;
    this.#openDb = openDb;
    this.#options = options;
  }

  /** The state of backups now. */
  async state(): Promise<BackupState> {
    const { folder } = this.#options;
    const runningSince = this.#running?.since ?? null;
    if (folder === null) return { folder, runningSince, last: null, fault: null };
    try {
      const facts = await readBackup(this.#world.files, folder);
      const last = facts && { ...facts, verdict: await this.#verdictOf(facts.madeAt) };
      return { folder, runningSince, last, fault: this.#fault };
    } catch (error) {
      const fault = this.#fault ?? sentenceOf("Cannot read the backup in", error, folder);
      return { folder, runningSince, last: null, fault };
    }
  }

  /**
   * Begins a backup; `done` resolves when it has ended, well or not. Rejects with `conflict` where
   * one is being made or there is no folder, `unavailable` where nothing can be put into it.
   */
  async begin(): Promise<{ readonly done: Promise<void> }> {
    const { folder } = this.#options;
    if (folder === null) {
      throw new AppError(
        "conflict",
        "Cannot back up: no backup_dir is set; name a folder in the settings of the server",
      );
    }
    if (this.#running) {
      const { since } = this.#running;
      throw new AppError("conflict", `Cannot back up: a backup is being made since ${since}`);
    }
    const since = new Date(this.#world.clock.nowMs()).toISOString();
    const ready = this.#world.files.makeDir(folder).catch((error) => {
      throw new AppError("unavailable", sentenceOf("Cannot back up into", error, folder));
    });
    const done = ready.then(() => this.#make(folder)).then(() => {
      this.#fault = null;
    }).catch((error) => {
      this.#fault = sentenceOf("Cannot back up into", error, folder);
      if (!this.#options.signal.aborted) this.#world.log("error", this.#fault);
    }).finally(() => {
      this.#running = null;
    });
    this.#running = { since, done };
    await ready;
    return { done };
  }

  /** Makes a backup where the last is older than `everyMs`. Rejects where that fails. */
  async makeIfDue(everyMs: number): Promise<void> {
    if (this.#running) return;
    const { last } = await this.state();
    const age = last ? this.#world.clock.nowMs() - Date.parse(last.madeAt) : Infinity;
    if (age < everyMs) return;
    await (await this.begin()).done;
    const { aborted } = this.#options.signal;
    if (this.#fault !== null && !aborted) throw new Error(this.#fault);
  }

  /** Resolves when none is being made. */
  async idle(): Promise<void> {
    await this.#running?.done;
  }

  async #make(folder: string): Promise<void> {
    const { files, clock, log } = this.#world;
    const { dataDir, signal } = this.#options;
    const { last } = await this.state();
    // A backup with faults is no base for the next.
    const full = (last?.verdict?.faults.length ?? 0) > 0;
    const made = await backup(this.#world, dataDir, folder, { signal, full });
    log("info", "Backup made", { ...made });
    const db = await this.#openDb(folder);
    try {
      const { faults } = await verify(files, db, folder, { signal });
      const verdict: Verdict = {
        madeAt: (await readBackup(files, folder))?.madeAt ?? "",
        verifiedAt: new Date(clock.nowMs()).toISOString(),
        faults: faults.slice(0, FAULTS_KEPT_MAX),
      };
      await this.#store.run("setMeta", { name: VERDICT, value: JSON.stringify(verdict) });
      for (const reason of faults) log("error", "Backup failed verification", { reason });
    } finally {
      await db.close();
    }
  }

  async #verdictOf(madeAt: string): Promise<Verdict | null> {
    const text = await this.#store.run("getMeta", VERDICT);
    const verdict: Verdict | null = text === null ? null : JSON.parse(text);
    return verdict?.madeAt === madeAt ? verdict : null;
  }
}

/** A fault as a sentence: messages of the system do not say what was tried. */
function sentenceOf(tried: string, error: unknown, folder: string): string {
  const message = messageOf(error);
  return message.startsWith("Cannot ") ? message : `${tried} ${folder}: ${message}`;
}

/** Whether a path is another, or lies below it. */
function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
