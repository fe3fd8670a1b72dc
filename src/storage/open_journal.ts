// The first half of opening DATA_DIR: the lock, mallard.sqlite and the journal, so that events can
// be kept. It needs neither DuckDB nor the Parquet files.
import { asSentence, messageOf } from "../core/errors.ts";
import { faultOfSiteId } from "../core/site_id.ts";
import type { Files, Log, System } from "../core/types.ts";
import { requireRestored } from "./backup/restore.ts";
import { ClockGuard } from "./clock_guard.ts";
import type { DuckDbModule } from "./duckdb.ts";
import { lockFolder } from "./lock.ts";
import { siteOfFolder } from "./parquet/partition.ts";
import { Rollups } from "./rollups/rollups.ts";
import { type OpenMode, Store } from "./state/store.ts";
import { Catalog } from "./tiers/catalog.ts";
import { Journal } from "./tiers/journal.ts";
import { importLegacy } from "./tiers/legacy_database.ts";
import { Proposals } from "./tiers/proposals.ts";

/** Page of a new file of SQLite. */
const SQLITE_PAGE_BYTES = 4096;

/** Where DATA_DIR is, who may read it, and how closely its file is checked at once. */
export interface JournalOptions {
  /** Absolute path of DATA_DIR. */
  readonly dataDir: string;
  /** Who may read the files of events; `group` by default. */
  readonly data_readable_by?: "group" | "everyone";
  /**
   * mallard.sqlite is checked whole before events are taken. Without it, the journal of a large
   * file is checked when the rest is opened.
   */
  readonly isCautious?: boolean;
}

/** An open journal, and what the second half needs of the first. */
export interface OpenJournal {
  readonly store: Store;
  readonly journal: Journal;
  readonly journalId: string;
  /** The last journal row that Parquet files outside the catalog can hold. */
  readonly journalSeqTo: number;
  /** Whether the journal was salvaged from a damaged file and may be older than the files. */
  readonly isSalvaged: boolean;
  /** Without files until the second half has compared the folder with it. */
  readonly catalog: Catalog;
  readonly rollups: Rollups;
  readonly proposals: Proposals;
  readonly guard: ClockGuard;
  readonly eventsFolder: string;
  /** Opens mallard.sqlite in another thread, for reading what takes long. */
  openReader(): Promise<Store>;
  /** Runs at the end, the last added first. */
  readonly closing: (() => Promise<void>)[];
  close(): Promise<void>;
}

/** Opens DATA_DIR as far as events need it. Rejects with a sentence the owner can act on. */
export async function openJournal(
  system: System,
  host: { readonly pid: number; readonly loadDuckDb: () => Promise<DuckDbModule> },
  options: JournalOptions,
): Promise<OpenJournal> {
  const { clock, files, log, random } = system;
  const { dataDir } = options;
  const eventsFolder = eventsFolderOf(options);
  await prepareFolder(files, options);
  // Only a server makes this file; mallard.sqlite is made by the first one.
  const wasUsed = await files.size(`${dataDir}/.lock`).catch(() => null) !== null;
  const lock = await lockFolder(files, dataDir, host.pid).catch((error) => {
    throw asSentence(`Cannot use data_dir ${dataDir}`, error);
  });
  const closing: (() => Promise<void>)[] = [() => lock.release()];
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const mode = options.isCautious ? "server" : "early";
    if (wasUsed) await warnOfLostState(files, log, dataDir);
    const { store, isSalvaged } = await openStore(system, dataDir, mode);
    closing.push(() => store.close());
    await store.run("storeId", random.uuid());
    const journalSeqTo = await store.run("beginRecovery", undefined);
    await importLegacy(host.loadDuckDb, store, system, dataDir);
    const rollups = new Rollups(store, files, log, { folder: `${dataDir}/rollups` });
    const known = await store.run("listSites", undefined);
    const catalog = new Catalog([], known, (change) => rollups.changed(change));
    catalog.expect(await sitesOfFolders(files, eventsFolder));
    const proposals = await Proposals.open(store, clock);
    return {
      store,
      journal: await Journal.open(store, catalog, proposals, clock),
      journalId: await store.run("journalId", random.uuid()),
      journalSeqTo,
      isSalvaged,
      catalog,
      rollups,
      proposals,
      guard: await ClockGuard.open(store, clock, log),
      eventsFolder,
      openReader: () => Store.open(`${dataDir}/mallard.sqlite`, "reader"),
      closing,
      close,
    };
  } catch (error) {
    await close();
    throw asSentence(`Cannot use data_dir ${dataDir}`, error);
  }
}

/**
 * Whether something failed because mallard.sqlite is corrupt, as opposed to a folder that cannot be
 * used. Opened with `isCautious`, it is quarantined and salvaged.
 */
export function isCorruptStore(error: unknown): boolean {
  return /malformed|not a database|corrupt/i.test(messageOf(error));
}

/** The folder of the Parquet files. */
export function eventsFolderOf({ dataDir }: Pick<JournalOptions, "dataDir">): string {
  return `${dataDir}/events`;
}

/** Sites whose folders are there: their files may be in no catalog yet. */
async function sitesOfFolders(files: Files, eventsFolder: string): Promise<string[]> {
  return (await files.list(eventsFolder)).flatMap(({ name, isDirectory }) => {
    const site = isDirectory ? siteOfFolder(name) : null;
    return site !== null && faultOfSiteId(site) === null ? [site] : [];
  });
}

/** Makes the folder of events. Rejects with a sentence where the folder cannot be used. */
async function prepareFolder(files: Files, options: JournalOptions): Promise<void> {
  const { dataDir } = options;
  const eventsFolder = eventsFolderOf(options);
  try {
    await requireRestored(files, dataDir);
    await files.makeDir(eventsFolder);
    await limitReaders(files, eventsFolder, options);
  } catch (error) {
    throw asSentence(`Cannot use data_dir ${dataDir}`, error);
  }
}

/** Opens mallard.sqlite. A corrupt one is quarantined, and its readable rows are salvaged. */
async function openStore(
  { clock, files, log }: System,
  dataDir: string,
  mode: OpenMode,
): Promise<{ store: Store; isSalvaged: boolean }> {
  const path = `${dataDir}/mallard.sqlite`;
  try {
    await remakeFromLog(files, log, path);
    return { store: await openProtected(files, path, mode), isSalvaged: false };
  } catch (error) {
    if (!isCorruptStore(error)) {
      throw asSentence(`Cannot open ${path}`, error);
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
    const store = await openProtected(files, path, mode);
    for (const { table, rows, fault } of await store.run("salvage", quarantined)) {
      if (fault === null) log("info", "Salvaged a table", { table, rows });
      else log("error", "Salvaged a part of a table", { table, rows, reason: fault });
    }
    return { store, isSalvaged: true };
  }
}

/** A server without a password is open to everybody: its owner must know why it has none. */
async function warnOfLostState(files: Files, log: Log, dataDir: string): Promise<void> {
  const found = ["mallard.sqlite", "mallard.sqlite-wal"].map((name) =>
    files.size(`${dataDir}/${name}`)
  );
  if ((await Promise.all(found)).some((bytes) => bytes !== null && bytes > 0)) return;
  log("error", "Found no mallard.sqlite where a server has run: password and settings are gone", {
    data_dir: dataDir,
    hint: "stop, and restore a backup or put the file back",
  });
}

/**
 * Where only the log of mallard.sqlite is there, SQLite would delete it with all that it holds.
 * Over a page without content it reads what the log has of every page.
 */
async function remakeFromLog(files: Files, log: Log, path: string): Promise<void> {
  const logBytes = await files.size(`${path}-wal`) ?? 0;
  if (logBytes === 0 || (await files.size(path) ?? 0) > 0) return;
  log("error", "Found mallard.sqlite missing: making it again from its log", {
    log_bytes: logBytes,
  });
  await files.write(path, new Uint8Array(SQLITE_PAGE_BYTES), 0o600);
}

/** Opens the owner's secrets for their owner alone; SQLite gives its log the same mode. */
async function openProtected(files: Files, path: string, mode: OpenMode): Promise<Store> {
  if (await files.size(path) === null) await files.write(path, new Uint8Array(), 0o600);
  await files.protect(path);
  return await Store.open(path, mode);
}

/**
 * Older versions made files of events that every user could read: the folder's mode protects them.
 * A folder of another user keeps its mode.
 */
async function limitReaders(
  files: Files,
  eventsFolder: string,
  { data_readable_by }: JournalOptions,
): Promise<void> {
  const mode = data_readable_by === "everyone" ? 0o755 : 0o750;
  await files.protect(eventsFolder, mode).catch(() => {});
}
