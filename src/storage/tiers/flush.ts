// Flushes hot events to Parquet files. The SQLite transaction that adds the files to the
// catalog and takes their rows from the journal is the only moment at which events change tier.
import { messageOf } from "../../core/errors.ts";
import { sql } from "../../core/sql.ts";
import { Mutex } from "../../core/mutex.ts";
import type { Clock, Files, Log } from "../../core/types.ts";
import { type Catalog } from "./catalog.ts";
import { withFiles } from "./snapshot.ts";
import type { Db } from "../duckdb.ts";
import type { PartitionNumbers } from "../parquet/partition_numbers.ts";
import { type Hot, type HotPartition, type HotTable, unionOf } from "./hot.ts";
import { rowsOf, settle, writeTemporary } from "../parquet/partition_file.ts";
import { type CatalogFile, type Partition, partitionFolder } from "../parquet/partition.ts";
import {
  fewPartitions,
  largestPartitions,
  type Split,
  splitPartitions,
  writeAll,
} from "./small_partitions.ts";
import type { Store } from "../state/store.ts";

/**
 * Shortest time between flushes under load: fewer and larger files. A flush costs more by its files
 * than by its events, so that its own time decides how long the next one waits.
 */
const FLUSH_MS_MIN = 1000;
const FLUSH_MS_MAX = 5000;
/** Flushes that follow each other take one part of so many. */
const FLUSH_SHARE = 20;

/** Most frozen tables that may hold partitions which are held back. */
const FROZEN_TABLES_MAX = 8;

/** After a commit that says so: deletes the journal's rows that are in files, part by part. */
export async function deleteFlushed(store: Pick<Store, "run">): Promise<void> {
  while (await store.run("deleteFlushed", undefined));
}

/** Counts since the start. */
export interface FlushCounts {
  flushes: number;
  failures: number;
  events: number;
}

/** What the rest of the program needs of whatever flushes. */
export type Flushing = Pick<Flusher, keyof Flusher>;

/** Writes partition files; never two at a time. */
export class Flusher {
  readonly counts: FlushCounts = { flushes: 0, failures: 0, events: 0 };
  readonly #db: Db;
  readonly #store: Store;
  readonly #files: Files;
  readonly #catalog: Catalog;
  readonly #hot: Hot;
  readonly #numbers: PartitionNumbers;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #mutex: Mutex;
  readonly #eventsFolder: string;
  readonly #journalId: string;
  /** The time of the last flush to record; null while the clock is in doubt. */
  readonly #recordMs: () => number | null;
  readonly #timed: (work: () => Promise<void>) => Promise<void>;
  /** Files of a flush that was not committed and could not be removed yet, by partition folder. */
  readonly #leftovers = new Map<string, string>();
  #asked: Promise<void> | undefined;
  #isFailing = false;
  /** Whether the flush that was asked for writes small partitions, too. */
  #asksAll = false;
  #heldBackRows = 0;
  /** By uptime, when a flush is due; Infinity for none. */
  #dueMs = Infinity;
  #cancel = () => {};
  /** By uptime: a clock that is set does not move a flush. */
  #startedMs = -Infinity;
  #tookMs = 0;

  /** `mutex` keeps a flush apart from whatever else replaces or removes files. */
  constructor(
    db: Db,
    store: Store,
    files: Files,
    catalog: Catalog,
    hot: Hot,
    numbers: PartitionNumbers,
    clock: Clock,
    log: Log,
    mutex: Mutex,
    options: {
      readonly eventsFolder: string;
      readonly journalId: string;
      readonly recordMs: () => number | null;
      /** Runs each flush, and notes how long it took. */
      readonly timed?: (work: () => Promise<void>) => Promise<void>;
    },
  ) {
    this.#db = db;
    this.#store = store;
    this.#files = files;
    this.#catalog = catalog;
    this.#hot = hot;
    this.#numbers = numbers;
    this.#clock = clock;
    this.#log = log;
    this.#mutex = mutex;
    this.#eventsFolder = options.eventsFolder;
    this.#journalId = options.journalId;
    this.#recordMs = options.recordMs;
    this.#timed = options.timed ?? ((work) => work());
  }

  /** Whether something went wrong in the last flush. */
  get failing(): boolean {
    return this.#isFailing;
  }

  /** Events in partitions too small to be written now. */
  get heldBackRows(): number {
    return this.#heldBackRows;
  }

  /**
   * Writes what is hot at the moment of the call to Parquet, except small partitions where there
   * are many (see small_partitions.ts) and `all` is not set. Never rejects: failures are logged,
   * counted, and tried again by the next flush.
   */
  flush({ all = false } = {}): Promise<void> {
    this.#asksAll ||= all;
    this.#asked ??= this.#mutex.run(async () => {
      this.#asked = undefined;
      const asksAll = this.#asksAll;
      this.#asksAll = false;
      await this.#try(asksAll ? writeAll : splitPartitions);
    });
    return this.#asked;
  }

  /** The same for a caller that holds the mutex. */
  flushNow(): Promise<void> {
    return this.#try(splitPartitions);
  }

  /** At stop: of many partitions, the largest are written; the others stay in the journal. */
  flushLargest(): Promise<void> {
    return this.#mutex.run(() => this.#try(largestPartitions));
  }

  /** At stop, when no event comes any more: what came since, unless it is of many partitions. */
  flushRest(): Promise<void> {
    return this.#mutex.run(() => this.#try(fewPartitions));
  }

  /**
   * Flushes now, or one to five seconds after the last flush began; where much is hot, not later
   * than one.
   */
  flushSoon({ isMuch = false } = {}): void {
    const pacedMs = isMuch ? 0 : Math.min(FLUSH_MS_MAX, this.#tookMs * FLUSH_SHARE);
    const nowMs = this.#clock.uptimeMs();
    const dueMs = Math.max(nowMs, this.#startedMs + Math.max(FLUSH_MS_MIN, pacedMs));
    if (dueMs >= this.#dueMs) return;
    this.#cancel();
    this.#dueMs = dueMs;
    this.#cancel = this.#clock.after(dueMs - nowMs, () => {
      this.#dueMs = Infinity;
      this.flush();
    });
  }

  /** Cancels a scheduled flush. */
  cancel(): void {
    this.#cancel();
    this.#dueMs = Infinity;
  }

  async #try(split: Split): Promise<void> {
    const { failures } = this.counts;
    this.#startedMs = this.#clock.uptimeMs();
    try {
      await this.#timed(() => this.#flush(split));
    } catch (error) {
      this.#failed("Cannot flush events to Parquet", error);
    }
    this.#isFailing = this.counts.failures > failures;
    this.#tookMs = this.#clock.uptimeMs() - this.#startedMs;
  }

  async #flush(split: Split): Promise<void> {
    const tables = await this.#hot.freeze();
    if (tables.length === 0) return;
    const span = {
      seqFrom: Math.min(...tables.map((table) => table.seqFrom)),
      seqTo: Math.max(...tables.map((table) => table.seqTo)),
    };
    const written: CatalogFile[] = [];
    const { write, wait } = split(await this.#hot.partitions(tables));
    const kept: HotPartition[] = [...wait];
    for (const partition of write) {
      try {
        written.push(await this.#write(partition, tables, span));
      } catch (error) {
        kept.push(partition);
        this.#failed("Cannot write a Parquet file", error, {
          partition: partitionFolder(partition),
        });
      }
    }
    if (written.length > 0 || kept.length === 0 || tables.length > FROZEN_TABLES_MAX) {
      await this.#move(written, kept, span.seqTo, tables);
    }
    this.#heldBackRows = wait.reduce((sum, { rows }) => sum + rows, 0);
  }

  async #write(
    partition: HotPartition,
    tables: readonly HotTable[],
    span: { seqFrom: number; seqTo: number },
  ): Promise<CatalogFile> {
    const folder = partitionFolder(partition);
    const leftover = this.#leftovers.get(folder);
    if (leftover !== undefined) {
      await this.#files.remove(`${this.#eventsFolder}/${leftover}`);
      this.#leftovers.delete(folder);
    }
    const file = await writeTemporary(this.#db, this.#files, this.#eventsFolder, partition, {
      number: await this.#numbers.next(partition),
      source: rowsOf(partition, sql`(${unionOf(tables)})`),
      order: "byTime",
      origin: { journal: this.#journalId, ...span },
    });
    await settle(this.#files, this.#eventsFolder, file);
    return { ...file, firstUs: partition.firstUs };
  }

  /** Commits written files and reads them instead of the tables; all that can fail comes first. */
  async #move(
    files: readonly CatalogFile[],
    kept: readonly HotPartition[],
    seqTo: number,
    tables: readonly HotTable[],
  ): Promise<void> {
    let rest: HotTable | null = null;
    let isLong = false;
    try {
      if (kept.length > 0) rest = await this.#hot.keep(tables, kept);
      if (files.length > 0 || kept.length === 0) {
        isLong = await this.#commit(files, kept, seqTo, tables);
      }
    } catch (error) {
      for (const file of files) await this.#discard(file.path, partitionFolder(file));
      if (rest !== null) await this.#drop([rest]);
      throw error;
    }
    this.#publish(files, rest, tables);
    if (isLong) await this.#deleteFlushed();
  }

  async #commit(
    files: readonly CatalogFile[],
    except: readonly Partition[],
    seqTo: number,
    tables: readonly HotTable[],
  ): Promise<boolean> {
    const last = await this.#db.query(
      sql`select epoch_us(max(timestamp)) as last from (${unionOf(tables)})`,
    );
    return await this.#store.run("commitFlush", {
      files,
      except,
      seqTo,
      lastTimestampUs: Number(last[0]?.["last"] ?? 0),
      atMs: this.#recordMs(),
    });
  }

  /** Deletes rows that are in files; what remains after an error the next flush deletes. */
  async #deleteFlushed(): Promise<void> {
    try {
      await deleteFlushed(this.#store);
    } catch (error) {
      this.#failed("Cannot delete flushed rows from the journal yet", error);
    }
  }

  #publish(
    files: readonly CatalogFile[],
    rest: HotTable | null,
    tables: readonly HotTable[],
  ): void {
    const hotTables = this.#hot.release(tables, rest);
    this.#catalog.publish(
      { files: withFiles(this.#catalog.current.files, files), hotTables },
      () => void this.#drop(tables),
      { added: files, removed: [] },
    );
    this.counts.flushes++;
    this.counts.events += files.reduce((sum, file) => sum + file.rows, 0);
    this.#log("debug", "Flushed", { files: files.length });
  }

  async #drop(tables: readonly HotTable[]): Promise<void> {
    try {
      await this.#hot.drop(tables);
    } catch (error) {
      // A database in memory loses its tables when it is closed or has failed.
      if (!this.#db.isClosing && !this.#db.hasFailed) {
        this.#failed("Cannot drop flushed hot tables", error);
      }
    }
  }

  /** Removes a file that was written but not committed; a failed removal is retried later. */
  async #discard(path: string, folder: string): Promise<void> {
    try {
      await this.#files.remove(`${this.#eventsFolder}/${path}`);
    } catch (error) {
      this.#leftovers.set(folder, path);
      this.#failed("Cannot remove a file yet", error, { path });
    }
  }

  #failed(what: string, error: unknown, fields: Record<string, string> = {}): void {
    this.counts.failures++;
    this.#log("error", what, { ...fields, reason: messageOf(error) });
  }
}
