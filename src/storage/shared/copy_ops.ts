// Operations of mallard.sqlite for its copy of what several servers share: the tables as
// PostgreSQL had them at one moment, so that a server that is cut off goes on with what it knew.
import { createHash } from "node:crypto";
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

/** A fact of mallard.sqlite that the lake makes when it is connected for the first time. */
export const LAKE_JOURNAL = "lake_journal";

/** Tables that are as they were copied. */
export interface UntouchedCopy {
  /** The installation that they were copied of. */
  readonly lake: string;
  readonly tables: readonly CopiedTable[];
}

const MARK = "shared_copy";
/** What the tables were when they were copied, until the lake is connected. */
const DIGESTS = "shared_copy_digests";
const ONLY_SHARED = `name in (${SHARED_FACTS.map(() => "?").join(", ")})`;

function readMark(db: Sqlite): CopyMark | null {
  const row = db.get("select value from facts where name = ?", MARK);
  return row ? JSON.parse(String(row["value"])) : null;
}

/** All rows that owners have made here. */
function readOwned(db: Sqlite): CopiedRows {
  return Object.fromEntries(COPIED_TABLES.map((table) => [table, rowsOf(db, table)]));
}

function rowsOf(db: Sqlite, table: CopiedTable): SqliteRow[] {
  const [where, values] = table === "facts" ? [`where ${ONLY_SHARED}`, SHARED_FACTS] : ["", []];
  return db.all(`select ${COPIED[table].join(", ")} from ${table} ${where}`, ...values);
}

/** The tables that nobody has changed here since they were copied; null where none was. */
function readUntouched(db: Sqlite): UntouchedCopy | null {
  const kept = readDigests(db);
  if (kept === null) return null;
  const tables = COPIED_TABLES.filter((table) => kept.digests[table] === digestOf(db, table));
  return { lake: kept.lake, tables };
}

interface Digests {
  readonly lake: string;
  readonly digests: Partial<Record<CopiedTable, string>>;
}

function readDigests(db: Sqlite): Digests | null {
  const row = db.get("select value from facts where name = ?", DIGESTS);
  return row ? JSON.parse(String(row["value"])) : null;
}

function digestOf(db: Sqlite, table: CopiedTable): string {
  const texts = rowsOf(db, table)
    .map((row) => JSON.stringify(COPIED[table].map((name) => row[name] ?? null)));
  return createHash("sha256").update(texts.sort().join("\n")).digest("hex");
}

/** A server that has been connected is known to have nothing but a copy. */
function keepDigests(db: Sqlite, lake: string, tables: readonly CopiedTable[]): void {
  if (db.get("select 1 from facts where name = ?", LAKE_JOURNAL)) return;
  const known = readDigests(db);
  const digests = known?.lake === lake ? { ...known.digests } : {};
  for (const table of tables) digests[table] = digestOf(db, table);
  putFact(db, DIGESTS, { lake, digests } satisfies Digests);
}

function putFact(db: Sqlite, name: string, value: unknown): void {
  db.run(
    `insert into facts (name, value) values (?, ?)
      on conflict do update set value = excluded.value`,
    name,
    JSON.stringify(value),
  );
}

/** Replaces whole tables, and notes which copy they are of. */
function writeCopy(
  db: Sqlite,
  { rows, mark }: { readonly rows: CopiedRows; readonly mark: CopyMark },
): void {
  db.transaction(() => {
    for (const table of COPIED_TABLES) if (rows[table]) replace(db, table, rows[table]);
    putFact(db, MARK, mark);
    keepDigests(db, mark.lake, COPIED_TABLES.filter((table) => rows[table]));
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
export const COPY_OPS = { readMark, readOwned, readUntouched, writeCopy } as const;

/** The part of the store that keeps the copy. */
export type CopyStore = RunsOperations<typeof COPY_OPS>;
