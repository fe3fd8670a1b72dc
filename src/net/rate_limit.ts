// Rate limits by key: token buckets, each kept as one number. It does not know what its keys are.
import { RATE_KEYS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";

/** How a rate limit is set up. `perSecond` 0 means no limit. */
export interface RateLimitOptions {
  readonly perSecond: number;
  /** How many may come at once after a pause; by default as many as per second. */
  readonly burst?: number;
  readonly keysMax?: number;
}

/** What is left of a rate limit. */
export interface RateLeft {
  readonly limit: number;
  readonly left: number;
  readonly resetSecs: number;
}

/** How many of the least recently used keys are considered for eviction. */
const CANDIDATES = 16;

/**
 * A token bucket for each key, kept as the time at which it will be full again. Full buckets are
 * evicted first. A key in use is evicted only after `keysMax` other keys were used.
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number | null;
  readonly #keysMax: number;
  readonly #fullAtMs = new Map<string, number>();

  constructor(clock: Clock, options: RateLimitOptions) {
    this.#clock = clock;
    this.#perSecond = options.perSecond;
    this.#burst = options.burst ?? null;
    this.#keysMax = Math.max(1, options.keysMax ?? RATE_KEYS_MAX);
  }

  /** Number of keys remembered. */
  get size(): number {
    return this.#fullAtMs.size;
  }

  /**
   * Takes a token of the key. Returns 0, or the seconds to wait, rounded up. `perSecond` is the
   * rate of this key if it has its own.
   */
  take(key: string, perSecond: number = this.#perSecond): number {
    if (!(perSecond > 0)) return 0;
    const nowMs = this.#clock.nowMs();
    const tokenMs = 1000 / perSecond;
    const bucketMs = tokenMs * Math.max(1, this.#burst ?? perSecond);
    // If the clock was set back, nobody waits longer than for an empty bucket.
    const knownMs = Math.min(this.#fullAtMs.get(key) ?? 0, nowMs + bucketMs);
    const fullAtMs = Math.max(knownMs, nowMs) + tokenMs;
    const waitMs = fullAtMs - bucketMs - nowMs;
    // Smaller differences are rounding errors.
    const isRefused = waitMs > 1e-3;
    this.#keep(key, isRefused ? knownMs : fullAtMs, nowMs);
    return isRefused ? Math.max(1, Math.ceil(waitMs / 1000)) : 0;
  }

  /** What a key has left: of how many tokens, and in how many seconds all are back. */
  left(key: string, perSecond: number = this.#perSecond): RateLeft {
    const nowMs = this.#clock.nowMs();
    const tokenMs = 1000 / perSecond;
    const limit = Math.max(1, this.#burst ?? perSecond);
    const usedMs = Math.max(0, (this.#fullAtMs.get(key) ?? 0) - nowMs);
    const left = Math.floor(limit - usedMs / tokenMs + 1e-6);
    return { limit, left: Math.max(0, left), resetSecs: Math.ceil(usedMs / 1000) };
  }

  /** Forgets the keys whose buckets are full again. */
  forgetFull(): void {
    const nowMs = this.#clock.nowMs();
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    }
  }

  /** Stores a key as the most recently used, evicting another if there is no room. */
  #keep(key: string, fullAtMs: number, nowMs: number): void {
    if (!this.#fullAtMs.delete(key) && this.#fullAtMs.size >= this.#keysMax) this.#evict(nowMs);
    this.#fullAtMs.set(key, fullAtMs);
  }

  /** Evicts the fullest of the least recently used buckets. */
  #evict(nowMs: number): void {
    let fullest: string | null = null;
    let soonestMs = Infinity;
    let seen = 0;
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (fullAtMs < soonestMs) {
        soonestMs = fullAtMs;
        fullest = key;
      }
      if (soonestMs <= nowMs || ++seen >= CANDIDATES) break;
    }
    if (fullest !== null) this.#fullAtMs.delete(fullest);
  }
}
