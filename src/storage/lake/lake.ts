// A lake: Parquet files in a bucket or a shared folder, their catalog in PostgreSQL, both through
// DuckDB's extension ducklake, in a DuckDB of its own that reaches nothing else. Loaded when a
// lake is asked for, never before.
import { messageOf } from "../../core/errors.ts";
import { raw, type Sql, sql } from "../../core/sql.ts";
import type { System } from "../../core/types.ts";
import { Db, type DuckDbModule, type Row, type Run } from "../duckdb.ts";
import { literal } from "../parquet/schema.ts";
import {
  attaching,
  CATALOG_NAME,
  isBucket,
  type LakeOptions,
  loading,
  secrets,
  shownCatalog,
} from "./connection.ts";
import { type FaultPlaces, isMadeMeanwhile, isPassing, lakeError } from "./faults.ts";
import { prepareTables } from "./tables.ts";

/** How DuckDB is set up for a lake. */
export interface LakeHost {
  readonly loadDuckDb: () => Promise<DuckDbModule>;
  /** The folder on this machine that may be read and written beside the lake. */
  readonly folder: string;
  readonly spillFolder: string;
  readonly memoryLimit: string | null;
  readonly threads: number | null;
}

const READERS = 2;
const ATTEMPTS_MAX = 10;
const PAUSE_MS_MIN = 50;
const PAUSE_MS_MAX = 5000;
/** A server's clock may differ from that of PostgreSQL by so much. */
export const CLOCK_MS_MAX: number = 5 * 60 * 1000;
/** Shorter ones are found in any text. */
const HIDDEN_CHARS_MIN = 6;

/** An open lake. */
export class Lake {
  readonly #system: System;
  readonly #places: FaultPlaces;
  /** DuckDB with the lake attached as `lake`. */
  readonly db: Db;
  /** Where the files are, with a slash at its end. */
  readonly dataPath: string;

  private constructor(system: System, db: Db, dataPath: string, places: FaultPlaces) {
    this.#system = system;
    this.#places = places;
    this.db = db;
    this.dataPath = dataPath;
  }

  /**
   * Connects to a lake. `mayMake` makes one where the catalog has none, and gives an older one the
   * columns it lacks. Rejects with a sentence about what is wrong.
   */
  static async open(
    system: System,
    host: LakeHost,
    options: LakeOptions,
    { mayMake }: { readonly mayMake: boolean },
  ): Promise<Lake> {
    const { dataPath, s3 } = options;
    const places = { catalog: shownCatalog(options.catalog), dataPath, endpoint: s3.endpoint };
    let lake: Lake | null = null;
    try {
      const duckdb = await host.loadDuckDb();
      const statements = await opening(system, options, duckdb.version(), mayMake);
      const db = await again(
        system,
        () =>
          Db.open(duckdb, system.clock, {
            ...host,
            readers: READERS,
            outside: { statements: () => Promise.resolve(statements), places: [dataPath] },
          }),
        isMadeMeanwhile,
      );
      lake = new Lake(system, db, dataPath, places);
      await lake.#requireClock();
      const { db: opened } = lake;
      await again(
        system,
        () => opened.transaction((run) => prepareTables(run, { mayMake })),
        isPassing,
      );
      return lake;
    } catch (error) {
      await lake?.close();
      throw lakeError("Cannot open the lake", hiding(error, options), places);
    }
  }

  /** Runs a query; what is over in a moment is tried again. Rejects with a sentence. */
  query(tried: string, query: Sql): Promise<Row[]> {
    return this.attempt(tried, () => this.db.query(query));
  }

  /** Runs a query once. Rejects with a sentence. */
  async ask(tried: string, query: Sql): Promise<Row[]> {
    try {
      return await this.db.query(query);
    } catch (error) {
      throw lakeError(tried, error, this.#places);
    }
  }

  /**
   * Commits a transaction. Whoever commits first makes the others begin again: `work` runs anew
   * from its first statement, and reads what may have been committed meanwhile, its own work by a
   * commit whose answer was lost included. `onAgain` is told why. Rejects with a sentence.
   */
  commit<T>(
    tried: string,
    work: (run: Run) => Promise<T>,
    onAgain: (error: unknown) => void = () => {},
  ): Promise<T> {
    return this.attempt(tried, () => this.db.transaction(work), onAgain);
  }

  /** Does something of the lake, again where what hinders it may be over in a moment. */
  async attempt<T>(
    tried: string,
    work: () => Promise<T>,
    onAgain: (error: unknown) => void = () => {},
  ): Promise<T> {
    try {
      return await again(this.#system, work, isPassing, onAgain);
    } catch (error) {
      throw lakeError(tried, error, this.#places);
    }
  }

  /** Disconnects. */
  close(): Promise<void> {
    return this.db.close();
  }

  /** By how much the clock of this machine is ahead of PostgreSQL's (ms). */
  async clockOffMs(): Promise<number> {
    const ask = "select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms";
    const { clock } = this.#system;
    const askedMs = clock.nowMs();
    const [row] = await this.db.query(
      sql`select ms from postgres_query(${literal(CATALOG_NAME)}, ${literal(ask)})`,
    );
    // PostgreSQL read its clock at some time between the two.
    return (askedMs + clock.nowMs()) / 2 - Number(row?.["ms"]);
  }

  /** Rejects where the clocks of this machine and of PostgreSQL differ much. */
  async #requireClock(): Promise<void> {
    const fault = clockFaultOf(await this.clockOffMs());
    if (fault !== null) throw new Error(fault);
  }
}

/** What is wrong with a clock that is so far ahead of PostgreSQL's (ms); null where it is right. */
export function clockFaultOf(offMs: number): string | null {
  if (Math.abs(offMs) <= CLOCK_MS_MAX) return null;
  const minutes = Math.round(Math.abs(offMs) / 60_000);
  return `the clock of this machine is ${minutes} minutes ${offMs < 0 ? "behind" : "ahead of"} ` +
    "that of PostgreSQL; set it right";
}

/** Does something, again where `isOver` says that what hinders it may be over in a moment. */
async function again<T>(
  { clock, random }: System,
  work: () => Promise<T>,
  isOver: (error: unknown) => boolean,
  onAgain: (error: unknown) => void = () => {},
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !isOver(error)) throw error;
      onAgain(error);
      // Those who collided must not meet again.
      const share = (1 + (random.bytes(1)[0] ?? 0) / 255) / 2;
      await clock.sleep(Math.min(PAUSE_MS_MIN * 2 ** attempt, PAUSE_MS_MAX) * share);
    }
  }
}

/** Asks the bucket for a file that it has not. */
export function probe(dataPath: string): Sql {
  return sql`select count(*) from glob(${literal(`${dataPath}no_such_file*`)})`;
}

/** What DuckDB runs before everything else is out of reach. */
export async function opening(
  { files }: System,
  options: LakeOptions,
  version: string,
  mayMake: boolean,
): Promise<Sql[]> {
  const { dataPath } = options;
  if (!isBucket(dataPath) && await files.realPath(dataPath) === null) {
    throw new Error(`lake_data_path ${dataPath} is missing; make the folder`);
  }
  return [
    ...await loading(files, options, version),
    ...secrets(options),
    // The catalog must not be made where there is no bucket.
    ...isBucket(dataPath) ? [probe(dataPath)] : [],
    // A commit that collides is begun again by `commit`, which reads the marks again: the
    // extension would only write the same once more.
    raw("set ducklake_max_retry_count = 0"),
    attaching(options, { mayMake }),
  ];
}

/** An error without the secrets that a statement in it may hold. */
export function hiding(error: unknown, { password, s3 }: LakeOptions): Error {
  let message = messageOf(error);
  for (const secret of [password, s3.secret, s3.sessionToken]) {
    if (secret === null || secret.length < HIDDEN_CHARS_MIN) continue;
    for (const text of [secret.replaceAll("'", "''"), secret]) {
      message = message.replaceAll(text, "(hidden)");
    }
  }
  return new Error(message);
}
