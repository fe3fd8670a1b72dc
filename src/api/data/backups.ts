// GET and POST /api/backup: the state of backups, and starting one. The folder is a setting of the
// server; no request can change it.
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import type { BackupFacts, Backups } from "../../storage/backup/schedule.ts";

/** The settings that the routes show, by their names. */
export interface BackupSettings {
  /** As an absolute path. */
  readonly data_dir: string;
  readonly backup_interval_hours: number | null;
}

/**
 * The routes. Both answer `{backup_dir, data_dir, interval_hours, running_since, last, kept,
 * guarded, fault}`, where `last` is null or `{made_at, files, events, bytes, verified_at, faults}`,
 * `kept` lists every backup, and `guarded` is one that is far larger than the last, or null. POST
 * answers as soon as the backup has started.
 */
export function backupRoutes(
  backups: Backups,
  { data_dir, backup_interval_hours }: BackupSettings,
): Route[] {
  const state = async () => {
    const { folder, runningSince, last, kept, guarded, fault } = await backups.state();
    return {
      backup_dir: folder,
      data_dir,
      interval_hours: backup_interval_hours,
      running_since: runningSince,
      last: last && {
        ...answerOf(last),
        verified_at: last.verdict?.verifiedAt ?? null,
        faults: last.verdict?.faults ?? [],
      },
      kept: kept.map(answerOf),
      guarded: guarded && { ...answerOf(guarded), folder: guarded.folder },
      fault,
    };
  };
  const path = "/api/backup";
  return [
    { method: "GET", path, right: "admin", handle: async () => json(await state()) },
    {
      method: "POST",
      path,
      right: "admin",
      handle: async ({ log }) => {
        await backups.begin();
        log("info", "Backup requested");
        return json(await state(), 202);
      },
    },
  ];
}

function answerOf({ madeAt, files, events, bytes }: BackupFacts) {
  return { made_at: madeAt, files, events, bytes };
}
