// Files as the thread of mallard.sqlite sees them, without waiting for another. The runtime's own
// functions: to load `node:fs` took most of the time in which the thread starts.

/** A file or folder in a folder. */
export interface FoundEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** The only error that means that nothing is there. */
function orMissing<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** What a path is linked to; empty where nothing is. A new file may get the inode of an old one. */
export function linkOf(path: string): string {
  const found = orMissing(() => Deno.statSync(path));
  return found ? `${found.dev}:${found.ino}:${found.birthtime?.getTime() ?? ""}` : "";
}

/** Size of a file in bytes. */
export function sizeOf(path: string): number {
  return Deno.statSync(path).size;
}

/** When a file was changed; null when it is not there. */
export function modifiedMs(path: string): number | null {
  return orMissing(() => Deno.statSync(path))?.mtime?.getTime() ?? null;
}

/** What is in a folder; nothing where it is missing. */
export function entriesOf(folder: string): FoundEntry[] {
  return orMissing(() => [...Deno.readDirSync(folder)]) ?? [];
}

/** One byte of a file; undefined behind its end. */
export function byteAt(path: string, offset: number): number | undefined {
  using file = Deno.openSync(path);
  file.seekSync(offset, Deno.SeekMode.Start);
  const byte = new Uint8Array(1);
  return file.readSync(byte) === 1 ? byte[0] : undefined;
}

/** Removes a file, if it is there. */
export function removeFile(path: string): void {
  orMissing(() => Deno.removeSync(path));
}

/** Renames a file over any that is there. */
export function renameFile(from: string, to: string): void {
  Deno.renameSync(from, to);
}

/** Brings what was written to a file to the disk. */
export function syncFile(path: string): void {
  using file = Deno.openSync(path, { read: true, write: true });
  file.syncSync();
}

/** Makes an empty file, or empties one, and lets `work` add texts to it. */
export function writeTexts(
  path: string,
  mode: number,
  work: (add: (text: string) => void) => void,
): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true, mode });
  work((text) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  });
}

/** Makes the folder of a file, with those above it. */
export function makeFolderOf(path: string, mode: number): void {
  const folder = path.slice(0, path.lastIndexOf("/"));
  if (folder !== "") Deno.mkdirSync(folder, { recursive: true, mode });
}
