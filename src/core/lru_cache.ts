// A map of bounded size that evicts the entry used longest ago. It holds only what can be computed
// again.

/** Keeps at most `entriesMax` values, the most recently used ones. */
export class LruCache<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = Math.max(1, Math.floor(entriesMax));
  }

  /** Number of values held. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value, now the most recently used, or undefined. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Adds or replaces a value; evicts the one used longest ago when the map is full. */
  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#entriesMax) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(key, value);
  }
}
