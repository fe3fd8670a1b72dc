// Which columns of an import have a value in any row: the others are NULL, and are not carried
// through joins, tables and sorts.
import { ident, join, sql } from "../../core/sql.ts";
import type { Db } from "../../storage/duckdb.ts";
import { literal, literalPath } from "../../storage/parquet/schema.ts";

/** Names of columns with a value, of the rows and of each table that is read beside them. */
export interface UsedColumns {
  readonly rows: ReadonlySet<string>;
  /** Only tables that have rows. */
  readonly tables: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The columns of the Parquet files in a folder that have a value, as their metadata says. */
export async function usedInFiles(db: Db, folder: string): Promise<ReadonlySet<string>> {
  const files = literal(`${literalPath(folder)}/*.parquet`);
  const rows = await db.execute(sql`
    select path_in_schema as name from parquet_metadata(${files})
    group by name having coalesce(sum(stats_null_count) < sum(num_values), true)`);
  return new Set(rows.map(({ name }) => String(name)));
}

/** The same of some tables, given by name with their columns. */
export async function usedInTables(
  db: Db,
  tables: Readonly<Record<string, readonly string[]>>,
): Promise<UsedColumns["tables"]> {
  const used = new Map<string, ReadonlySet<string>>();
  for (const [table, columns] of Object.entries(tables)) {
    const counts = columns.map((name) => sql`count(${ident(name)}) as ${ident(name)}`);
    const [row] = await db.execute(sql`
      select count(*) as texts, ${join(counts)} from ${ident(table)}`);
    if (row?.["texts"] === 0) continue;
    used.set(table, new Set(columns.filter((name) => row?.[name] !== 0)));
  }
  return used;
}
