// Lockout after failed logins: counts failures by address and makes it wait. Addresses are in
// memory only, until their failures expire.
import { AppError } from "../core/errors.ts";
import { RATE_KEYS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import { rateLimitKey } from "../net/address.ts";

interface Failures {
  count: number;
  /** Attempts without a result yet. They count, else parallel guesses would be free. */
  pending: number;
  /** When the failures expire, in ms. */
  untilMs: number;
}

/** An attempt that was let in. Only the first call of the three counts. */
export interface Attempt {
  failed(): void;
  passed(): void;
  /** It ended without a result. */
  end(): void;
}

/** An attempt that is not counted. */
export const FREE: Attempt = { failed: () => {}, passed: () => {}, end: () => {} };

/** Failures by address. `attemptsMax` 0 turns the lockout off. */
export class Lockout {
  readonly #clock: Clock;
  readonly #attemptsMax: number;
  readonly #lockMs: number;
  readonly #keysMax: number;
  readonly #failures = new Map<string, Failures>();

  constructor(
    clock: Clock,
    options: {
      readonly attemptsMax: number;
      readonly lockSecs: number;
      readonly keysMax?: number;
    },
  ) {
    this.#clock = clock;
    this.#attemptsMax = options.attemptsMax;
    this.#lockMs = options.lockSecs * 1000;
    this.#keysMax = options.keysMax ?? RATE_KEYS_MAX;
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#failures.size;
  }

  /** Whether an attempt would not be let in. */
  isLocked(address: string): boolean {
    const entry = this.#failures.get(rateLimitKey(address));
    if (!entry || this.#attemptsMax === 0) return false;
    const count = entry.untilMs <= this.#clock.nowMs() ? 0 : entry.count;
    return count + entry.pending >= this.#attemptsMax;
  }

  /** Lets an attempt in, or throws `too_many_requests` with Retry-After in whole seconds. */
  begin(address: string): Attempt {
    if (this.#attemptsMax === 0) return FREE;
    const key = rateLimitKey(address);
    const entry = this.#entry(key);
    const now = this.#clock.nowMs();
    if (entry.count >= this.#attemptsMax) throw locked((entry.untilMs - now) / 1000);
    if (entry.count + entry.pending >= this.#attemptsMax) throw locked(1);
    entry.pending++;
    let open = true;
    const end = (verdict: "failed" | "passed" | "none") => {
      if (!open) return;
      open = false;
      entry.pending--;
      if (verdict === "failed") this.#count(key, entry);
      if (verdict === "passed") entry.count = 0;
      this.#forgetIdle(key, entry);
    };
    return {
      failed: () => end("failed"),
      passed: () => end("passed"),
      end: () => end("none"),
    };
  }

  /** Forgets addresses whose failures have expired. */
  forgetExpired(): void {
    const now = this.#clock.nowMs();
    for (const [key, entry] of this.#failures) {
      if (entry.untilMs <= now && entry.pending === 0) this.#failures.delete(key);
    }
  }

  #count(key: string, entry: Failures): void {
    entry.count++;
    entry.untilMs = this.#clock.nowMs() + this.#lockMs;
    this.#failures.delete(key);
    this.#failures.set(key, entry);
  }

  #forgetIdle(key: string, entry: Failures): void {
    const idle = entry.count === 0 && entry.pending === 0;
    if (idle && this.#failures.get(key) === entry) this.#failures.delete(key);
  }

  #entry(key: string): Failures {
    const now = this.#clock.nowMs();
    const known = this.#failures.get(key);
    if (known) {
      if (known.untilMs <= now) known.count = 0;
      return known;
    }
    if (this.#failures.size >= this.#keysMax) this.#makeRoom(now);
    const fresh = { count: 0, pending: 0, untilMs: now + this.#lockMs };
    this.#failures.set(key, fresh);
    return fresh;
  }

  /** Removes the expired entries, or else the one that expires first. They are in that order. */
  #makeRoom(now: number): void {
    for (const [key, entry] of this.#failures) {
      if (entry.untilMs > now) break;
      this.#failures.delete(key);
    }
    if (this.#failures.size < this.#keysMax) return;
    const first = this.#failures.keys().next();
    if (!first.done) this.#failures.delete(first.value);
  }
}

function locked(secs: number): AppError {
  const wait = Math.max(1, Math.ceil(secs));
  return new AppError(
    "too_many_requests",
    `Cannot log in: too many failed attempts, try again in ${wait} s`,
    { "retry-after": String(wait) },
  );
}
