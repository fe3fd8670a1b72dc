// Visitor ids from a secret: a keyed hash of address and user agent under a key that changes every
// UTC day. Addresses are not kept.
import { DAY_MS } from "../../core/durations.ts";
import type { Files, Random } from "../../core/types.ts";
import { HmacSha256 } from "./hmac_sha256.ts";

const SALT_KEY = "mallard-metrics-salt";
const SECRET_BYTES = 32;
const SECRET_FILE = ".secret";

/** Days whose keys are kept: the first of this and of the last period of each length, and more. */
const DAYS_KEPT = 8;

/** The visitor of an event. */
export interface Visitor {
  readonly site: string;
  readonly address: string;
  readonly userAgent: string;
}

/** Makes visitor ids from one secret. */
export class VisitorIds {
  readonly #secret: string;
  readonly #days = new Map<number, HmacSha256>();

  constructor(secret: string) {
    this.#secret = secret;
  }

  /**
   * The visitor's id, 64 hex digits: the same all through a UTC day for the same address and user
   * agent, and unrelated on any other day. `timestampMs` is milliseconds since 1970 UTC.
   */
  of(timestampMs: number, address: string, userAgent: string): string {
    return this.#day(Math.floor(timestampMs / DAY_MS)).hex(`${address}|${userAgent}`);
  }

  #day(day: number): HmacSha256 {
    const known = this.#days.get(day);
    if (known) return known;
    const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
    const hmac = new HmacSha256(new HmacSha256(SALT_KEY).hex(`${this.#secret}:${date}`));
    if (this.#days.size >= DAYS_KEPT) this.#days.delete(Math.min(...this.#days.keys()));
    this.#days.set(day, hmac);
    return hmac;
  }
}

/**
 * The secret in use: the owner's from the environment, else the one in the data folder's
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
  if (kept) {
    // The original program left it readable for all. This fails where another user owns the file.
    await files.protect(path).catch(() => {});
    return kept;
  }
  const made = random.bytes(SECRET_BYTES).toHex();
  await keepSecret(files, options.dataDir, made);
  return made;
}

/** Keeps a secret in the data folder's `.secret`, readable by the owner alone. */
export async function keepSecret(files: Files, dataDir: string, secret: string): Promise<void> {
  const path = `${dataDir}/${SECRET_FILE}`;
  const draft = `${path}.tmp`;
  await files.write(draft, new TextEncoder().encode(`${secret}\n`), 0o600);
  await files.rename(draft, path);
  await files.sync(dataDir);
}
