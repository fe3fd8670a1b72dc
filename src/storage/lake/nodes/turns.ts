// Servers that flush into a lake at the same moment do it one after the other: of two commits that
// meet, one begins again and uploads its files again. A lock of PostgreSQL gives the turn, for the
// time of the commit, and nobody waits for it for long: marks, and not turns, keep events right.
import type { Postgres, Session } from "../../shared/postgres.ts";
import { LOCKS } from "./catalog_rules.ts";

/** Beside the numbers of duties. */
const FLUSH = 3;
/** Who hangs with its turn keeps nobody for longer; PostgreSQL ends its connection by itself. */
const WAIT_MS = 5000;

/** The turns of one server. */
export class Turns {
  readonly #postgres: Pick<Postgres, "session">;

  constructor(postgres: Pick<Postgres, "session">) {
    this.#postgres = postgres;
  }

  /** Does work in this server's turn; without one where that cannot be had in time. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const session = await this.#take();
    try {
      return await work();
    } finally {
      session?.close();
    }
  }

  /** The connection that has the turn until it is closed. */
  async #take(): Promise<Session | null> {
    let session: Session | null = null;
    try {
      session = await this.#postgres.session();
      // The server ends a transaction that does nothing, and the turn with it.
      await session.run("begin");
      await session.run(`set local lock_timeout = ${WAIT_MS}`);
      await session.run("select pg_advisory_xact_lock($1, $2)", LOCKS, FLUSH);
      return session;
    } catch {
      session?.close();
      return null;
    }
  }
}
