// DuckDB's side of the stored columns: tables, column lists and typed reading of Parquet files.
import { EVENT_COLUMN_NAMES, EVENT_COLUMNS } from "../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../core/sql.ts";

/** `create table` for hot events. */
export function createHotTable(table: string): Sql {
  const columns = EVENT_COLUMN_NAMES.map((name) => {
    const { type, required } = EVENT_COLUMNS[name];
    return sql`${ident(name)} ${raw(required ? `${type} not null` : type)}`;
  });
  return sql`create table ${ident(table)} (${join(columns)})`;
}

/** Every stored column in order. */
export const ALL_COLUMNS: Sql = join(EVENT_COLUMN_NAMES.map(ident));

/** A path as `read_parquet` takes it: its own wildcard characters mean themselves. */
export function literalPath(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}
