// Sole importer of node:sqlite: opens DATA_DIR/mallard.sqlite so that what was committed survives
// a power cut, and runs statements. It knows no table.
import { backup, DatabaseSync, type StatementSync } from "node:sqlite";
import { messageOf } from "../../core/errors.ts";
import { byteAt, linkOf, sizeOf } from "./sync_files.ts";

/** A value SQLite stores. */
export type SqliteValue = string | number | bigint | null | Uint8Array;

const BUSY_MS = 5000;
/** How long emptying the log may keep events waiting for another program that reads. */
const EMPTYING_MS_MAX = 100;
/** A log that is restarted is cut to this length. */
const LOG_BYTES_KEPT = 16 * 1024 * 1024;

/** More pages than any file has. */
const PAGES_AT_ONCE = 2 ** 31 - 1;
/** Place and value of the format in SQLite's file header. */
const FORMAT_OFFSET = 18;
const FORMAT_WITH_LOG = 2;

/** One row by column name. Integers are numbers. */
export type SqliteRow = Record<string, string | number | null>;

/** An open SQLite database. Every method may throw the error of SQLite (disk full, damaged …). */
export class Sqlite {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Whether the log may still hold what was erased. */
  #owesEmptying = false;
  readonly #path: string;
  /** What the paths of the file and its log were linked to when it was opened. */
  readonly #links: string[];

  private constructor(path: string, pragmas: readonly string[], readOnly = false) {
    this.#path = path;
    this.#db = new DatabaseSync(path, { readOnly });
    try {
      for (const pragma of pragmas) this.#db.exec(`pragma ${pragma}`);
      // A log that belongs to no transaction is removed by the first look at the file.
      this.#links = linksOf(path);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Opens or creates the file: write-ahead log, fsync at every commit, erased pages zeroed. */
  static open(path: string): Sqlite {
    return new Sqlite(path, [
      `busy_timeout = ${BUSY_MS}`,
      "journal_mode = wal",
      `journal_size_limit = ${LOG_BYTES_KEPT}`,
      "synchronous = full",
      "secure_delete = on",
      "foreign_keys = on",
    ]);
  }

  /** Opens a file for reading, beside another process that may write it. */
  static openReader(path: string): Sqlite {
    return new Sqlite(path, ["busy_timeout = 5000"], true);
  }

  /** Opens a file that nobody writes, on a read-only file system, too, and writes nothing. */
  static openImmutable(path: string): Sqlite {
    if (!hasLog(path)) return new Sqlite(path, [], true);
    // A copy made by an earlier version is in WAL mode: SQLite opens it without a log if told so
    // by a URI. Deno accepts a URI only with all permissions.
    const uri = `file:${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}?immutable=1`;
    try {
      return new Sqlite(uri, [], true);
    } catch (error) {
      if (!/unable to open/.test(messageOf(error))) throw error;
      return new Sqlite(path, ["busy_timeout = 5000"], true);
    }
  }

  /** Opens a file to write into, without a step that changes its form. */
  static openWriter(path: string): Sqlite {
    return new Sqlite(path, ["busy_timeout = 5000", "synchronous = full", "secure_delete = on"]);
  }

  /** Opens or creates a file that no other process can open while this one lives. */
  static lock(path: string): Sqlite {
    const db = new Sqlite(path, ["busy_timeout = 0", "locking_mode = exclusive"]);
    try {
      db.exec("begin exclusive; create table if not exists held (x); commit");
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  }

  /** Opens a file that may be damaged, to read what can be read. */
  static openDamaged(path: string): Sqlite {
    return new Sqlite(path, [`busy_timeout = ${BUSY_MS}`]);
  }

  /**
   * Throws unless the file and its log still lie at their paths: what was committed to a file that
   * was deleted or covered by another is lost when the process ends.
   */
  requireLinked(): void {
    const now = linksOf(this.#path);
    // The log is made by the first transaction.
    now.forEach((link, index) => this.#links[index] ||= link);
    if (now.every((link, index) => link === this.#links[index])) return;
    throw new Error(`Cannot keep events in ${this.#path}: the file was removed or replaced`);
  }

  /** Checks the whole file, or one of its tables. Throws an error that says what is wrong. */
  check(table?: string): void {
    const what = table === undefined ? "1" : `'${table}'`;
    const found = String(this.get(`pragma quick_check(${what})`)?.["quick_check"] ?? "nothing");
    if (found !== "ok") throw new Error(`database disk image is malformed: ${found}`);
  }

  /** Checks every table but the named ones. Throws an error that says what is wrong. */
  checkBut(unchecked: readonly string[]): void {
    const tables = this.all("select name from sqlite_schema where type = 'table'");
    for (const { name } of tables) {
      if (!unchecked.includes(String(name))) this.check(String(name));
    }
  }

  /** Size of the file in bytes. */
  get bytes(): number {
    return sizeOf(this.#path);
  }

  /** Runs statements that return nothing. */
  exec(text: string): void {
    this.#db.exec(text);
  }

  /** Runs one statement; returns the id of the last inserted row and the number of rows changed. */
  run(text: string, ...values: SqliteValue[]): { lastId: number; changes: number } {
    const result = this.#prepare(text).run(...values);
    return { lastId: Number(result.lastInsertRowid), changes: Number(result.changes) };
  }

  /** All rows of a query. */
  all(text: string, ...values: SqliteValue[]): SqliteRow[] {
    return this.#prepare(text).all(...values) as SqliteRow[];
  }

  /** The rows of a query one by one, as far as they can be read. */
  *each(text: string, ...values: SqliteValue[]): Generator<SqliteRow> {
    yield* this.#db.prepare(text).iterate(...values) as Iterable<SqliteRow>;
  }

  /** The first row of a query, or undefined. */
  get(text: string, ...values: SqliteValue[]): SqliteRow | undefined {
    return this.#prepare(text).get(...values) as SqliteRow | undefined;
  }

  /** Runs `work` in one transaction: all of it is on disk when this returns, or none. */
  transaction<T>(work: () => T): T {
    this.#db.exec("begin immediate");
    try {
      const result = work();
      this.#db.exec("commit");
      return result;
    } catch (error) {
      try {
        this.#db.exec("rollback");
      } catch {
        // SQLite has already rolled back by itself (disk full); report the first error.
      }
      throw error;
    }
  }

  /** Runs `work`, which a power cut may undo until the next transaction outside of it. */
  unsynced<T>(work: () => T): T {
    this.#db.exec("pragma synchronous = normal");
    try {
      return work();
    } finally {
      this.#db.exec("pragma synchronous = full");
    }
  }

  /**
   * Moves the log into the file and empties it, so that nothing erased stays in it. Where another
   * program reads, the next `shrinkLog` tries again.
   */
  emptyLog(): void {
    this.#db.exec(`pragma busy_timeout = ${EMPTYING_MS_MAX}`);
    try {
      const { busy } = this.get("pragma wal_checkpoint(truncate)") ?? {};
      this.#owesEmptying = busy !== 0;
    } finally {
      this.#db.exec(`pragma busy_timeout = ${BUSY_MS}`);
    }
  }

  /** Empties the log where it is longer than `bytesMax`; returns its length after that. */
  shrinkLog(bytesMax: number): number {
    if (this.#owesEmptying || this.#logBytes() > bytesMax) this.emptyLog();
    return this.#logBytes();
  }

  /** Length of the log, as far as it is in use; waits for nobody. */
  #logBytes(): number {
    const pages = Number(this.get("pragma wal_checkpoint(passive)")?.["log"] ?? 0);
    return pages * Number(this.get("pragma page_size")?.["page_size"] ?? 0);
  }

  /**
   * Copies the whole file, in one step and so as of one instant, into one that needs no log beside
   * it. Rejects with SQLite's error.
   */
  async copyInto(path: string): Promise<void> {
    await backup(this.#db, path, { rate: PAGES_AT_ONCE });
    const copy = Sqlite.openWriter(path);
    try {
      copy.exec("pragma journal_mode = delete");
    } finally {
      copy.close();
    }
  }

  /** Closes the file after moving the log into it. */
  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }
}

/** Whether a file's header says that it has a write-ahead log. */
function hasLog(path: string): boolean {
  return byteAt(path, FORMAT_OFFSET) === FORMAT_WITH_LOG;
}

/** What the paths of a file and its log are linked to. */
function linksOf(path: string): string[] {
  return [path, `${path}-wal`].map(linkOf);
}
