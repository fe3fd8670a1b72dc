// The sums of closed days that are asked for again and again, in tables of DuckDB: a year of them
// is read as soon as a month, and no file is opened. A table holds one split of one site, of some
// files. Such files never change, so it is right for every question that reads these files.
import { HOUR_MS, MINUTE_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import { ident, join, type Sql, sql } from "../../core/sql.ts";
import type { Clock, Log } from "../../core/types.ts";
import { SUMS_DATABASE } from "../../storage/duckdb.ts";
import { PauseError } from "../../storage/duckdb/faults.ts";
import type { Storage } from "../../storage/open.ts";
import { EDGE } from "./day_rows.ts";

/** What is asked for once is read from files. */
const ASKED_MIN = 2;
/** Tables are made after so long without a question, or when one was asked for so many times. */
const CALM_MS = 300;
const ASKED_MOST = 3;
/** Rows of one table, and of all. Compressed, a row takes some 20 bytes. */
const TABLE_ROWS_MAX = 600_000;
const ROWS_MAX = 1_500_000;
/** A table counts as so many rows at least. */
const TABLE_ROWS_MIN = 2_000;
/** More keys of visitors at the edge are read from their file: they change every day. */
const EDGE_ROWS_MAX = 50_000;
/** After so long without a question a table is dropped. */
const IDLE_MS = HOUR_MS;
/** One that was asked for since then stays: another that needs its room is not made. */
const STAYS_MS = 2 * MINUTE_MS;
/** What could not be made, or not for all files, is tried again after this. */
const RETRY_MS = 10 * MINUTE_MS;
const IN_USE = "Cannot CHECKPOINT";
const LOST_TABLE = /\b(split_\d+) does not exist/;

/** What tables are made of. */
export type SumsParts = Pick<Storage, "db" | "rollups">;

/** Limits; the constants above when missing. */
export interface SumsLimits {
  readonly askedMin?: number;
  readonly tableRowsMax?: number;
  readonly rowsMax?: number;
  readonly edgeRowsMax?: number;
}

/** The rows of some splits in some files; null where they are not in memory. */
export type FindSums = (shapes: readonly string[], paths: readonly string[]) => Sql | null;

/** One split of one site. */
interface SplitOfSite {
  readonly site: string;
  readonly shape: string;
}

/** A table of it. */
interface Made extends SplitOfSite {
  readonly table: string;
  readonly paths: ReadonlySet<string>;
  readonly rows: number;
  readonly hasEdge: boolean;
  usedMs: number;
}

/** What was asked for and is in no table. */
interface Wanted extends SplitOfSite {
  readonly paths: Set<string>;
  asked: number;
  askedMs: number;
  notBeforeMs: number;
}

/** A file of sums, and how many rows it has of a split and of its edge. */
interface Counted {
  readonly path: string;
  readonly rows: number;
  readonly edges: number;
}

/** Makes and keeps the tables. */
export class SumsInMemory {
  readonly #parts: SumsParts;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: Required<SumsLimits>;
  /** By site and split; the least recently used first. */
  readonly #made = new Map<string, Made>();
  readonly #wanted = new Map<string, Wanted>();
  readonly #toDrop = new Set<string>();
  #making: Promise<void> | null = null;
  #stopWaiting: () => void = () => {};
  #isLoose = false;
  #number = 0;

  constructor(parts: SumsParts, clock: Clock, log: Log, limits: SumsLimits = {}) {
    this.#parts = parts;
    this.#clock = clock;
    this.#log = log;
    this.#limits = {
      askedMin: ASKED_MIN,
      tableRowsMax: TABLE_ROWS_MAX,
      rowsMax: ROWS_MAX,
      edgeRowsMax: EDGE_ROWS_MAX,
      ...limits,
    };
  }

  /**
   * What one statement about a site reads of its sums: a relation like `read_parquet` of the files,
   * which may hold other splits and days, too. Who may not want them gets what others wanted.
   */
  of(site: string, mayWant = true): FindSums {
    const counted = mayWant ? new Set<string>() : null;
    return (shapes, paths) => {
      const found = new Set<string>();
      let isWhole = true;
      for (const name of shapes) {
        const made = this.#find(site, name, paths, counted);
        if (made) found.add(made.table);
        else isWhole = false;
      }
      if (!isWhole) return null;
      const [table = "", ...others] = found;
      if (others.length === 0) return nameOf(table);
      const rows = [...found].map((one) => sql`select * from ${nameOf(one)}`);
      return sql`(${join(rows, " union all by name ")})`;
    };
  }

  /** Whether a statement failed because a table of these is gone, as after DuckDB was reopened. */
  isLost(error: unknown): boolean {
    const [, table] = LOST_TABLE.exec(messageOf(error)) ?? [];
    for (const [key, made] of this.#made) if (made.table === table) this.#made.delete(key);
    return table !== undefined;
  }

  /** Makes what was asked for often enough, without waiting for a calm moment; never rejects. */
  make(): Promise<void> {
    return this.#making ??= this.#makeDue().finally(() => this.#making = null);
  }

  /** Drops the tables of files that are used no more, and those that nobody has asked for. */
  async sweep(): Promise<void> {
    const sinceMs = this.#clock.nowMs() - IDLE_MS;
    for (const [key, { askedMs }] of this.#wanted) {
      if (askedMs <= sinceMs) this.#wanted.delete(key);
    }
    for (const made of [...this.#made.values()]) {
      const known = this.#knownPaths(made.site);
      const isRight = [...made.paths].every((path) => known.has(path));
      if (!isRight || made.usedMs <= sinceMs) this.#remove(made);
    }
    await this.#dropRemoved();
    if (this.#isLoose && this.#making === null) await this.#compress().catch(() => {});
  }

  #find(
    site: string,
    name: string,
    paths: readonly string[],
    counted: Set<string> | null,
  ): Made | null {
    const isEdge = name.startsWith(EDGE);
    const shape = isEdge ? name.slice(EDGE.length) : name;
    const key = keyOf({ site, shape });
    const made = this.#made.get(key);
    if (made && paths.every((path) => made.paths.has(path))) {
      this.#made.delete(key);
      this.#made.set(key, made);
      made.usedMs = this.#clock.nowMs();
      return isEdge && !made.hasEdge ? null : made;
    }
    if (!isEdge && counted) {
      this.#want({ site, shape }, paths, !counted.has(key));
      counted.add(key);
    }
    return null;
  }

  #want({ site, shape }: SplitOfSite, paths: readonly string[], isNew: boolean): void {
    const key = keyOf({ site, shape });
    const nowMs = this.#clock.nowMs();
    const wanted = this.#wanted.get(key) ??
      { site, shape, paths: new Set<string>(), asked: 0, askedMs: nowMs, notBeforeMs: 0 };
    for (const path of paths) wanted.paths.add(path);
    if (isNew) wanted.asked++;
    wanted.askedMs = nowMs;
    this.#wanted.set(key, wanted);
    this.#stopWaiting();
    if (this.#making !== null) return;
    const due = this.#due();
    const make = () => void this.make();
    if (due.some(({ asked }) => asked >= ASKED_MOST)) make();
    else if (due.length > 0) this.#stopWaiting = this.#clock.after(CALM_MS, make);
  }

  #due(): Wanted[] {
    const nowMs = this.#clock.nowMs();
    return [...this.#wanted.values()].filter(({ asked, notBeforeMs }) =>
      asked >= this.#limits.askedMin && notBeforeMs <= nowMs
    );
  }

  async #makeDue(): Promise<void> {
    for (let [wanted] = this.#due(); wanted !== undefined; [wanted] = this.#due()) {
      if (this.#parts.db.isClosing) return;
      try {
        if (await this.#make(wanted)) this.#wanted.delete(keyOf(wanted));
      } catch (error) {
        if (this.#parts.db.isClosing) return;
        // DuckDB is opened again, as planned.
        if (!(error instanceof PauseError)) this.#warn(wanted.site, error);
      }
      wanted.notBeforeMs = this.#clock.nowMs() + RETRY_MS;
    }
    if (this.#isLoose) await this.#compress().catch(() => {});
  }

  #warn(site: string, error: unknown): void {
    const reason = messageOf(error).slice(0, 500);
    this.#log("warn", "Cannot keep sums in memory", { site_id: site, reason });
  }

  /** Makes a table; resolves with whether it holds all that is wanted. */
  async #make(wanted: Wanted): Promise<boolean> {
    const { site, shape, paths: asked } = wanted;
    const old = this.#made.get(keyOf({ site, shape }));
    const held = new Set([...asked, ...old?.paths ?? []]);
    const known = [...this.#knownPaths(site)].filter((path) => held.has(path));
    const files = await this.#thatFit(shape, known);
    // Meanwhile it may have been swept, as nobody has asked for long.
    if (this.#wanted.get(keyOf(wanted)) !== wanted) return false;
    if (files.length === 0 || (old && files.every(({ path }) => old.paths.has(path)))) return false;
    const edges = files.reduce((sum, file) => sum + file.edges, 0);
    const hasEdge = edges <= this.#limits.edgeRowsMax;
    const rows = files.reduce((sum, file) => sum + file.rows, hasEdge ? edges : 0);
    if (!this.#makeRoom(rows, old)) return false;
    const table = `split_${++this.#number}`;
    try {
      await this.#dropRemoved();
      await this.#fill(table, files, [shape, ...(hasEdge ? [EDGE + shape] : [])]);
      const paths = new Set(files.map(({ path }) => path));
      const usedMs = this.#clock.nowMs();
      const replaced = this.#made.get(keyOf({ site, shape }));
      if (replaced) this.#remove(replaced);
      this.#made.set(keyOf({ site, shape }), { site, shape, table, paths, rows, hasEdge, usedMs });
    } catch (error) {
      this.#toDrop.add(table);
      throw error;
    } finally {
      await this.#dropRemoved();
    }
    return files.length === known.length;
  }

  /** The newest of some files whose rows of a split are not too many. */
  async #thatFit(shape: string, paths: readonly string[]): Promise<Counted[]> {
    const found: Counted[] = [];
    let rows = 0;
    for (const path of paths) {
      const [row] = await this.#parts.db.query(sql`select
          count(*) filter (shape = ${shape}) as rows, count(*) filter (shape <> ${shape}) as edges
        from ${this.#file(path)} where shape in (${shape}, ${EDGE + shape})`);
      rows += Number(row?.["rows"]);
      if (rows > this.#limits.tableRowsMax) break;
      found.push({ path, rows: Number(row?.["rows"]), edges: Number(row?.["edges"]) });
    }
    return found;
  }

  /** A file at a time, for rows take ten times as much before they are compressed. */
  async #fill(table: string, files: readonly Counted[], shapes: readonly string[]): Promise<void> {
    const { db } = this.#parts;
    const names = join(shapes.map((name) => sql`${name}`));
    for (const [index, { path }] of files.entries()) {
      const start = index === 0
        ? sql`create table ${nameOf(table)} as`
        : sql`insert into ${nameOf(table)} by name`;
      await db.query(sql`${start}
        select * from ${this.#file(path)} where shape in (${names})`);
      await this.#compress();
    }
  }

  /** Where a question reads a table at this moment, that is put off. */
  async #compress(): Promise<void> {
    this.#isLoose = true;
    try {
      await this.#parts.db.query(sql`checkpoint ${ident(SUMS_DATABASE)}`);
      this.#isLoose = false;
    } catch (error) {
      if (!messageOf(error).includes(IN_USE)) throw error;
    }
  }

  #file(path: string): Sql {
    return sql`read_parquet(${this.#parts.rollups.absolute(path)})`;
  }

  /** The files of a site's sums, the newest days first. */
  #knownPaths(site: string): ReadonlySet<string> {
    const days = this.#parts.rollups.view(site)?.days ?? [];
    return new Set(days.toReversed().map(({ path }) => path));
  }

  /**
   * Removes tables that nobody asked for lately, those not asked for the longest first, until one
   * of so many rows fits instead of another; false, and none is removed, where it would not.
   */
  #makeRoom(rows: number, replaced: Made | undefined): boolean {
    const sinceMs = this.#clock.nowMs() - STAYS_MS;
    const others = [...this.#made.values()].filter((made) => made !== replaced);
    let room = this.#limits.rowsMax - sizeOf({ rows });
    for (const made of others) room -= sizeOf(made);
    const leaving: Made[] = [];
    for (const made of others) {
      if (room >= 0) break;
      if (made.usedMs > sinceMs) continue;
      room += sizeOf(made);
      leaving.push(made);
    }
    if (room < 0) return false;
    for (const made of leaving) this.#remove(made);
    return true;
  }

  #remove(made: Made): void {
    this.#made.delete(keyOf(made));
    this.#toDrop.add(made.table);
  }

  async #dropRemoved(): Promise<void> {
    for (const table of this.#toDrop) {
      await this.#parts.db.query(sql`drop table if exists ${nameOf(table)}`)
        .then(() => this.#toDrop.delete(table), () => {});
    }
  }
}

function sizeOf({ rows }: Pick<Made, "rows">): number {
  return Math.max(rows, TABLE_ROWS_MIN);
}

function keyOf({ site, shape }: SplitOfSite): string {
  return `${site}\n${shape}`;
}

function nameOf(table: string): Sql {
  return sql`${ident(SUMS_DATABASE)}.${ident(table)}`;
}
