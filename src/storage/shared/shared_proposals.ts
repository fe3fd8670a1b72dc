// New sites that wait for a decision, where several servers share it: which wait on which server,
// in PostgreSQL. The events stay in the mallard.sqlite of the server that has accepted them.
import { AppError } from "../../core/errors.ts";
import type { Clock } from "../../core/types.ts";
import type { ProposedSite } from "../state/ops/proposed_ops.ts";
import { PostgresFault } from "./faults.ts";
import { Postgres, type PostgresPlace, type PostgresRow, type RunPostgres } from "./postgres.ts";
import type { SharedState } from "./shared_state.ts";
import { SCHEMA } from "./tables.ts";

const PROPOSED = `${SCHEMA}.proposed_sites`;
const RETRY_SECS = "5";

/** What waits on the servers of a lake, as one of them sees it. */
export class SharedProposals {
  readonly #state: Pick<SharedState, "node" | "isReached" | "transaction">;

  constructor(state: Pick<SharedState, "node" | "isReached" | "transaction">) {
    this.#state = state;
  }

  /** Whether PostgreSQL answered the last time. */
  get isReached(): boolean {
    return this.#state.isReached;
  }

  /**
   * Tells the others what waits here. Resolves with the sites whose events another server wants
   * to be deleted; `dropped` must follow. Rejects with a sentence.
   */
  async share(waiting: readonly ProposedSite[]): Promise<readonly string[]> {
    const { node } = this.#state;
    return await this.#state.transaction("Cannot tell what waits here", async (run) => {
      const rows = await run(`select * from ${PROPOSED} where node = $1`, node);
      const known = new Map(rows.map((row) => [String(row["site_id"]), row]));
      const changed = waiting.filter((site) => !isSame(site, known.get(site.site_id)));
      const isHere = new Set(waiting.map(({ site_id }) => site_id));
      const gone = [...known.keys()].filter((site) => !isHere.has(site));
      if (changed.length > 0) await put(run, node, changed);
      if (gone.length > 0) await remove(run, node, gone);
      return [...known.values()].filter((row) => row["is_dropped"] === 1)
        .map((row) => String(row["site_id"])).filter((site) => isHere.has(site));
    });
  }

  /** Notes that the events of sites were deleted as another server wanted. */
  async dropped(sites: readonly string[]): Promise<void> {
    await this.#state.transaction(
      "Cannot tell what waits here",
      (run) => remove(run, this.#state.node, sites),
    );
  }

  /** What waits on the others, a row for each site. Rejects with `unavailable`. */
  async ofOthers(): Promise<readonly ProposedSite[]> {
    const tried = "Cannot read which new sites wait on other servers";
    return await this.#ask(tried, (run) => ofOthers(run, this.#state.node));
  }

  /** Has the others delete what waits of a site there. Rejects with `unavailable`. */
  async drop(site: string): Promise<void> {
    await this.#ask("Cannot delete what waits on other servers", async (run) => {
      await run(
        `update ${PROPOSED} set is_dropped = 1 where lower(site_id) = lower($1) and node <> $2`,
        site,
        this.#state.node,
      );
    });
  }

  /** Nobody waits for a connection that is being looked for already. */
  async #ask<T>(tried: string, work: (run: RunPostgres) => Promise<T>): Promise<T> {
    const refusal = new AppError(
      "unavailable",
      `${tried} now: the lake's PostgreSQL is out of reach`,
      { "retry-after": RETRY_SECS },
    );
    if (!this.isReached) throw refusal;
    try {
      return await this.#state.transaction(tried, work);
    } catch (error) {
      throw error instanceof PostgresFault ? refusal : error;
    }
  }
}

/** What waits on other servers, for a command beside them. Rejects with a sentence. */
export function waitingElsewhere(
  place: PostgresPlace,
  node: string,
  clock: Pick<Clock, "sleep">,
): Promise<readonly ProposedSite[]> {
  const tried = "Cannot read which sites wait on other servers";
  return onceIn(place, tried, clock, async (run) => await isMade(run) ? ofOthers(run, node) : []);
}

/** Forgets what waited on a server that is gone for good. Rejects with a sentence. */
export async function forgetWaiting(
  place: PostgresPlace,
  node: string,
  clock: Pick<Clock, "sleep">,
): Promise<void> {
  await onceIn(place, "Cannot forget what waited on a server", clock, async (run) => {
    if (await isMade(run)) await run(`delete from ${PROPOSED} where node = $1`, node);
  });
}

async function onceIn<T>(
  place: PostgresPlace,
  tried: string,
  clock: Pick<Clock, "sleep">,
  work: (run: RunPostgres) => Promise<T>,
): Promise<T> {
  const postgres = new Postgres(place, "mallard command", clock);
  try {
    return await postgres.transaction(tried, work);
  } finally {
    postgres.close();
  }
}

/** Whether a server of this version has been started over the lake. */
async function isMade(run: RunPostgres): Promise<boolean> {
  const [row] = await run("select to_regclass($1)::text as name", PROPOSED);
  return row !== undefined && row["name"] !== null;
}

async function ofOthers(run: RunPostgres, node: string): Promise<readonly ProposedSite[]> {
  const rows = await run(
    `select site_id, sum(events)::bigint as events, sum(bytes)::bigint as bytes,
        min(first_at) as first_at, max(last_at) as last_at
      from ${PROPOSED} where node <> $1 and is_dropped = 0 group by site_id order by site_id`,
    node,
  );
  return rows.map((row) => ({
    site_id: String(row["site_id"]),
    events: Number(row["events"]),
    bytes: Number(row["bytes"]),
    first_at: Number(row["first_at"]),
    last_at: Number(row["last_at"]),
  }));
}

async function put(run: RunPostgres, node: string, sites: readonly ProposedSite[]): Promise<void> {
  await run(
    `insert into ${PROPOSED} (node, site_id, events, bytes, first_at, last_at)
      select $1, site_id, events, bytes, first_at, last_at
      from json_to_recordset($2::json) as waiting (
        site_id text, events bigint, bytes bigint, first_at bigint, last_at bigint)
      on conflict (node, site_id) do update set events = excluded.events, bytes = excluded.bytes,
        first_at = excluded.first_at, last_at = excluded.last_at`,
    node,
    JSON.stringify(sites),
  );
}

async function remove(run: RunPostgres, node: string, sites: readonly string[]): Promise<void> {
  await run(`delete from ${PROPOSED} where node = $1 and site_id = any($2)`, node, sites);
}

function isSame(site: ProposedSite, row: PostgresRow | undefined): boolean {
  return row !== undefined && row["events"] === site.events && row["bytes"] === site.bytes &&
    row["first_at"] === site.first_at && row["last_at"] === site.last_at;
}
