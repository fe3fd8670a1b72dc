// Keeps the write-ahead log of mallard.sqlite small, and warns while another program holds it open:
// a reader that never ends its transaction lets the log grow until the disk is full.
import type { Log } from "../../core/types.ts";
import type { Store } from "./store.ts";

/** A longer log is emptied; if that fails, it is reported. */
export const LOG_BYTES_MAX = 64 * 1024 * 1024;

/** Looks after the log; its `check` runs each minute. */
export class LogWatch {
  readonly #store: Store;
  readonly #log: Log;
  readonly #bytesMax: number;
  #bytes = 0;
  #isHeld = false;

  constructor(store: Store, log: Log, { bytesMax = LOG_BYTES_MAX } = {}) {
    this.#store = store;
    this.#log = log;
    this.#bytesMax = bytesMax;
  }

  /** Length of the log at the last check. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether another program keeps a long log from being emptied. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Empties a long log. Rejects with SQLite's message. */
  async check(): Promise<void> {
    this.#bytes = await this.#store.run("shrinkLog", this.#bytesMax);
    const isHeld = this.#bytes > this.#bytesMax;
    if (isHeld && !this.#isHeld) {
      this.#log("warn", "Cannot empty the log of mallard.sqlite: another program reads the file", {
        bytes: this.#bytes,
        hint: "end that program, or its transaction; the log grows until then",
      });
    }
    if (!isHeld && this.#isHeld) this.#log("info", "The log of mallard.sqlite is empty again");
    this.#isHeld = isHeld;
  }
}
