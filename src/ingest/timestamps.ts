// Timestamps of events: strictly increasing in this process, in microseconds, so that no two events
// share one and the order of timestamps is the order of arrival.
import { HOUR_US } from "../core/durations.ts";
import { LruCache } from "../core/lru_cache.ts";

/** A clock set back by more than this is followed; by less, timestamps run ahead of it. */
const BACKWARD_US_MAX = 10_000_000;

const MILLISECOND_US = 1000;

/** Times of past events that are remembered: a file to import is nearly in order. */
const PAST_TIMES_MAX = 10_000;

/** As much of what names a visitor is compared; those who share it share times. */
const WHOSE_CHARS_MAX = 300;

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
   * The time of an event of the past: its own, and for each further event of the same visitor and
   * millisecond (or hour) a microsecond more, in the order of the calls. Events of others change
   * nothing: a pause of exactly the visit timeout stays one.
   */
  past(atMs: number, whose: string): number {
    const timeUs = this.#rounded(Math.floor(atMs) * 1000);
    const key = `${timeUs} ${whose.slice(0, WHOSE_CHARS_MAX)}`;
    const before = this.#past.get(key) ?? 0;
    this.#past.set(key, before + 1);
    return timeUs + before % (this.#roundToHour ? HOUR_US : MILLISECOND_US);
  }

  /** How many events of a visitor each time of the past was given to. */
  readonly #past = new LruCache<string, number>(PAST_TIMES_MAX);

  #rounded(timeUs: number): number {
    return this.#roundToHour ? Math.floor(timeUs / HOUR_US) * HOUR_US : timeUs;
  }
}
