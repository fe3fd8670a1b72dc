// Timestamps of events: strictly increasing in this process, in microseconds, so that no two events
// share one and the order of timestamps is the order of arrival.
import { HOUR_US } from "../core/durations.ts";

/** A clock set back by more than this is followed; by less, timestamps run ahead of it. */
const BACKWARD_US_MAX = 10_000_000;

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

  /** The time of an event of the past: its own, spread so that events of one millisecond differ. */
  past(atMs: number): number {
    this.#spread = (this.#spread + 1) % 1000;
    return this.#rounded(Math.floor(atMs) * 1000) + this.#spread;
  }

  #spread = 0;

  #rounded(timeUs: number): number {
    return this.#roundToHour ? Math.floor(timeUs / HOUR_US) * HOUR_US : timeUs;
  }
}
