// SHA-256 of files of any size. Small ones are hashed in another thread, large ones in pieces: a
// server that backs up goes on answering, and its memory stays bounded.
import { createHash } from "node:crypto";
import type { Files } from "../core/types.ts";

const WHOLE_BYTES_MAX = 32 * 1024 * 1024;

/** SHA-256 of a file in hex and its size, or null when there is no such plain file. */
export async function digestOf(
  files: Files,
  path: string,
): Promise<{ readonly bytes: number; readonly sha256: string } | null> {
  const size = await files.size(path);
  // A pipe would be waited for, and a folder cannot be read.
  if (size === null || !await files.isFile(path)) return null;
  if (size <= WHOLE_BYTES_MAX) {
    const content = await files.readBytes(path);
    return content && { bytes: content.length, sha256: await digestOfBytes(content) };
  }
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of await files.stream(path)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** SHA-256 in hex, computed in another thread. */
export async function digestOfBytes(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
