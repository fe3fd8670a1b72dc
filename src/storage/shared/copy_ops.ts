// Operations of mallard.sqlite for its copy of what several servers share: the tables as
// PostgreSQL had them at one moment, so that a server that is cut off goes on with what it knew.
import type { Sqlite, SqliteRow } from "../state/sqlite.ts";
import type { RunsOperations } from "../state/ops/operations.ts";
import { COPIED, COPIED_TABLES, type CopiedTable, SHARED_FACTS } from "./tables.ts";

/** Rows of some tables. */
export type CopiedRows = Partial<Record<CopiedTable, readonly SqliteRow[]>>;

/** Which copy a mallard.sqlite has. */
export interface CopyMark {
  /** The installation that it is of. */
  readonly lake: string;
  /** Versions of the tables. */
  readonly versions: Readonly<Record<string, number>>;
}

const MARK = "shared_copy";
const ONLY_SHARED = `name in (${SHARED_FACTS.map(() => "?").join(", ")})`;

function readMark(db: Sqlite): CopyMark | null {
  const row = db.get("select value from facts where name = ?", MARK);
  return row ? JSON.parse(String(row["value"])) : null;
}

/** All rows that owners have made here. */
function readOwned(db: Sqlite): CopiedRows {
  return Object.fromEntries(COPIED_TABLES.map((table) => {
    const [where, values] = table === "facts" ? [`where ${ONLY_SHARED}`, SHARED_FACTS] : ["", []];
    return [table, db.all(`select ${COPIED[table].join(", ")} from ${table} ${where}`, ...values)];
  }));
}

/** Replaces whole tables, and notes which copy they are of. */
function writeCopy(
  db: Sqlite,
  { rows, mark }: { readonly rows: CopiedRows; readonly mark: CopyMark },
): void {
  db.transaction(() => {
    for (const table of COPIED_TABLES) if (rows[table]) replace(db, table, rows[table]);
    db.run(
      `insert into facts (name, value) values (?, ?)
        on conflict do update set value = excluded.value`,
      MARK,
      JSON.stringify(mark),
    );
  });
}

function replace(db: Sqlite, table: CopiedTable, rows: readonly SqliteRow[]): void {
  if (table === "facts") db.run(`delete from facts where ${ONLY_SHARED}`, ...SHARED_FACTS);
  else db.run(`delete from ${table}`);
  const columns = COPIED[table];
  const insert = `insert into ${table} (${columns.join(", ")})
    values (${columns.map(() => "?").join(", ")})`;
  for (const row of rows) db.run(insert, ...columns.map((name) => row[name] ?? null));
}

/** Every operation by name, to be joined with those of the store. */
export const COPY_OPS = { readMark, readOwned, writeCopy } as const;

/** The part of the store that keeps the copy. */
export type CopyStore = RunsOperations<typeof COPY_OPS>;
