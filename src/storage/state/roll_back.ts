// Puts the copy of mallard.sqlite that was kept before an upgrade back in its place. The caller
// holds the lock of the folder, and has written every event to Parquet.
import type { Files } from "../../core/types.ts";
import { Sqlite, type SqliteRow } from "./sqlite.ts";

const COPY = /^mallard\.sqlite\.v(\d+)$/;
/** Derived from events, and of files that may be gone: made again. */
const DERIVED = [
  "rollup_days",
  "rollup_sites",
  "rollup_garbage",
  "lake_partitions",
  "lake_history",
] as const;

/** The versions of the schema for which a copy is kept, the newest first. */
export async function keptVersions(files: Files, dataDir: string): Promise<number[]> {
  const names = (await files.list(dataDir)).map(({ name }) => COPY.exec(name)?.[1]);
  return names.filter((text) => text !== undefined).map(Number).sort((a, b) => b - a);
}

/** How many days of sums of imports the copy of a version lacks: nothing else has them. */
export function sumDaysLost(dataDir: string, version: number): number {
  const path = `${dataDir}/mallard.sqlite`;
  const kept = new Set(sumDaysIn(`${path}.v${version}`));
  return sumDaysIn(path).filter((day) => !kept.has(day)).length;
}

function sumDaysIn(path: string): string[] {
  const db = Sqlite.openReader(path);
  try {
    const table = db.get("select 1 from sqlite_schema where name = 'past_sum_days'");
    if (table === undefined) return [];
    return db.all("select import_id, date from past_sum_days").map((row) => JSON.stringify(row));
  } finally {
    db.close();
  }
}

/**
 * Replaces mallard.sqlite by the copy of a version; the copy stays. Store and journal keep their
 * ids, also where the copy is older than those: backups stay its own, and files written since are
 * known as those of its journal's rows.
 */
export async function rollBack(files: Files, dataDir: string, version: number): Promise<void> {
  const path = `${dataDir}/mallard.sqlite`;
  const logBytes = await files.size(`${path}-wal`) ?? 0;
  if (logBytes > 0) throw new Error(`Cannot roll back: ${path}-wal still holds changes`);
  const prepared = `${path}.rollback`;
  await files.copy(`${path}.v${version}`, prepared);
  await files.protect(prepared);
  prepare(prepared, idsOf(path));
  await files.sync(prepared);
  await files.remove(`${path}-wal`);
  await files.remove(`${path}-shm`);
  await files.rename(prepared, path);
  await files.sync(dataDir);
}

/** The ids of store and journal. */
function idsOf(path: string): SqliteRow[] {
  const db = Sqlite.openReader(path);
  try {
    return db.all("select name, value from facts where name in ('store_id', 'journal_id')");
  } finally {
    db.close();
  }
}

/** Forgets what is derived, and gives the copy the ids. */
function prepare(path: string, ids: readonly SqliteRow[]): void {
  const db = Sqlite.openWriter(path);
  try {
    const tables = db.all("select name from sqlite_schema where type = 'table'");
    const names = new Set(tables.map(({ name }) => String(name)));
    db.transaction(() => {
      for (const name of DERIVED) if (names.has(name)) db.exec(`delete from ${name}`);
      for (const { name = null, value = null } of ids) {
        db.run("insert or replace into facts (name, value) values (?, ?)", name, value);
      }
    });
  } finally {
    db.close();
  }
}
