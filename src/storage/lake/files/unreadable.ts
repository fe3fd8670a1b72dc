// Which file of a lake cannot be read: gone from the bucket, or damaged. The catalog names the
// files, and DuckDB reads each of them alone.
import { AppError } from "../../../core/errors.ts";
import { raw, type Sql, sql } from "../../../core/sql.ts";
import type { Db, Row } from "../../duckdb.ts";
import { faultOfReading } from "../../parquet/corruption.ts";
import { literal } from "../../parquet/schema.ts";
import { CATALOG } from "../connection.ts";

/** A file of events as the catalog has it. */
export interface CatalogedFile {
  readonly path: string;
  readonly site: string;
  /** UTC date `YYYY-MM-DD`. */
  readonly date: string;
  /** Rows in it, of which some may be deleted. */
  readonly rows: number;
}

/** A file that cannot be read, and why. */
export interface UnreadableFile {
  readonly file: CatalogedFile;
  readonly reason: string;
}

/** The files that a snapshot has, in order of their paths; `dataPath` ends with a slash. */
export function filesAt(snapshot: number, dataPath: string): Sql {
  const number = raw(String(snapshot));
  const value = (index: number) =>
    sql`(select v.partition_value from ${CATALOG}.ducklake_file_partition_value v
      where v.data_file_id = f.data_file_id and v.partition_key_index = ${raw(String(index))})`;
  return sql`select
      case when f.path_is_relative then ${literal(dataPath)} || s.path || t.path else '' end
        || f.path as path,
      ${value(0)} as site, ${value(1)} as date, f.record_count as rows
    from ${CATALOG}.ducklake_data_file f
    join ${CATALOG}.ducklake_table t on t.table_id = f.table_id and t.end_snapshot is null
    join ${CATALOG}.ducklake_schema s on s.schema_id = t.schema_id and s.end_snapshot is null
    where t.table_name = 'events' and f.begin_snapshot <= ${number}
      and (f.end_snapshot is null or f.end_snapshot > ${number})
    order by path`;
}

/** What a row of it says. */
export function fileOf(row: Row): CatalogedFile {
  return {
    path: String(row["path"]),
    site: String(row["site"]),
    date: String(row["date"]),
    rows: Number(row["rows"]),
  };
}

/**
 * The files that cannot be read, of some; `most` of them at most. Reads all of them until then.
 * Rejects with a shortage, and where it is stopped.
 */
export async function unreadableOf(
  db: Pick<Db, "query">,
  files: readonly CatalogedFile[],
  most: number = Infinity,
): Promise<readonly UnreadableFile[]> {
  const found: UnreadableFile[] = [];
  for (const file of files) {
    const reason = await faultOfReading(db, file.path);
    if (reason !== null) found.push({ file, reason });
    if (found.length >= most) break;
  }
  return found;
}

/** What askers are told of it: its place in the lake, and nothing of where the lake is. */
export function unreadableError({ path, site, date }: CatalogedFile, dataPath: string): AppError {
  const place = path.startsWith(dataPath) ? path.slice(dataPath.length) : path.split("/").at(-1);
  return new AppError(
    "unavailable",
    `Cannot read the events of ${site}: the lake's file ${place} of ${date} is gone or damaged; ` +
      "put it back from the bucket's versions, or ask for other dates",
    { "retry-after": "60" },
  );
}

/** UTC dates of which nothing could be erased, and why. */
export interface Unerased {
  readonly dates: readonly string[];
  readonly reason: string;
}

/** What is told of it; `number` is that of the erasure, where there is one. */
export function unerasedError({ dates, reason }: Unerased, number: number | null): AppError {
  const known = number === null ? "" : ` (erasure ${number})`;
  return new AppError(
    "unavailable",
    `Cannot erase: the lake's files of ${dates.join(", ")} cannot be read (${reason}); put them ` +
      `back from the bucket's versions, and erase again. All other dates are erased${known}`,
    { "retry-after": "60" },
  );
}
