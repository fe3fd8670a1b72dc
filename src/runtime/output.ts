// Output that never waits for its reader: lines are queued up to a bound and written one after the
// other; those that find no room are dropped and counted.

/** Characters that may wait. */
const WAITING_CHARS_MAX = 1024 * 1024;
/** Characters of one write. */
const WRITE_CHARS_MAX = 64 * 1024;
const ENCODER = new TextEncoder();

/** A stream of lines to a file, a pipe or a terminal. */
export class Output {
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  readonly #told: (dropped: number) => string;
  #waiting: string[] = [];
  #chars = 0;
  #dropped = 0;
  #droppedInAll = 0;
  #pumping: Promise<void> | null = null;

  /** `told` makes the line that says how many were dropped. */
  constructor(write: (bytes: Uint8Array) => Promise<number>, told: (dropped: number) => string) {
    this.#write = write;
    this.#told = told;
  }

  /** Lines that were dropped so far. */
  get dropped(): number {
    return this.#droppedInAll;
  }

  /** Queues a text that ends its line. */
  put(text: string): void {
    if (this.#chars + text.length > WAITING_CHARS_MAX) {
      this.#dropped++;
      this.#droppedInAll++;
      return;
    }
    this.#waiting.push(text);
    this.#chars += text.length;
    this.#pumping ??= this.#pump().finally(() => this.#pumping = null);
  }

  /** Resolves when all that waits is written. A reader that doesn't read holds it up. */
  async written(): Promise<void> {
    while (this.#pumping) await this.#pumping;
  }

  async #pump(): Promise<void> {
    while (this.#waiting.length > 0) {
      let rest: Uint8Array = ENCODER.encode(this.#next());
      try {
        while (rest.length > 0) rest = rest.subarray(await this.#write(rest));
      } catch {
        // The reader has closed; the server continues.
        continue;
      }
      if (this.#dropped === 0) continue;
      const text = this.#told(this.#dropped);
      this.#dropped = 0;
      this.#waiting.push(text);
      this.#chars += text.length;
    }
  }

  /** Some of what waits, at least one text. */
  #next(): string {
    let count = 0;
    let chars = 0;
    for (const text of this.#waiting) {
      if (count > 0 && chars + text.length > WRITE_CHARS_MAX) break;
      chars += text.length;
      count++;
    }
    this.#chars -= chars;
    return this.#waiting.splice(0, count).join("");
  }
}
