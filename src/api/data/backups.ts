// GET and POST /api/backup: how backups stand, and one more of them. Where to is a setting of the
// server; nothing of a request decides it.
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import type { Backups } from "../../storage/backup/schedule.ts";

/** What the routes tell of the settings. */
export interface BackupSettings {
  /** Absolute path of DATA_DIR. */
  readonly dataDir: string;
  /** Hours between backups that the server makes by itself; null for none. */
  readonly intervalHours: number | null;
}

/**
 * The routes. Both answer `{backup_dir, data_dir, interval_hours, running_since, last, fault}`,
 * `last` being null or `{made_at, files, events, bytes, verified_at, faults}`; the POST answers as
 * soon as the backup has begun.
 */
export function backupRoutes(
  backups: Backups,
  { dataDir, intervalHours }: BackupSettings,
): Route[] {
  const state = async () => {
    const { folder, runningSince, last, fault } = await backups.state();
    return {
      backup_dir: folder,
      data_dir: dataDir,
      interval_hours: intervalHours,
      running_since: runningSince,
      last: last && {
        made_at: last.madeAt,
        files: last.files,
        events: last.events,
        bytes: last.bytes,
        verified_at: last.verdict?.verifiedAt ?? null,
        faults: last.verdict?.faults ?? [],
      },
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
        log("info", "A backup was asked for");
        return json(await state(), 202);
      },
    },
  ];
}
