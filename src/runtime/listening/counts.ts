// The counts of connections that a thread shares with the main thread, and their sums.
import type { Clock } from "../../core/types.ts";
import { type ConnectionCounts, Connections } from "../connections.ts";

/** Each stands in a 32-bit number, in this order. */
export const COUNTS = [
  "open",
  "max",
  "timedOut",
  "evicted",
  "refused",
  "requests",
  "requestsMax",
] as const satisfies readonly (keyof ConnectionCounts)[];

type Counts = { -readonly [Name in keyof ConnectionCounts]: number };

/** Room for the counts of one thread. */
export function countsOfThread(): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNTS.length * Int32Array.BYTES_PER_ELEMENT);
}

/** The counts of all threads together. */
export function sumOfCounts(threads: readonly SharedArrayBuffer[]): ConnectionCounts {
  const sum = Object.fromEntries(COUNTS.map((name) => [name, 0])) as Counts;
  for (const thread of threads) {
    const counts = new Int32Array(thread);
    COUNTS.forEach((name, index) => sum[name] += Atomics.load(counts, index));
  }
  return sum;
}

/** Connections whose counts another thread reads: those of requests as they were a second ago. */
export class SharedCounts extends Connections {
  readonly #counts: Int32Array;

  constructor(counts: SharedArrayBuffer, clock: Clock, max: number, requestsMax: number) {
    super(clock, max, requestsMax);
    this.#counts = new Int32Array(counts);
    this.#share();
  }

  override add(...args: Parameters<Connections["add"]>): ReturnType<Connections["add"]> {
    const added = super.add(...args);
    this.#share();
    return added;
  }

  override sweep(): void {
    super.sweep();
    this.#share();
  }

  #share(): void {
    const found = this.counts();
    COUNTS.forEach((name, index) => Atomics.store(this.#counts, index, found[name]));
  }
}
