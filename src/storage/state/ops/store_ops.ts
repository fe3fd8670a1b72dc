// Operations of mallard.sqlite: the journal of accepted events, the catalog of Parquet
// files, and other values that must survive a restart. Each operation is one transaction. Two
// tables have older names than the code: `condemned` holds pending deletes, `facts` meta values.
import { numberOfFile } from "../../parquet/file_name.ts";
import type { CatalogFile } from "../../parquet/partition.ts";
import { COPY_OPS } from "../../shared/copy_ops.ts";
import { SUMS_COPY_OPS } from "../../shared/sums_copy_ops.ts";
import { DROP_OPS } from "./drop_ops.ts";
import { hideDays, keepSums, type KeptSums, SUMS_OPS } from "../../history/sums_ops.ts";
import {
  endUndo,
  HISTORY_OPS,
  inheritImport,
  ownFiles,
  requireOpen,
} from "../../history/history_ops.ts";
import { IMPORT_OPS, type ImportMark, insertImports } from "./import_ops.ts";
import { PARTITION_OPS } from "./partition_ops.ts";
import { JOURNAL_LINES_OPS } from "./journal_lines.ts";
import { type JournalEntry, type JournalRow, unpackRows } from "./journal_row.ts";
import {
  deleteAllFlushed,
  FLUSHED_OPS,
  flushedSeq,
  IS_WAITING,
  isLong,
  markFlushed,
} from "../flushed_rows.ts";
import { integerOf, textOf } from "../row.ts";
import { salvage } from "../salvage.ts";
import { MERGE_OPS } from "./merge_ops.ts";
import { OWNER_OPS } from "./owner_ops.ts";
import { insertProposed, PROPOSED_OPS } from "./proposed_ops.ts";
import { markTime, RECENT_OPS } from "./recent_ops.ts";
import { insertOriginal, type KeptOriginal, REWRITE_OPS } from "./rewrite_ops.ts";
import { noteForeign, ROLLUP_OPS, staleByAdding, staleByRemoving } from "./rollup_ops.ts";
import { SITE_OPS } from "./site_ops.ts";
import { countUnreadable, IS_READABLE, UNREADABLE_OPS } from "./unreadable_ops.ts";
import type { Sqlite } from "../sqlite.ts";

/** What one flush changes in one transaction. */
export interface FlushCommit {
  readonly files: readonly CatalogFile[];
  /** Journal rows up to this `seq` are in the files … */
  readonly seqTo: number;
  /** … but for these partitions, which could not be written. */
  readonly except: readonly { site_id: string; date: string }[];
  /** Highest timestamp ever assigned, so that a restart continues above it. */
  readonly lastTimestampUs: number;
  /** When it is made; null while the clock is in doubt. */
  readonly atMs: number | null;
}

/** Imports of the past may lie behind the newest event. */
const NEWEST_AMONG_ROWS = 10_000;
const JOURNAL_ROWS_PER_INSERT = 32;
const VALUES_PER_ROW = 3;
const VALUES_PER_INSERT = JOURNAL_ROWS_PER_INSERT * VALUES_PER_ROW;
const RECOVERY_SEQ = "recovery_seq";
const INSERT_ONE = "insert into journal (site_id, date, event) values (?, ?, ?)";
const INSERT_MANY = INSERT_ONE + ", (?, ?, ?)".repeat(JOURNAL_ROWS_PER_INSERT - 1);

function append(
  db: Sqlite,
  { rows, held = [], imports = [], newSites, atMs }: {
    /** As `packRow` writes each. */
    readonly rows: string;
    /** Events of sites that an owner has yet to accept. */
    readonly held?: readonly JournalEntry[];
    /** Imports that the events belong to. */
    readonly imports?: readonly ImportMark[];
    readonly newSites: readonly string[];
    readonly atMs: number;
  },
): { lastSeq: number } {
  const committed = db.transaction(() => {
    insertSites(db, newSites, atMs);
    insertProposed(db, held, atMs);
    insertImports(db, imports, atMs);
    const values = unpackRows(rows);
    let lastId = 0;
    let at = 0;
    for (; at + VALUES_PER_INSERT <= values.length; at += VALUES_PER_INSERT) {
      lastId = db.run(INSERT_MANY, ...values.slice(at, at + VALUES_PER_INSERT)).lastId;
    }
    for (; at < values.length; at += VALUES_PER_ROW) {
      lastId = db.run(INSERT_ONE, ...values.slice(at, at + VALUES_PER_ROW)).lastId;
    }
    const count = values.length / VALUES_PER_ROW;
    if (count > 0) markTime(db, lastId - count + 1, atMs);
    return { lastSeq: lastId };
  });
  db.requireLinked();
  return committed;
}

/** Writes as an event would be written. Throws where no event could be kept. */
function probe(db: Sqlite, atMs: number): void {
  setMeta(db, { name: "probed_at", value: String(atMs) });
  db.requireLinked();
}

/** Adds events of another program to the journal, once for each `mark`; returns their number. */
function importLegacy(
  db: Sqlite,
  { mark, entries }: { readonly mark: string; readonly entries: readonly JournalEntry[] },
): number {
  return db.transaction(() => {
    const name = `taken_over_${mark}`;
    if (getMeta(db, name) !== null) return 0;
    insertSites(db, [...new Set(entries.map((entry) => entry.site_id))], 0);
    for (const entry of entries) db.run(INSERT_ONE, entry.site_id, entry.date, entry.event);
    setMeta(db, { name, value: String(entries.length) });
    return entries.length;
  });
}

function readJournal(db: Sqlite, range: { after: number; count: number }): JournalRow[] {
  const rows = db.all(
    "select seq, site_id, date, event from journal where seq > ? order by seq limit ?",
    Math.max(range.after, flushedSeq(db)),
    range.count,
  );
  return rows.map((row) => ({
    seq: integerOf(row, "seq"),
    site_id: textOf(row, "site_id"),
    date: textOf(row, "date"),
    event: textOf(row, "event"),
  }));
}

/** Resolves with whether `deleteFlushed` has to follow. */
function commitFlush(db: Sqlite, commit: FlushCommit): boolean {
  return db.transaction(() => {
    for (const file of commit.files) addFile(db, file);
    const isLater = commit.except.length === 0 && countUnreadable(db) === 0 &&
      isLong(db, commit.seqTo);
    if (isLater) {
      markFlushed(db, commit.seqTo);
    } else if (commit.except.length === 0) {
      db.run(`delete from journal where seq <= ? and ${IS_READABLE}`, commit.seqTo);
    } else {
      db.run(
        `delete from journal where seq <= ? and ${IS_READABLE} and (site_id, date) not in (
          select kept.value ->> 0, kept.value ->> 1 from json_each(?) as kept)`,
        commit.seqTo,
        JSON.stringify(commit.except.map((partition) => [partition.site_id, partition.date])),
      );
    }
    db.run(
      `insert into facts (name, value) values ('last_timestamp_us', ?)
        on conflict do update
        set value = max(cast(value as integer), cast(excluded.value as integer))`,
      String(commit.lastTimestampUs),
    );
    if (commit.atMs === null) return isLater;
    setMeta(db, { name: "last_flush_ms", value: String(Math.floor(commit.atMs)) });
    setMeta(db, { name: "newest_event_us", value: String(commit.lastTimestampUs) });
    return isLater;
  });
}

function addFile(db: Sqlite, file: CatalogFile): void {
  staleByAdding(db, file);
  enterFile(db, file);
}

/** Adds a file without a look at what its events change. */
function enterFile(db: Sqlite, file: CatalogFile): void {
  db.run(
    "insert into files (path, site_id, date, rows, bytes) values (?, ?, ?, ?, ?)",
    file.path,
    file.site_id,
    file.date,
    file.rows,
    file.bytes,
  );
  db.run(
    `insert into partitions (site_id, date, last_number) values (?, ?, ?)
      on conflict do update set last_number = max(last_number, excluded.last_number)`,
    file.site_id,
    file.date,
    numberOfFile(file.path),
  );
  insertSites(db, [file.site_id], 0);
}

function lastNumber(db: Sqlite, partition: { site_id: string; date: string }): number {
  const row = db.get(
    "select last_number from partitions where site_id = ? and date = ?",
    partition.site_id,
    partition.date,
  );
  return Number(row?.["last_number"] ?? 0);
}

/**
 * Adds a file that was found outside the catalog, and deletes the journal rows it was made from.
 * Returns the number of deleted rows.
 */
function addFlushed(
  db: Sqlite,
  { file, seqFrom, seqTo }: {
    readonly file: CatalogFile;
    readonly seqFrom: number;
    readonly seqTo: number;
  },
): number {
  return db.transaction(() => {
    addFile(db, file);
    return db.run(
      `delete from journal
        where seq between ? and ? and site_id = ? and date = ? and ${IS_READABLE}`,
      seqFrom,
      seqTo,
      file.site_id,
      file.date,
    ).changes;
  });
}

/**
 * The last journal row that files outside the catalog can hold. It stays the same until
 * `endRecovery`, through kills too: what is accepted before is in no file.
 */
function beginRecovery(db: Sqlite): number {
  const begun = getMeta(db, RECOVERY_SEQ) ?? "";
  if (begun !== "") return Number(begun);
  const last = Number(db.get("select max(seq) as seq from journal")?.["seq"] ?? 0);
  setMeta(db, { name: RECOVERY_SEQ, value: String(last) });
  return last;
}

/** Every file is in the catalog or refused. */
function endRecovery(db: Sqlite): void {
  setMeta(db, { name: RECOVERY_SEQ, value: "" });
}

/** Checks the whole file. Throws an error that says what is wrong. */
function checkWhole(db: Sqlite): void {
  db.check();
}

/** Whether rows of a partition with `seqFrom ≤ seq ≤ seqTo` are still in the journal. */
function holdsJournal(
  db: Sqlite,
  rows: { site_id: string; date: string; seqFrom: number; seqTo: number },
): boolean {
  return db.get(
    `select 1 from journal
      where seq between ? and ? and site_id = ? and date = ? and ${IS_READABLE}
        and ${IS_WAITING} limit 1`,
    rows.seqFrom,
    rows.seqTo,
    rows.site_id,
    rows.date,
  ) !== undefined;
}

/** Deletes one site's journal rows of some dates, both included; files become pending deletes. */
function eraseRange(
  db: Sqlite,
  { site_id, firstDate, lastDate, paths, toUs = Number.MAX_SAFE_INTEGER }: {
    readonly site_id: string;
    readonly firstDate: string;
    readonly lastDate: string;
    readonly paths: readonly string[];
    /** Events from this time on stay (µs). */
    readonly toUs?: number | undefined;
  },
): number {
  return db.transaction(() => {
    deleteAllFlushed(db);
    addPendingDeletes(db, paths);
    db.run(
      "delete from kept_originals where site_id = ? and date between ? and ?",
      site_id,
      firstDate,
      lastDate,
    );
    db.run(
      "delete from drops where site_id = ? and date between ? and ?",
      site_id,
      firstDate,
      lastDate,
    );
    hideDays(db, site_id, firstDate, lastDate);
    const deleted = ["journal", "proposed_events"].map((table) =>
      db.run(
        `delete from ${table} where site_id = ? and date between ? and ?
          and (not json_valid(event) or json_extract(event, '$.timestamp') < ?
            or json_extract(event, '$.timestamp') is null)`,
        site_id,
        firstDate,
        lastDate,
        toUs,
      ).changes
    );
    return deleted.reduce((sum, rows) => sum + rows, 0);
  });
}

function countJournal(
  db: Sqlite,
  { site_id, firstDate, lastDate }: { site_id: string; firstDate: string; lastDate: string },
): number {
  const tables = [`journal where ${IS_WAITING} and`, "proposed_events where"];
  const counts = tables.map((rows) =>
    db.get(
      `select count(*) as n from ${rows} site_id = ? and date between ? and ?`,
      site_id,
      firstDate,
      lastDate,
    )
  );
  return counts.reduce((sum, row) => sum + Number(row?.["n"] ?? 0), 0);
}

/** Highest timestamp (µs) among the last rows of the journal, 0 for none. */
function newestJournaledUs(db: Sqlite): number {
  const row = db.get(
    `select max(event ->> 'timestamp') as us
      from (select event from journal order by seq desc limit ?) where json_valid(event)`,
    NEWEST_AMONG_ROWS,
  );
  return Number(row?.["us"] ?? 0);
}

/** The highest number that a row of the journal ever had. */
function lastSeq(db: Sqlite): number {
  return Number(db.get("select seq from sqlite_sequence where name = 'journal'")?.["seq"] ?? 0);
}

function journalRows(db: Sqlite): number {
  return Number(db.get(`select count(*) as n from journal where ${IS_WAITING}`)?.["n"] ?? 0);
}

/** A copy of the whole file as of one instant. */
function copyInto(db: Sqlite, path: string): Promise<void> {
  return db.copyInto(path);
}

/** Moves the write-ahead log into the file and empties it, so that nothing erased stays in it. */
function emptyLog(db: Sqlite): void {
  db.emptyLog();
}

/** Empties the log where it is longer than `bytesMax`; returns its length after that. */
function shrinkLog(db: Sqlite, bytesMax: number): number {
  return db.shrinkLog(bytesMax);
}

function listPendingDeletes(db: Sqlite): string[] {
  return db.all("select path from condemned").map((row) => String(row["path"]));
}

function forgetPendingDeletes(db: Sqlite, paths: readonly string[]): void {
  db.transaction(() => {
    for (const path of paths) db.run("delete from condemned where path = ?", path);
  });
}

/** Adds files from elsewhere to the catalog. */
function addFiles(db: Sqlite, files: readonly CatalogFile[]): void {
  db.transaction(() => {
    for (const file of files) addFile(db, file);
    noteForeign(db, files);
  });
}

/** Adds the files of an import to the catalog, and ends it: all of it, or nothing. */
function commitImport(
  db: Sqlite,
  { id, files, late, report, atMs, sums }: {
    readonly id: string;
    readonly files: readonly CatalogFile[];
    /** Paths of files that are not added after all. */
    readonly late: readonly string[];
    /** JSON. */
    readonly report: string;
    readonly atMs: number;
    readonly sums: KeptSums | null;
  },
): void {
  db.transaction(() => {
    requireOpen(db, id);
    for (const file of files) addFile(db, file);
    noteForeign(db, files);
    ownFiles(db, id, files);
    if (sums) {
      keepSums(db, id, sums);
      if (sums.dates.length > 0) insertSites(db, [sums.site_id], 0);
    }
    addPendingDeletes(db, late);
    HISTORY_OPS.setImportState(db, { id, state: "done", report, atMs });
  });
}

/** Takes the files of an import out of the catalog, and ends it. */
function undoImport(
  db: Sqlite,
  { id, atMs }: { readonly id: string; readonly atMs: number },
): void {
  db.transaction(() => {
    addPendingDeletes(db, HISTORY_OPS.listImportedPaths(db, id));
    endUndo(db, id, atMs);
  });
}

/** Removes files from the catalog, but not from disk: missing, or in quarantine. */
function forgetFiles(db: Sqlite, paths: readonly string[]): void {
  db.transaction(() => {
    staleByRemoving(db, paths);
    for (const path of paths) db.run("delete from files where path = ?", path);
  });
}

/** Files replace others, which become pending deletes. */
function replaceFiles(
  db: Sqlite,
  { added, removed, isSameEvents = false }: {
    readonly added: readonly CatalogFile[];
    readonly removed: readonly string[];
    /** Whether the new files hold what the others held. */
    readonly isSameEvents?: boolean;
  },
): void {
  db.transaction(() => {
    if (!isSameEvents) staleByRemoving(db, removed);
    inheritImport(db, added, removed);
    for (const path of removed) deleteLater(db, path);
    for (const file of added) {
      if (isSameEvents) enterFile(db, file);
      else addFile(db, file);
    }
  });
}

/** A rewritten file replaces one that is kept. */
function replaceKept(
  db: Sqlite,
  { added, original }: { readonly added: CatalogFile; readonly original: CatalogFile },
): void {
  db.transaction(() => {
    inheritImport(db, [added], [original.path]);
    addPendingDeletes(db, [original.path]);
    addFile(db, added);
    insertOriginal(db, { ...original, replaced_by: added.path });
  });
}

/** A path that is about to be written: what a crash leaves there is deleted. */
function addPendingDelete(db: Sqlite, path: string): void {
  addPendingDeletes(db, [path]);
}

/** A kept original, which is in its place again, replaces what was made of it. */
function restoreOriginal(db: Sqlite, { replaced_by, ...original }: KeptOriginal): void {
  db.transaction(() => {
    addPendingDeletes(db, [replaced_by]);
    db.run("delete from condemned where path = ?", original.path);
    addFile(db, original);
    db.run("delete from kept_originals where path = ?", original.path);
  });
}

function addPendingDeletes(db: Sqlite, paths: readonly string[]): void {
  staleByRemoving(db, paths);
  for (const path of paths) deleteLater(db, path);
}

function deleteLater(db: Sqlite, path: string): void {
  db.run("insert into condemned (path) values (?) on conflict do nothing", path);
  db.run("delete from files where path = ?", path);
}

function listFiles(db: Sqlite): CatalogFile[] {
  return db.all("select site_id, date, path, rows, bytes from files").map((row) => ({
    site_id: textOf(row, "site_id"),
    date: textOf(row, "date"),
    path: textOf(row, "path"),
    rows: integerOf(row, "rows"),
    bytes: integerOf(row, "bytes"),
  }));
}

function insertSites(db: Sqlite, ids: readonly string[], atMs: number): void {
  for (const id of ids) {
    db.run(
      "insert into sites (site_id, created_at) values (?, ?) on conflict do nothing",
      id,
      Math.floor(atMs),
    );
  }
}

function listSites(db: Sqlite): string[] {
  return db.all("select site_id from sites order by site_id").map((row) => String(row["site_id"]));
}

function getMeta(db: Sqlite, name: string): string | null {
  const row = db.get("select value from facts where name = ?", name);
  return row ? String(row["value"]) : null;
}

/** The name of this journal, made at its first use: `seq` numbers mean nothing in another. */
function journalId(db: Sqlite, fresh: string): string {
  const known = getMeta(db, "journal_id");
  if (known === null) setMeta(db, { name: "journal_id", value: fresh });
  return known ?? fresh;
}

/**
 * The name of this store, which it keeps when it is restored. A store without one is named after
 * its journal: an older program has given it none.
 */
function storeId(db: Sqlite, freshJournal: string): string {
  const known = getMeta(db, "store_id");
  const id = known ?? journalId(db, freshJournal);
  if (known === null) setMeta(db, { name: "store_id", value: id });
  return id;
}

function setMeta(db: Sqlite, fact: { name: string; value: string }): void {
  db.run(
    `insert into facts (name, value) values (?, ?)
      on conflict do update set value = excluded.value`,
    fact.name,
    fact.value,
  );
}

/** Every operation by name. The worker looks names up here; the client is typed by it. */
export const STORE_OPS = {
  ...PARTITION_OPS,
  ...COPY_OPS,
  ...SUMS_COPY_OPS,
  ...OWNER_OPS,
  ...SITE_OPS,
  ...DROP_OPS,
  ...HISTORY_OPS,
  ...SUMS_OPS,
  ...IMPORT_OPS,
  ...JOURNAL_LINES_OPS,
  ...PROPOSED_OPS,
  ...RECENT_OPS,
  ...MERGE_OPS,
  ...REWRITE_OPS,
  ...ROLLUP_OPS,
  ...UNREADABLE_OPS,
  ...FLUSHED_OPS,
  append,
  probe,
  importLegacy,
  readJournal,
  commitFlush,
  addFiles,
  commitImport,
  undoImport,
  forgetFiles,
  replaceFiles,
  replaceKept,
  restoreOriginal,
  addPendingDelete,
  listFiles,
  lastNumber,
  addFlushed,
  beginRecovery,
  endRecovery,
  checkWhole,
  holdsJournal,
  eraseRange,
  countJournal,
  journalRows,
  lastSeq,
  newestJournaledUs,
  copyInto,
  emptyLog,
  shrinkLog,
  salvage,
  listPendingDeletes,
  forgetPendingDeletes,
  listSites,
  journalId,
  storeId,
  getMeta,
  setMeta,
} as const;

/** Name of an operation. */
export type StoreOp = keyof typeof STORE_OPS;
/** The parameters of an operation. */
export type StoreArgs<K extends StoreOp> = Parameters<(typeof STORE_OPS)[K]>[1];
/** The result of an operation. */
export type StoreResult<K extends StoreOp> = Awaited<ReturnType<(typeof STORE_OPS)[K]>>;
