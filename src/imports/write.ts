// Writes the events of an import as files of days, some at a time. Nothing of it counts before it
// is committed.
import { ident, raw, sql } from "../core/sql.ts";
import type { Db } from "../storage/duckdb.ts";
import type { History } from "../storage/history/history.ts";
import type { CatalogFile } from "../storage/parquet/partition.ts";
import { isOn, ROW_GROUP_EVENTS } from "../storage/parquet/partition_file.ts";
import { type DayRun, runsOf, type StagedDay, type Staging } from "./stage/stage.ts";

/** What is written. */
export interface DaysToWrite {
  readonly id: string;
  readonly site: string;
  /** In their order. */
  readonly days: readonly StagedDay[];
  /** How many runs of days are written at the same time. */
  readonly lanes: number;
  readonly signal: AbortSignal;
  /** Told after each day. */
  readonly onDay?: ((done: number, total: number) => void) | undefined;
}

/** Writes days; the files that were, also of a failure, are added to `written`. */
export async function writeDays(
  db: Db,
  history: Pick<History, "write">,
  staging: Staging,
  { lanes, signal, ...write }: DaysToWrite,
  written: CatalogFile[],
): Promise<void> {
  const runs = runsOf(write.days).values();
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const lane = async (_: unknown, table: number) => {
    try {
      for (const run of runs) {
        await writeRun(db, history, staging, { ...write, run, table, signal: stop }, written);
      }
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  if (ended.some(({ status }) => status === "rejected")) throw stop.reason;
}

async function writeRun(
  db: Db,
  history: Pick<History, "write">,
  staging: Staging,
  { id, site, days, run, table, signal, onDay }: Omit<DaysToWrite, "lanes"> & {
    readonly run: DayRun;
    readonly table: number;
  },
  written: CatalogFile[],
): Promise<void> {
  signal.throwIfAborted();
  const some = days.filter(({ date }) => run.from <= date && date <= run.to);
  const name = ident(`run_${table}`);
  // The events of several days are made once.
  const isShared = some.length > 1;
  if (isShared) {
    await db.execute(
      sql`create or replace table ${name} as select * from ${staging.eventsOf(run)}`,
    );
  }
  for (const { date, events } of some) {
    signal.throwIfAborted();
    const rows = isShared
      ? sql`(select * from ${name} where ${isOn(date)})`
      : staging.eventsOf(run);
    const isLarge = events > ROW_GROUP_EVENTS;
    const source = sql`${rows} as ${raw("day")}`;
    const day = { source, columns: staging.columns, isLarge, signal };
    written.push(await history.write(db, id, { site_id: site, date }, day));
    onDay?.(written.length, days.length);
  }
  if (isShared) await db.execute(sql`drop table ${name}`);
}
