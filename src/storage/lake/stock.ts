// What a snapshot of the lake holds of each site and date, as its catalog says: nothing of the
// bucket is read for it. Two of them tell what has changed.
import { DAY_US } from "../../core/durations.ts";
import { type Sql, sql } from "../../core/sql.ts";
import { literal } from "../parquet/schema.ts";
import type {
  ChangedDate,
  LakeMoment,
  LakePartition,
  LakeStock,
  LakeStockChange,
} from "../state/ops/rollup_ops.ts";
import type { Row } from "../duckdb.ts";
import { CATALOG_NAME } from "./connection.ts";

/** A partition of the lake. */
export interface StockedPartition extends LakePartition {
  readonly files: number;
  /** Whether engagements may be among the rows. */
  readonly isEngaged: boolean;
}

/** Partitions by site, each list in order of date. */
export type Stock = ReadonlyMap<string, readonly StockedPartition[]>;

/** What is known of the lake, for the next look. */
export interface Known {
  readonly stock: Stock;
  /** As it is kept in mallard.sqlite. */
  readonly kept: LakeStock | null;
  /** End of the last date of which an import has brought events, in microseconds; 0 for none. */
  readonly importedToUs: number;
}

/** What a snapshot has, and how that differs from what was known. */
export interface Look {
  readonly known: Known;
  readonly change: LakeStockChange;
}

/**
 * The query, which PostgreSQL answers by itself: one round trip however many files there are. What
 * `since` has not is told apart, as far as files that were merged meanwhile allow.
 */
export function stockQuery(snapshot: number, since: LakeMoment | null): Sql {
  const before = since?.snapshot ?? -1;
  const at = (table: string) =>
    `${table}.begin_snapshot <= ${snapshot}
      and (${table}.end_snapshot is null or ${table}.end_snapshot > ${snapshot})`;
  const isNew = `f.begin_snapshot > ${before}`;
  const rows = "f.record_count - coalesce(x.delete_count, 0)";
  const stats = (name: string, column: string) =>
    `left join ducklake_column ${column} on ${column}.table_id = f.table_id
      and ${column}.end_snapshot is null and ${column}.column_name = '${name}'
    left join ducklake_file_column_stats ${column}s on ${column}s.data_file_id = f.data_file_id
      and ${column}s.column_id = ${column}.column_id`;
  const madeAt = (number: number) =>
    `(select extract(epoch from snapshot_time)::text from ducklake_snapshot
      where snapshot_id = ${number})`;
  const ask = `select s.partition_value as site_id, d.partition_value as date,
      sum(${rows})::bigint as rows, count(*) as files,
      bool_or(es.null_count is null or es.null_count < f.record_count) as is_engaged,
      max(coalesce(f.partial_max, f.begin_snapshot)) as last_snapshot,
      md5(string_agg(concat(f.path, ' ', x.path), ' ' order by f.path)) as file_list,
      coalesce(sum(${rows}) filter (where ${isNew}), 0)::bigint as new_rows,
      coalesce(bool_or(not ${isNew} and f.partial_max > ${before}), false) as is_mixed,
      case when count(*) filter (where ${isNew}) = count(cs.min_value) filter (where ${isNew})
        then (extract(epoch from min(cs.min_value::timestamp) filter (where ${isNew}))
          * 1000000)::bigint
        end as first_us,
      ${madeAt(snapshot)} as made_at, ${madeAt(before)} as since_at,
      (select max(ms.max_value) from ducklake_table i
        join ducklake_column m on m.table_id = i.table_id and m.column_name = 'date'
        join ducklake_file_column_stats ms on ms.table_id = i.table_id
          and ms.column_id = m.column_id
        where i.table_name = 'imports') as imported_to
    from ducklake_data_file f
    join ducklake_table t on t.table_id = f.table_id and t.end_snapshot is null
      and t.table_name = 'events'
    join ducklake_file_partition_value s on s.data_file_id = f.data_file_id
      and s.partition_key_index = 0
    join ducklake_file_partition_value d on d.data_file_id = f.data_file_id
      and d.partition_key_index = 1
    left join ducklake_delete_file x on x.data_file_id = f.data_file_id and ${at("x")}
    ${stats("engaged_ms", "e")}
    ${stats("timestamp", "c")}
    where ${at("f")}
    group by 1, 2 order by 1, 2`;
  return sql`select * from postgres_query(${literal(CATALOG_NAME)}, ${literal(ask)})`;
}

/** What its rows say, beside what was known. */
export function lookOf(rows: readonly Row[], snapshot: number, before: Known): Look {
  const [first] = rows;
  const known = before.kept;
  const left = new Map(known?.partitions.map((one) => [`${one.date} ${one.site_id}`, one]));
  // Else the catalog was put back from a copy, is another one, or has forgotten that snapshot.
  const isLater = known !== null && snapshot >= known.moment.snapshot &&
    first?.["since_at"] === known.moment.madeAt;
  const added: ChangedDate[] = [];
  const removed: LakePartition[] = [];
  const kept: LakePartition[] = [];
  const partitions = rows.map(partitionOf);
  for (const [index, partition] of partitions.entries()) {
    const key = `${partition.date} ${partition.site_id}`;
    const old = left.get(key);
    left.delete(key);
    if (old?.file_list === partition.file_list) continue;
    kept.push(partition);
    const row = rows[index] ?? {};
    const change = isLater ? changeOf(old, partition, row) : "replaced";
    if (change === "grown") added.push({ ...partition, ...firstOf(row) });
    if (change === "replaced") {
      added.push(partition);
      removed.push(partition);
    }
  }
  const gone = [...left.values()];
  const moment = { snapshot, madeAt: String(first?.["made_at"] ?? "") };
  return {
    known: {
      stock: stockOf(partitions, before.stock),
      kept: { moment, partitions },
      importedToUs: endOf(first?.["imported_to"]),
    },
    change: { moment, added, removed: [...removed, ...gone], kept, gone },
  };
}

/** By site; the list of a site of which nothing has changed stays the same. */
function stockOf(partitions: readonly StockedPartition[], before: Stock): Stock {
  const stock = Map.groupBy(partitions, ({ site_id }) => site_id);
  return new Map([...stock].map(([site, list]) => {
    const old = before.get(site) ?? [];
    const isSame = old.length === list.length &&
      list.every(({ date, file_list }, index) =>
        old[index]?.date === date && old[index]?.file_list === file_list
      );
    return [site, isSame ? old : list];
  }));
}

function endOf(date: Row[string] | undefined): number {
  return typeof date === "string" ? Date.parse(date) * 1000 + DAY_US : 0;
}

/**
 * What happened to a partition that has other files than before. Insertions raise the number of
 * the last one and deletions lower the number of rows: where both are the same, so are the rows.
 */
function changeOf(
  before: LakePartition | undefined,
  { rows, last_snapshot }: StockedPartition,
  row: Row,
): "merged" | "grown" | "replaced" {
  if (before === undefined) return "grown";
  if (rows === before.rows && last_snapshot === before.last_snapshot) return "merged";
  // An erasure deletes whole partitions: a file that has rows of before tells that there was none.
  const isGrown = rows > before.rows &&
    (row["is_mixed"] === true || rows === before.rows + Number(row["new_rows"]));
  return isGrown ? "grown" : "replaced";
}

/** The time of the first of the new events, where every file says so. */
function firstOf({ first_us, is_mixed }: Row): Pick<ChangedDate, "firstUs"> {
  const isKnown = typeof first_us === "number" && is_mixed !== true;
  return isKnown ? { firstUs: first_us } : {};
}

function partitionOf(row: Row): StockedPartition {
  return {
    site_id: String(row["site_id"]),
    date: String(row["date"]),
    rows: Number(row["rows"]),
    files: Number(row["files"]),
    isEngaged: row["is_engaged"] === true,
    last_snapshot: Number(row["last_snapshot"]),
    file_list: String(row["file_list"]),
  };
}
