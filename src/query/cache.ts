// A cache of answers, bounded in number, size and age; equal requests at once share one
// computation. It does not know what a key means.
import { CACHE_CHARS_MAX } from "../core/limits.ts";
import type { Clock } from "../core/types.ts";

interface Entry {
  readonly value: unknown;
  /** Length of the key, and of the value as JSON twice. */
  readonly chars: number;
  readonly untilMs: number;
}

interface Running {
  readonly value: Promise<unknown>;
  readonly stop: () => void;
  waiting: number;
}

/** Counts since the start. */
export interface CacheCounts {
  readonly entries: number;
  readonly hits: number;
  readonly misses: number;
}

/** Bounds of a cache. */
export interface CacheOptions {
  readonly ttlMs: number;
  readonly entriesMax: number;
  /** Characters of all keys and values as JSON. */
  readonly charsMax?: number;
}

/** A cache of answers by key. With `ttlMs` 0 it keeps nothing, but still joins equal requests. */
export class Cache {
  readonly #clock: Clock;
  readonly #options: CacheOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #running = new Map<string, Running>();
  #chars = 0;
  #hits = 0;
  #misses = 0;

  constructor(clock: Clock, options: CacheOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** The counts for /metrics and /health. */
  counts(): CacheCounts {
    this.#dropOld();
    return { entries: this.#entries.size, hits: this.#hits, misses: this.#misses };
  }

  /**
   * The answer under a key, computed when it is not there. A failure is not kept. The computation
   * is stopped when no caller waits for it any more. Values are shared and must not be changed.
   * A computation of a `slow` lane is joined by that lane alone, and its answer kept for all.
   */
  async get<T>(
    key: string,
    compute: (signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
    lane: "fast" | "slow" = "fast",
  ): Promise<T> {
    const entry = this.#entries.get(key);
    if (entry && entry.untilMs > this.#clock.nowMs()) {
      this.#hits++;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      return entry.value as T;
    }
    const own = `${lane} ${key}`;
    let running = this.#running.get(`fast ${key}`) ?? this.#running.get(own);
    if (running) this.#hits++;
    else running = this.#start(key, own, compute);
    return await waitFor(running, signal) as T;
  }

  #start(
    key: string,
    own: string,
    compute: (signal: AbortSignal) => Promise<unknown>,
  ): Running {
    this.#misses++;
    const stop = new AbortController();
    const forget = () => {
      if (this.#running.get(own) === running) this.#running.delete(own);
    };
    const value = compute(stop.signal).then((result) => {
      this.#keep(key, result);
      return result;
    }).finally(forget);
    const running: Running = {
      value,
      waiting: 0,
      stop: () => {
        forget();
        stop.abort();
      },
    };
    this.#running.set(own, running);
    return running;
  }

  /** Forgets everything, as after an erasure. */
  clear(): void {
    this.#entries.clear();
    this.#chars = 0;
  }

  #keep(key: string, value: unknown): void {
    const { ttlMs, entriesMax, charsMax = CACHE_CHARS_MAX } = this.#options;
    if (ttlMs <= 0 || entriesMax <= 0) return;
    // Once as a value and once as it is sent.
    const chars = key.length + 2 * (JSON.stringify(value)?.length ?? 0);
    this.#drop(key);
    this.#entries.set(key, { value, chars, untilMs: this.#clock.nowMs() + ttlMs });
    this.#chars += chars;
    const isFull = () => this.#entries.size > entriesMax || this.#chars > charsMax;
    if (isFull()) this.#dropOld();
    for (const oldest of this.#entries.keys()) {
      if (!isFull()) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#chars -= this.#entries.get(key)?.chars ?? 0;
    this.#entries.delete(key);
  }

  #dropOld(): void {
    const now = this.#clock.nowMs();
    for (const [key, entry] of this.#entries) {
      if (entry.untilMs <= now) this.#drop(key);
    }
  }
}

/** Waits for a running computation; the last to leave stops it. */
function waitFor(running: Running, signal: AbortSignal | undefined): Promise<unknown> {
  running.waiting++;
  return new Promise((resolve, reject) => {
    const leave = () => {
      running.waiting--;
      if (running.waiting === 0) running.stop();
      reject(signal?.reason);
    };
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    const done = () => signal?.removeEventListener("abort", leave);
    running.value.then(resolve, reject).finally(done);
  });
}
