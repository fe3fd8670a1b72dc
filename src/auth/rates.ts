// Rate limits of callers: of each API key, and of each address without a login. Addresses are in
// memory only.
import { AppError } from "../core/errors.ts";
import {
  ANONYMOUS_REQUESTS_AT_ONCE,
  ANONYMOUS_REQUESTS_PER_SEC,
  KEY_REQUESTS_AT_ONCE,
  KEY_REQUESTS_PER_SEC,
} from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import { rateLimitKey } from "../net/address.ts";
import { type RateLeft, RateLimit } from "../net/rate_limit.ts";

/** The token buckets of all callers. */
export class CallerRates {
  readonly #keys: RateLimit;
  readonly #anonymous: RateLimit;

  constructor(clock: Clock) {
    this.#keys = new RateLimit(clock, {
      perSecond: KEY_REQUESTS_PER_SEC,
      burst: KEY_REQUESTS_AT_ONCE,
    });
    this.#anonymous = new RateLimit(clock, {
      perSecond: ANONYMOUS_REQUESTS_PER_SEC,
      burst: ANONYMOUS_REQUESTS_AT_ONCE,
    });
  }

  /** Number of callers remembered. */
  get size(): number {
    return this.#keys.size + this.#anonymous.size;
  }

  /** Forgets callers whose buckets are full again. */
  forgetIdle(): void {
    this.#keys.forgetFull();
    this.#anonymous.forgetFull();
  }

  /** Counts a request of a key, by its hash. Throws `too_many_requests`. */
  takeKey(keyHash: string): void {
    check(this.#keys.take(keyHash), "this API key", KEY_REQUESTS_PER_SEC);
  }

  /** What a key has left, by its hash. */
  leftOfKey(keyHash: string): RateLeft {
    return this.#keys.left(keyHash);
  }

  /** What an address without a login has left. */
  leftOfAddress(address: string): RateLeft {
    return this.#anonymous.left(rateLimitKey(address));
  }

  /** Counts a request without a login. Throws `too_many_requests`. */
  takeAnonymous(address: string): void {
    check(this.#anonymous.take(rateLimitKey(address)), "this address", ANONYMOUS_REQUESTS_PER_SEC);
  }
}

function check(waitSecs: number, who: string, perSecond: number): void {
  if (waitSecs === 0) return;
  throw new AppError(
    "too_many_requests",
    `Cannot answer: ${who} sends more than ${perSecond} requests a second`,
    { "retry-after": String(waitSecs) },
  );
}
