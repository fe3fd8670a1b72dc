// Questions of several parts of a view that are asked as one: they wait until every part has asked,
// or will not ask now. It does not know what a question is.

/** Answers what was asked together, or null where each is to be asked alone; rejects for all. */
export type AskTogether<Q, A> = (
  questions: readonly [Q, ...Q[]],
  signal: AbortSignal,
) => Promise<readonly A[] | null>;

/** How many questions are asked alone at the same time. */
const ALONE_AT_ONCE = 2;

/** How a question is asked. */
export interface Asking<Q, A> {
  readonly question: Q;
  /** Questions with the same text are asked together; null: this one alone. */
  readonly key: string | null;
  readonly signal: AbortSignal | undefined;
  readonly ask: AskTogether<Q, A>;
  readonly alone: () => Promise<A>;
}

/** The place of one part. */
export interface Seat<Q, A> {
  /** Rejects with the signal's reason, and as `ask` does. */
  ask(asking: Asking<Q, A>): Promise<A>;
  /** The others wait for this part no more. */
  leave(): void;
}

interface Waiting<Q, A> extends Asking<Q, A> {
  readonly resolve: (answer: A) => void;
  readonly reject: (error: unknown) => void;
}

/** The parts of one view that may ask together. */
export class Together<Q, A> {
  /** Parts of which a question may come. */
  readonly #coming = new Set<Seat<Q, A>>();
  #waiting: Waiting<Q, A>[] = [];
  readonly #alone: Waiting<Q, A>[] = [];
  /** Whether some could not be asked together: then no more of this view are. */
  #isApart = false;
  #working = 0;

  /** A place for each part; all of them must leave in the end. */
  seats(count: number): Seat<Q, A>[] {
    const seats = Array.from({ length: count }, () => this.#seat());
    for (const seat of seats) this.#coming.add(seat);
    return seats;
  }

  #seat(): Seat<Q, A> {
    let hasLeft = false;
    const seat: Seat<Q, A> = {
      ask: (asking) => {
        this.#coming.delete(seat);
        return this.#ask(asking).finally(() => {
          // Another question may follow.
          if (!hasLeft) this.#coming.add(seat);
        });
      },
      leave: () => {
        hasLeft = true;
        this.#coming.delete(seat);
        this.#askWhenComplete();
      },
    };
    return seat;
  }

  #ask(asking: Asking<Q, A>): Promise<A> {
    const { signal } = asking;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const waiting = { ...asking, resolve, reject };
      signal?.addEventListener("abort", () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        reject(signal.reason);
      }, { once: true });
      // A part that was asked before comes first, so that it is done.
      if (this.#isApart) return this.#askAlone([waiting], "first");
      this.#waiting.push(waiting);
      this.#askWhenComplete();
    });
  }

  #askWhenComplete(): void {
    if (this.#coming.size > 0) return;
    const groups = Map.groupBy(this.#waiting.splice(0), (one) => one.key ?? one);
    for (const [first, ...others] of groups.values()) {
      if (first && others.length > 0) void this.#askAll([first, ...others]);
      else if (first) this.#askAlone([first], "last");
    }
  }

  /** Asks what has the same key. It is stopped when nobody waits for any of it. */
  async #askAll(all: readonly [Waiting<Q, A>, ...Waiting<Q, A>[]]): Promise<void> {
    const stop = new AbortController();
    for (const { signal } of all) {
      signal?.addEventListener("abort", () => {
        if (all.every((one) => one.signal?.aborted)) stop.abort(signal.reason);
      }, { once: true });
    }
    const [first, ...others] = all;
    try {
      const questions = others.map(({ question }) => question);
      const answers = await first.ask([first.question, ...questions], stop.signal);
      if (answers === null) return this.#askAlone(all, "last");
      answers.forEach((answer, index) => all[index]?.resolve(answer));
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }

  /** Asks each by itself, in their order. */
  #askAlone(all: readonly Waiting<Q, A>[], place: "first" | "last"): void {
    this.#isApart = true;
    if (place === "first") this.#alone.unshift(...all);
    else this.#alone.push(...all);
    for (; this.#working < ALONE_AT_ONCE && this.#alone.length > 0; this.#working++) {
      void this.#work().finally(() => this.#working--);
    }
  }

  async #work(): Promise<void> {
    for (let next = this.#alone.shift(); next; next = this.#alone.shift()) {
      const { signal, alone, resolve, reject } = next;
      if (!signal?.aborted) await alone().then(resolve, reject);
    }
  }
}
