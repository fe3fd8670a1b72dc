// Opens DATA_DIR: lock, SQLite, DuckDB, recovery, and the parts that work on them, in the order
// in which they need each other.
import { messageOf } from "../core/errors.ts";
import type { Event } from "../core/event.ts";
import type { MissingFiles } from "./missing_files.ts";
import { Mutex } from "../core/mutex.ts";
import type { Files, System } from "../core/types.ts";
import { Catalog } from "./tiers/catalog.ts";
import { Compactor } from "./tiers/compact.ts";
import { ParquetTier } from "./tiers/parquet_tier.ts";
import { Db, type DuckDbModule, type ExtensionOptions } from "./duckdb.ts";
import { ClockGuard } from "./clock_guard.ts";
import { DiskSpace } from "./disk_space.ts";
import { Eraser } from "./tiers/erase.ts";
import { Expiry } from "./tiers/expiry.ts";
import { Trash } from "./trash.ts";
import { PartitionNumbers } from "./parquet/partition_numbers.ts";
import { Flusher } from "./tiers/flush.ts";
import { Hot } from "./tiers/hot.ts";
import { Journal } from "./tiers/journal.ts";
import { Proposals } from "./tiers/proposals.ts";
import { emptyFolder } from "./empty_folder.ts";
import { lockFolder } from "./lock.ts";
import { importLegacy } from "./tiers/legacy_database.ts";
import { type MemoryPlan, memoryPlan } from "./memory.ts";
import { Originals } from "./rewrite/originals.ts";
import { type HistoryParts, PathHistory } from "./rewrite/path_history.ts";
import { Reader } from "./reader.ts";
import { requireRestored } from "./backup/restore.ts";
import { Recovery } from "./tiers/recovery.ts";
import { Rollups } from "./rollups/rollups.ts";
import { LogWatch } from "./state/log_watch.ts";
import type { ImportMark } from "./state/ops/import_ops.ts";
import { Store } from "./state/store.ts";

/** The settings storage depends on. */
export interface StorageOptions {
  /** Absolute path of DATA_DIR. */
  readonly dataDir: string;
  /** Who may read the files of events; `group` by default. */
  readonly data_readable_by?: "group" | "everyone";
  readonly memory_limit: string | null;
  readonly threads: number | null;
  /** Space on disk for what queries spill. */
  readonly spill_limit?: string;
  /** The hot tier is flushed when it holds this many events; without it, only when asked. */
  readonly flush_event_count?: number;
  /** What expires is deleted at once instead of being moved to the trash. */
  readonly gdpr_mode?: boolean;
  /** An extension for DuckDB; `db.extensionFault` says whether it was loaded. */
  readonly extension?: ExtensionOptions;
}

/** What storage needs to know of the process. */
export interface StorageHost {
  readonly pid: number;
  readonly memoryBytes: number | null;
  readonly loadDuckDb: () => Promise<DuckDbModule>;
}

/** An open DATA_DIR. */
export interface Storage {
  readonly db: Db;
  readonly store: Store;
  /** How the memory is divided. */
  readonly memory: MemoryPlan;
  /**
   * Accepts events: all are on disk when this resolves, none when it rejects with SQLite's
   * message. A flush follows when the hot tier is full.
   */
  append(events: readonly Event[], imports?: readonly ImportMark[]): Promise<void>;
  readonly hot: Hot;
  readonly flusher: Flusher;
  readonly parquet: ParquetTier;
  readonly compactor: Compactor;
  readonly eraser: Eraser;
  readonly expiry: Expiry;
  /** Originals of rewritten files that their owner has not confirmed. */
  readonly originals: Originals;
  /** Brings path rules to stored events. */
  readonly pathHistory: PathHistory;
  readonly guard: ClockGuard;
  readonly logWatch: LogWatch;
  readonly space: DiskSpace;
  /**
   * Brings the events of earlier runs into the hot tier, while new ones are appended. Before it
   * resolves nothing may be asked, flushed or erased.
   */
  fill(): Promise<void>;
  readonly reader: Reader;
  readonly rollups: Rollups;
  /** Keeps changes of files apart. */
  readonly mutex: Mutex;
  /** New sites that an owner has yet to accept, and the refused ones. */
  readonly proposals: Proposals;
  /** Counts a proposed site from now on; resolves with the number of its events. */
  acceptProposed(site: string): Promise<number>;
  /** Removes a site that has no events any more; resolves with whether it had none. */
  forgetSite(site: string): Promise<boolean>;
  /** Highest time (µs) an event was ever given. */
  readonly lastTimestampUs: number;
  fileCount(): number;
  /** Paths of corrupt files in quarantine. */
  quarantined(): readonly string[];
  /** Paths of Parquet files of the catalog that are not on disk, or that all of them are gone. */
  missing(): Pick<MissingFiles, "paths" | "isFolderGone">;
  /** Paths of files that were not adopted, with the reason of each. */
  refused(): ReadonlyMap<string, string>;
  close(): Promise<void>;
}

const READERS = 4;
/** A partition of today that holds more files is merged. */
const OPEN_FILES_MAX = 16;

/** Opens everything and recovers. Rejects with a sentence the owner can act on. */
export async function openStorage(
  system: System,
  host: StorageHost,
  options: StorageOptions,
): Promise<Storage> {
  const storage = await openUnfilled(system, host, options);
  try {
    await storage.fill();
  } catch (error) {
    await storage.close();
    throw error;
  }
  return storage;
}

/** Like `openStorage`, but events can be appended before `fill()` has read earlier ones. */
export async function openUnfilled(
  system: System,
  host: StorageHost,
  options: StorageOptions,
): Promise<Storage> {
  const { clock, files, log, random } = system;
  const { dataDir } = options;
  const eventsFolder = eventsFolderOf(options);
  await prepareFolder(files, options);
  const lock = await lockFolder(files, dataDir, host.pid);
  const closing: (() => Promise<void>)[] = [() => lock.release()];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    // The store is opened and checked in another thread meanwhile, which takes as long.
    const loading = host.loadDuckDb();
    loading.catch(() => {});
    const { store, isSalvaged } = await openStore(system, dataDir);
    closing.push(() => store.close());
    await store.run("storeId", random.uuid());
    // With many folders this takes a while, too.
    const comparing = store.run("compareFiles", eventsFolder);
    comparing.catch(() => {});
    const duckdb = await loading;
    await importLegacy(duckdb, store, system, dataDir);
    const spillFolder = `${dataDir}/.spill`;
    // A query that was killed while it ran left events there.
    await emptyFolder(files, spillFolder);
    const memory = memoryPlan(host.memoryBytes, options);
    log("info", "Memory divided", {
      memory_mib: memory.bytes === null ? null : Math.floor(memory.bytes / 2 ** 20),
      duckdb_limit: memory.duckdbLimit,
      statements: memory.slots,
    });
    const db = await Db.open(duckdb, clock, {
      folder: dataDir,
      spillFolder,
      spillLimit: options.spill_limit ?? null,
      memoryLimit: memory.duckdbLimit,
      threads: options.threads,
      threadsMax: memory.threadsMax,
      readers: READERS,
      ...(options.extension ? { extension: options.extension } : {}),
    });
    closing.push(() => db.close());
    const recovery = new Recovery(db, store, files, log, {
      eventsFolder,
      quarantineFolder: `${dataDir}/quarantine`,
      journalId: await store.run("journalId", random.uuid()),
      isSalvaged,
    });
    const rollups = new Rollups(store, files, log, { folder: `${dataDir}/rollups` });
    const catalog = new Catalog(
      await recovery.start(await comparing),
      await store.run("listSites", undefined),
      (change) => rollups.changed(change),
    );
    await rollups.start();
    const parts = await openParts(system, db, store, recovery, catalog, rollups, options, close);
    return { ...parts, memory };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Makes the folder of events. Rejects with a sentence where the folder cannot be used. */
async function prepareFolder(files: Files, options: StorageOptions): Promise<void> {
  const { dataDir } = options;
  const eventsFolder = eventsFolderOf(options);
  try {
    await requireRestored(files, dataDir);
    await files.makeDir(eventsFolder);
    await limitReaders(files, eventsFolder, options);
  } catch (error) {
    const message = messageOf(error);
    if (message.startsWith("Cannot ")) throw error;
    throw new Error(`Cannot use data_dir ${dataDir}: ${message}`);
  }
}

/** The parts that work on an open database and a recovered catalog. */
async function openParts(
  { clock, files, log, random }: System,
  db: Db,
  store: Store,
  recovery: Recovery,
  catalog: Catalog,
  rollups: Rollups,
  options: StorageOptions,
  close: () => Promise<void>,
): Promise<Omit<Storage, "memory">> {
  const at = { eventsFolder: eventsFolderOf(options) };
  const proposals = await Proposals.open(store, clock);
  const journal = await Journal.open(store, catalog, proposals, clock);
  const guard = await ClockGuard.open(store, clock, log);
  const hot = await Hot.create(db, catalog, journal);
  const mutex = new Mutex();
  const numbers = new PartitionNumbers(store, files, at);
  const parquet = new ParquetTier(store, files, catalog, recovery, log, mutex, rollups, at);
  const journalId = await store.run("journalId", random.uuid());
  const into = { ...at, journalId, recordMs: () => guard.recordMs() };
  const flusher = new Flusher(db, store, files, catalog, hot, numbers, clock, log, mutex, into);
  const base = { db, store, files, catalog, parquet, recovery, flusher, numbers };
  const changed = { ...base, journal, hot, guard, clock, log, mutex };
  const changers = await openChangers(changed, options);
  return {
    db,
    store,
    append: async (events, imports) => {
      await journal.append(events, imports);
      if (journal.isLoading) return;
      const fresh = hot.rows - flusher.heldBackRows;
      if (fresh >= (options.flush_event_count ?? Infinity)) flusher.flushSoon();
    },
    fill: () =>
      hot.load((seq) => log("error", "Skipped an unreadable row of the journal", { seq })),
    hot,
    flusher,
    parquet,
    ...changers,
    guard,
    logWatch: new LogWatch(store, log),
    space: new DiskSpace(files, log, options.dataDir),
    rollups,
    mutex,
    reader: new Reader(db, files, catalog, hot, parquet, recovery, rollups, at),
    proposals,
    acceptProposed: (site) => journal.acceptProposed(site),
    forgetSite: (site) => journal.forgetSite(site),
    lastTimestampUs: journal.lastTimestampUs,
    fileCount: () => catalog.fileCount(),
    quarantined: () => recovery.quarantined,
    missing: () => recovery.missing,
    refused: () => recovery.refused,
    close: async () => {
      flusher.cancel();
      // What still runs is stopped: a flush that is cut off leaves its events in the journal.
      await db.close();
      await mutex.idle();
      await close();
    },
  };
}

/** What merges, rewrites and removes stored events. */
async function openChangers(
  parts: Omit<HistoryParts, "originals"> & {
    readonly journal: Journal;
    readonly hot: Hot;
    readonly guard: ClockGuard;
  },
  options: StorageOptions,
): Promise<Pick<Storage, "compactor" | "eraser" | "expiry" | "originals" | "pathHistory">> {
  const { db, store, files, catalog, parquet, recovery, flusher, numbers } = parts;
  const { journal, hot, guard, clock, log, mutex } = parts;
  const at = { eventsFolder: eventsFolderOf(options) };
  const originals = await Originals.open(store, files, log, options.dataDir);
  const isHeld = (path: string) => originals.isResult(path);
  const many = { ...at, openFilesMax: OPEN_FILES_MAX, isHeld };
  const trash = new Trash(files, options.dataDir);
  const eraser = new Eraser(
    store,
    catalog,
    journal,
    hot,
    parquet,
    trash,
    recovery,
    originals,
    mutex,
  );
  return {
    compactor: new Compactor(db, store, files, catalog, parquet, numbers, clock, log, mutex, many),
    eraser,
    expiry: new Expiry(
      store,
      catalog,
      journal,
      parquet,
      eraser,
      flusher,
      guard,
      trash,
      originals,
      mutex,
      { keepsTrash: options.gdpr_mode !== true },
    ),
    originals,
    pathHistory: await PathHistory.open({ ...parts, originals }, at),
  };
}

/** SQLite's message for a corrupt file, as opposed to a folder that cannot be used. */
const CORRUPT = /malformed|not a database|corrupt/i;

/** Opens mallard.sqlite. A corrupt one is quarantined, and its readable rows are salvaged. */
async function openStore(
  { clock, files, log }: System,
  dataDir: string,
): Promise<{ store: Store; isSalvaged: boolean }> {
  const path = `${dataDir}/mallard.sqlite`;
  try {
    return { store: await openProtected(files, path), isSalvaged: false };
  } catch (error) {
    if (!CORRUPT.test(messageOf(error))) {
      throw new Error(`Cannot open ${path}: ${messageOf(error)}`);
    }
    const time = new Date(clock.nowMs()).toISOString().replace(/[:.]/g, "-");
    const quarantined = `${dataDir}/quarantine/mallard-${time}.sqlite`;
    log("error", "Quarantined corrupt mallard.sqlite", {
      path: quarantined,
      reason: messageOf(error),
    });
    await files.makeDir(`${dataDir}/quarantine`);
    for (const suffix of ["", "-wal", "-shm"]) {
      if (await files.size(path + suffix) !== null) {
        await files.rename(path + suffix, quarantined + suffix);
      }
    }
    const store = await openProtected(files, path);
    for (const { table, rows, fault } of await store.run("salvage", quarantined)) {
      if (fault === null) log("info", "Salvaged a table", { table, rows });
      else log("error", "Salvaged a part of a table", { table, rows, reason: fault });
    }
    return { store, isSalvaged: true };
  }
}

/** Opens the owner's secrets for their owner alone; SQLite gives its log the same mode. */
async function openProtected(files: Files, path: string): Promise<Store> {
  if (await files.size(path) === null) await files.write(path, new Uint8Array(), 0o600);
  await files.protect(path);
  return await Store.open(path);
}

/**
 * Older versions made files of events that every user could read: the folder's mode protects them.
 * A folder of another user keeps its mode.
 */
async function limitReaders(
  files: Files,
  eventsFolder: string,
  { data_readable_by }: StorageOptions,
): Promise<void> {
  const mode = data_readable_by === "everyone" ? 0o755 : 0o750;
  await files.protect(eventsFolder, mode).catch(() => {});
}

function eventsFolderOf({ dataDir }: StorageOptions): string {
  return `${dataDir}/events`;
}
