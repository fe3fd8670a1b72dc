// The periodic work of a running server, as the rows that jobs.ts runs.
import type { Host } from "./host.ts";
import type { Config } from "../config/load.ts";
import type { System } from "../core/types.ts";
import type { Drops } from "../ingest/drops.ts";
import type { Identity } from "../ingest/identity/identity.ts";
import type { Job } from "./jobs.ts";
import type { Sites } from "../sites/sites.ts";
import type { Backups } from "../storage/backup/schedule.ts";
import type { Storage } from "../storage/open.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const COMPACTION = { delayMs: 5 * MINUTE_MS, everyMs: MINUTE_MS };

/** The parts that have something to do from time to time. */
export interface JobParts {
  readonly storage: Storage;
  readonly backups: Backups;
  readonly sites: Sites;
  readonly drops: Drops;
  readonly identity: Identity;
}

/** Every job. `stopping` aborts those that may take long. */
export function jobTable(
  config: Config,
  { clock, log }: System,
  host: Pick<Host, "compaction">,
  parts: JobParts,
  stopping: AbortSignal,
): Job[] {
  const { storage, backups, sites, drops, identity } = parts;
  const { hot, flusher, cold, compactor } = storage;
  const compaction = host.compaction ?? COMPACTION;
  const mergeFromMs = clock.nowMs() + compaction.delayMs;
  const jobs: Job[] = [
    { name: "hot", everyMs: SECOND_MS, run: () => hot.sync() },
    {
      name: "flush",
      everyMs: config.flush_interval_secs * SECOND_MS,
      run: () => flusher.flush(),
    },
    {
      name: "adopt",
      everyMs: MINUTE_MS / 2,
      run: async () => {
        await cold.adopt();
        await cold.sweep();
      },
    },
    {
      name: "compact",
      everyMs: compaction.everyMs,
      run: async () => {
        if (clock.nowMs() >= mergeFromMs) await compactor.run(stopping);
      },
    },
  ];
  return [
    ...jobs,
    { name: "expire", everyMs: DAY_MS, atStart: true, run: expire },
    { name: "drops", everyMs: MINUTE_MS, run: () => drops.flush() },
    { name: "identity", everyMs: MINUTE_MS, run: () => identity.turn() },
    ...backingUp(),
  ];

  /** Often asked, so that neither a restart nor a failure costs a whole interval. */
  function backingUp(): Job[] {
    const hours = config.backup_interval_hours;
    if (hours === null) return [];
    const run = () => backups.makeIfDue(hours * HOUR_MS);
    return [{ name: "backup", everyMs: 10 * MINUTE_MS, run }];
  }

  async function expire(): Promise<void> {
    for (const site of storage.reader.sites()) {
      const days = sites.settings(site).retention_days ?? config.retention_days;
      const counts = await storage.eraser.expire(site, days, clock.nowMs());
      if (counts.parquet_partitions_deleted + counts.db_records_deleted > 0) {
        log("info", "Expired old events", { site_id: site, ...counts });
      }
    }
  }
}
