// Compaction: the many small files of a partition become one. It runs beside everything
// else and holds the mutex only while the new file replaces the old ones.
import { messageOf } from "../../core/errors.ts";
import type { Mutex } from "../../core/mutex.ts";
import type { Clock, Files, Log } from "../../core/types.ts";
import type { Catalog } from "./catalog.ts";
import type { ParquetTier } from "./parquet_tier.ts";
import { findCorruptFiles, firstLine, mayBeCorruption } from "../parquet/corruption.ts";
import type { Db } from "../duckdb.ts";
import { PauseError } from "../duckdb/faults.ts";
import type { PartitionNumbers } from "../parquet/partition_numbers.ts";
import { writeMerged } from "../parquet/merge.ts";
import { settle } from "../parquet/partition_file.ts";
import { type CatalogFile, type Partition, partitionFolder } from "../parquet/partition.ts";
import { foreignColumns } from "../parquet/schema.ts";
import type { Store } from "../state/store.ts";
import { utcDate } from "../../core/event.ts";

/** When a partition is merged. */
export interface CompactionOptions {
  readonly eventsFolder: string;
  /** A partition of today is merged in steps of this many files or more, when it holds more. */
  readonly openFilesMax: number;
  /** Whether a file must stay as it is, so that what made it can be undone. */
  readonly isHeld: (path: string) => boolean;
}

/** Counts since the start. */
export interface CompactionCounts {
  merged: number;
  written: number;
  failures: number;
}

/** Merges files. */
export class Compactor {
  readonly counts: CompactionCounts = { merged: 0, written: 0, failures: 0 };
  readonly #db: Db;
  readonly #store: Store;
  readonly #files: Files;
  readonly #catalog: Catalog;
  readonly #parquet: ParquetTier;
  readonly #numbers: PartitionNumbers;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #mutex: Mutex;
  readonly #options: CompactionOptions;
  /** Partitions that hold columns of another program: merging would lose them. */
  readonly #foreign = new Set<string>();
  /** Temporary files that could not be removed yet. */
  readonly #leftovers = new Set<string>();
  /** Replaced files of this run that are being deleted. */
  #removals: Promise<void>[] = [];

  constructor(
    db: Db,
    store: Store,
    files: Files,
    catalog: Catalog,
    parquet: ParquetTier,
    numbers: PartitionNumbers,
    clock: Clock,
    log: Log,
    mutex: Mutex,
    options: CompactionOptions,
  ) {
    this.#db = db;
    this.#store = store;
    this.#files = files;
    this.#catalog = catalog;
    this.#parquet = parquet;
    this.#numbers = numbers;
    this.#clock = clock;
    this.#log = log;
    this.#mutex = mutex;
    this.#options = options;
  }

  /**
   * Merges whatever is due; stops early, leaving no trace, when the signal aborts. Rejects with
   * `PauseError` where DuckDB is opened again meanwhile; any other failure is logged and counted.
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#removals = [];
    try {
      await this.#mergeAll(signal);
    } finally {
      await Promise.all(this.#removals);
    }
    await this.#clear([]);
  }

  async #mergeAll(signal: AbortSignal): Promise<void> {
    const groups = this.#due();
    if (groups.length === 0) return;
    // A file of an import stays apart, so that the import can be undone.
    const imported = new Set(await this.#store.run("listImportedPaths", null));
    for (const group of groups) {
      if (signal.aborted) return;
      const due = group.filter(({ path }) => !imported.has(path));
      if (due.length < 2) continue;
      try {
        await this.#merge(due, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof PauseError) throw error;
        if (mayBeCorruption(error) && await this.#quarantineCorrupt(due)) continue;
        this.counts.failures++;
        const folder = due[0] ? partitionFolder(due[0]) : "";
        this.#log("error", "Cannot merge the files of a partition", {
          partition: folder,
          reason: firstLine(error),
        });
      }
    }
  }

  async #quarantineCorrupt(files: readonly CatalogFile[]): Promise<boolean> {
    const corrupt = await findCorruptFiles(
      this.#db,
      this.#files,
      this.#options.eventsFolder,
      files,
    );
    if (corrupt.length > 0) await this.#parquet.quarantine(corrupt);
    return corrupt.length > 0;
  }

  /** Groups of files to be merged, each of one partition. */
  #due(): CatalogFile[][] {
    const today = utcDate(this.#clock.nowMs() * 1000);
    const groups: CatalogFile[][] = [];
    for (const files of this.#catalog.current.files.values()) {
      for (const partition of byDate(files)) {
        const first = partition[0];
        if (!first || this.#foreign.has(partitionFolder(first))) continue;
        const free = partition.filter(({ path }) => !this.#options.isHeld(path));
        const group = first.date < today ? free : this.#step(free);
        if (group.length > 1) groups.push(group);
      }
    }
    return groups;
  }

  /**
   * Of a partition that still grows, the smallest files: each event is rewritten rarely. However
   * many came, no more than `openFilesMax` are left.
   */
  #step(partition: readonly CatalogFile[]): CatalogFile[] {
    const { openFilesMax } = this.#options;
    const { length } = partition;
    if (length <= openFilesMax) return [];
    const count = Math.max(openFilesMax, length - openFilesMax + 1);
    const smallest = partition.toSorted((a, b) => a.rows - b.rows).slice(0, count);
    return partition.filter((file) => smallest.includes(file));
  }

  async #merge(sources: readonly CatalogFile[], signal: AbortSignal): Promise<void> {
    const lease = this.#catalog.lease();
    const made: string[] = [];
    const { eventsFolder } = this.#options;
    try {
      const partition = sources[0] as Partition;
      // What was due when the run began may have expired or been erased since.
      const present = new Set(lease.snapshot.files.get(partition.site_id));
      if (!sources.every((source) => present.has(source))) return;
      const paths = sources.map((file) => `${eventsFolder}/${file.path}`);
      if ((await foreignColumns(this.#db, paths)).length > 0) {
        this.#foreign.add(partitionFolder(partition));
        return;
      }
      const number = await this.#mutex.run(() => this.#numbers.next(partition));
      const options = { number, made, signal };
      const file = await writeMerged(this.#db, this.#files, eventsFolder, sources, options);
      const expected = sources.reduce((sum, source) => sum + source.rows, 0);
      if (file.rows !== expected) {
        throw new Error(`${expected} events went in, ${file.rows} came out`);
      }
      await this.#mutex.run(() => this.#replace(sources, file));
    } finally {
      lease.release();
      await this.#clear(made);
    }
  }

  /** Removes temporary files; a failed removal is retried at the end of each run. */
  async #clear(made: readonly string[]): Promise<void> {
    for (const path of made) this.#leftovers.add(path);
    for (const path of this.#leftovers) {
      try {
        await this.#files.remove(path);
        this.#leftovers.delete(path);
      } catch (error) {
        this.#log("warn", "Cannot remove a file yet", { path, reason: messageOf(error) });
      }
    }
  }

  /** Replaces the files. If a source was removed meanwhile, nothing is changed. */
  async #replace(sources: readonly CatalogFile[], file: CatalogFile): Promise<void> {
    const current = new Set(this.#catalog.current.files.get(file.site_id));
    if (!sources.every((source) => current.has(source))) return;
    await settle(this.#files, this.#options.eventsFolder, file);
    try {
      await this.#store.run("replaceFiles", {
        added: [file],
        removed: sources.map((source) => source.path),
        isSameEvents: true,
      });
    } catch (error) {
      await this.#files.remove(`${this.#options.eventsFolder}/${file.path}`);
      throw error;
    }
    this.#removals.push(this.#parquet.publish([file], sources, { isSameEvents: true }));
    this.counts.merged += sources.length;
    this.counts.written++;
    this.#log("debug", "Merged files", { partition: partitionFolder(file), files: sources.length });
  }
}

function byDate(files: readonly CatalogFile[]): CatalogFile[][] {
  const groups = new Map<string, CatalogFile[]>();
  for (const file of files) {
    const group = groups.get(file.date);
    if (group) group.push(file);
    else groups.set(file.date, [file]);
  }
  return [...groups.values()];
}
