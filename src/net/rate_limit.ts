// Rates per key on a clock that is handed in: token buckets, told by one number each. It must not
// know what its keys are.
import { RATE_KEYS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";

/** How a rate limit is set up. `perSecond` 0 is no limit. */
export interface RateLimitOptions {
  readonly perSecond: number;
  /** How many may come at once after a pause; as many as in a second where it is not given. */
  readonly burst?: number;
  readonly keysMax?: number;
}

/** How many of the keys used longest ago are looked at to make room for a new one. */
const CANDIDATES = 16;

/**
 * A token bucket for each key. A bucket is kept as the time at which it will be full again: one
 * that is full is as good as none and goes first. A key in use cannot be pushed out but by as many
 * others as there is room for, each used after it.
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
   * Takes a token of the key: 0, or the whole seconds until there will be one. `perSecond` is the
   * key's own rate where it has one.
   */
  take(key: string, perSecond: number = this.#perSecond): number {
    if (!(perSecond > 0)) return 0;
    const nowMs = this.#clock.nowMs();
    const tokenMs = 1000 / perSecond;
    const bucketMs = tokenMs * Math.max(1, this.#burst ?? perSecond);
    // A clock set back must not lock anyone out for longer than an empty bucket does.
    const knownMs = Math.min(this.#fullAtMs.get(key) ?? 0, nowMs + bucketMs);
    const fullAtMs = Math.max(knownMs, nowMs) + tokenMs;
    const waitMs = fullAtMs - bucketMs - nowMs;
    // Times are large numbers: less than this is rounding.
    const isRefused = waitMs > 1e-3;
    this.#keep(key, isRefused ? knownMs : fullAtMs, nowMs);
    return isRefused ? Math.max(1, Math.ceil(waitMs / 1000)) : 0;
  }

  /** Forgets the keys whose buckets are full again: nothing is lost by it. */
  forgetFull(): void {
    const nowMs = this.#clock.nowMs();
    for (const [key, fullAtMs] of this.#fullAtMs) {
      if (fullAtMs <= nowMs) this.#fullAtMs.delete(key);
    }
  }

  /** Remembers a key as the one used last, forgetting another if there is no room. */
  #keep(key: string, fullAtMs: number, nowMs: number): void {
    if (!this.#fullAtMs.delete(key) && this.#fullAtMs.size >= this.#keysMax) this.#evict(nowMs);
    this.#fullAtMs.set(key, fullAtMs);
  }

  /** Forgets the fullest of the buckets used longest ago. */
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
