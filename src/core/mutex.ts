// Work that must not overlap itself: each piece starts when the one before has ended.

/** A queue of one. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything asked before it, whether that succeeded or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Resolves when everything asked so far has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
