// Journal rows that are in files. The transaction that adds the files takes up to a part of them
// out; of more it keeps the number of the last, and they are deleted after it, part by part: events
// are appended in between, and none waits for more than a part. Until then they count nowhere.
import type { Sqlite } from "./sqlite.ts";

/** Rows that are deleted at once. */
export const FLUSHED_PART_ROWS = 1000;

const NAME = "flushed_seq";

/** The condition on `seq` that leaves out rows that are in files. */
export const IS_WAITING = `seq > coalesce(
  (select cast(value as integer) from facts where name = '${NAME}'), 0)`;

/** Rows up to this number are in files; 0 where none was kept. */
export function flushedSeq(db: Sqlite): number {
  const row = db.get("select value from facts where name = ?", NAME);
  return Number(row?.["value"] ?? 0);
}

/** Whether rows up to a number are more than a part. */
export function isLong(db: Sqlite, seqTo: number): boolean {
  return db.get(
    "select 1 from journal where seq <= ? order by seq limit 1 offset ?",
    seqTo,
    FLUSHED_PART_ROWS,
  ) !== undefined;
}

/** Notes that all rows up to a number are in files, in the transaction that adds those. */
export function markFlushed(db: Sqlite, seqTo: number): void {
  db.run(
    `insert into facts (name, value) values (?, ?)
      on conflict do update
      set value = max(cast(value as integer), cast(excluded.value as integer))`,
    NAME,
    String(seqTo),
  );
}

/** Deletes a part of the rows that are in files; false where none is left. */
function deleteFlushed(db: Sqlite): boolean {
  const seqTo = flushedSeq(db);
  const first = Number(db.get("select min(seq) as seq from journal")?.["seq"] ?? Infinity);
  if (first > seqTo) return false;
  const last = Math.min(seqTo, first + FLUSHED_PART_ROWS - 1);
  // What a power cut brings back is still known to be in files.
  db.unsynced(() => db.run("delete from journal where seq <= ?", last));
  return last < seqTo;
}

/** Deletes all of them, in the transaction of whoever changes rows of the journal. */
export function deleteAllFlushed(db: Sqlite): void {
  db.run("delete from journal where seq <= ?", flushedSeq(db));
}

/** Deletes them and what is known of them, where rows may be numbered from before them. */
export function forgetFlushed(db: Sqlite): void {
  deleteAllFlushed(db);
  db.run("delete from facts where name = ?", NAME);
}

/** The operations by name. */
export const FLUSHED_OPS = { deleteFlushed } as const;
