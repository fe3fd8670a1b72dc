// Locks DATA_DIR for one process. The kernel releases the lock however the process ends.
import { messageOf } from "../core/errors.ts";
import type { Files } from "../core/types.ts";
import { Sqlite } from "./state/sqlite.ts";

/** A held lock. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Locks a data folder for this process. Rejects with a sentence naming the process that holds it.
 */
export async function lockFolder(files: Files, folder: string, pid: number): Promise<Lock> {
  const pidPath = `${folder}/mallard.pid`;
  let lock: Sqlite;
  try {
    lock = Sqlite.lock(`${folder}/.lock`);
  } catch (error) {
    if (!/locked|busy/i.test(messageOf(error))) {
      throw new Error(`Cannot lock ${folder}: ${messageOf(error)}`);
    }
    const holder = (await files.readText(pidPath).catch(() => null))?.trim();
    throw new Error(
      `Cannot use ${folder}: another server runs on it` + (holder ? ` (process ${holder})` : ""),
    );
  }
  await files.write(pidPath, new TextEncoder().encode(`${pid}\n`), 0o644);
  return {
    async release() {
      await files.remove(pidPath);
      lock.close();
    },
  };
}
