// Notes of what was masked in a lake, beside those of what imports have brought: rows of its table
// `imports` without events, in the commit that masks. An import tells by them that a partition is
// no longer as it came, and the notes of a partition still add up to what the lake has of it.
import { ident, join, type Sql, sql } from "../../../core/sql.ts";
import type { Run } from "../../duckdb.ts";
import type { Partition } from "../../parquet/partition.ts";
import { literal } from "../../parquet/schema.ts";
import {
  EVENTS,
  IMPORT_ID,
  importOf,
  IMPORTS,
  type Measure,
  measureOf,
  MEASURES,
} from "../tables.ts";
import { ofPartition } from "./partition_anew.ts";

/**
 * Notes that a partition becomes the relation `anew`, for each import that has brought some of it.
 * The events of data folders are not told apart: the note of the first has the change of all.
 */
export async function noteMasked(
  run: Run,
  partition: Partition,
  anew: Sql,
  nowMs: number,
): Promise<void> {
  const which = ofPartition(partition);
  const sources = await run(sql`select distinct source from ${IMPORTS} where ${which} order by 1`);
  if (sources.length === 0) return;
  const before = await measuresOf(run, sql`${EVENTS} where ${which}`);
  const after = await measuresOf(run, anew);
  const at = sql`make_timestamp(${Math.floor(nowMs) * 1000})`;
  const noted = new Set<string | null>();
  const values = sources.map(({ source }) => {
    const id = importOf(String(source));
    const change = noted.has(id) ? 0n : checksumOf(after, id) - checksumOf(before, id);
    noted.add(id);
    return sql`(${String(source)}, ${partition.site_id}, ${literal(partition.date)}::date, 0,
      ${String(change)}, ${at})`;
  });
  await run(sql`insert into ${IMPORTS} values ${join(values)}`);
}

/** Of each import of another program's data, and of all other events under null. */
async function measuresOf(run: Run, from: Sql): Promise<ReadonlyMap<string | null, Measure>> {
  const id = ident(IMPORT_ID);
  const rows = await run(sql`select ${id} as id, ${MEASURES} from ${from} group by ${id}`);
  return new Map(
    rows.map((row) => [row["id"] === null ? null : String(row["id"]), measureOf(row)]),
  );
}

function checksumOf(measures: ReadonlyMap<string | null, Measure>, id: string | null): bigint {
  return measures.get(id)?.checksum ?? 0n;
}
