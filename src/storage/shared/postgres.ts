// The PostgreSQL of a lake beside DuckDB's own connections: sessions that run statements and
// transactions, wait for notices and hold advisory locks. Sole importer of pg, which is loaded at
// the first session and not before.
import { Mutex } from "../../core/mutex.ts";
import type { Clock } from "../../core/types.ts";
import { keywordsOf, type LakeOptions, shownCatalog } from "../lake/connection.ts";
import { isLost, isPassing, postgresError } from "./faults.ts";
import { addressOf, type Tls } from "./address.ts";

/** Where the database is, and what lets in. */
export type PostgresPlace = Pick<LakeOptions, "catalog" | "password">;

/** A value of a statement. */
export type PostgresValue = string | number | boolean | null | Uint8Array | readonly string[];

/** A row by column name; integers are numbers, timestamps are texts. */
export type PostgresRow = Record<string, string | number | null>;

/** Runs one statement with values for `$1`, `$2` … Rejects with PostgreSQL's message. */
export type RunPostgres = (
  text: string,
  ...values: readonly PostgresValue[]
) => Promise<PostgresRow[]>;

/** What PostgreSQL tells who listens. */
export interface Notice {
  readonly channel: string;
  readonly payload?: string;
}

/** What a transaction sees of others that commit meanwhile. */
export interface TransactionOptions {
  /** One moment for all of it by default. */
  readonly isolation?: "read committed" | "repeatable read";
}

/** The part of pg's client in use; the package has no types of its own. */
interface Client {
  connect(): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<{ rows: PostgresRow[] }>;
  on(event: "error", told: (error: Error) => void): void;
  on(event: "end", told: () => void): void;
  on(event: "notification", told: (notice: Notice) => void): void;
  end(): Promise<void>;
}

interface PgModule {
  readonly Client: new (config: Readonly<Record<string, unknown>>) => Client;
  readonly types: { getTypeParser(oid: number, format?: string): unknown };
}

const CONNECT_MS = 10_000;
/** A statement that takes longer was cut off with its connection. */
const STATEMENT_MS = 10_000;
/** The server ends what a node that is gone has left open. */
const ABANDONED_MS = 30_000;
const ATTEMPTS_MAX = 3;
const PAUSE_MS = 200;

/** Types that pg would make texts and objects of. */
const INT8 = 20;
const TIMES = [1082, 1114, 1184];

/** One connection. When it is lost, so is all that belongs to it, advisory locks included. */
export class Session {
  readonly #client: Client;
  readonly #place: PostgresPlace;
  readonly #mutex = new Mutex();
  #loss: Error | null = null;
  #onLost: ((error: Error) => void)[] = [];

  private constructor(client: Client, place: PostgresPlace) {
    this.#client = client;
    this.#place = place;
    const lose = (error: Error) => this.#lose(error);
    client.on("error", lose);
    client.on("end", () => lose(new Error("Connection terminated")));
  }

  /** Connects. `name` is what pg_stat_activity shows. Rejects with a sentence. */
  static async open(place: PostgresPlace, name: string): Promise<Session> {
    try {
      return await Session.#open(place, name);
    } catch (error) {
      throw postgresError("Cannot connect to PostgreSQL", error, shownCatalog(place.catalog));
    }
  }

  static async #open(place: PostgresPlace, name: string): Promise<Session> {
    const { tls, ...address } = addressOf(keywordsOf(place.catalog));
    const { default: pg } = await import("pg") as unknown as { readonly default: PgModule };
    const config = {
      ...address,
      ...place.password === null ? {} : { password: place.password },
      application_name: name,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: STATEMENT_MS,
      idle_in_transaction_session_timeout: ABANDONED_MS,
      keepAlive: true,
      types: {
        getTypeParser: (oid: number, format?: string) =>
          oid === INT8
            ? Number
            : TIMES.includes(oid)
            ? String
            : pg.types.getTypeParser(oid, format),
      },
    };
    const connect = async (ssl: Tls["options"]) => {
      const client = new pg.Client({ ...config, ssl });
      const session = new Session(client, place);
      await client.connect();
      return session;
    };
    if (!tls.isOptional) return await connect(tls.options);
    return await connect(tls.options).catch((error) => {
      if (/does not support SSL/.test(String(error))) return connect(false);
      throw error;
    });
  }

  /** Whether the connection is there, as far as is known. */
  get isOpen(): boolean {
    return this.#loss === null;
  }

  /** Runs a statement. Rejects with PostgreSQL's error. */
  readonly run: RunPostgres = async (text, ...values) => {
    if (this.#loss !== null) throw this.#loss;
    try {
      return (await this.#client.query(text, values)).rows;
    } catch (error) {
      // After a time limit the answer may still come: nothing else can be asked here.
      if (isLost(error)) this.#drop(error);
      throw error;
    }
  };

  /** Runs work in one transaction, one at a time. Rejects with PostgreSQL's or the work's error. */
  transaction<T>(
    work: (run: RunPostgres) => Promise<T>,
    { isolation = "repeatable read", beforeCommit = () => {} }: TransactionOptions & {
      readonly beforeCommit?: () => void;
    } = {},
  ): Promise<T> {
    return this.#mutex.run(async () => {
      await this.run(`begin isolation level ${isolation}`);
      try {
        const result = await work(this.run);
        beforeCommit();
        await this.run("commit");
        return result;
      } catch (error) {
        await this.run("rollback").catch(() => {});
        throw error;
      }
    });
  }

  /** Listens to a channel as long as the connection lives. */
  async listen(channel: string, told: (notice: Notice) => void): Promise<void> {
    this.#client.on("notification", (notice) => {
      if (notice.channel === channel) told(notice);
    });
    await this.run(`listen ${channel}`);
  }

  /** Calls once when the connection is lost or closed; at once where it is already. */
  onLost(told: (error: Error) => void): void {
    if (this.#loss) told(this.#loss);
    else this.#onLost.push(told);
  }

  /** Disconnects. */
  close(): void {
    this.#drop(new Error("the connection was closed"));
  }

  #drop(error: unknown): void {
    this.#lose(error);
    // It may never answer.
    this.#client.end().catch(() => {});
  }

  #lose(error: unknown): void {
    if (this.#loss !== null) return;
    const { catalog } = this.#place;
    this.#loss = postgresError("Cannot go on with PostgreSQL", error, shownCatalog(catalog));
    for (const told of this.#onLost.splice(0)) told(this.#loss);
  }
}

const closedError = () => new Error("the connection was closed");

/** A database that is connected to when it is asked, again where the connection was lost. */
export class Postgres {
  readonly #place: PostgresPlace;
  readonly #name: string;
  readonly #clock: Pick<Clock, "sleep">;
  readonly #mutex = new Mutex();
  /** Ends the wait for each connection that is being opened. */
  readonly #openings = new Set<() => void>();
  #session: Session | null = null;
  #isClosed = false;

  /** `name` is what pg_stat_activity shows. Connects to nothing yet. */
  constructor(place: PostgresPlace, name: string, clock: Pick<Clock, "sleep">) {
    this.#place = place;
    this.#name = name;
    this.#clock = clock;
  }

  /**
   * A connection of its own, for notices and locks. Rejects with a sentence; where it is closed
   * meanwhile, without waiting for an answer.
   */
  async session(): Promise<Session> {
    if (this.#isClosed) throw closedError();
    const opening = Session.open(this.#place, this.#name);
    const closed = Promise.withResolvers<never>();
    const end = () => closed.reject(closedError());
    this.#openings.add(end);
    try {
      return await Promise.race([opening, closed.promise]);
    } catch (error) {
      opening.then((session) => session.close(), () => {});
      throw error;
    } finally {
      this.#openings.delete(end);
    }
  }

  /**
   * Runs work in one transaction. What hinders it and may be over in a moment is tried again, from
   * the first statement, unless it may have been committed. Rejects with a sentence about what
   * PostgreSQL found; an error of the work stays as it is.
   */
  transaction<T>(
    tried: string,
    work: (run: RunPostgres) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    return this.#mutex.run(async () => {
      for (let attempt = 1;; attempt++) {
        let mayBeCommitted = false;
        try {
          const session = await this.#connected();
          const beforeCommit = () => mayBeCommitted = true;
          return await session.transaction(work, { ...options, beforeCommit });
        } catch (error) {
          const isOver = mayBeCommitted && isLost(error);
          const isLast = attempt === ATTEMPTS_MAX || this.#isClosed;
          if (isLast || isOver || !isPassing(error)) {
            throw postgresError(tried, error, shownCatalog(this.#place.catalog), isOver);
          }
          await this.#clock.sleep(PAUSE_MS * attempt);
        }
      }
    });
  }

  /** Disconnects for good; sessions of their own stay. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#openings) end();
    this.#session?.close();
    this.#session = null;
  }

  async #connected(): Promise<Session> {
    if (this.#session?.isOpen !== true) this.#session = await this.session();
    return this.#session;
  }
}
