// Digests and constant-time comparison of secrets.
import { createHash, timingSafeEqual } from "node:crypto";

/** SHA-256 of a text's UTF-8. */
export function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

/** SHA-256 of a text's UTF-8 as 64 hex digits. */
export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Whether two secrets are the same, in constant time even if their lengths differ. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

/**
 * The entry with this digest, or undefined. Compares all entries, each in constant time. All
 * digests have 32 bytes.
 */
export function findByDigest<T extends { readonly digest: Uint8Array }>(
  entries: Iterable<T>,
  digest: Uint8Array,
): T | undefined {
  let found: T | undefined;
  for (const entry of entries) {
    if (timingSafeEqual(entry.digest, digest)) found = entry;
  }
  return found;
}
