// Tables of SQL text dumps, of pg_dump and mysqldump, written as files that DuckDB reads: a line a
// row, values between tabs, with the escapes of PostgreSQL's COPY. The dump is read as a stream.
import { ident, raw, type Sql, sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import { linesOf, type Writer, writerTo } from "../input/lines.ts";
import { columnName, csvRows } from "./csv.ts";
import { ImportFault } from "../importer.ts";
import { type DumpKind, InsertRows, TABLE_NAME } from "./insert_rows.ts";

/** A table of a dump: its rows as a file, and its columns in their order. */
export interface DumpTable {
  readonly path: string;
  readonly columns: readonly string[];
}

/** Whether a text begins like a dump, and of which program. */
export function dumpKind(text: string): DumpKind | null {
  const begins = (...patterns: RegExp[]) => patterns.some((pattern) => pattern.test(text));
  // pg_dump's custom format holds statements, too.
  if (text.startsWith("PGDMP")) return null;
  if (begins(/^--\s*PostgreSQL database/im, /^COPY [\w."-]+ \(/m)) return "postgres";
  if (begins(/^--\s*(?:MySQL|MariaDB|phpMyAdmin|Adminer)\b/im, /^-- HeidiSQL|^-- Host:/im)) {
    return "mysql";
  }
  if (begins(/^(?:INSERT INTO|CREATE TABLE(?: IF NOT EXISTS)?) `/m)) return "mysql";
  return begins(/^INSERT INTO [\w."-]+ (?:\(|VALUES)/m) ? "postgres" : null;
}

/** Which tables of a dump are read: a list of names, or whatever tells. */
export interface Wanted {
  includes(table: string): boolean;
}

const COPY = new RegExp(`^COPY ${TABLE_NAME} \\((.*)\\) FROM stdin;\\s*$`, "i");
const END = "\\.";
/** First and last lines of pg_dump and mysqldump: without the last, tables may be missing. */
const BEGINS = /^-- (?:PostgreSQL database dump\s*$|(?:MySQL|MariaDB) dump\b)/;
const ENDS = /^-- (?:PostgreSQL database dump complete|Dump completed)\b/;

/**
 * Takes some tables out of a dump into a folder, by name; those that are not in it are missing. A
 * table whose statements name other columns, or in another order, is in several parts.
 */
export async function dumpTables(
  files: Files,
  dump: { readonly path: string; readonly kind: DumpKind },
  wanted: Wanted,
  folder: string,
): Promise<ReadonlyMap<string, readonly DumpTable[]>> {
  const tables = new Map<string, DumpTable[]>();
  const lines = linesOf(await files.stream(dump.path));
  const writers = new Map<string, Writer>();
  try {
    for await (const { table, columns, text } of tableRows(lines, wanted, dump.kind)) {
      if (columns.length === 0) {
        throw new ImportFault(
          `Cannot import: the dump names no columns of ${table}; dump with its CREATE TABLE, or ` +
            "with --complete-insert or --column-inserts",
        );
      }
      const key = [table, ...columns].join(" ");
      let writer = writers.get(key);
      if (!writer) {
        const path = `${folder}/${table}-${writers.size}.tsv`;
        writer = writerTo(files, path);
        writers.set(key, writer);
        tables.set(table, [...tables.get(table) ?? [], { path, columns }]);
      }
      await writer.write(text);
    }
  } finally {
    for (const writer of writers.values()) await writer.close();
  }
  return tables;
}

/** The rows of a table as a relation of texts, with their escapes. */
export function dumpRows({ path, columns }: DumpTable): Sql {
  return csvRows(path, columns, { delimiter: "\t", quote: "", nullText: "\\N", skip: 0 });
}

/** The columns of a table without their escapes, for a statement over `dumpRows`. */
export function dumpColumns({ columns }: DumpTable): Sql[] {
  return columns.map(columnName).map((name) => sql`${unescaped(ident(name))} as ${ident(name)}`);
}

/** A text of a dump without its escapes. */
function unescaped(column: Sql): Sql {
  const marks: readonly (readonly [string, string])[] = [
    ["'\\\\'", "chr(1)"],
    ["'\\t'", "chr(9)"],
    ["'\\n'", "chr(10)"],
    ["'\\r'", "chr(13)"],
    ["chr(1)", "'\\'"],
  ];
  const replaced = marks.reduce(
    (text, [from, to]) => sql`replace(${text}, ${raw(from)}, ${raw(to)})`,
    column,
  );
  return sql`case when contains(${column}, '\\') then ${replaced} else ${column} end`;
}

interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  /** Lines, each with its end. */
  readonly text: string;
}

/** Rows of COPY and of INSERT statements. */
async function* tableRows(
  lines: AsyncIterable<readonly string[]>,
  wanted: Wanted,
  kind: DumpKind,
): AsyncGenerator<TableRows> {
  const inserts = new InsertRows(wanted, kind);
  let copied: { readonly table: string; readonly columns: readonly string[] } | null = null;
  let lacksEnd = false;
  for await (const some of lines) {
    let text = "";
    for (const line of some) {
      if (copied && line !== END) {
        if (wanted.includes(copied.table)) text += `${line}\n`;
        continue;
      }
      if (copied) {
        if (text !== "") yield { ...copied, text };
        text = "";
        copied = null;
        continue;
      }
      if (!inserts.isOpen) lacksEnd = BEGINS.test(line) || lacksEnd && !ENDS.test(line);
      const [, table, columns = ""] = COPY.exec(line) ?? [];
      if (table === undefined) yield* inserts.read([line]);
      else {copied = {
          table,
          columns: columns.split(",").map((name) => name.trim().replaceAll('"', "")),
        };}
    }
    if (copied && text !== "") yield { ...copied, text };
  }
  if (copied || inserts.isOpen) {
    throw new ImportFault("Cannot import: the dump ends within the rows of a table: it was cut");
  }
  if (lacksEnd) {
    throw new ImportFault(
      'Cannot import: the dump lacks its last line, as "-- Dump completed": it was cut',
    );
  }
}
