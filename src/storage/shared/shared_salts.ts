// The salts of visitor ids that all servers of a lake use, in PostgreSQL: made once, by whoever
// needs one first.
import type { Log } from "../../core/types.ts";
import { PostgresFault } from "./faults.ts";
import type { RunPostgres } from "./postgres.ts";
import type { SharedState } from "./shared_state.ts";
import { SCHEMA } from "./tables.ts";

/** Salts of all servers, as visitor ids ask for them. */
export class SharedSaltRows {
  readonly #state: SharedState;
  readonly log: Log;

  constructor(state: SharedState, log: Log) {
    this.#state = state;
    this.log = log;
  }

  /** The salts of periods: those that are there, and the given ones where there are none. */
  async take(
    days: number,
    given: ReadonlyMap<number, string>,
  ): Promise<ReadonlyMap<number, string>> {
    const rows = await this.#work("Cannot take the salts of all servers", async (run) => {
      // In one order for all, so that nobody waits for each other.
      for (const [period, salt] of [...given].sort(([a], [b]) => a - b)) {
        await run(
          `insert into ${SCHEMA}.salts values ($1, $2, $3) on conflict do nothing`,
          days,
          period,
          salt,
        );
      }
      return await run(
        `select period, salt from ${SCHEMA}.salts where days = $1 and period between $2 and $3`,
        days,
        Math.min(...given.keys()),
        Math.max(...given.keys()),
      );
    });
    return new Map(rows.map((row) => [Number(row["period"]), String(row["salt"])]));
  }

  /** Destroys those of earlier periods. */
  async destroy(days: number, before: number): Promise<void> {
    await this.#work("Cannot destroy salts", async (run) => {
      await run(`delete from ${SCHEMA}.salts where days = $1 and period < $2`, days, before);
    });
  }

  /** Nobody waits for a connection that is being looked for already. */
  async #work<T>(tried: string, work: (run: RunPostgres) => Promise<T>): Promise<T> {
    if (!this.#state.isReached) throw new PostgresFault(`${tried}: PostgreSQL is out of reach`);
    return await this.#state.transaction(tried, work);
  }
}
