// A map of bounded size that forgets what was used longest ago: the memory of everything here that
// remembers answers. It must not hold anything that would have to be written down.

/** Remembers at most `entriesMax` values, the most recently used ones. */
export class Recent<Key, Value> {
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

  /** Adds or replaces a value; the one used longest ago goes when there is no more room. */
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
