// Which folders a backup may be made into: none that is, contains or is inside a data folder, none
// that another process makes a backup into.
import { messageOf } from "../../core/errors.ts";
import type { Files } from "../../core/types.ts";
import { Sqlite } from "../state/sqlite.ts";

/** A file of every DATA_DIR that a server has opened, and of no backup. */
const SERVER_LOCK = ".lock";
/** The folder in a backup folder that holds its generations. */
export const GENERATIONS = "generations";
const BACKUP_LOCK = ".backup.lock";

/** The refusal of a folder whose backups are of another store. */
export function foreignFolder(target: string, dataDir: string): string {
  return `Cannot back up into ${target}: its backups are of another data folder than ${dataDir}; ` +
    "name another folder, or check that the right disk is mounted";
}

/** Whether a path equals the other or is below it. Both must be absolute. */
export function areNested(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

/** Rejects with a sentence where `target` is no place for backups of `dataDir`. */
export async function requireApart(files: Files, dataDir: string, target: string): Promise<void> {
  const from = await realPath(files, dataDir);
  // The folder of the generations may be a link, too.
  for (const place of [target, `${target}/${GENERATIONS}`]) {
    if (areNested(from, await realPath(files, place))) {
      throw new Error(
        `Cannot back up into ${target}: one of it and the data folder contains the other`,
      );
    }
  }
  if (await files.size(`${target}/${SERVER_LOCK}`) !== null) {
    throw new Error(`Cannot back up into ${target}: it is the data folder of a server`);
  }
}

/**
 * Runs `work` while no other process works in `folder`, which must exist. The kernel releases the
 * lock however the process ends. `tried` opens the sentence of the error. Work of another `name`
 * may go on beside it.
 */
export async function whileLocked<T>(
  folder: string,
  tried: string,
  work: () => Promise<T>,
  name = BACKUP_LOCK,
): Promise<T> {
  let lock: Sqlite;
  try {
    lock = Sqlite.lock(`${folder}/${name}`);
  } catch (error) {
    const busy = /locked|busy/i.test(messageOf(error));
    throw new Error(`${tried}: ${busy ? "another process is doing so" : messageOf(error)}`);
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

/** The path with links followed as far as it exists. */
async function realPath(files: Files, path: string): Promise<string> {
  const real = await files.realPath(path);
  const slash = path.lastIndexOf("/");
  if (real !== null || slash <= 0) return real ?? path;
  return `${await realPath(files, path.slice(0, slash))}${path.slice(slash)}`;
}

function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
