// Time limits of one length. They share one timer, for a timer of its own costs a short request
// more than its own work.
import { SECOND_MS } from "../core/durations.ts";
import type { Clock } from "../core/types.ts";

interface Deadline {
  readonly atMs: number;
  readonly late: () => Error;
  readonly reject: (error: Error) => void;
}

/** Ends what takes too long, within a second after its limit. */
export class Deadlines {
  readonly #clock: Clock;
  /** The limit. */
  readonly ms: number;
  /** In the order of their times: all are of one length. */
  readonly #open = new Set<Deadline>();
  #isWatching = false;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.ms = ms;
  }

  /** What the work comes to; rejects with `late()` when it takes longer than the limit. */
  race<T>(work: Promise<T>, late: () => Error): Promise<T> {
    this.#watch();
    return new Promise((resolve, reject) => {
      const deadline: Deadline = { atMs: this.#clock.uptimeMs() + this.ms, late, reject };
      this.#open.add(deadline);
      work.then(
        (value) => {
          this.#open.delete(deadline);
          resolve(value);
        },
        (error) => {
          this.#open.delete(deadline);
          reject(error);
        },
      );
    });
  }

  /** The timer keeps no process alive, and costs nothing to speak of while nothing is open. */
  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#clock.every(SECOND_MS, () => this.#sweep());
  }

  #sweep(): void {
    const nowMs = this.#clock.uptimeMs();
    for (const deadline of this.#open) {
      if (deadline.atMs > nowMs) return;
      this.#open.delete(deadline);
      deadline.reject(deadline.late());
    }
  }
}
