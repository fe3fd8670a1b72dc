// The connections that queries share: one at a time each, in the order in which they asked.
import type { AppError } from "../../core/errors.ts";
import type { Clock } from "../../core/types.ts";
import { goneError, lateError } from "./faults.ts";

/** How long a query may wait for a connection. */
interface WaitLimits {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A query that waits. */
interface Waiting<Connection> {
  readonly take: (connection: Connection) => void;
  readonly refuse: (error: unknown) => void;
}

/** The connections of one opening of DuckDB. */
export class Pool<Connection> {
  readonly #clock: Clock;
  readonly #idle: Connection[];
  readonly #queue: Waiting<Connection>[] = [];

  constructor(clock: Clock, connections: readonly Connection[]) {
    this.#clock = clock;
    this.#idle = [...connections];
  }

  /** A free connection. Rejects past the time limit, and when the signal aborts. */
  take(limits: WaitLimits): Promise<Connection> {
    limits.signal?.throwIfAborted();
    const connection = this.#idle.pop();
    if (connection !== undefined) return Promise.resolve(connection);
    return new Promise((resolve, reject) => {
      const refuse = (error: unknown) => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        end();
        reject(error);
      };
      const gone = () => refuse(goneError());
      const cancel = limits.timeoutMs === undefined
        ? () => {}
        : this.#clock.after(limits.timeoutMs, () => refuse(lateError(limits.timeoutMs)));
      const end = () => {
        cancel();
        limits.signal?.removeEventListener("abort", gone);
      };
      const take = (free: Connection) => {
        end();
        resolve(free);
      };
      const waiting = { take, refuse };
      limits.signal?.addEventListener("abort", gone);
      this.#queue.push(waiting);
    });
  }

  /** Gives a connection back. */
  give(connection: Connection): void {
    const next = this.#queue.shift();
    if (next) next.take(connection);
    else this.#idle.push(connection);
  }

  /** Rejects whoever waits. */
  refuseAll(error: AppError): void {
    for (const { refuse } of [...this.#queue]) refuse(error);
  }
}
