// Opens DATA_DIR in two halves: first the journal, so that events are kept, then DuckDB, recovery
// and the parts that work on them, in the order in which they need each other.
import { messageOf } from "../core/errors.ts";
import type { Event } from "../core/event.ts";
import { Mutex } from "../core/mutex.ts";
import type { System } from "../core/types.ts";
import type { ClockGuard } from "./clock_guard.ts";
import type { LakeNode, NodeOptions } from "./lake/node.ts";
import type { LakeParts } from "./lake/parts.ts";
import type { SharedState } from "./shared/shared_state.ts";
import { DiskSpace } from "./disk_space.ts";
import { History, type ImportHistory } from "./history/history.ts";
import { Sums } from "./history/sums.ts";
import { Db, type DuckDbModule, type ExtensionOptions } from "./duckdb.ts";
import { Reopening } from "./duckdb/reopening.ts";
import { emptyFolder, removeLeftSpills } from "./empty_folder.ts";
import { type MemoryPlan, memoryPlan, spillLimitOf } from "./memory.ts";
import type { MissingFiles } from "./missing_files.ts";
import {
  eventsFolderOf,
  type JournalOptions,
  type OpenJournal,
  openJournal,
} from "./open_journal.ts";
import { PartitionNumbers } from "./parquet/partition_numbers.ts";
import { Reader } from "./reader.ts";
import { recentVisitors, type SeenVisitors } from "./recent_visitors.ts";
import { Originals } from "./rewrite/originals.ts";
import { type HistoryParts, PathHistory } from "./rewrite/path_history.ts";
import type { Rollups } from "./rollups/rollups.ts";
import { LogWatch } from "./state/log_watch.ts";
import type { ImportMark } from "./state/ops/import_ops.ts";
import type { Store } from "./state/store.ts";
import { removeUpgradeCopies } from "./state/upgrade_copy.ts";
import type { Catalog } from "./tiers/catalog.ts";
import { Compactor } from "./tiers/compact.ts";
import { Eraser } from "./tiers/erase.ts";
import { Expiry } from "./tiers/expiry.ts";
import { Flusher, type Flushing } from "./tiers/flush.ts";
import { Hot, type HotRoom } from "./tiers/hot.ts";
import type { Journal } from "./tiers/journal.ts";
import { ParquetTier } from "./tiers/parquet_tier.ts";
import type { Proposals } from "./tiers/proposals.ts";
import { Recovery } from "./tiers/recovery.ts";
import { Trash } from "./trash.ts";

/** The settings storage depends on. */
export interface StorageOptions extends Omit<JournalOptions, "isCautious"> {
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
  /** The lake that events are flushed into; without it, they stay in DATA_DIR. */
  readonly lake?: NodeOptions;
  /** Told how many of the files that are not in the catalog were read. */
  readonly onFile?: (done: number, total: number) => void;
}

/** What storage needs to know of the process. */
export interface StorageHost {
  readonly pid: number;
  readonly memoryBytes: number | null;
  readonly loadDuckDb: () => Promise<DuckDbModule>;
}

/** What takes events, from the first moment on. */
export interface KeptParts {
  readonly store: Store;
  /** What owners make: the same store, or what the servers of a lake share. */
  readonly owned: Pick<Store, "run">;
  /** Null where this server shares nothing. */
  readonly shared: SharedState | null;
  /** How the memory is divided. */
  readonly memory: MemoryPlan;
  /**
   * Accepts events: all are on disk when this resolves, none when it rejects with SQLite's
   * message. A flush follows when the hot tier is full.
   */
  append(events: readonly Event[], imports?: readonly ImportMark[]): Promise<void>;
  readonly guard: ClockGuard;
  /** New sites that an owner has yet to accept, and the refused ones. */
  readonly proposals: Proposals;
  /** The known sites. */
  readonly sites: Pick<Catalog, "hasSite" | "sites" | "spellings">;
  /** Highest time (µs) an event was ever given. */
  readonly lastTimestampUs: number;
}

/** A DATA_DIR that takes events, before anything else is opened. */
export interface AcceptingStorage extends KeptParts {
  readonly seenVisitors: SeenVisitors;
  /**
   * Opens DuckDB, compares the files with the catalog, adopts new ones, and brings the events of
   * earlier runs into the hot tier, while new ones are appended. Called once.
   */
  complete(): Promise<Storage>;
  close(): Promise<void>;
}

/** An open DATA_DIR. */
export interface Storage extends KeptParts {
  readonly db: Db;
  /** Opens DuckDB again after a fault of its own. */
  readonly reopening: Pick<Reopening, "isUnderWay" | "counts">;
  readonly hot: Hot;
  readonly flusher: Flushing;
  /** What there is instead of Parquet files here; null where there are those. */
  readonly lake: LakeParts | null;
  readonly parquet: ParquetTier;
  readonly compactor: Pick<Compactor, "counts" | "run">;
  readonly eraser: Eraser;
  readonly expiry: Expiry;
  /** Adds and removes the events of imports. */
  readonly history: ImportHistory;
  /** The sums of days that imports have brought. */
  readonly sums: Sums;
  /** Originals of rewritten files that their owner has not confirmed. */
  readonly originals: Originals;
  /** Brings path rules to stored events. */
  readonly pathHistory: PathHistory;
  readonly logWatch: LogWatch;
  readonly space: DiskSpace;
  readonly reader: Reader;
  readonly rollups: Rollups;
  /** Keeps changes of files apart. */
  readonly mutex: Mutex;
  /** Counts a proposed site from now on; resolves with the number of its events. */
  acceptProposed(site: string, into?: string): Promise<number>;
  /** Removes a site that has no events any more; resolves with whether it had none. */
  forgetSite(site: string): Promise<boolean>;
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
/** So many hot events are flushed without a longer pause. */
const HOT_ROWS_MUCH = 50_000;
/** Each flush into a lake makes a file for each site and day. */
const LAKE_FLUSH_ROWS = 100_000;
/** From 61,440 rows in a transaction on, DuckDB takes them over as they are, and copies none. */
const FILLED_AT_ONCE = 65_536;
/** A partition of today that holds more files is merged. */
const OPEN_FILES_MAX = 16;

/** Opens everything and recovers. Rejects with a sentence the owner can act on. */
export async function openStorage(
  system: System,
  host: StorageHost,
  options: StorageOptions,
): Promise<Storage> {
  // Nobody sends events meanwhile: the check may come first, and one thread reads for all.
  const lend: Lend = ({ store }, work) => work(store);
  const accepting = await openAccepting(system, host, { ...options, isCautious: true }, lend);
  try {
    return await accepting.complete();
  } catch (error) {
    await accepting.close();
    throw error;
  }
}

/** Opens DATA_DIR so that events are kept before anything but the journal is opened. */
export async function openAccepting(
  system: System,
  host: StorageHost,
  options: StorageOptions & Pick<JournalOptions, "isCautious">,
  lend: Lend = withReader,
): Promise<AcceptingStorage> {
  const opened = await openJournal(system, host, options);
  const { store, journal, catalog, proposals, guard } = opened;
  const memory = memoryPlan(host.memoryBytes, options);
  const begun: Promise<unknown>[] = [];
  const shared = await sharedOf(system, options, opened);
  const node = await nodeOf(system, host, options, opened);
  const database = once(() => openDatabase(system, host, options, memory, opened, node), begun);
  let accepted = () => {};
  const append: Storage["append"] = async (events, imports) => {
    await journal.append(events, imports);
    if (!journal.isLoading) accepted();
  };
  const owned = shared ?? store;
  const kept = { store, owned, shared, memory, append, guard, proposals, sites: catalog };
  return {
    ...kept,
    lastTimestampUs: journal.lastTimestampUs,
    close: async () => {
      await Promise.allSettled(begun);
      await opened.close();
    },
    seenVisitors: recentVisitors(opened, database),
    async complete() {
      // DuckDB is loaded while another thread reads.
      const opening = database();
      const parts = await lend(opened, async (reader) => {
        const recovery = await recover(system, options, opened, opening, reader, node);
        const all = { ...opened, owned, shared };
        const parts = await openParts(system, await opening, recovery, options, all, node);
        const { flusher } = parts;
        const room = { ...roomAtStart(options, memory, parts), flush: () => flusher.flush() };
        await fill(system, parts.hot, reader, room);
        return parts;
      });
      const { db, hot, flusher, mutex } = parts;
      const refill = () =>
        withReader(opened, (reader) => {
          const room = { ...roomAtStart(options, memory, parts), flush: () => flusher.flushNow() };
          return fill(system, hot, reader, room);
        });
      const openAgain = () => db.reopen().then(() => parts.lake?.flusher.forgetPeers());
      const fillAgain = () => hot.refill(openAgain, refill);
      parts.lake?.flusher.fillBy(fillAgain);
      await parts.lake?.flusher.catchUp();
      const reopen = () => mutex.run(fillAgain);
      const reopening = new Reopening(db, reopen, system.clock, system.log);
      const freshMax = Math.min(
        parts.lake ? LAKE_FLUSH_ROWS : options.flush_event_count ?? Infinity,
        memory.hotRowsMax,
      );
      const muchMin = Math.min(HOT_ROWS_MUCH, memory.hotRowsMax / 2);
      accepted = () => {
        const fresh = hot.rows - flusher.heldBackRows;
        if (fresh >= freshMax) flusher.flushSoon({ isMuch: fresh >= muchMin });
      };
      const close = () => {
        reopening.stop();
        return parts.close();
      };
      return { ...kept, ...parts, reopening, close, lastTimestampUs: journal.lastTimestampUs };
    },
  };
}

/** How the hot tier is filled: where memory is short, in smaller pieces. */
function roomAtStart(
  options: StorageOptions,
  { hotRowsMax }: MemoryPlan,
  { hot, flusher }: Pick<Storage, "hot" | "flusher">,
) {
  const fileOf = (n: number) => `${spillFolderOf(options)}/journal-${n}.ndjson`;
  const files: HotRoom["files"] = [fileOf(0), fileOf(1)];
  const isFull = (rows: number) => hot.rows + rows - flusher.heldBackRows >= hotRowsMax;
  return { isFull, rowsAtOnce: Math.min(FILLED_AT_ONCE, Math.ceil(hotRowsMax / 2)), files };
}

/** Lends `work` a thread that reads mallard.sqlite. */
type Lend = <T>(
  opened: Pick<OpenJournal, "store" | "openReader">,
  work: (reader: Store) => Promise<T>,
) => Promise<T>;

/** Lends another thread than the one that keeps events. */
async function withReader<T>(
  { openReader }: Pick<OpenJournal, "openReader">,
  work: (reader: Store) => Promise<T>,
): Promise<T> {
  const reader = await openReader();
  try {
    return await work(reader);
  } finally {
    await reader.close();
  }
}

/** Brings the events of earlier runs into the hot tier. */
async function fill(
  { files, log }: System,
  hot: Hot,
  reader: Store,
  room: HotRoom,
): Promise<void> {
  try {
    const onUnreadable = (seq: number) =>
      log("error", "Skipped an unreadable row of the journal", { seq });
    await hot.load(reader, onUnreadable, room);
  } finally {
    for (const path of room.files) await files.remove(path);
  }
}

/** The same promise at every call; the work begins at the first, and is added to `begun` then. */
function once<T>(work: () => Promise<T>, begun: Promise<unknown>[]): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made) return made;
    made = work();
    // A rejection is for those who wait for it.
    made.catch(() => {});
    begun.push(made);
    return made;
  };
}

/** Where DuckDB and a start put what does not fit into memory; emptied at each start. */
function spillFolderOf({ dataDir }: Pick<StorageOptions, "dataDir">): string {
  return `${dataDir}/.spill`;
}

/** The same of the DuckDB that writes into a lake. */
function lakeSpillFolderOf({ dataDir }: Pick<StorageOptions, "dataDir">): string {
  return `${dataDir}/.lake-spill`;
}

/** What the servers of a lake share; nothing where events stay here. */
async function sharedOf(
  system: System,
  { lake }: StorageOptions,
  opened: OpenJournal,
): Promise<SharedState | null> {
  if (!lake) return null;
  try {
    const { SharedState } = await import("./shared/shared_state.ts");
    const shared = await SharedState.open(system, opened.store, lake);
    opened.closing.push(() => shared.close());
    await opened.proposals.reload();
    return shared;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/**
 * The lake of the settings, unconnected. Rejects where the events of DATA_DIR are in a lake that
 * the settings do not name: they would be missing in every answer.
 */
async function nodeOf(
  system: System,
  host: StorageHost,
  { dataDir, threads, lake }: StorageOptions,
  opened: OpenJournal,
): Promise<LakeNode | null> {
  if (lake) {
    const { openNode } = await import("./lake/parts.ts");
    const spillFolder = lakeSpillFolderOf({ dataDir });
    return await openNode(system, host, lake, { dataDir, spillFolder, threads }, opened);
  }
  try {
    await requireOwnEvents(opened.store, dataDir);
  } catch (error) {
    await opened.close();
    throw error;
  }
  return null;
}

/** Rejects where the events of DATA_DIR are in a lake. */
export async function requireOwnEvents(store: Store, dataDir: string): Promise<void> {
  if (await store.run("getMeta", "lake_journal") === null) return;
  throw new Error(
    `Cannot use data_dir ${dataDir}: its events are in a lake, which a server reads with ` +
      'storage = "lake"; "mallard lake export" brings them into a new folder',
  );
}

/** Opens DuckDB, which nothing before needs. */
async function openDatabase(
  { clock, files, log }: System,
  host: StorageHost,
  options: StorageOptions,
  memory: MemoryPlan,
  { closing }: OpenJournal,
  node: LakeNode | null,
): Promise<Db> {
  const spillFolder = spillFolderOf(options);
  // What was killed while it ran left events there.
  for (const folder of [spillFolder, lakeSpillFolderOf(options)]) await emptyFolder(files, folder);
  await removeLeftSpills(files, options.dataDir).catch((error) =>
    log("warn", "Cannot remove what commands have left", { reason: messageOf(error) })
  );
  // A new lake is made before it is attached.
  await node?.start();
  const free = await files.space(options.dataDir).catch(() => null);
  const spillLimit = spillLimitOf(options.spill_limit, free);
  log("info", "Memory divided", {
    memory_mib: memory.bytes === null ? null : Math.floor(memory.bytes / 2 ** 20),
    duckdb_limit: memory.duckdbLimit,
    statements: memory.slots,
    spill_limit: spillLimit,
  });
  const duckdb = await host.loadDuckDb();
  const db = await Db.open(duckdb, clock, {
    folder: options.dataDir,
    spillFolder,
    spillLimit,
    memoryLimit: memory.duckdbLimit,
    threads: options.threads,
    threadsMax: memory.threadsMax,
    readers: READERS,
    ...(options.extension ? { extension: options.extension } : {}),
    ...(node?.answers ? { outside: node.outside(duckdb.version()) } : {}),
  });
  closing.push(() => db.close());
  return db;
}

/** Completes what the last process left, adopts files, and publishes all of them. */
async function recover(
  { files, log }: System,
  { dataDir, isCautious, onFile }: StorageOptions & Pick<JournalOptions, "isCautious">,
  { store, catalog, eventsFolder, ...opened }: OpenJournal,
  opening: Promise<Db>,
  reader: Store,
  node: LakeNode | null,
): Promise<Recovery> {
  // What recovery deletes it deletes by what the journal holds.
  if (!isCautious) await reader.run("checkWhole", undefined);
  const found = await reader.run("compareFiles", eventsFolder);
  const comparison = node
    ? await (await import("./lake/parts.ts")).requireNoFiles(store, found, dataDir)
    : found;
  const { journalId, journalSeqTo, isSalvaged } = opened;
  const recovery = new Recovery(await opening, store, files, log, {
    eventsFolder,
    quarantineFolder: `${dataDir}/quarantine`,
    journalId,
    journalSeqTo,
    isSalvaged,
    onFile,
  });
  catalog.found(await recovery.start(comparison));
  await opened.rollups.start();
  await store.run("endRecovery", undefined);
  return recovery;
}

/** The parts that work on an open database and a recovered catalog. */
async function openParts(
  { clock, files, log, timings }: System,
  db: Db,
  recovery: Recovery,
  options: StorageOptions,
  { store, catalog, journal, journalId, guard, eventsFolder, rollups, owned, ...opened }:
    & OpenJournal
    & Pick<KeptParts, "owned" | "shared">,
  node: LakeNode | null,
): Promise<Omit<Storage, keyof KeptParts | "reopening">> {
  const at = { eventsFolder };
  const hot = await Hot.create(db, catalog, journal, log);
  const mutex = new Mutex();
  const numbers = new PartitionNumbers(store, files, at);
  const parquet = new ParquetTier(store, files, catalog, recovery, log, mutex, rollups, at);
  const timed = (work: () => Promise<void>) =>
    timings ? timings.timed("flush", "", clock, work) : work();
  const recordMs = () => guard.recordMs();
  const into = { ...at, journalId, recordMs, timed };
  const lake = node && await (await import("./lake/parts.ts")).openLakeParts(
    { db, store, files, hot, clock, log, mutex, rollups },
    node,
    catalog,
    { dataDir: options.dataDir, recordMs, timed },
  );
  const flusher = lake?.flusher ??
    new Flusher(db, store, files, catalog, hot, numbers, clock, log, mutex, into);
  const base = { db, store, files, catalog, parquet, recovery, flusher, numbers };
  const sums = new Sums(store, opened.openReader);
  await sums.sweep();
  opened.closing.push(() => sums.close());
  const kept = { owned, shared: opened.shared };
  const changed = { ...base, journal, hot, guard, clock, log, mutex, rollups, sums, lake, ...kept };
  const changers = await openChangers(changed, options);
  return {
    db,
    hot,
    flusher,
    lake,
    parquet,
    ...changers,
    sums,
    logWatch: new LogWatch(store, log),
    space: new DiskSpace(files, log, options.dataDir),
    rollups,
    mutex,
    reader: new Reader(db, files, catalog, hot, parquet, recovery, rollups, {
      ...at,
      spillFolder: spillFolderOf(options),
      lake: node,
      peers: lake?.peers ?? null,
    }),
    acceptProposed: (site, into) => journal.acceptProposed(site, into),
    forgetSite: async (site) =>
      await lake?.flusher.holds(site) ? false : await journal.forgetSite(site),
    fileCount: () => node?.fileCount() ?? catalog.fileCount(),
    quarantined: () => recovery.quarantined,
    missing: () => recovery.missing,
    refused: () => recovery.refused,
    close: async () => {
      flusher.cancel();
      if (hot.rows === 0 && !hot.isLoading) await node?.leave().catch(() => {});
      // What still runs is stopped: a flush that is cut off leaves its events in the journal.
      const ended = db.close().then(() => mutex.idle());
      await (node?.end(ended) ?? ended);
      await opened.close();
    },
  };
}

/** What merges, rewrites and removes stored events. */
async function openChangers(
  parts: Omit<HistoryParts, "originals"> & {
    readonly journal: Journal;
    readonly hot: Hot;
    readonly guard: ClockGuard;
    readonly rollups: Rollups;
    readonly sums: Sums;
    readonly lake: LakeParts | null;
    readonly owned: Pick<Store, "run">;
    readonly shared: SharedState | null;
  },
  options: StorageOptions,
): Promise<
  Pick<Storage, "compactor" | "eraser" | "expiry" | "history" | "originals" | "pathHistory">
> {
  const { db, store, files, catalog, parquet, recovery, flusher, numbers } = parts;
  const { journal, hot, guard, clock, log, mutex, sums } = parts;
  const upkeep = parts.lake?.upkeep ?? null;
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
    sums,
    mutex,
    upkeep,
  );
  parts.lake?.flusher.eraseBy(async ({ site, firstDate, lastDate, toUs }) => {
    await removeUpgradeCopies(parts.files, options.dataDir);
    await parts.store.run("forgetImportedContent", undefined);
    await eraser.eraseElsewhere(site, firstDate, lastDate, toUs);
  });
  return {
    history: parts.lake
      ? await (await import("./lake/parts.ts")).openLakeHistory(parts, parts.lake, options)
      : new History({ ...parts, originals, trash }, at),
    compactor: upkeep ??
      new Compactor(db, store, files, catalog, parquet, numbers, clock, log, mutex, many),
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
      sums,
      mutex,
      { keepsTrash: options.gdpr_mode !== true, lake: upkeep },
    ),
    originals,
    pathHistory: await PathHistory.open({ ...parts, originals }, at),
  };
}
