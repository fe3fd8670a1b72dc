// What owners make, where several servers share it: changes are made in PostgreSQL, and reads are
// answered from the copy in this server's mallard.sqlite. A change by another server is told by
// PostgreSQL; what is missed while the connection is lost is found by the tables' versions.
import { MINUTE_MS } from "../../core/durations.ts";
import { AppError, messageOf } from "../../core/errors.ts";
import { Mutex } from "../../core/mutex.ts";
import { endsWithin } from "../../core/timings/within.ts";
import type { System } from "../../core/types.ts";
import type { PastImport } from "../history/history_ops.ts";
import type { SqliteRow } from "../state/sqlite.ts";
import type { StoreArgs, StoreOp, StoreResult } from "../state/ops/store_ops.ts";
import type { Store } from "../state/store.ts";
import { type CopiedRows, type CopyMark, LAKE_JOURNAL } from "./copy_ops.ts";
import { isFull, PostgresFault } from "./faults.ts";
import { findPastImport } from "./past_imports.ts";
import { Postgres, type PostgresPlace, type RunPostgres, type Session } from "./postgres.ts";
import { bump, change, SHARED_OP_NAMES, SHARED_OPS, type SharedOpName } from "./shared_ops.ts";
import {
  CHANNEL,
  COPIED,
  COPIED_TABLES,
  type CopiedTable,
  prepareSchema,
  SCHEMA,
  SHARED_FACTS,
} from "./tables.ts";

/** Where the state is, and who this server is. */
export interface SharedOptions extends PostgresPlace {
  /** The name of this server. */
  readonly node: string;
}

/** Told which tables of the copy have changed; where it rejects, it is told again. */
export type OnChange = (tables: ReadonlySet<CopiedTable>) => Promise<void>;

/** What stands in the way of changes, since when. */
export interface OutOfReach {
  readonly sinceMs: number;
  readonly reason: string;
}

const SECRET_BYTES = 32;
/** Asked again, should a notice get lost. */
const POLL_MS = 5000;
const RECONNECT_MS = 1000;
/** How long a start waits for PostgreSQL where it knows enough to begin without. */
const START_MS_MAX = 3000;
/** How long it is not known here that an import has ended while its sums are copied. */
const ENDING_MS_MAX = 5000;
const RETRY_SECS = "5";

/** Tables in which a server that joins may hold nothing of its own. */
const OF_OWNERS: readonly CopiedTable[] = [
  "site_settings",
  "site_items",
  "owner_password",
  "api_keys",
  "erasures",
  "refused_sites",
  "past_imports",
];

/** What several servers share. */
export class SharedState {
  readonly #system: System;
  readonly #store: Store;
  readonly #postgres: Postgres;
  readonly #node: string;
  /** Keeps what is read and its copy in the same order. */
  readonly #mutex = new Mutex();
  readonly #ended = new AbortController();
  #mark: CopyMark | null;
  #isJoined = false;
  #out: OutOfReach | null = null;
  /** Until somebody is told, changes are kept. */
  #onChange: OnChange | null = null;
  #onReached: () => Promise<void> = () => Promise.resolve();
  #beforeEnd: () => Promise<void> = () => Promise.resolve();
  #changed = new Set<CopiedTable>();
  /** What was said last of changes that could not be taken up, and when, by uptime. */
  #untaken = { reason: "", atMs: -Infinity };
  #watching: Promise<void> = Promise.resolve();
  #listening: Session | null = null;

  private constructor(
    system: System,
    store: Store,
    { node, ...place }: SharedOptions,
    mark: CopyMark | null,
  ) {
    this.#system = system;
    this.#store = store;
    this.#node = node;
    // Nobody knows what became of the copy since: all of it is read once.
    this.#mark = mark && { ...mark, versions: {} };
    this.#postgres = new Postgres(place, `mallard ${node}`, system.clock);
  }

  /**
   * Opens what is shared. A server that has a copy starts without PostgreSQL, if need be; rejects
   * with a sentence where this is its first time.
   */
  static async open(system: System, store: Store, options: SharedOptions): Promise<SharedState> {
    // Before the lake was connected once, events may still be kept without it, and settings change.
    const isConnected = await store.run("getMeta", LAKE_JOURNAL) !== null;
    const mark = isConnected ? await store.run("readMark", undefined) : null;
    const state = new SharedState(system, store, options, mark);
    const joining = state.refresh();
    joining.catch(() => {});
    try {
      if (mark === null) await joining;
      else await Promise.race([joining, system.clock.sleep(START_MS_MAX)]);
    } catch (error) {
      // Another lake, a newer program: only what may be over later is waited for.
      if (mark === null || !(error instanceof PostgresFault)) {
        state.#postgres.close();
        throw error;
      }
    }
    state.#watching = state.#watch();
    return state;
  }

  /** The name of this server. */
  get node(): string {
    return this.#node;
  }

  /** Whether PostgreSQL answered the last time. */
  get isReached(): boolean {
    return this.#isJoined;
  }

  /** What stands in the way of changes; null where nothing does. */
  get outOfReach(): OutOfReach | null {
    return this.#out;
  }

  /** Names who is told of changes by other servers, and of PostgreSQL being there again. */
  onChange(told: OnChange, onReached: () => Promise<void> = () => Promise.resolve()): void {
    this.#onChange = told;
    this.#onReached = onReached;
    this.#tell();
  }

  /** Names what is done before it is known here that an import has ended, if it is done soon. */
  beforeImportEnds(work: () => Promise<void>): void {
    this.#beforeEnd = work;
  }

  /**
   * Runs an operation as `Store.run` does: a change in PostgreSQL and then in the copy, all else in
   * the copy. A change rejects with `unavailable` where PostgreSQL cannot be reached.
   */
  async run<K extends StoreOp>(op: K, args: StoreArgs<K>): Promise<StoreResult<K>> {
    if (!isShared(op) || isOwn(op, args)) return await this.#store.run(op, args);
    const known = await this.#known(op, args);
    if (known) return known.result as StoreResult<K>;
    const result: unknown = await this.#change(op, args as StoreArgs<SharedOpName>);
    // Beside the shared rows it removes rows of this server alone.
    if (op === "dropSite") await this.#store.run(op, args as StoreArgs<"dropSite">);
    return result as StoreResult<K>;
  }

  /** The result of what each start asks for, where nothing is to be changed. */
  async #known(op: SharedOpName, args: unknown): Promise<{ readonly result: unknown } | null> {
    if (op === "deviceKey") {
      const result = await this.#store.run("getMeta", "device_key");
      return result === null ? null : { result };
    }
    if (op !== "addKeys") return null;
    const kept = new Map(
      (await this.#store.run("listKeys", undefined)).map((key) => [key.key_hash, key]),
    );
    const isKept = (args as StoreArgs<"addKeys">).every(({ key_hash, revoked }) => {
      const found = kept.get(key_hash);
      return found !== undefined && (found.revoked || !revoked);
    });
    return isKept ? { result: undefined } : null;
  }

  /** Runs statements in a transaction. Rejects with a sentence. */
  transaction<T>(tried: string, work: (run: RunPostgres) => Promise<T>): Promise<T> {
    return this.#postgres.transaction(tried, work, { isolation: "read committed" });
  }

  /**
   * The secret of all servers under a name: this one where there is none yet. Rejects with a
   * sentence where it is not known.
   */
  async secret(name: string, own: string): Promise<string> {
    return await this.transaction("Cannot read the secret of all servers", async (run) => {
      await run(`insert into ${SCHEMA}.facts values ($1, $2) on conflict do nothing`, name, own);
      const [row] = await run(`select value from ${SCHEMA}.facts where name = $1`, name);
      return String(row?.["value"]);
    });
  }

  /** An import as it is in PostgreSQL now; null where there is none. Rejects with `unavailable`. */
  pastImport(id: string): Promise<PastImport | null> {
    return this.ask("Cannot read the import", (run) => findPastImport(run, id));
  }

  /** Reads for somebody who asks, as `transaction` does. Rejects with `unavailable`. */
  async ask<T>(tried: string, work: (run: RunPostgres) => Promise<T>): Promise<T> {
    try {
      return await this.transaction(tried, work);
    } catch (error) {
      if (!(error instanceof PostgresFault)) throw error;
      throw new AppError("unavailable", error.message, { "retry-after": RETRY_SECS });
    }
  }

  /** Brings the copy up to date. Rejects with a sentence. */
  async refresh(): Promise<void> {
    await this.#mutex.run(async () => {
      try {
        if (!this.#isJoined) await this.#join();
        else {
          const tried = "Cannot read what the servers share";
          await this.#keep(await this.#postgres.transaction(tried, (run) => this.#read(run)));
        }
        if (this.#out !== null) this.#system.log("info", "PostgreSQL is there again");
        this.#out = null;
      } catch (error) {
        this.#lost(error);
        throw error;
      }
    });
    await this.#tell();
  }

  /** Tells once more, in a moment, of changes that could not be taken up. */
  tellAgain(tables: Iterable<CopiedTable>, error: unknown): void {
    if (this.#ended.signal.aborted) return;
    for (const table of tables) this.#changed.add(table);
    const [reason, atMs] = [messageOf(error), this.#system.clock.uptimeMs()];
    const { reason: before, atMs: beforeMs } = this.#untaken;
    if (reason === before && atMs - beforeMs < MINUTE_MS) return;
    this.#untaken = { reason, atMs };
    this.#system.log("error", "Cannot take up a change of another server yet", { reason });
  }

  /** Disconnects, without waiting for answers of PostgreSQL. */
  async close(): Promise<void> {
    this.#ended.abort();
    this.#listening?.close();
    this.#postgres.close();
    await this.#watching;
  }

  /** Changes what is shared, and the copy with it. */
  async #change<K extends SharedOpName>(op: K, args: StoreArgs<K>): Promise<unknown> {
    const { tables } = SHARED_OPS[op];
    try {
      return await this.#mutex.run(async () => {
        if (!this.#isJoined) await this.#join();
        const tried = "Cannot change what the servers share";
        const done = await this.transaction(tried, async (run) => {
          const { result, versions } = await change(run, op, args, this.#fresh());
          return { result, copied: { versions, rows: await readTables(run, tables) } };
        });
        if (op === "commitImport" || op === "undoImport") {
          await endsWithin(this.#system.clock, ENDING_MS_MAX, this.#beforeEnd());
        }
        const before = new Set(this.#changed);
        const known = this.#mark?.versions ?? {};
        await this.#keep(done.copied);
        for (const table of tables) {
          // Who has changed it knows it, but not what others have changed before it or with it.
          const isOwn = done.copied.versions[table] === (known[table] ?? NaN) + 1;
          if (isOwn && !before.has(table)) this.#changed.delete(table);
        }
        return done.result;
      });
    } catch (error) {
      if (!(error instanceof PostgresFault)) throw error;
      this.#lost(error);
      throw this.#unavailable(error);
    }
  }

  /** The refusal of a change, for callers who need not know where PostgreSQL is. */
  #unavailable({ mayBeDone }: PostgresFault): AppError {
    const since = new Date(this.#out?.sinceMs ?? 0).toISOString().slice(0, 19);
    const what = mayBeDone ? "whether it was changed is not known" : "nothing was changed";
    return new AppError(
      "unavailable",
      `Cannot change it now: the lake's PostgreSQL is out of reach since ${since}Z; ${what}`,
      { "retry-after": RETRY_SECS },
    );
  }

  #fresh(): string {
    return this.#system.random.bytes(SECRET_BYTES).toHex();
  }

  /** Makes the schema and moves what is here into it, or takes what is there. */
  async #join(): Promise<void> {
    const own = this.#mark === null ? await this.#store.run("readOwned", undefined) : null;
    // An earlier first start may have come as far as here, and not to the lake.
    const before = own === null ? null : await this.#store.run("readUntouched", undefined);
    const tried = "Cannot use what the servers share";
    const { lake, copied } = await this.transaction(tried, async (run) => {
      await prepareSchema(run);
      const [row] = await run(`select lake_id from ${SCHEMA}.installation`);
      const known = row === undefined ? null : String(row["lake_id"]);
      if (this.#mark !== null && known !== this.#mark.lake) throw otherLake();
      if (known === null) await moveInto(run, own ?? {}, this.#system.random.uuid(), this.#node);
      else if (own !== null) {
        const untouched = before?.lake === known ? before.tables : [];
        const tables = OF_OWNERS.filter((table) => !untouched.includes(table));
        requireNothing(tables, own, await readTables(run, tables));
      }
      const [made] = await run(`select lake_id from ${SCHEMA}.installation`);
      return { lake: String(made?.["lake_id"]), copied: await this.#read(run) };
    });
    this.#mark ??= { lake, versions: {} };
    await this.#keep(copied);
    this.#isJoined = true;
  }

  /** What differs from the copy. */
  async #read(run: RunPostgres): Promise<Copied> {
    const found = await run(`select table_name, version from ${SCHEMA}.changes`);
    const versions = Object.fromEntries(
      found.map((row) => [String(row["table_name"]), Number(row["version"])]),
    );
    const known = this.#mark?.versions ?? {};
    const changed = COPIED_TABLES.filter((table) =>
      versions[table] !== known[table] || known[table] === undefined
    );
    return { versions, rows: await readTables(run, changed) };
  }

  async #keep({ rows, versions }: Copied): Promise<void> {
    const tables = Object.keys(rows) as CopiedTable[];
    if (tables.length === 0 || this.#mark === null) return;
    const mark = { ...this.#mark, versions: { ...this.#mark.versions, ...versions } };
    await this.#store.run("writeCopy", { rows, mark });
    this.#mark = mark;
    for (const table of tables) this.#changed.add(table);
  }

  /** Tells what others have changed. */
  async #tell(): Promise<void> {
    const changed = this.#changed;
    if (changed.size === 0 || this.#onChange === null) return;
    this.#changed = new Set();
    try {
      await this.#onChange(changed);
    } catch (error) {
      this.tellAgain(changed, error);
    }
  }

  #lost(error: unknown): void {
    if (this.#ended.signal.aborted) return;
    const reason = messageOf(error);
    if (this.#out?.reason !== reason) this.#system.log("error", reason);
    this.#out = { sinceMs: this.#out?.sinceMs ?? this.#system.clock.nowMs(), reason };
    // It may be another one when it is there again.
    this.#isJoined = false;
  }

  /** Follows the changes of others until the end; connects again where the connection is lost. */
  async #watch(): Promise<void> {
    const { clock, log } = this.#system;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      let session: Session | null = null;
      try {
        session = this.#listening = await this.#postgres.session();
        if (!signal.aborted) await this.#follow(session);
      } catch (error) {
        // Where it takes no further session, the one of changes may go on.
        if (isFull(error)) await this.refresh().catch(() => {});
        else if (error instanceof PostgresFault) this.#lost(error);
        else if (!signal.aborted) {
          log("error", "Cannot follow other servers", { reason: messageOf(error) });
        }
      } finally {
        session?.close();
      }
      await clock.sleep(RECONNECT_MS, signal);
    }
  }

  async #follow(session: Session): Promise<void> {
    const { clock } = this.#system;
    const { signal } = this.#ended;
    let wake = () => {};
    await session.listen(CHANNEL, () => wake());
    session.onLost(() => wake());
    await this.refresh();
    await this.#onReached();
    while (!signal.aborted && session.isOpen) {
      const woken = new AbortController();
      wake = () => woken.abort();
      await session.run("select 1");
      await this.refresh();
      const either = AbortSignal.any([woken.signal, signal]);
      if (!either.aborted) await clock.sleep(POLL_MS, either);
    }
  }
}

/** Rows of whole tables, and the versions of these tables. */
interface Copied {
  readonly rows: CopiedRows;
  readonly versions: Readonly<Record<string, number>>;
}

/** Whether an operation changes what is shared. */
export function isShared(op: StoreOp): op is SharedOpName {
  return SHARED_OP_NAMES.some((name) => name === op);
}

/** Whether what would be changed is this server's own after all. */
function isOwn(op: StoreOp, args: unknown): boolean {
  return op === "setMeta" && !SHARED_FACTS.includes((args as StoreArgs<"setMeta">).name);
}

async function readTables(
  run: RunPostgres,
  tables: readonly CopiedTable[],
): Promise<CopiedRows> {
  const rows: Partial<Record<CopiedTable, readonly SqliteRow[]>> = {};
  for (const table of tables) {
    const columns = COPIED[table].join(", ");
    rows[table] = table === "facts"
      ? await run(
        `select ${columns} from ${SCHEMA}.facts where name = any($1)`,
        SHARED_FACTS,
      )
      : await run(`select ${columns} from ${SCHEMA}.${table}`);
  }
  return rows;
}

/** Gives the first server's rows to all. */
async function moveInto(
  run: RunPostgres,
  own: CopiedRows,
  lake: string,
  node: string,
): Promise<void> {
  await run(`insert into ${SCHEMA}.installation values (1, $1, $2)`, lake, node);
  await bump(run, COPIED_TABLES);
  for (const table of COPIED_TABLES) {
    const columns = COPIED[table];
    const holes = columns.map((_, index) => `$${index + 1}`).join(", ");
    // An import into the lake has put imports on record that are here, too.
    const insert = `insert into ${SCHEMA}.${table} (${columns.join(", ")}) values (${holes})${
      table === "past_imports" ? " on conflict do nothing" : ""
    }`;
    for (const row of own[table] ?? []) {
      await run(insert, ...columns.map((name) => row[name] ?? null));
    }
  }
  for (const table of ["site_items", "erasures"]) {
    await run(
      `select setval(pg_get_serial_sequence('${SCHEMA}.${table}', 'id'),
        (select coalesce(max(id), 0) + 1 from ${SCHEMA}.${table}), false)`,
    );
  }
}

/** Throws where a server that joins others has what its owner has made, and they have not. */
function requireNothing(
  tables: readonly CopiedTable[],
  own: CopiedRows,
  theirs: CopiedRows,
): void {
  const found = tables.filter((table) => {
    const rows = textsOf(own, table);
    return rows.length > 0 && rows.join() !== textsOf(theirs, table).join();
  });
  if (found.length === 0) return;
  throw new Error(
    "Cannot join the servers of the lake: this data folder has settings of its own " +
      `(${found.join(", ")}), and they have theirs; start with an empty folder, or remove the ` +
      `schema ${SCHEMA} from PostgreSQL where no other server uses it`,
  );
}

function textsOf(rows: CopiedRows, table: CopiedTable): string[] {
  return (rows[table] ?? []).map((row) =>
    JSON.stringify(COPIED[table].map((name) => row[name] ?? null))
  ).sort();
}

function otherLake(): Error {
  return new Error(
    "Cannot use what the servers share: this data folder belongs to another lake; set " +
      "lake_catalog back, or start with an empty folder",
  );
}
