// The visitors of the last minutes in the journal, which is read from its end: every few minutes a
// mark says how long it was. A start waits for the answer, however long the journal is.
import { MINUTE_MS } from "../../../core/durations.ts";
import { textOf } from "../row.ts";
import type { Sqlite } from "../sqlite.ts";

/** How the time of an event begins in its JSON, after the site and the visitor. */
const TIMESTAMP_KEY = '"timestamp":';
const MARKS = "journal_marks";
const MARK_EVERY_MS = 5 * MINUTE_MS;
/** Enough for the longest visit timeout, and an hour for times that are rounded. */
const MARKS_MAX = 400;
/** A clock may be set back by so much while timestamps run ahead of it. */
const SLACK_MS = MINUTE_MS;

/** Rows from `seq` on were appended at `atMs` or later. */
type Mark = readonly [atMs: number, seq: number];

const lastMarks = new WeakMap<Sqlite, number>();

/** Marks the time at which the row `seq` is appended, in the transaction that appends it. */
export function markTime(db: Sqlite, seq: number, atMs: number): void {
  const lastMs = lastMarks.get(db);
  if (lastMs !== undefined && Math.abs(atMs - lastMs) < MARK_EVERY_MS) return;
  const marks: Mark[] = [...marksOf(db), [Math.floor(atMs), seq]];
  db.run(
    `insert into facts (name, value) values (?, ?)
      on conflict do update set value = excluded.value`,
    MARKS,
    JSON.stringify(marks.slice(-MARKS_MAX)),
  );
  lastMarks.set(db, atMs);
}

function marksOf(db: Sqlite): Mark[] {
  const row = db.get("select value from facts where name = ?", MARKS);
  return row ? JSON.parse(String(row["value"])) as Mark[] : [];
}

/** A row before which all were appended before `fromMs`, whichever way the clock was set. */
function firstSeqSince(db: Sqlite, fromMs: number): number {
  const marks = marksOf(db);
  const later = marks.findIndex(([atMs]) => atMs >= fromMs - SLACK_MS);
  const before = later === -1 ? marks.length - 1 : later - 1;
  return marks[before]?.[1] ?? 0;
}

/** Visitors in the journal that were seen since `fromUs`, each with its last time (µs). */
function journaledVisitors(
  db: Sqlite,
  fromUs: number,
): { site_id: string; visitor_id: string; lastUs: number }[] {
  const from = String(fromUs);
  // Looking at the text first spares the parsing of most rows.
  const rows = db.all(
    `select site_id, event ->> 'visitor_id' as visitor_id, max(event ->> 'timestamp') as last_us
      from journal
      where seq >= ?
        and (substr(event, instr(event, ?) + ?, ?) >= ? or instr(event, ?) = 0)
        and json_valid(event) and event ->> 'timestamp' >= ?
      group by 1, 2`,
    firstSeqSince(db, fromUs / 1000),
    TIMESTAMP_KEY,
    TIMESTAMP_KEY.length,
    from.length,
    from,
    TIMESTAMP_KEY,
    fromUs,
  );
  return rows.map((row) => ({
    site_id: textOf(row, "site_id"),
    visitor_id: String(row["visitor_id"]),
    lastUs: Number(row["last_us"]),
  }));
}

/** The operations by name. */
export const RECENT_OPS = { journaledVisitors } as const;
