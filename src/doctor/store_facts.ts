// What the doctor reads of mallard.sqlite, beside a server that may be writing it.
import type { Files } from "../core/types.ts";
import { IS_WAITING } from "../storage/state/flushed_rows.ts";
import { MIGRATIONS, schemaVersion } from "../storage/state/migrations.ts";
import { Sqlite } from "../storage/state/sqlite.ts";

/** Facts of one mallard.sqlite. */
export interface StoreFacts {
  readonly version: number;
  readonly versionNow: number;
  /** Events that are not yet in Parquet. */
  readonly journalRows: number;
  /** Time of the newest event on record, in milliseconds since 1970; 0 where there is none. */
  readonly newestEventMs: number;
  readonly files: number;
  readonly partitions: number;
  /** Most files of one partition. */
  readonly filesOfPartitionMax: number;
  readonly hasPassword: boolean;
  /** Whether it is of a server over a lake. */
  readonly isOverLake: boolean;
}

/** Reads them; null where there is no file. Rejects where it is damaged or of a newer program. */
export async function readStoreFacts(files: Files, path: string): Promise<StoreFacts | null> {
  const bytes = await files.size(path);
  if (bytes === null || bytes === 0) return null;
  const db = Sqlite.openReader(path);
  try {
    const version = schemaVersion(db);
    if (version === 0) return null;
    const number = (text: string) => Number(Object.values(db.get(text) ?? {})[0] ?? 0);
    const partitions = "select count(*) as n from files group by site_id, date";
    return {
      version,
      versionNow: MIGRATIONS.length,
      journalRows: number(`select count(*) from journal where ${IS_WAITING}`),
      newestEventMs: number("select value from facts where name = 'newest_event_us'") / 1000,
      files: number("select count(*) from files"),
      partitions: number(`select count(*) from (${partitions})`),
      filesOfPartitionMax: number(`select max(n) from (${partitions})`),
      hasPassword: version > 1 && number("select count(*) from owner_password") > 0,
      isOverLake: number("select count(*) from facts where name = 'lake_journal'") > 0,
    };
  } finally {
    db.close();
  }
}
