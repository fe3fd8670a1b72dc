// DuckDB in memory: one writer connection and a pool of readers, rows as plain values, a time
// limit that interrupts the query. The only file that knows DuckDB's value classes.
import type * as DuckDb from "@duckdb/node-api";
import type {
  DuckDBConnection,
  DuckDBInstance,
  DuckDBMaterializedResult,
  DuckDBPreparedStatement,
} from "@duckdb/node-api";
import { type AppError, messageOf } from "../core/errors.ts";
import { ident, type Sql, sql, type SqlValue } from "../core/sql.ts";
import type { Clock } from "../core/types.ts";
import {
  bannedError,
  closingError,
  cut,
  goneError,
  isRefusal,
  lateError,
  mayBeFault,
  PauseError,
  reopeningError,
  statementError,
} from "./duckdb/faults.ts";
import { nextTask } from "./duckdb/next_task.ts";
import { Pool } from "./duckdb/pool.ts";
import { rowOfText } from "./duckdb/row_text.ts";
import { createSourceType } from "./duckdb/source_type.ts";
import { shortageError, shortageIn } from "./shortage.ts";

/** The library as it is imported. */
export type DuckDbModule = typeof DuckDb;

/** Imports the library from where the runtime finds packages. */
export function importDuckDb(): Promise<DuckDbModule> {
  return import("@duckdb/node-api");
}

/** Whether a statement failed for want of memory: alone it may succeed. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /^Out of Memory Error/.test(error.message);
}

/** One row by column name. Counts are numbers; DuckDB's other types arrive as their text. */
export type Row = Record<string, string | number | boolean | null>;

/** How DuckDB is set up. `folder` is the only place on disk it may read and write. */
export interface DbOptions {
  readonly folder: string;
  readonly spillFolder: string;
  readonly memoryLimit: string | null;
  readonly threads: number | null;
  /** Fewer threads than there are cores where memory is short; no bound when missing. */
  readonly threadsMax?: number | null;
  /** Largest size of what is spilled; DuckDB's own when missing. */
  readonly spillLimit?: string | null;
  readonly readers: number;
  /** Files outside the folder that it may read and nothing else; none when missing. */
  readonly paths?: readonly string[];
  /** Whether tables keep the order in which their rows were inserted. */
  readonly keepsOrder?: boolean;
  /** An extension to load before everything outside the folder is locked away. */
  readonly extension?: ExtensionOptions;
  /** What is connected before that, and stays within reach. */
  readonly outside?: OutsideOptions;
}

/** What DuckDB reaches outside of the folder. */
export interface OutsideOptions {
  /** Statements of our own without bound values, asked for at each opening. */
  readonly statements: () => Promise<readonly Sql[]>;
  /** Folders and prefixes of addresses that may be read and written. */
  readonly places: readonly string[];
  /**
   * Told whether all of them ran: DuckDB is opened without them where one fails. Without it,
   * opening rejects with the error.
   */
  readonly onReached?: (error: unknown) => void;
}

/** How an extension is loaded. */
export interface ExtensionOptions {
  /** Statements of our own that load it. */
  readonly statements: readonly Sql[];
  /** Whether a file without a signature may be loaded: only one that the owner named. */
  readonly unsigned: boolean;
}

/** Runs a statement of a transaction. */
export type Run = (statement: Sql) => Promise<Row[]>;

/** Limits of one query. */
export interface QueryLimits {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A database in memory of its own: checkpoints compress its tables. */
export const SUMS_DATABASE = "day_sums";

/** Bytes told to the garbage collector for a result: so many that it runs after some hundreds. */
const RESULT_BYTES = 512 * 1024;
const COLUMN_BYTES = 32 * 1024;
const WEIGHTS = new WeakMap<DuckDBMaterializedResult, ArrayBuffer>();
/** Of the text of an insert its beginning says enough: every one is alike. */
const INSERT_CHARS_MAX = 100;
/** Time after which a query that ignored an interrupt is interrupted again. */
const INTERRUPT_MS = 100;
/** Time after which nobody waits any more for a query that ignores interrupts. */
const IGNORED_MS = 5000;

/** A text to be bound, or what makes it when its turn comes. */
type Text = string | (() => string);

/** One opening of DuckDB. */
interface Opened {
  readonly instance: DuckDBInstance;
  readonly writer: DuckDBConnection;
  readonly readers: readonly DuckDBConnection[];
  readonly extensionFault: string | null;
}

/** Who opens DuckDB again after a fault of its own. */
export interface DbWatcher {
  /** Told once for each fault; `reopen` must follow. */
  failed(reason: string): void;
  /** Told of a statement that DuckDB failed on. */
  failedOn(statement: string): void;
  /** Whether a statement is refused, for DuckDB fails on it. */
  isBanned(statement: string): boolean;
}

/** An open DuckDB. */
export class Db {
  readonly #clock: Clock;
  readonly #openAgain: () => Promise<Opened>;
  /** Null while it is opened again. */
  #opened: Opened | null;
  #pool: Pool<DuckDBConnection>;
  readonly #running = new Map<DuckDBConnection, Promise<unknown>>();
  #isClosing = false;
  #hasFailed = false;
  /** Whether it is opened again although it had not failed. */
  #isPause = false;
  readonly #toDrop = new Set<string>();
  #watcher: DbWatcher | null = null;
  #reopening: Promise<void> = Promise.resolve();
  #writing: Promise<unknown> = Promise.resolve();
  #prepared: { readonly text: string; readonly statement: DuckDBPreparedStatement } | null = null;
  /** Why the extension was not loaded; null when it was, or none was wanted. */
  readonly extensionFault: string | null;

  private constructor(
    clock: Clock,
    opened: Opened,
    openAgain: () => Promise<Opened>,
  ) {
    this.extensionFault = opened.extensionFault;
    this.#clock = clock;
    this.#openAgain = openAgain;
    this.#opened = opened;
    this.#pool = new Pool(clock, opened.readers);
  }

  /** Opens DuckDB in memory and locks it into `folder`. Rejects when DuckDB refuses the options. */
  static async open(duckdb: DuckDbModule, clock: Clock, options: DbOptions): Promise<Db> {
    const openAgain = () => openInMemory(duckdb, options);
    return new Db(clock, await openAgain(), openAgain);
  }

  /** Opens an existing database file, for reading only. Rejects with DuckDB's error. */
  static async openFile(duckdb: DuckDbModule, clock: Clock, path: string): Promise<Db> {
    const instance = await duckdb.DuckDBInstance.create(path, {
      access_mode: "READ_ONLY",
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    });
    const readers = [await instance.connect()];
    const writer = await instance.connect();
    return new Db(clock, { instance, writer, readers, extensionFault: null }, () => {
      throw new Error(`Cannot open ${path} again: it was opened for reading only`);
    });
  }

  /** Whether DuckDB itself has failed and was not opened again. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Names who opens DuckDB again. Without one, statements reject with the fault. */
  watch(watcher: DbWatcher): void {
    this.#watcher = watcher;
  }

  /**
   * Closes DuckDB and opens it again, empty. What runs is stopped, what waits is refused. Rejects
   * with DuckDB's error; then it can be tried again.
   */
  reopen(): Promise<void> {
    if (this.#isClosing) return Promise.reject(closingError());
    this.#isPause ||= !this.#hasFailed;
    this.#hasFailed = true;
    this.#pool.refuseAll(this.#refusal());
    const reopening = this.#reopening.catch(() => {}).then(async () => {
      await this.#closeOpened();
      const opened = await this.#openAgain();
      this.#opened = opened;
      this.#toDrop.clear();
      this.#pool = new Pool(this.#clock, opened.readers);
      this.#hasFailed = false;
    }).finally(() => this.#isPause = false);
    return this.#reopening = reopening;
  }

  /** Why statements are refused while DuckDB is not open. */
  #refusal(): AppError {
    return this.#isPause ? new PauseError() : reopeningError();
  }

  /**
   * Runs a query on a reader. Rejects with `unavailable` past the time limit, with an AbortError
   * when the signal aborts, and with DuckDB's error otherwise. One that ignores its interrupt, as
   * while it waits for a server that hangs, keeps its reader until it ends.
   */
  async query(query: Sql, limits: QueryLimits = {}): Promise<Row[]> {
    if (this.#watcher?.isBanned(query.text)) throw bannedError();
    this.#requireOpen();
    const pool = this.#pool;
    const connection = await pool.take(limits);
    const ended = this.#run(connection, query, limits).finally(() => pool.give(connection));
    return await this.#unlessIgnored(ended, limits);
  }

  /** What a query gives; rejects a while after its limit where that was ignored. */
  #unlessIgnored<T>(ended: Promise<T>, { timeoutMs, signal }: QueryLimits): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancels: (() => void)[] = [];
      const giveUpAfter = (ms: number, error: () => unknown) =>
        cancels.push(this.#clock.after(ms, () => reject(error())));
      if (timeoutMs !== undefined) giveUpAfter(timeoutMs + IGNORED_MS, () => lateError(timeoutMs));
      const gone = () => giveUpAfter(IGNORED_MS, goneError);
      signal?.addEventListener("abort", gone);
      ended.then(resolve, reject).finally(() => {
        for (const cancel of cancels) cancel();
        signal?.removeEventListener("abort", gone);
      });
    });
  }

  /** Runs a statement on the writer, after those asked before it. Rejects with DuckDB's error. */
  execute(statement: Sql): Promise<Row[]> {
    return this.#inTurn((writer) => this.#run(writer, statement, {}));
  }

  /**
   * Runs a statement of one bound text on the writer, once for each text. All of it, or none. The
   * statement is prepared once and kept until another comes: of all ways to insert rows, this is
   * the one after which the memory of the process does not grow. With `rows`, rejects unless so
   * many rows were changed.
   */
  executeEach(statement: Sql, texts: readonly Text[], rows?: number): Promise<void> {
    return this.#inTurn((writer) =>
      this.#busy(writer, statement.text, () => this.#executeEach(writer, statement, texts, rows))
    );
  }

  /**
   * Runs statements on the writer as one transaction, after those asked before it; nobody else's
   * come between. All of them, or none where `work` or the commit rejects.
   */
  transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#inTurn(async (writer) => {
      const run: Run = (statement: Sql) => this.#run(writer, statement, {});
      await run(sql`begin`);
      try {
        const result = await work(run);
        await run(sql`commit`);
        return result;
      } catch (error) {
        await this.#rollBack(writer, "rollback");
        throw error;
      }
    });
  }

  async #executeEach(
    writer: DuckDBConnection,
    { text }: Sql,
    texts: readonly Text[],
    rows?: number,
  ): Promise<void> {
    const isAlone = texts.length === 1 && rows === undefined;
    try {
      const statement = await this.#prepare(writer, text);
      if (!isAlone) await writer.run("begin");
      let changed = 0;
      for (const text of texts) {
        statement.bindVarchar(1, typeof text === "string" ? text : text());
        changed += (await statement.run()).rowsChanged;
      }
      if (rows !== undefined && changed !== rows) {
        throw new Error(`Cannot insert ${rows} rows: ${changed} are right`);
      }
      if (!isAlone) await writer.run("commit");
    } catch (error) {
      this.#forgetPrepared();
      if (!isAlone) await this.#rollBack(writer, text);
      throw statementError(messageOf(error), cut(text, INSERT_CHARS_MAX));
    }
  }

  async #prepare(writer: DuckDBConnection, text: string): Promise<DuckDBPreparedStatement> {
    if (this.#prepared?.text === text) return this.#prepared.statement;
    this.#forgetPrepared();
    const statement = await writer.prepare(text);
    this.#prepared = { text, statement };
    return statement;
  }

  #forgetPrepared(): void {
    this.#prepared?.statement.destroySync();
    this.#prepared = null;
  }

  /** A failed commit has ended its transaction; one that stays open would fail all that follow. */
  async #rollBack(writer: DuckDBConnection, text: string): Promise<void> {
    try {
      await writer.run("rollback");
    } catch (error) {
      const message = messageOf(error);
      if (!message.includes("no transaction is active")) this.#fail(message, text);
    }
  }

  /**
   * Drops tables of this program. Rejects with DuckDB's error; what could not be dropped is dropped
   * with the next, for a table that stays takes memory for good.
   */
  async drop(names: readonly string[]): Promise<void> {
    for (const name of names) this.#toDrop.add(name);
    const dropping = [...this.#toDrop].map(async (name) => {
      await this.execute(sql`drop table if exists ${ident(name)}`);
      this.#toDrop.delete(name);
    });
    const failed = (await Promise.allSettled(dropping)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  /** Whether close() was called. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** Interrupts running queries, rejects waiting and new ones, and closes. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#pool.refuseAll(closingError());
    await this.#reopening.catch(() => {});
    await this.#closeOpened();
  }

  async #closeOpened(): Promise<void> {
    while (this.#running.size > 0) {
      // A query that has not started yet ignores an interrupt: repeat until all have ended.
      for (const connection of this.#running.keys()) connection.interrupt();
      await nextTask();
    }
    await this.#writing.catch(() => {});
    this.#forgetPrepared();
    const opened = this.#opened;
    this.#opened = null;
    if (opened === null) return;
    for (const connection of opened.readers) connection.closeSync();
    opened.writer.closeSync();
    opened.instance.closeSync();
  }

  #inTurn<T>(work: (writer: DuckDBConnection) => Promise<T>): Promise<T> {
    const next = () => work(this.#requireOpen().writer);
    const result = this.#writing.then(next, next);
    this.#writing = result.catch(() => {});
    return result;
  }

  #requireOpen(): Opened {
    if (this.#isClosing) throw closingError();
    if (this.#hasFailed || this.#opened === null) throw this.#refusal();
    return this.#opened;
  }

  /** Notes a fault of DuckDB itself: from now on everything is refused until `reopen`. */
  #fail(reason: string, text: string): void {
    if (this.#watcher === null) return;
    if (!this.#hasFailed) {
      this.#hasFailed = true;
      this.#pool.refuseAll(reopeningError());
      this.#watcher.failed(reason);
    }
    // Whoever is refused for an earlier fault is not to blame.
    if (!isRefusal(reason)) this.#watcher.failedOn(text);
  }

  /** What to throw for an error of a statement. */
  async #judged(error: unknown, connection: DuckDBConnection, text: string): Promise<unknown> {
    const message = messageOf(error);
    if (mayBeFault(message) && !await isUsable(connection)) this.#fail(message, text);
    return this.#hasFailed && this.#watcher !== null ? this.#refusal() : error;
  }

  async #run(connection: DuckDBConnection, query: Sql, limits: QueryLimits): Promise<Row[]> {
    if (limits.signal?.aborted) throw goneError();
    let stopped: "time" | "gone" | undefined;
    const stop = (why: "time" | "gone") => {
      stopped = why;
      connection.interrupt();
      cancel();
      // A query that has not started yet ignores an interrupt.
      cancel = this.#clock.after(INTERRUPT_MS, () => stop(why));
    };
    let cancel = limits.timeoutMs === undefined
      ? () => {}
      : this.#clock.after(limits.timeoutMs, () => stop("time"));
    const abort = () => stop("gone");
    limits.signal?.addEventListener("abort", abort);
    try {
      const rows = await this.#busy(
        connection,
        query.text,
        () => this.#read(connection, query, limits, () => stopped),
      );
      return rows.map((row) => typeof row === "string" ? rowOfText(row) : plainRow(row));
    } finally {
      // The next query on this connection must not be interrupted.
      cancel();
      limits.signal?.removeEventListener("abort", abort);
    }
  }

  /** Marks a connection as in use: closing it under running work would end the process. */
  async #busy<T>(
    connection: DuckDBConnection,
    text: string,
    work: () => Promise<T>,
  ): Promise<T> {
    this.#requireOpen();
    const ended = work();
    this.#running.set(connection, ended);
    try {
      return await ended;
    } catch (error) {
      throw await this.#judged(error, connection, text);
    } finally {
      this.#running.delete(connection);
    }
  }

  async #read(
    connection: DuckDBConnection,
    query: Sql,
    limits: QueryLimits,
    stopped: () => "time" | "gone" | undefined,
  ): Promise<RawRow[]> {
    try {
      return await rowsOf(connection, query);
    } catch (error) {
      const message = messageOf(error);
      if (stopped() === "gone" && !mayBeFault(message)) throw goneError();
      if (stopped() === "time" && !mayBeFault(message)) throw lateError(limits.timeoutMs);
      if (this.#isClosing && message.startsWith("INTERRUPT Error")) throw closingError();
      const shortage = shortageIn(message);
      if (shortage !== null) throw shortageError("Cannot read the events now", shortage);
      throw statementError(message, query.text);
    }
  }
}

/** A row by column name, or as a text of JSON. */
type RawRow = string | Record<string, unknown>;

/**
 * Runs a statement. Every native object that a result is read through, or a value bound by, leaves
 * some bytes behind for good: so rows are read as one text each, and a list is bound as one.
 */
async function rowsOf(connection: DuckDBConnection, query: Sql): Promise<RawRow[]> {
  const own = query.strings.reduce((text, part, index) => {
    const isList = Array.isArray(query.values[index - 1]);
    return `${text}${isList ? `($${index}::json::varchar[])` : `$${index}`}${part}`;
  });
  const hasRows = /^\s*(select|with)\b/i.test(own);
  const text = hasRows ? `select to_json(r)::varchar from (${own}\n) r` : own;
  const statement = await connection.prepare(text);
  try {
    query.values.forEach((value, index) => bind(statement, index + 1, value));
    const result = await statement.run();
    reportMemory(result);
    return hasRows ? textsOf(result) : await result.getRowObjectsJS();
  } finally {
    statement.destroySync();
  }
}

function bind(statement: DuckDBPreparedStatement, at: number, value: SqlValue): void {
  if (value === null) statement.bindNull(at);
  else if (typeof value === "string") statement.bindVarchar(at, value);
  else if (typeof value === "boolean") statement.bindBoolean(at, value);
  else if (typeof value === "bigint") statement.bindBigInt(at, value);
  else if (typeof value !== "number") statement.bindVarchar(at, JSON.stringify(value));
  else if (isBigint(value)) statement.bindBigInt(at, BigInt(value));
  else statement.bindDouble(at, value);
}

function textsOf(result: DuckDBMaterializedResult): string[] {
  const texts: string[] = [];
  for (let index = 0; index < result.chunkCount; index++) {
    for (const text of result.getChunk(index).getColumnValues(0)) texts.push(String(text));
  }
  return texts;
}

/**
 * Tells the garbage collector of the memory that a result holds outside of JavaScript, by an
 * untouched buffer of the same lifetime: DuckDB frees its memory only when the result is collected,
 * and a result alone looks like a few bytes. Measured: 5,000 small results leave 190 MB instead of
 * 750.
 */
function reportMemory(result: DuckDBMaterializedResult): void {
  const { columnCount, chunkCount } = result;
  WEIGHTS.set(result, new ArrayBuffer(RESULT_BYTES + chunkCount * columnCount * COLUMN_BYTES));
}

/** Whether a number is a whole one within BIGINT, even beyond the safe integers. */
function isBigint(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

/** Whether a connection answers at all. */
async function isUsable(connection: DuckDBConnection): Promise<boolean> {
  try {
    await connection.run("select 1");
    return true;
  } catch (error) {
    return !isRefusal(messageOf(error));
  }
}

/** Opens DuckDB in memory and locks it into the folder. */
async function openInMemory(duckdb: DuckDbModule, options: DbOptions): Promise<Opened> {
  const settings: Record<string, string> = {
    temp_directory: options.spillFolder,
    preserve_insertion_order: String(options.keepsOrder ?? false),
    // It would keep whatever was read from files, up to the memory limit; the system does that
    // already, and gives it back. Measured: the same times without it. Nothing else keeps what
    // questions read of a bucket.
    enable_external_file_cache: String(options.outside?.onReached !== undefined),
    // Every 16 MB it would compress the tables in memory while a commit waits, which takes longer
    // than the inserts. Hot tables are soon dropped, and hotRowsMax counts on rows as they are.
    checkpoint_threshold: "1TB",
    // Freed memory is returned to the system by a background thread.
    allocator_background_threads: "true",
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  };
  if (options.memoryLimit !== null) settings["memory_limit"] = options.memoryLimit;
  if (options.spillLimit) settings["max_temp_directory_size"] = options.spillLimit;
  if (options.threads !== null) settings["threads"] = String(options.threads);
  if (options.extension?.unsigned) settings["allow_unsigned_extensions"] = "true";
  const instance = await duckdb.DuckDBInstance.create(":memory:", settings);
  const writer = await instance.connect();
  const folder = options.folder.replaceAll("'", "''");
  await writer.run("set timezone = 'UTC'");
  await writer.run(createSourceType());
  await writer.run(`attach ':memory:' as ${SUMS_DATABASE} (compress)`);
  const { threadsMax } = options;
  if (threadsMax) {
    await writer.run(`set threads = least(current_setting('threads')::bigint, ${threadsMax})`);
  }
  const extensionFault = await loadExtension(writer, folder, options.extension);
  if (options.outside) await reachOutside(writer, options.outside);
  // Also as a pattern that means this folder alone, for paths whose wildcards mean themselves.
  const pattern = folder.replace(/[*?[]/g, "[$&]");
  const places = (options.outside?.places ?? []).map((place) => place.replaceAll("'", "''"));
  const allowed = [folder, pattern, ...places].map((place) => `'${place}'`).join(", ");
  await writer.run(`set allowed_directories = [${allowed}]`);
  if (options.paths) await writer.run(`set allowed_paths = ${pathList(options.paths)}`);
  await writer.run("set enable_external_access = false");
  await writer.run("set lock_configuration = true");
  const readers: DuckDBConnection[] = [];
  for (let count = 0; count < options.readers; count++) readers.push(await instance.connect());
  return { instance, writer, readers, extensionFault };
}

async function reachOutside(
  writer: DuckDBConnection,
  { statements, onReached }: OutsideOptions,
): Promise<void> {
  try {
    for (const statement of await statements()) await writer.run(statement.text);
    onReached?.(null);
  } catch (error) {
    if (!onReached) throw error;
    onReached(error);
  }
}

/** Paths as a list in SQL; those with wildcards also as the pattern that means them alone. */
function pathList(paths: readonly string[]): string {
  const all = new Set(paths.flatMap((path) => [path, path.replace(/[*?[]/g, "[$&]")]));
  return `[${[...all].map((path) => `'${path.replaceAll("'", "''")}'`).join(", ")}]`;
}

/** Loads an extension; its files go below the data folder. Returns what went wrong, or null. */
async function loadExtension(
  writer: DuckDBConnection,
  folder: string,
  extension: ExtensionOptions | undefined,
): Promise<string | null> {
  if (!extension) return null;
  try {
    await writer.run(`set extension_directory = '${folder}/.extensions'`);
    for (const statement of extension.statements) await writer.run(statement.text);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function plainRow(row: Record<string, unknown>): Row {
  const plain: Row = {};
  for (const [name, value] of Object.entries(row)) plain[name] = plainValue(name, value);
  return plain;
}

function plainValue(name: string, value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      throw new RangeError(`Cannot read column ${name}: ${value} is beyond exact numbers`);
    }
    return number;
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  return String(value);
}
