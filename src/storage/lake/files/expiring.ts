// Ends snapshots of a lake, and removes the files that only they name.
import { MINUTE_MS } from "../../../core/durations.ts";
import { raw, type Sql, sql } from "../../../core/sql.ts";
import type { Clock } from "../../../core/types.ts";
import { literal } from "../../parquet/schema.ts";
import { LAKE } from "../connection.ts";
import type { Lake } from "../lake.ts";

/**
 * So far ahead of now all snapshots are of before it: the clock is not PostgreSQL's, by which one
 * may be from a little later than now.
 */
export const EXPIRED_NOW_MS = 10 * MINUTE_MS;

/**
 * Ends the snapshots of before a time, but for the newest, and removes the files that only they
 * name; where the time is to come, also those that were to be removed later. Rejects with a
 * sentence.
 */
export async function expire(lake: Lake, clock: Clock, beforeMs: number): Promise<void> {
  const isAll = beforeMs > clock.nowMs();
  const which = isAll ? raw("cleanup_all => true") : sql`older_than => ${timeOf(beforeMs)}`;
  await lake.attempt("Cannot clean the lake up", async () => {
    await lake.db.execute(
      sql`call ducklake_expire_snapshots(${literal(LAKE)}, older_than => ${timeOf(beforeMs)})`,
    );
    await lake.db.execute(sql`call ducklake_cleanup_old_files(${literal(LAKE)}, ${which})`);
  });
}

/** A time as DuckLake's functions take it. */
export function timeOf(ms: number): Sql {
  return sql`${literal(new Date(ms).toISOString())}::timestamptz`;
}
