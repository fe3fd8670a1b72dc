// Refused anonymous requests in the log: the first of a kind has its own line, the others
// of a minute are summed, so that nobody can fill the log.
import type { Log } from "../core/types.ts";

/** Kinds that are told apart; there are fewer routes times statuses than that. */
const KINDS_MAX = 1000;

/** One kind of refusal. */
interface Kind {
  readonly route: string;
  readonly status: number;
  count: number;
}

/** The refusals of the current minute. */
export class Refusals {
  readonly #kinds = new Map<string, Kind>();

  /** Counts one; true where it is the first of its kind and should be logged. */
  add(route: string, status: number): boolean {
    const key = `${status} ${route}`;
    const kind = this.#kinds.get(key);
    if (kind) kind.count++;
    else if (this.#kinds.size < KINDS_MAX) this.#kinds.set(key, { route, status, count: 0 });
    return kind === undefined;
  }

  /** Logs the sums, and resets them. */
  report(log: Log): void {
    for (const { route, status, count } of this.#kinds.values()) {
      if (count > 0) log("info", "Refused more requests", { route, status, count });
    }
    this.#kinds.clear();
  }
}
