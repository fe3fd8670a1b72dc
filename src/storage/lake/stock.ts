// What a snapshot of the lake holds of each site and date, as its catalog says: nothing of the
// bucket is read for it.
import { type Sql, sql } from "../../core/sql.ts";
import type { Partition } from "../parquet/partition.ts";
import { literal } from "../parquet/schema.ts";
import type { Row } from "../duckdb.ts";
import { LAKE } from "./connection.ts";

/** A partition of the lake. */
export interface StockedPartition extends Partition {
  readonly rows: number;
  readonly files: number;
  /** Whether engagements may be among the rows. */
  readonly isEngaged: boolean;
}

/** Partitions by site, each list in order of date. */
export type Stock = ReadonlyMap<string, readonly StockedPartition[]>;

/** The query, which PostgreSQL answers by itself: one round trip however many files there are. */
export function stockQuery(snapshot: number): Sql {
  const at = `f.begin_snapshot <= ${snapshot}
      and (f.end_snapshot is null or f.end_snapshot > ${snapshot})`;
  const ask = `select s.partition_value as site_id, d.partition_value as date,
      sum(f.record_count)::bigint as rows, count(*) as files,
      bool_or(c.null_count is null or c.null_count < f.record_count) as is_engaged
    from ducklake_data_file f
    join ducklake_table t on t.table_id = f.table_id and t.end_snapshot is null
      and t.table_name = 'events'
    join ducklake_file_partition_value s on s.data_file_id = f.data_file_id
      and s.partition_key_index = 0
    join ducklake_file_partition_value d on d.data_file_id = f.data_file_id
      and d.partition_key_index = 1
    left join ducklake_column e on e.table_id = f.table_id and e.end_snapshot is null
      and e.column_name = 'engaged_ms'
    left join ducklake_file_column_stats c on c.data_file_id = f.data_file_id
      and c.column_id = e.column_id
    where ${at}
    group by 1, 2 order by 1, 2`;
  return sql`select * from postgres_query(${literal(`__ducklake_metadata_${LAKE}`)}, ${
    literal(ask)
  })`;
}

/** What its rows say. */
export function stockOf(rows: readonly Row[]): Stock {
  const stock = new Map<string, StockedPartition[]>();
  for (const row of rows) {
    const partition = {
      site_id: String(row["site_id"]),
      date: String(row["date"]),
      rows: Number(row["rows"]),
      files: Number(row["files"]),
      isEngaged: row["is_engaged"] === true,
    };
    const known = stock.get(partition.site_id);
    if (known) known.push(partition);
    else stock.set(partition.site_id, [partition]);
  }
  return stock;
}
