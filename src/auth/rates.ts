// How often one caller may ask: an API key, and an address that reads without a login. Addresses
// live in memory only.
import { AppError } from "../core/errors.ts";
import {
  KEY_REQUESTS_AT_ONCE,
  KEY_REQUESTS_PER_SEC,
  STRANGER_REQUESTS_AT_ONCE,
  STRANGER_REQUESTS_PER_SEC,
} from "../core/limits.ts";
import type { Clock } from "../core/types.ts";
import { senderOf } from "../net/address.ts";
import { RateLimit } from "../net/rate_limit.ts";

/** The buckets of all callers. */
export class CallerRates {
  readonly #keys: RateLimit;
  readonly #strangers: RateLimit;

  constructor(clock: Clock) {
    this.#keys = new RateLimit(clock, {
      perSecond: KEY_REQUESTS_PER_SEC,
      burst: KEY_REQUESTS_AT_ONCE,
    });
    this.#strangers = new RateLimit(clock, {
      perSecond: STRANGER_REQUESTS_PER_SEC,
      burst: STRANGER_REQUESTS_AT_ONCE,
    });
  }

  /** Callers that are remembered. */
  get size(): number {
    return this.#keys.size + this.#strangers.size;
  }

  /** Forgets who has not asked for so long that it makes no difference. */
  forgetSilent(): void {
    this.#keys.forgetFull();
    this.#strangers.forgetFull();
  }

  /** Counts a request of a key, by its hash. Throws `too_many_requests`. */
  takeKey(keyHash: string): void {
    check(this.#keys.take(keyHash), "this API key", KEY_REQUESTS_PER_SEC);
  }

  /** Counts a request of somebody without a login. Throws `too_many_requests`. */
  takeStranger(address: string): void {
    check(this.#strangers.take(senderOf(address)), "this address", STRANGER_REQUESTS_PER_SEC);
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
