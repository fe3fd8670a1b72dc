// Tables of SQL text dumps, of pg_dump and mysqldump, written as files that DuckDB reads: a line a
// row, values between tabs, with the escapes of PostgreSQL's COPY. The dump is read as a stream.
import { ident, raw, type Sql, sql } from "../../core/sql.ts";
import type { Files } from "../../core/types.ts";
import { linesOf, type Writer, writerTo } from "../input/lines.ts";
import { columnName, csvRows } from "./csv.ts";
import { MysqlRows } from "./mysql_rows.ts";

/** A table of a dump: its rows as a file, and its columns in their order. */
export interface DumpTable {
  readonly path: string;
  readonly columns: readonly string[];
}

/** Whether a text begins like a dump, and of which program. */
export function dumpKind(text: string): "postgres" | "mysql" | null {
  if (/^--\s*PostgreSQL database/im.test(text) || /^COPY [\w."]+ \(/m.test(text)) return "postgres";
  if (/^--\s*(?:MySQL|MariaDB) dump/im.test(text) || /^INSERT INTO `/m.test(text)) return "mysql";
  return null;
}

/** Which tables of a dump are read: a list of names, or whatever tells. */
export interface Wanted {
  includes(table: string): boolean;
}

const COPY = /^COPY (?:"?\w+"?\.)?"?(\w+)"? \((.*)\) FROM stdin;\s*$/i;
const END = "\\.";

/** Takes some tables out of a dump into a folder; those that are not in it are missing. */
export async function dumpTables(
  files: Files,
  dump: { readonly path: string; readonly kind: "postgres" | "mysql" },
  wanted: Wanted,
  folder: string,
): Promise<ReadonlyMap<string, DumpTable>> {
  const tables = new Map<string, DumpTable>();
  const lines = linesOf(await files.stream(dump.path));
  const rows = dump.kind === "postgres" ? copyRows(lines, wanted) : mysqlRows(lines, wanted);
  const writers = new Map<string, Writer>();
  try {
    for await (const { table, columns, text } of rows) {
      let writer = writers.get(table);
      if (!writer) {
        const path = `${folder}/${table}.tsv`;
        writer = writerTo(files, path);
        writers.set(table, writer);
        tables.set(table, { path, columns });
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

async function* copyRows(
  lines: AsyncIterable<readonly string[]>,
  wanted: Wanted,
): AsyncGenerator<TableRows> {
  let open: { readonly table: string; readonly columns: readonly string[] } | null = null;
  let isIn = false;
  for await (const some of lines) {
    let text = "";
    for (const line of some) {
      if (isIn && line !== END) {
        if (open) text += `${line}\n`;
        continue;
      }
      if (isIn) {
        if (open && text !== "") yield { ...open, text };
        text = "";
        open = null;
        isIn = false;
        continue;
      }
      const [, table = "", columns = ""] = COPY.exec(line) ?? [];
      if (table === "") continue;
      isIn = true;
      if (!wanted.includes(table)) continue;
      open = { table, columns: columns.split(",").map((name) => name.trim().replaceAll('"', "")) };
    }
    if (open && text !== "") yield { ...open, text };
  }
}

async function* mysqlRows(
  lines: AsyncIterable<readonly string[]>,
  wanted: Wanted,
): AsyncGenerator<TableRows> {
  const reader = new MysqlRows(wanted);
  for await (const some of lines) yield* reader.read(some);
}
