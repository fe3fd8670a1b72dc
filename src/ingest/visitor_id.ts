// Who is the same visitor: a keyed hash of address and browser whose key changes every UTC day,
// and the secret it is made from. Addresses go in and are not kept.
import { createHmac } from "node:crypto";
import type { Files, Random } from "../core/types.ts";

const SALT_KEY = "mallard-metrics-salt";
const DAY_MS = 86_400_000;
const SECRET_BYTES = 32;
const SECRET_FILE = ".secret";

/** As many days at once as can be in use around midnight, with a day for late ones. */
const DAYS_KEPT = 3;

function hmacHex(key: string, message: string): string {
  return createHmac("sha256", key).update(message).digest("hex");
}

/** Makes visitor ids from one secret. */
export class VisitorIds {
  readonly #secret: string;
  readonly #keys = new Map<number, string>();

  constructor(secret: string) {
    this.#secret = secret;
  }

  /**
   * The visitor's id, 64 hex digits: the same all through a UTC day for the same address and user
   * agent, and unrelated on any other day. `timestampMs` is milliseconds since 1970 UTC.
   */
  of(timestampMs: number, address: string, userAgent: string): string {
    return hmacHex(this.#keyOf(Math.floor(timestampMs / DAY_MS)), `${address}|${userAgent}`);
  }

  #keyOf(day: number): string {
    const known = this.#keys.get(day);
    if (known !== undefined) return known;
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const key = hmacHex(SALT_KEY, `${this.#secret}:${date}`);
    if (this.#keys.size >= DAYS_KEPT) this.#keys.delete(Math.min(...this.#keys.keys()));
    this.#keys.set(day, key);
    return key;
  }
}

/**
 * The secret in force: the owner's from the environment, else the one in the data folder's
 * `.secret`, else a random one that is made now and kept there, readable by the owner alone.
 * Rejects with the platform's error when that file can be neither read nor written.
 */
export async function loadSecret(
  files: Files,
  random: Random,
  options: { readonly dataDir: string; readonly fromEnvironment: string | null },
): Promise<string> {
  if (options.fromEnvironment) return options.fromEnvironment;
  const path = `${options.dataDir}/${SECRET_FILE}`;
  const kept = (await files.readText(path))?.replace(/[\r\n]+$/, "");
  if (kept) return kept;
  const made = [...random.bytes(SECRET_BYTES)].map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  const draft = `${path}.tmp`;
  await files.write(draft, new TextEncoder().encode(`${made}\n`), 0o600);
  await files.rename(draft, path);
  await files.sync(options.dataDir);
  return made;
}
