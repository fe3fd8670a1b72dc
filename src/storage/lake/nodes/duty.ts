// Work that one server of a lake does at a time: whoever holds a lock in PostgreSQL. The lock ends
// with its connection, so that another server goes on where this one is gone. Each step of the work
// is a commit of its own; where a lock is lost in the middle of one, a constraint in the catalog
// lets one of two steps fail.
import { AppError, messageOf } from "../../../core/errors.ts";
import { codeOf } from "../../shared/faults.ts";
import type { Postgres, Session } from "../../shared/postgres.ts";
import { LOCKS, mendCatalog, prepareCatalog, prepareErasing } from "./catalog_rules.ts";

/** What of the lake is done by one server at a time. */
export const DUTIES = { upkeep: 1, expiry: 2 } as const;

/** PostgreSQL's codes for a right that is missing, and for a wait that took too long. */
const NO_RIGHT = "42501";
const NOT_FREE = "55P03";

/** DuckLake removes none of them. */
const ENDED_ROWS = `do $$
  declare
    held text;
    oldest bigint;
  begin
    select min(snapshot_id) into oldest from ducklake_snapshot;
    for held in select i.table_name from ducklake_inlined_data_tables i
      join ducklake_table t on t.table_id = i.table_id and t.end_snapshot is null
      where t.table_name in ('nodes', 'erasures')
    loop
      execute format('delete from %I where end_snapshot is not null and end_snapshot <= $1', held)
        using oldest;
    end loop;
  end $$`;

/** The work that is to be done by one server. */
export class Duty {
  readonly #postgres: Pick<Postgres, "session">;

  constructor(postgres: Pick<Postgres, "session">) {
    this.#postgres = postgres;
  }

  /**
   * Does work unless another server is at it; resolves with whether it was done. `isHeld` says
   * whether to go on with the next step. Upkeep ends with removing the rows that the catalog keeps
   * for tables without files, which were changed since, and that no snapshot shows: each flush
   * changes one, and every look reads them. Rejects as the work does, and where PostgreSQL does
   * not answer.
   */
  async once(
    duty: keyof typeof DUTIES,
    work: (isHeld: () => boolean) => Promise<void>,
  ): Promise<boolean> {
    const session: Session = await this.#postgres.session();
    try {
      const [row] = await session.run(
        "select pg_try_advisory_lock($1, $2)::int as is_held",
        LOCKS,
        DUTIES[duty],
      );
      if (row?.["is_held"] !== 1) return false;
      if (duty === "upkeep") await prepared(() => prepareCatalog(session));
      await work(() => session.isOpen);
      if (duty === "upkeep" && session.isOpen) await session.run(ENDED_ROWS);
      return true;
    } finally {
      session.close();
    }
  }

  /**
   * Lets the catalog keep no text of events beyond their files, and no commit that began before an
   * erasure go past it. Rejects as `once`, and with `unavailable` where PostgreSQL does not permit
   * it.
   */
  prepareErasing(): Promise<void> {
    return this.#prepare(prepareErasing);
  }

  /**
   * Makes anew what a catalog that was put back has in another form, so that it can be committed
   * to. Rejects as `prepareErasing`.
   */
  mendCatalog(): Promise<void> {
    return this.#prepare(mendCatalog);
  }

  async #prepare(work: (session: Session) => Promise<void>): Promise<void> {
    const session = await this.#postgres.session();
    try {
      await prepared(() => work(session));
    } finally {
      session.close();
    }
  }
}

/** Prepares the catalog; a right that is missing is named, and a wait that was too long. */
async function prepared(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (codeOf(error) === NOT_FREE) {
      throw new AppError("unavailable", "The catalog of the lake is busy; try again", {
        "retry-after": "5",
      });
    }
    if (codeOf(error) !== NO_RIGHT) throw error;
    throw new AppError(
      "unavailable",
      "The user of lake_catalog must own what is in the catalog's database, and may create " +
        `tables, functions and triggers there. PostgreSQL says: ${messageOf(error)}`,
      { "retry-after": "60" },
    );
  }
}
