// The DuckDB database that later versions of the original program keep beside their Parquet files,
// with events that are in no Parquet file yet. They are imported once, then the file is renamed. A
// database that cannot be read is never touched.
import { firstLine } from "../parquet/corruption.ts";
import {
  EVENT_COLUMN_NAMES,
  EVENT_COLUMNS,
  type EventColumnName,
  utcDate,
} from "../../core/event.ts";
import { faultOfSiteId } from "../../core/site_id.ts";
import { ident, join, raw, sql } from "../../core/sql.ts";
import type { Clock, System } from "../../core/types.ts";
import { Db, type DuckDbModule, type Row } from "../duckdb.ts";
import type { Store } from "../state/store.ts";
import { readJournaledEvent } from "./journaled_event.ts";

const DATABASE = "mallard.duckdb";
const SUFFIXES = ["", ".wal"];

/** Imports the events of DATA_DIR/mallard.duckdb, if there is one, or logs why it cannot. */
export async function importLegacy(
  loadDuckDb: () => Promise<DuckDbModule>,
  store: Store,
  { clock, files, log }: System,
  dataDir: string,
): Promise<void> {
  const path = `${dataDir}/${DATABASE}`;
  const bytes = await files.size(path);
  if (bytes === null) return;
  const mark = `${bytes}+${await files.size(`${path}.wal`) ?? 0}`;
  const duckdb = await loadDuckDb();
  let rows: Row[];
  try {
    rows = await readEvents(duckdb, clock, path);
  } catch (error) {
    log("error", "Cannot import the legacy database; it is left as it is", {
      path: DATABASE,
      reason: firstLine(error),
    });
    return;
  }
  const entries = rows.flatMap((row) => {
    const entry = entryOf(row);
    return entry ? [entry] : [];
  });
  // The mark is in the same transaction: a crash before the rename imports nothing twice.
  const imported = await store.run("importLegacy", { mark, entries });
  const renamed = `${path}.taken-over`;
  for (const suffix of SUFFIXES) {
    if (await files.size(path + suffix) !== null) {
      await files.rename(path + suffix, renamed + suffix);
    }
  }
  log("info", "Imported the legacy database", { events: imported, path: `${DATABASE}.taken-over` });
  const skipped = rows.length - entries.length;
  if (skipped > 0) log("warn", "Skipped rows of the legacy database", { rows: skipped });
}

/** Rows of its table `events`, times in µs, amounts in hundredths, columns it lacks as NULL. */
async function readEvents(duckdb: DuckDbModule, clock: Clock, path: string): Promise<Row[]> {
  const db = await Db.openFile(duckdb, clock, path);
  try {
    const described = await db.query(
      sql`select column_name from information_schema.columns where table_name = 'events'`,
    );
    const present = new Set(described.map((row) => String(row["column_name"])));
    for (const needed of ["site_id", "visitor_id", "timestamp", "event_name", "pathname"]) {
      if (!present.has(needed)) throw new Error(`its table events has no column ${needed}`);
    }
    const columns = EVENT_COLUMN_NAMES.map((name) =>
      present.has(name) ? exported(name) : sql`null as ${ident(name)}`
    );
    return await db.query(sql`select ${join(columns)} from events order by timestamp`);
  } finally {
    await db.close();
  }
}

function exported(name: EventColumnName) {
  const column = ident(name);
  switch (EVENT_COLUMNS[name].type) {
    case "TIMESTAMP":
      return sql`epoch_us(${column}::timestamp) as ${column}`;
    case "DECIMAL(12,2)":
      return sql`(${column}::decimal(12, 2) * 100)::bigint as ${column}`;
    case "BOOLEAN":
    case "INTEGER":
      return column;
    default:
      return sql`${column}::${raw("varchar")} as ${column}`;
  }
}

function entryOf(row: Row): { site_id: string; date: string; event: string } | null {
  const { site_id, timestamp } = row;
  if (typeof site_id !== "string" || faultOfSiteId(site_id) !== null) return null;
  if (typeof timestamp !== "number" || row["visitor_id"] === null) return null;
  const entry = { site_id, date: utcDate(timestamp), event: JSON.stringify(row) };
  return readJournaledEvent(entry) ? entry : null;
}
