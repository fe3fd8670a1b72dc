// Whether a lake can take a Parquet file as it is, and answer from it as statistics answer from the
// data folder.
import { EVENT_COLUMNS, type EventColumnName } from "../../core/event.ts";
import { normalPathSql } from "../../core/paths/normal_form.ts";
import { sql } from "../../core/sql.ts";
import type { Db } from "../duckdb.ts";
import type { Partition } from "../parquet/partition.ts";
import { literal, literalPath } from "../parquet/schema.ts";

/**
 * Whether all columns are ours, of the type that they are stored in, and no value is read as
 * another one than it is. Columns of later programs than the file's may be missing.
 */
export async function canRegister(
  db: Db,
  path: string,
  { site_id }: Partition,
): Promise<boolean> {
  const file = sql`read_parquet([${literal(literalPath(path))}], hive_partitioning = false)`;
  const columns = await db.query(
    sql`select column_name, column_type from (describe select * from ${file})`,
  );
  const types = new Map(columns.map((row) => [row["column_name"], row["column_type"]]));
  for (const [name, type] of types) {
    const known = Object.hasOwn(EVENT_COLUMNS, String(name));
    if (!known || EVENT_COLUMNS[String(name) as EventColumnName].type !== type) return false;
  }
  const required = Object.entries(EVENT_COLUMNS).filter(([, { required }]) => required);
  if (!required.every(([name]) => types.has(name))) return false;
  const [row] = await db.query(
    sql`select count(*) as odd from ${file}
      where site_id is distinct from ${literal(site_id)} or visitor_id is null
        or event_name is null or pathname is distinct from ${normalPathSql(sql`pathname`)}`,
  );
  return Number(row?.["odd"]) === 0;
}
