// Journal rows as a file of lines of JSON for DuckDB alone: so many rows go from one store to the
// other without a look at each, and without a copy in JavaScript.
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Sqlite } from "../sqlite.ts";

/** Journal rows in a file, a line each: `{"s": site, "d": date, "e": event}`. */
export interface JournalLines {
  readonly path: string;
  readonly rows: number;
  /** The last row among them. */
  readonly seqTo: number;
}

/** SQLite joins so many at once. */
const ROWS_PER_TEXT = 2048;
/** Events are personal data: nobody else reads the file. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * Writes the rows that follow one, about `rows` of them; null and no file where they are fewer than
 * `least`. SQLite joins the lines itself; an event that is no JSON makes a line none.
 */
function writeJournalLines(
  db: Sqlite,
  { path, after, least, rows: rowsMax }: {
    readonly path: string;
    readonly after: number;
    readonly least: number;
    readonly rows: number;
  },
): JournalLines | null {
  const isEnough = db.get(
    "select 1 from journal where seq > ? order by seq limit 1 offset ?",
    after,
    least - 1,
  );
  if (isEnough === undefined) return null;
  let [rows, seqTo] = [0, after];
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const file = openSync(path, "w", FILE_MODE);
  try {
    while (rows < rowsMax) {
      const row = db.get(
        `select max(seq) as last, count(*) as n, group_concat(
            '{"s":' || json_quote(site_id) || ',"d":' || json_quote(date) || ',"e":' || event
            || '}' || char(10), ''
          ) as text
          from (select * from journal where seq > ? order by seq limit ?)`,
        seqTo,
        ROWS_PER_TEXT,
      );
      const found = Number(row?.["n"] ?? 0);
      if (!row || found === 0) break;
      writeWhole(file, new TextEncoder().encode(String(row["text"])));
      rows += found;
      seqTo = Number(row["last"]);
      if (found < ROWS_PER_TEXT) break;
    }
  } catch (error) {
    // On a full disk the space is for the journal.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return { path, rows, seqTo };
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/** The operations by name. */
export const JOURNAL_LINES_OPS = { writeJournalLines } as const;
