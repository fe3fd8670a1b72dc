// Time limits of one length. They share one timer, for a timer of its own costs a short request
// more than its own work.
import { SECOND_MS } from "../core/durations.ts";
import type { Clock } from "../core/types.ts";
import { type InLine, Line, NOWHERE } from "./line.ts";

/** The limit of one piece of work. */
export interface Deadline extends InLine<Deadline> {
  readonly atMs: number;
  readonly late: () => void;
}

/** Ends what takes too long, within a second after its limit. */
export class Deadlines {
  readonly #clock: Clock;
  /** The limit. */
  readonly ms: number;
  /** In the order of their times: all are of one length. */
  readonly #open = new Line<Deadline>();
  #isWatching = false;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.ms = ms;
  }

  /**
   * Calls `late` when the limit is over, unless `end` is called before. `fromMs` is the uptime of
   * now, where it is known.
   */
  begin(late: () => void, fromMs: number = this.#clock.uptimeMs()): Deadline {
    this.#watch();
    const deadline: Deadline = { atMs: fromMs + this.ms, late, ...NOWHERE };
    this.#open.add(deadline);
    return deadline;
  }

  /** The work has ended; false where its limit was over before. */
  end(deadline: Deadline): boolean {
    return this.#open.delete(deadline);
  }

  /** What the work comes to; rejects with `late()` when it takes longer than the limit. */
  race<T>(work: Promise<T>, late: () => Error, fromMs?: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = this.begin(() => reject(late()), fromMs);
      work.then(
        (value) => {
          this.end(deadline);
          resolve(value);
        },
        (error) => {
          this.end(deadline);
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
    for (let next = this.#open.first; next !== null; next = this.#open.first) {
      if (next.atMs > nowMs) return;
      this.#open.delete(next);
      next.late();
    }
  }
}
