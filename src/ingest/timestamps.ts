// Timestamps of events: strictly increasing in this process, in microseconds, so that no two events
// share one and the order of timestamps is the order of arrival.
import { HOUR_US } from "../core/durations.ts";
import { LruCache } from "../core/lru_cache.ts";

/** A clock set back by more than this is followed; by less, timestamps run ahead of it. */
const BACKWARD_US_MAX = 10_000_000;

const MILLISECOND_US = 1000;

/** Times of past events that are remembered: a file to import is nearly in order. */
const PAST_TIMES_MAX = 10_000;

/** Issues timestamps, each later than the one before. */
export class Timestamps {
  readonly #roundToHour: boolean;
  #lastUs: number;

  /**
   * `lastUs` is the highest time handed out by an earlier process, 0 if none. With `roundToHour`
   * a time is its full hour plus a running number of microseconds that keeps the order.
   */
  constructor(options: { readonly roundToHour: boolean; readonly lastUs: number }) {
    this.#roundToHour = options.roundToHour;
    this.#lastUs = options.lastUs;
  }

  /** The time of an event that arrived at `nowMs`, in whole microseconds since 1970 UTC. */
  next(nowMs: number): number {
    const nowUs = this.#rounded(Math.floor(nowMs * 1000));
    const behind = this.#lastUs - nowUs;
    const slack = this.#roundToHour ? HOUR_US : BACKWARD_US_MAX;
    this.#lastUs = behind >= 0 && behind <= slack ? this.#lastUs + 1 : nowUs;
    return this.#lastUs;
  }

  /**
   * The time of an event of the past: its own, and for each further event of the same millisecond
   * (or hour) a microsecond more, in the order of the calls.
   */
  past(atMs: number): number {
    const timeUs = this.#rounded(Math.floor(atMs) * 1000);
    const before = this.#past.get(timeUs) ?? 0;
    this.#past.set(timeUs, before + 1);
    return timeUs + before % (this.#roundToHour ? HOUR_US : MILLISECOND_US);
  }

  /** How many events of the past each time was given to. */
  readonly #past = new LruCache<number, number>(PAST_TIMES_MAX);

  #rounded(timeUs: number): number {
    return this.#roundToHour ? Math.floor(timeUs / HOUR_US) * HOUR_US : timeUs;
  }
}
