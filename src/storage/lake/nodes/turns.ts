// Servers that flush into a lake at the same moment do it one after the other: of two commits that
// meet, one begins again and uploads its files again. A lock of PostgreSQL gives the turn, for the
// time of the commit, and nobody waits for it for long: marks, and not turns, keep events right.
import type { Postgres, Session } from "../../shared/postgres.ts";
import { LOCKS } from "./catalog_rules.ts";

/** Beside the numbers of duties. */
const FLUSH = 3;
/**
 * Who hangs with its turn keeps nobody for longer than both waits; PostgreSQL ends its connection
 * by itself. A merge of few files comes through in that time, also with a slow bucket.
 */
const WAIT_MS = 7000;
const WAITS_MAX = 2;

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
      for (let wait = 0; wait < WAITS_MAX; wait++) {
        if (await isTaken(session)) return session;
      }
    } catch {
      // Without PostgreSQL there are no turns.
    }
    session?.close();
    return null;
  }
}

/** Waits for the turn, which lasts until the connection is closed; whether it came. */
async function isTaken(session: Session): Promise<boolean> {
  // The server ends a transaction that does nothing, and the turn with it.
  await session.run("begin");
  await session.run(`set local lock_timeout = ${WAIT_MS}`);
  try {
    await session.run("select pg_advisory_xact_lock($1, $2)", LOCKS, FLUSH);
    return true;
  } catch (error) {
    if (!session.isOpen) throw error;
    await session.run("rollback");
    return false;
  }
}
