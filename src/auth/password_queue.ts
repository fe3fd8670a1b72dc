// The queue of the thread that hashes passwords: one at a time, known callers first, and every
// other address gets its turn before any gets a second one.
import { AppError } from "../core/errors.ts";
import { PASSWORD_QUEUE_MAX, PASSWORD_QUEUE_SHARE_MAX } from "../core/limits.ts";

/** The caller: its address, and whether that address has logged in before. */
export interface Turn {
  readonly key: string;
  readonly isKnown: boolean;
  /** Leaves the queue when it aborts. */
  readonly signal?: AbortSignal;
}

interface Entry extends Turn {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

/** The turns of one process. */
export class PasswordQueue {
  #waiting: Entry[] = [];
  #isBusy = false;
  /** The turn in which a key was served last, the oldest first. */
  readonly #served = new Map<string, number>();
  #turns = 0;

  /** How many wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Runs `work` in its turn. Rejects with `too_many_requests` where there is no room. */
  async run<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    if (this.#isBusy) await this.#wait(turn);
    this.#isBusy = true;
    try {
      return await work();
    } finally {
      const next = this.#next();
      if (next === undefined) this.#isBusy = false;
      else next.start();
    }
  }

  /** Rejects all that wait. */
  refuseAll(error: Error): void {
    for (const entry of this.#waiting.splice(0)) entry.refuse(error);
  }

  async #wait(turn: Turn): Promise<void> {
    this.#makeRoom(turn);
    const { signal } = turn;
    let entry: Entry | undefined;
    const leave = () => {
      if (!entry || !this.#waiting.includes(entry)) return;
      this.#remove(entry);
      entry.refuse(full());
    };
    try {
      await new Promise<void>((start, refuse) => {
        entry = { ...turn, start, refuse };
        this.#waiting.push(entry);
        signal?.addEventListener("abort", leave);
      });
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  /** Known callers first; then the key served least recently; then in order of arrival. */
  #next(): Entry | undefined {
    let best: Entry | undefined;
    let bestRank = Infinity;
    for (const entry of this.#waiting) {
      const rank = entry.isKnown ? -1 : this.#served.get(entry.key) ?? 0;
      if (rank < bestRank) [best, bestRank] = [entry, rank];
    }
    if (!best) return undefined;
    this.#remove(best);
    this.#served.delete(best.key);
    this.#served.set(best.key, ++this.#turns);
    const [oldest] = this.#served.keys();
    if (this.#served.size > PASSWORD_QUEUE_MAX && oldest !== undefined) this.#served.delete(oldest);
    return best;
  }

  /** Refuses a key with too many waiting; a full queue drops the last one of the busiest key. */
  #makeRoom({ key, isKnown }: Turn): void {
    const shares = new Map<string, Entry[]>();
    for (const entry of this.#waiting) {
      const share = shares.get(entry.key);
      if (share) share.push(entry);
      else shares.set(entry.key, [entry]);
    }
    const own = shares.get(key)?.length ?? 0;
    if (own >= PASSWORD_QUEUE_SHARE_MAX) throw full();
    if (this.#waiting.length < PASSWORD_QUEUE_MAX) return;
    const others = [...shares.values()].filter(([first]) => first?.isKnown === false);
    const longest = others.reduce((a, b) => b.length > a.length ? b : a, others[0] ?? []);
    const last = longest.at(-1);
    if (!last || longest.length <= (isKnown ? 0 : own + 1)) throw full();
    this.#remove(last);
    last.refuse(full());
  }

  #remove(entry: Entry): void {
    this.#waiting = this.#waiting.filter((one) => one !== entry);
  }
}

function full(): AppError {
  return new AppError(
    "too_many_requests",
    "Cannot check the password: too many requests are waiting already",
    { "retry-after": "1" },
  );
}
