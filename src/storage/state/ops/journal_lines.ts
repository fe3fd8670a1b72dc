// Journal rows as a file of lines of JSON for DuckDB alone: so many rows go from one store to the
// other without a look at each, and without a copy in JavaScript.
import { flushedSeq } from "../flushed_rows.ts";
import type { Sqlite } from "../sqlite.ts";
import { makeFolderOf, removeFile, writeTexts } from "../sync_files.ts";
import { IS_READABLE } from "./unreadable_ops.ts";

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
  const flushedTo = Math.max(after, flushedSeq(db));
  const isEnough = db.get(
    "select 1 from journal where seq > ? order by seq limit 1 offset ?",
    flushedTo,
    least - 1,
  );
  if (isEnough === undefined) return null;
  let [rows, seqTo] = [0, flushedTo];
  makeFolderOf(path, FOLDER_MODE);
  const addRows = (add: (text: string) => void) => {
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
      add(String(row["text"]));
      rows += found;
      seqTo = Number(row["last"]);
      if (found < ROWS_PER_TEXT) break;
    }
  };
  try {
    writeTexts(path, FILE_MODE, addRows);
  } catch (error) {
    // On a full disk the space is for the journal.
    removeFile(path);
    throw error;
  }
  return { path, rows, seqTo };
}

/** Journal rows as an array of JSON: `{"q": seq, "e": event}` each. */
export interface JournalText {
  readonly text: string;
  /** The last row among them. */
  readonly seqTo: number;
  readonly isMore: boolean;
}

/** The rows that follow one, so many at most. */
function journalText(
  db: Sqlite,
  { after, rows }: { readonly after: number; readonly rows: number },
): JournalText {
  const row = db.get(
    `select max(seq) as last, count(*) as n,
        group_concat('{"q":' || seq || ',"e":' || event || '}') as text
      from (
        select seq, event from journal where seq > ? and ${IS_READABLE} order by seq limit ?
      )`,
    Math.max(after, flushedSeq(db)),
    rows,
  );
  const found = Number(row?.["n"] ?? 0);
  if (!row || found === 0) return { text: "[]", seqTo: after, isMore: false };
  return { text: `[${row["text"]}]`, seqTo: Number(row["last"]), isMore: found === rows };
}

/** The operations by name. */
export const JOURNAL_LINES_OPS = { writeJournalLines, journalText } as const;
