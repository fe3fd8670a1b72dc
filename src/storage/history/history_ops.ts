// Operations of mallard.sqlite for imports of other programs' data: what each is, how far it has
// come, and which Parquet files are its own. A file that replaces one of an import is its own, too.
import type { CatalogFile } from "../parquet/partition.ts";
import { IS_WAITING } from "../state/flushed_rows.ts";
import { integerOf, oneOf, textOf } from "../state/row.ts";
import type { Sqlite, SqliteRow } from "../state/sqlite.ts";
import type { RunsOperations } from "../state/ops/operations.ts";
import { discardRows, hideSums, summedDates } from "./sums_ops.ts";

/** The tables of this file, as one step of the schema. */
export const HISTORY_SCHEMA = `
  create table past_imports (
    id text primary key,
    site_id text not null,
    digest text not null,
    state text not null
      check (state in ('waiting', 'running', 'previewed', 'done', 'failed', 'cancelled', 'undone')),
    wish text not null default '' check (wish in ('', 'cancel', 'undo')),
    options text not null,
    salt text not null,
    report text not null default '{}',
    created_at integer not null,
    ended_at integer
  ) strict;
  create table past_import_files (
    path text primary key,
    import_id text not null
  ) strict, without rowid;
  create index past_import_files_by_import on past_import_files (import_id);
`;

/** States of an import; the first two are those of one that is not over. */
export const IMPORT_STATES = [
  ...["waiting", "running"] as const,
  ...["previewed", "done", "failed", "cancelled", "undone"] as const,
] as const;

/** A state of an import. */
export type ImportState = (typeof IMPORT_STATES)[number];

/** What an owner wants of an import that is there. */
export type ImportWish = "" | "cancel" | "undo";

/** An import on record. Times in milliseconds since 1970. */
export interface PastImport {
  readonly id: string;
  readonly site_id: string;
  /** SHA-256 of the files with the choices that change what is taken of them. */
  readonly digest: string;
  readonly state: ImportState;
  readonly wish: ImportWish;
  /** JSON. */
  readonly options: string;
  /** Key of its visitors' ids; empty when the import is over. */
  readonly salt: string;
  /** JSON. */
  readonly report: string;
  readonly created_at: number;
  readonly ended_at: number | null;
}

/** Whether an import is not over. */
export function isOpen({ state }: Pick<PastImport, "state">): boolean {
  return state === "waiting" || state === "running";
}

const OPEN = "('waiting', 'running')";
const OPEN_STATES = IMPORT_STATES.filter((state) => isOpen({ state }));
const WISHES = ["", "cancel", "undo"] as const;

function importOf(row: SqliteRow): PastImport {
  return {
    id: textOf(row, "id"),
    site_id: textOf(row, "site_id"),
    digest: textOf(row, "digest"),
    state: oneOf(row, "state", IMPORT_STATES),
    wish: oneOf(row, "wish", WISHES),
    options: textOf(row, "options"),
    salt: textOf(row, "salt"),
    report: textOf(row, "report"),
    created_at: integerOf(row, "created_at"),
    ended_at: row["ended_at"] === null ? null : integerOf(row, "ended_at"),
  };
}

function listPastImports(db: Sqlite): PastImport[] {
  return db.all("select * from past_imports order by created_at, id").map(importOf);
}

function findPastImport(db: Sqlite, id: string): PastImport | null {
  const row = db.get("select * from past_imports where id = ?", id);
  return row ? importOf(row) : null;
}

/** The import of the same files into the same site that is not over, or whose events are there. */
function findSameImport(
  db: Sqlite,
  { site_id, digest }: { readonly site_id: string; readonly digest: string },
): PastImport | null {
  const row = db.get(
    `select * from past_imports
      where site_id = ? and digest = ? and (state in ${OPEN} or state = 'done' and (exists (
        select 1 from past_import_files join files using (path) where import_id = id)
        or exists (select 1 from past_sum_days as days where days.import_id = id)))
      order by created_at limit 1`,
    site_id,
    digest,
  );
  return row ? importOf(row) : null;
}

/** Adds an import; where there is the same one, it is returned, and none is added. */
function addPastImport(
  db: Sqlite,
  added: Pick<PastImport, "id" | "site_id" | "digest" | "options" | "salt" | "created_at">,
): PastImport | null {
  return db.transaction(() => {
    const same = findSameImport(db, added);
    if (!same) insertPastImport(db, added);
    return same;
  });
}

function insertPastImport(db: Sqlite, added: Parameters<typeof addPastImport>[1]): void {
  db.run(
    `insert into past_imports (id, site_id, digest, state, options, salt, created_at)
      values (?, ?, ?, 'waiting', ?, ?, ?)`,
    added.id,
    added.site_id,
    added.digest,
    added.options,
    added.salt,
    Math.floor(added.created_at),
  );
}

/** Changes the state of an import that is not over. Its salt goes with its end. */
function setImportState(
  db: Sqlite,
  { id, state, report, atMs }: {
    readonly id: string;
    readonly state: ImportState;
    readonly report: string;
    readonly atMs: number;
  },
): void {
  const isOver = !isOpen({ state });
  db.run(
    `update past_imports set state = ?, report = ?, ended_at = ?,
      salt = case when ? then '' else salt end, wish = case when ? then '' else wish end
      where id = ? and state in ${OPEN}`,
    state,
    report,
    isOver ? Math.floor(atMs) : null,
    isOver ? 1 : 0,
    isOver ? 1 : 0,
    id,
  );
  if (isOver && state !== "done") discardRows(db, id);
}

/** States in which a wish means something. */
export const WISHED_IN: { readonly [K in ImportWish]: readonly ImportState[] } = {
  cancel: OPEN_STATES,
  undo: ["done"],
  "": IMPORT_STATES,
};

/** Leaves a wish for whoever runs imports; returns whether the import is in a state for it. */
function wishImport(
  db: Sqlite,
  { id, wish }: { readonly id: string; readonly wish: ImportWish },
): boolean {
  const { changes } = db.run(
    "update past_imports set wish = ? where id = ? and state in (select value from json_each(?))",
    wish,
    id,
    JSON.stringify(WISHED_IN[wish]),
  );
  return changes > 0;
}

/** Leaves the wish to cancel every import into a site that is not over. */
function cancelImports(db: Sqlite, site: string): void {
  db.run(`update past_imports set wish = 'cancel' where site_id = ? and state in ${OPEN}`, site);
}

/** Throws where an import is over or to be cancelled: nothing of it may be added any more. */
export function requireOpen(db: Sqlite, id: string): void {
  const open = db.get(
    `select 1 from past_imports where id = ? and state in ${OPEN} and wish <> 'cancel'`,
    id,
  );
  if (!open) throw new Error(`Cannot commit the import ${id}: it is over or cancelled`);
}

/** Ends an import whose files leave the catalog. Call it in the transaction that removes them. */
export function endUndo(db: Sqlite, id: string, atMs: number): void {
  db.run("delete from past_import_files where import_id = ?", id);
  hideSums(db, id);
  db.run(
    "update past_imports set state = 'undone', wish = '', ended_at = ? where id = ?",
    Math.floor(atMs),
    id,
  );
}

/** Paths of the files of one import, or of all; some may have left the catalog. */
function listImportedPaths(db: Sqlite, id: string | null): string[] {
  const rows = id === null
    ? db.all("select path from past_import_files")
    : db.all("select path from past_import_files where import_id = ?", id);
  return rows.map((row) => textOf(row, "path"));
}

/** Which dates of a site have what. */
export interface SiteDates {
  /** UTC dates of the site's own events. */
  readonly own: readonly string[];
  /** UTC dates of events of imports. */
  readonly imported: readonly string[];
  /** Local dates of sums of imports. */
  readonly summed: readonly string[];
}

/** Which dates of a site have events, and which have sums. */
function datesOfSite(db: Sqlite, site: string): SiteDates {
  const dates = (sql: string) => db.all(sql, site).map((row) => textOf(row, "date"));
  const ofFiles = (isImported: boolean) =>
    dates(
      `select distinct date from files where site_id = ? and path ${isImported ? "" : "not"} in
        (select path from past_import_files)`,
    );
  const waiting = dates(`select distinct date from journal where site_id = ? and ${IS_WAITING}`);
  return {
    own: [...new Set([...ofFiles(false), ...waiting])].sort(),
    imported: ofFiles(true),
    summed: summedDates(db, site),
  };
}

/** Records that files are an import's own. Call it in the transaction that adds them. */
export function ownFiles(db: Sqlite, id: string, files: readonly CatalogFile[]): void {
  for (const { path } of files) db.run("insert into past_import_files values (?, ?)", path, id);
}

/**
 * Where all files that are replaced are of one import, what replaces them is its own. Call it in
 * the transaction that replaces them.
 */
export function inheritImport(
  db: Sqlite,
  added: readonly CatalogFile[],
  replaced: readonly string[],
): void {
  const owners = new Set(
    replaced.map((path) =>
      db.get("select import_id from past_import_files where path = ?", path)?.["import_id"] ?? null
    ),
  );
  const [owner] = owners;
  if (owners.size === 1 && typeof owner === "string") ownFiles(db, owner, added);
}

/** Every operation by name, to be joined with those of the store. */
export const HISTORY_OPS = {
  listPastImports,
  findPastImport,
  addPastImport,
  setImportState,
  wishImport,
  cancelImports,
  listImportedPaths,
  datesOfSite,
} as const;

/** The part of the store that these rows need. */
export type HistoryStore = RunsOperations<typeof HISTORY_OPS>;
