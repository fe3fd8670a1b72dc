// A data folder as an import into a lake reads it: partitions with their files, from mallard.sqlite
// alone, beside a running server or without one. It writes nothing.
import { HISTORY_OPS } from "../history/history_ops.ts";
import { sumRowsOf } from "../history/sums_ops.ts";
import type { Partition } from "../parquet/partition.ts";
import type { OwnSums } from "../shared/sums_commands.ts";
import { SUMS_COPY_OPS } from "../shared/sums_copy_ops.ts";
import { IS_WAITING } from "../state/flushed_rows.ts";
import { integerOf, textOf } from "../state/row.ts";
import { Sqlite, type SqliteRow } from "../state/sqlite.ts";

/** A partition of a data folder. */
export interface LocalPartition extends Partition {
  /** Its files, relative to the events folder. */
  readonly paths: readonly string[];
}

/** What a data folder has. */
export interface LocalContent {
  /** The name of the store: another folder has another. */
  readonly source: string;
  readonly partitions: readonly LocalPartition[];
  /** Partitions with events in the journal, which have to be written to files first. */
  readonly waiting: readonly (Partition & { readonly events: number })[];
  /** Events of sites that an owner has yet to accept. */
  readonly proposed: number;
}

/** A data folder that is read. */
export class LocalFolder {
  readonly #db: Sqlite;

  constructor(dataDir: string) {
    this.#db = Sqlite.openReader(`${dataDir}/mallard.sqlite`);
  }

  /** All of it. */
  content(): LocalContent {
    // The journal first: what is flushed meanwhile is then in both, and waits for the next time.
    const waiting = this.#db.all(
      `select site_id, date, count(*) as events from journal where ${IS_WAITING}
        group by site_id, date order by 1, 2`,
    );
    const partitions = this.#db.all(
      "select site_id, date from files group by site_id, date order by site_id, date",
    );
    const source = this.#db.get("select value from facts where name = 'store_id'");
    if (source === undefined) throw new Error("mallard.sqlite has no name; start the server once");
    const countOf = (table: string) =>
      Number(this.#db.get(`select count(*) as rows from ${table}`)?.["rows"] ?? 0);
    return {
      source: textOf(source, "value"),
      partitions: partitions.map((row) => this.partition(partitionOf(row))),
      waiting: waiting.map((row) => ({ ...partitionOf(row), events: integerOf(row, "events") })),
      proposed: countOf("proposed_events"),
    };
  }

  /** A partition as it is now: a server merges files. */
  partition({ site_id, date }: Partition): LocalPartition {
    const rows = this.#db.all(
      "select path from files where site_id = ? and date = ? order by path",
      site_id,
      date,
    );
    return { site_id, date, paths: rows.map((row) => textOf(row, "path")) };
  }

  /**
   * Lends the sums of days that imports have brought, all as of one moment, whatever a server
   * changes meanwhile.
   */
  async withSums<T>(work: (sums: readonly OwnSums[]) => Promise<T>): Promise<T> {
    const db = this.#db;
    db.exec("begin");
    try {
      const own = SUMS_COPY_OPS.summedDays(db).flatMap(({ import_id: id, dates }) => {
        const record = HISTORY_OPS.findPastImport(db, id);
        return record ? [{ record, dates, read: (date: string) => sumRowsOf(db, id, date) }] : [];
      });
      return await work(own);
    } finally {
      db.exec("rollback");
    }
  }

  close(): void {
    this.#db.close();
  }
}

function partitionOf(row: SqliteRow): Partition {
  return { site_id: textOf(row, "site_id"), date: textOf(row, "date") };
}
