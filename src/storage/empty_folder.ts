// Removes what a killed process left in a folder for temporary files.
import type { Files } from "../core/types.ts";

/** Removes every file below a folder; a missing folder is empty. Rejects with the disk's error. */
export async function emptyFolder(files: Files, folder: string): Promise<void> {
  for (const path of await files.tree(folder)) await files.remove(`${folder}/${path}`);
}
