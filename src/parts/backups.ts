// Opens backups: each reads its files in a small DuckDB of its own.
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import type { Host } from "../runtime/host.ts";
import { Backups } from "../storage/backup/schedule.ts";
import { Db } from "../storage/duckdb.ts";
import type { Storage } from "../storage/open.ts";

/** Memory in which the files of a backup are read. */
const BACKUP_MEMORY = "256MB";

/** The backups of a running program, with their schedule. */
export function openBackups(
  config: Config,
  system: System,
  host: Host,
  { store }: Storage,
  stopping: AbortSignal,
): Backups {
  const openDb = async (folder: string) =>
    await Db.open(await host.loadDuckDb(), system.clock, {
      folder,
      spillFolder: `${folder}/.spill`,
      memoryLimit: BACKUP_MEMORY,
      threads: 1,
      readers: 1,
    });
  return new Backups(system, store, openDb, {
    dataDir: resolve(config.data_dir),
    folder: config.backup_dir === null ? null : resolve(config.backup_dir),
    keep: config.backup_keep,
    keepDays: config.backup_keep_days,
    signal: stopping,
  });
}
