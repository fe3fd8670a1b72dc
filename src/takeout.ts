// What an owner takes out of the server: exports and backups, made from the settings. It decides
// nothing itself.
import { resolve } from "node:path";
import { backupRoutes } from "./api/backups.ts";
import { eventExportRoutes } from "./api/event_export.ts";
import type { Config } from "./config.ts";
import type { Route } from "./core/http.ts";
import type { System } from "./core/types.ts";
import type { Host } from "./host.ts";
import type { Sites } from "./sites/sites.ts";
import { Backups } from "./storage/backups.ts";
import { Db } from "./storage/duckdb.ts";
import { EventFiles } from "./storage/event_files.ts";
import type { Storage } from "./storage/open.ts";

/** DuckDB only looks at the ends of the files of a backup. */
const MEMORY_FOR_BACKUPS = "256MB";

/** The parts of it. */
export interface Takeout {
  readonly backups: Backups;
  readonly routes: readonly Route[];
}

/** Makes them. `stopping` ends a backup. Rejects with a sentence where a setting cannot be used. */
export async function openTakeout(
  config: Config,
  system: System,
  host: Host,
  { store, reader }: Storage,
  sites: Sites,
  stopping: AbortSignal,
): Promise<Takeout> {
  const dataDir = resolve(config.data_dir);
  const backups = new Backups(system, store, (folder) => openDb(system, host, folder), {
    dataDir,
    folder: config.backup_dir === null ? null : resolve(config.backup_dir),
    signal: stopping,
  });
  const { files, random } = system;
  const folder = `${dataDir}/.exports`;
  const eventFiles = await EventFiles.open(reader, files, random, { folder });
  const isKnown = (site: string) =>
    reader.hasSite(site) || sites.declared(site) !== undefined || config.site_ids.includes(site);
  return {
    backups,
    routes: [
      ...eventExportRoutes(eventFiles, isKnown),
      ...backupRoutes(backups, { dataDir, intervalHours: config.backup_interval_hours }),
    ],
  };
}

async function openDb({ clock }: System, host: Host, folder: string): Promise<Db> {
  return await Db.open(await host.loadDuckDb(), clock, {
    folder,
    spillFolder: `${folder}/.spill`,
    memoryLimit: MEMORY_FOR_BACKUPS,
    threads: 1,
    readers: 1,
  });
}
