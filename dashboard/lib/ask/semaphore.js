// Limits concurrent requests, first come, first served, so that the top of the page is answered
// first.

/**
 * @typedef {object} SemaphoreOptions
 * @property {AbortSignal} [signal] gives up waiting
 * @property {boolean} [last] lets all go before that are not last themselves
 */

export class Semaphore {
  #free;
  /** @type {{ start: () => void, last: boolean }[]} */
  #waiting = [];

  /** @param {number} atOnceMax */
  constructor(atOnceMax) {
    this.#free = atOnceMax;
  }

  /**
   * Runs the work when a slot is free. Rejects with the work's error, or with the signal's reason
   * if it aborts first.
   * @template T
   * @param {() => Promise<T>} work
   * @param {SemaphoreOptions} [options]
   * @returns {Promise<T>}
   */
  async run(work, { signal, last = false } = {}) {
    if (this.#free > 0) this.#free--;
    else await this.#turn(last, signal);
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.start();
      else this.#free++;
    }
  }

  /**
   * @param {boolean} last
   * @param {AbortSignal | undefined} signal
   */
  async #turn(last, signal) {
    /** @type {PromiseWithResolvers<void>} */
    const { promise, resolve, reject } = Promise.withResolvers();
    const place = { start: resolve, last };
    const before = last ? -1 : this.#waiting.findIndex((one) => one.last);
    this.#waiting.splice(before < 0 ? this.#waiting.length : before, 0, place);
    const giveUp = () => {
      const at = this.#waiting.indexOf(place);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", giveUp);
    try {
      await promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }
}
