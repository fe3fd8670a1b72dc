// Folders for temporary files, which hold events: those of a server are emptied at its start, those
// of commands when nobody uses them any more.
import { messageOf } from "../core/errors.ts";
import type { Files } from "../core/types.ts";
import { Sqlite } from "./state/sqlite.ts";

/** Folders of commands, by what follows. */
const OF_COMMANDS = ".lake-spill-";
/** Held by who uses the folder it is in. */
const LOCK = ".lock";

/** Removes every file below a folder; a missing folder is empty. Rejects with the disk's error. */
export async function emptyFolder(files: Files, folder: string): Promise<void> {
  for (const path of await files.tree(folder)) await files.remove(`${folder}/${path}`);
}

/**
 * Lends a folder in DATA_DIR for what a command spills, and removes it after the work. No server
 * that starts meanwhile removes it. What commands that were killed have left is removed. `name` is
 * the command's own. Where nothing can be written there, nothing can be spilled.
 */
export async function withSpillFolder<T>(
  files: Files,
  dataDir: string,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = `${dataDir}/${OF_COMMANDS}${name}`;
  const lock = await prepared(files, dataDir, folder).catch(() => null);
  try {
    return await work(folder);
  } finally {
    if (lock !== null) await files.removeTree(folder);
    lock?.close();
  }
}

/** Makes the folder and holds it; null where there is no DATA_DIR. */
async function prepared(files: Files, dataDir: string, folder: string): Promise<Sqlite | null> {
  if (await files.realPath(dataDir) === null) return null;
  await removeLeftSpills(files, dataDir).catch(() => {});
  await files.makeDir(folder);
  return Sqlite.lock(`${folder}/${LOCK}`);
}

/** Removes the folders of commands that were killed. Rejects with the disk's error. */
export async function removeLeftSpills(files: Files, dataDir: string): Promise<void> {
  for (const { name, isDirectory } of await files.list(dataDir)) {
    if (!isDirectory || !name.startsWith(OF_COMMANDS)) continue;
    const lock = lockOf(`${dataDir}/${name}/${LOCK}`);
    if (lock === null) continue;
    try {
      await files.removeTree(`${dataDir}/${name}`);
    } finally {
      lock.close();
    }
  }
}

/** The lock of a folder; null while another process has it. */
function lockOf(path: string): Sqlite | null {
  try {
    return Sqlite.lock(path);
  } catch (error) {
    if (/locked|busy/i.test(messageOf(error))) return null;
    throw error;
  }
}
