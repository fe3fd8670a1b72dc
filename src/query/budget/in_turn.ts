// Runs statements when the turn of their caller has come, alone where memory is short, and so many
// heavy reports at once.
import { AppError } from "../../core/errors.ts";
import { QUESTION_WAIT_MS_MAX } from "../../core/limits.ts";
import type { Clock } from "../../core/types.ts";
import { isOutOfMemory } from "../../storage/duckdb.ts";
import { type Caller, OWNER, Turns } from "./turns.ts";

/** Statements at once, those of owners, and heavy reports at once. */
export interface InTurnOptions {
  readonly slots: number;
  readonly ownerSlots: number;
  readonly heavyMax: number;
}

/** Who asks, and until when; by default an owner that does not leave. */
interface Waiting {
  readonly caller?: Caller;
  readonly signal?: AbortSignal | undefined;
  readonly heavy?: boolean;
}

/** Gives statements and heavy reports their turns. */
export class InTurn {
  readonly #turns: Turns;
  readonly #heavyMax: number;
  readonly #heavy = { owner: 0, stranger: 0 };

  constructor(clock: Clock, { heavyMax, ...slots }: InTurnOptions) {
    this.#turns = new Turns(clock, slots);
    this.#heavyMax = heavyMax;
  }

  /**
   * What a statement resolves with. Rejects as `Turns.run` does, and with `unavailable` where
   * memory is short even when it runs alone.
   */
  async rows<T>(
    ask: () => Promise<T>,
    { caller = OWNER, signal, heavy = false }: Waiting,
  ): Promise<T> {
    // What others take counts for their time, not for this statement's.
    const wait = { timeoutMs: QUESTION_WAIT_MS_MAX, signal, heavy };
    try {
      return await this.#turns.run(caller, ask, wait);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
    }
    try {
      return await this.#turns.runAlone(caller, ask, wait);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      throw new AppError(
        "unavailable",
        "Cannot answer: the report needs more memory or disk space than DuckDB may use",
        { "retry-after": "60" },
      );
    }
  }

  /**
   * A heavy report; `too_many_requests` where too many run. Strangers have half of the limit, and
   * take nothing of the owners'.
   */
  async limited<T>(kind: Caller["kind"], work: () => Promise<T>): Promise<T> {
    const max = kind === "owner" ? this.#heavyMax : Math.max(1, Math.floor(this.#heavyMax / 2));
    if (this.#heavy[kind] >= max) {
      throw new AppError(
        "too_many_requests",
        `Cannot run this report now: ${this.#heavy[kind]} such reports are running`,
        { "retry-after": "1" },
      );
    }
    this.#heavy[kind]++;
    try {
      return await work();
    } finally {
      this.#heavy[kind]--;
    }
  }
}
