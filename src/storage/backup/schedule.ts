// Backups of a running server into the one folder its owner chose: one at a time, each verified
// when it is made. It must not use a folder of another server.
import { AppError, asSentence } from "../../core/errors.ts";
import type { Clock, Files, Log } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import type { Store } from "../state/store.ts";
import { backup } from "./backup.ts";
import { areNested, foreignFolder } from "./folders.ts";
import { guardedGeneration, type Keeping, readGenerations } from "./generations.ts";
import { eventsOf, type Manifest, readManifest } from "./manifest.ts";
import { verify } from "./verify.ts";

/** The result of a verification; `madeAt` identifies the backup. */
interface Verdict {
  readonly madeAt: string;
  readonly verifiedAt: string;
  /** What is wrong with it, file by file, the first few. */
  readonly faults: readonly string[];
}

/** A backup, summed up from its manifest. */
export interface BackupFacts {
  readonly madeAt: string;
  readonly files: number;
  readonly events: number;
  readonly bytes: number;
}

/** The state of backups. */
export interface BackupState {
  readonly folder: string | null;
  readonly runningSince: string | null;
  /** The backup in the folder; its verdict is null if it was never verified. */
  readonly last: BackupFacts & { readonly verdict: Verdict | null } | null;
  /** All that can be restored, the newest first; a damaged one is left out. */
  readonly kept: readonly BackupFacts[];
  /** An earlier backup with far more events than the last: kept until the owner removes it. */
  readonly guarded: BackupFacts & { readonly folder: string } | null;
  /** Why the last try failed, or the folder cannot be read or used. */
  readonly fault: string | null;
}

/** Source and target of backups. Paths are absolute; without `folder` there are no backups. */
export interface BackupOptions extends Keeping {
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
  /** Whether the last backup failed its verification. */
  #isUnsound = false;
  /** Whether the folder was found to hold backups of other data. */
  #isForeign = false;

  /** `openDb` opens a DuckDB that may read a folder. Throws where the folder cannot be one. */
  constructor(
    world: { readonly files: Files; readonly clock: Clock; readonly log: Log },
    store: Store,
    openDb: (folder: string) => Promise<Db>,
    options: BackupOptions,
  ) {
    const { dataDir, folder } = options;
    if (folder !== null && areNested(folder, dataDir)) {
      throw new Error(`Cannot use backup_dir ${folder}: one of it and data_dir contains the other`);
    }
    this.#world = world;
    this.#store = store;
    this.#openDb = openDb;
    this.#options = options;
  }

  /** Whether no sound backup can be made, as far as it is known since the start. */
  get isFailing(): boolean {
    return this.#fault !== null || this.#isUnsound || this.#isForeign;
  }

  /** The state of backups now. */
  async state(): Promise<BackupState> {
    const { folder } = this.#options;
    const runningSince = this.#running?.since ?? null;
    const nothing = { folder, runningSince, last: null, kept: [], guarded: null };
    if (folder === null) return { ...nothing, fault: null };
    try {
      const generations = await readGenerations(this.#world.files, folder);
      const [newest] = generations;
      // Rejects with the reason if the newest one is damaged.
      if (newest && !newest.manifest) await readManifest(this.#world.files, newest.folder);
      const last = newest?.manifest && factsOf(newest.manifest);
      const guarded = guardedGeneration(generations);
      return {
        folder,
        runningSince,
        last: last ? { ...last, verdict: await this.#verdictOf(last.madeAt) } : null,
        kept: generations.flatMap(({ manifest }) => manifest ? [factsOf(manifest)] : []),
        guarded: guarded?.manifest
          ? { ...factsOf(guarded.manifest), folder: guarded.folder }
          : null,
        fault: this.#fault ?? await this.#foreignFault(folder, newest?.manifest ?? null),
      };
    } catch (error) {
      const fault = this.#fault ?? asSentence(`Cannot read the backup in ${folder}`, error).message;
      return { ...nothing, fault };
    }
  }

  /**
   * Tells the owner where the backups are of other data than the server has: the disk with the data
   * may not be mounted.
   */
  async warnOfOtherStore(): Promise<void> {
    const { folder, dataDir } = this.#options;
    const { last, fault } = await this.state();
    if (fault === null || this.#fault !== null || last === null) return;
    this.#isForeign = true;
    this.#world.log("error", "The backups are of other data: is the right data_dir mounted?", {
      data_dir: dataDir,
      backup_dir: folder,
      events: last.events,
      made_at: last.madeAt,
    });
  }

  async #foreignFault(folder: string, newest: Manifest | null): Promise<string | null> {
    const own = await this.#store.run("getMeta", "store_id");
    if (own === null || newest === null || newest.store === null || newest.store === own) {
      return null;
    }
    return foreignFolder(folder, this.#options.dataDir);
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
      throw new AppError("unavailable", asSentence(`Cannot back up into ${folder}`, error).message);
    });
    const done = ready.then(() => this.#make(folder)).then(() => {
      this.#fault = null;
      this.#isForeign = false;
    }).catch((error) => {
      this.#fault = asSentence(`Cannot back up into ${folder}`, error).message;
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
    // A time in the future comes from a wrong clock.
    if (age >= 0 && age < everyMs) return;
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
    const { dataDir, signal, keep, keepDays } = this.#options;
    const limits = { signal, keep, keepDays };
    const { warnings, ...made } = await backup(this.#world, dataDir, folder, limits);
    log("info", "Backup made", made);
    for (const reason of warnings) log("warn", "Backup needs a look", { reason });
    const db = await this.#openDb(folder);
    try {
      const { faults } = await verify(files, db, folder, { signal });
      const verdict: Verdict = {
        madeAt: (await readGenerations(files, folder))[0]?.manifest?.made_at ?? "",
        verifiedAt: new Date(clock.nowMs()).toISOString(),
        faults: faults.slice(0, FAULTS_KEPT_MAX),
      };
      await this.#store.run("setMeta", { name: VERDICT, value: JSON.stringify(verdict) });
      this.#isUnsound = faults.length > 0;
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

function factsOf(manifest: Manifest): BackupFacts {
  const { made_at, files, others } = manifest;
  const bytes = [...files, ...others].reduce((sum, file) => sum + file.bytes, 0);
  return { madeAt: made_at, files: files.length, events: eventsOf(manifest), bytes };
}
