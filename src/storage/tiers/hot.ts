// The hot tier: accepted events that are not yet in Parquet, in DuckDB tables. Before a query
// reads, before a flush and each second, pending events of the journal go into the open table in
// bulk. A flush freezes that table and starts another, so that what it writes no longer changes.
import { ident, raw, type Sql, sql } from "../../core/sql.ts";
import { messageOf } from "../../core/errors.ts";
import { Mutex } from "../../core/mutex.ts";
import type { Log } from "../../core/types.ts";
import type { Catalog } from "./catalog.ts";
import type { JournalLines } from "../state/ops/journal_lines.ts";
import type { Store } from "../state/store.ts";
import type { Journal, PendingEvent } from "./journal.ts";
import type { Db } from "../duckdb.ts";
import { cut, isOfValues, PauseError, reopeningError } from "../duckdb/faults.ts";
import type { Partition } from "../parquet/partition.ts";
import { TableRows } from "../duckdb/table_rows.ts";
import {
  ALL_COLUMNS,
  createHotTable,
  insertHotEvents,
  insertJournalLines,
  jsonArray,
  literalPath,
} from "../parquet/schema.ts";

const INSERTED_AT_ONCE = 2048;
const REASON_CHARS_MAX = 300;

/** One frozen table: the journal rows it holds are in `seqFrom … seqTo`. */
export interface HotTable {
  readonly name: string;
  readonly rows: number;
  readonly seqFrom: number;
  readonly seqTo: number;
}

/** A partition in hot tables. */
export interface HotPartition extends Partition {
  readonly rows: number;
  /** Time of its first event, in microseconds. */
  readonly firstUs: number;
}

/** Whether the hot tier is full, and how that is changed. */
export interface HotRoom {
  /** Whether it is full once so many rows more are in it. */
  isFull(rows: number): boolean;
  flush(): Promise<void>;
  /** Rows of the journal that are brought in by one statement. */
  readonly rowsAtOnce: number;
  /** Two files for them, which nobody else uses. */
  readonly files: readonly [string, string];
}

interface OpenTable {
  name: string;
  rows: number;
  seqFrom: number;
  seqTo: number;
}

/** The hot tables, filled from the journal. */
export class Hot {
  readonly #db: Db;
  readonly #log: Log;
  readonly #catalog: Catalog;
  readonly #mutex = new Mutex();
  readonly #journal: Journal;
  /** Events on their way into the open table. */
  #moving = 0;
  #open: OpenTable;
  #frozen: HotTable[] = [];
  #number: number;
  /** By table and site: the time of its first event, or an earlier one. */
  readonly #first = new Map<string, Map<string, number>>();
  readonly #siteRows = new TableRows();
  /** Sites of which an engagement was hot at some time. */
  readonly #engaged = new Set<string>();
  /** From a fault of DuckDB on until all events are here again. */
  #refilling: "fault" | "pause" | null = null;

  private constructor(db: Db, catalog: Catalog, journal: Journal, log: Log, open: OpenTable) {
    this.#log = log;
    this.#db = db;
    this.#catalog = catalog;
    this.#journal = journal;
    this.#open = open;
    this.#number = 1;
  }

  /** Makes the first table and publishes it. */
  static async create(db: Db, catalog: Catalog, journal: Journal, log: Log): Promise<Hot> {
    const name = tableName(1);
    await db.execute(createHotTable(name));
    catalog.publish({ ...catalog.current, hotTables: [name] });
    return new Hot(db, catalog, journal, log, { name, rows: 0, seqFrom: 0, seqTo: 0 });
  }

  /** Events accepted and not yet in Parquet. */
  get rows(): number {
    return this.#journal.pendingCount + this.#moving + this.#open.rows +
      this.#frozen.reduce((sum, table) => sum + table.rows, 0);
  }

  /** Rows of the journal that DuckDB does not take. */
  get unreadableCount(): number {
    return this.#journal.unreadableCount;
  }

  /** Whether the journal has events from before that are not here yet. */
  get isLoading(): boolean {
    return this.#journal.isLoading;
  }

  /** Time of a site's first event in some tables, or earlier; Infinity where there is none. */
  firstUs(tables: readonly string[], site: string): number {
    return Math.min(...tables.map((name) => this.#first.get(name)?.get(site) ?? Infinity));
  }

  /** Adds the events that are in some tables or on their way there to `counts` by site. */
  addRowsTo(counts: Map<string, number>, tables: readonly string[]): void {
    this.#siteRows.addTo(counts, tables);
    this.#journal.addPendingTo(counts);
  }

  /** Whether engagements of a site may be hot. */
  mayHoldEngagement(site: string): boolean {
    return this.#engaged.has(site);
  }

  /**
   * At start: brings in what the journal holds from before, which `reader` reads. Reports rows that
   * hold no event. What is hot is flushed where `room` says that it is full; a flush may erase of
   * the journal, or fill everything anew.
   */
  async load(
    reader: Store,
    onUnreadable: (seq: number) => void,
    room: HotRoom,
  ): Promise<void> {
    await this.#journal.forgetUnreadable();
    let [path, otherPath] = room.files;
    let next = await this.#journal.nextLines(reader, path, room.rowsAtOnce);
    while (next !== null) {
      const found = next;
      const isFull = room.isFull(found.rows);
      // The other thread reads while DuckDB inserts. What is read before a flush may be erased
      // after it: nothing is.
      [path, otherPath] = [otherPath, path];
      const following = isFull
        ? null
        : this.#journal.nextLines(reader, path, room.rowsAtOnce, found.seqTo);
      try {
        await this.#mutex.run(() => this.#insertLines(found));
      } catch {
        // Among them is a row that holds no event, or a text that DuckDB does not take.
        await this.#journal.loadRows(found.rows, onUnreadable);
        await this.#syncInTurn();
      }
      if (isFull) {
        await this.#mutex.run(() => this.#noteOpen());
        await room.flush();
        // Who filled everything anew has brought it all.
        if (!this.isLoading) return;
      }
      next = await (following ?? this.#journal.nextLines(reader, path, room.rowsAtOnce));
    }
    await this.#mutex.run(() => this.#noteOpen());
    while (await this.#journal.loadNext(onUnreadable)) await this.#syncInTurn();
    await this.#syncInTurn();
  }

  /**
   * Begins anew on a DuckDB that `reopen` opens and that is empty, and calls `load`. Nothing may
   * flush or erase meanwhile; whoever reads is refused, until it has succeeded.
   */
  async refill(reopen: () => Promise<void>, load: () => Promise<void>): Promise<void> {
    this.#refilling = this.#db.hasFailed ? "fault" : "pause";
    await this.#mutex.run(async () => {
      await reopen();
      await this.#journal.rewind();
      // The name is new, so that no statement of before reads a table that is half full.
      const name = tableName(++this.#number);
      await this.#db.execute(createHotTable(name));
      this.#frozen = [];
      this.#first.clear();
      this.#siteRows.clear();
      this.#open = { name, rows: 0, seqFrom: 0, seqTo: 0 };
      this.#publishTables();
    });
    await load();
    this.#refilling = null;
  }

  /** Brings everything accepted so far into the open table. Rejects with DuckDB's error. */
  async sync(): Promise<void> {
    this.requireWhole();
    await this.#syncInTurn();
  }

  /** Throws `unavailable` while events are missing here, as DuckDB was opened again. */
  requireWhole(): void {
    if (this.#refilling === null) return;
    throw this.#refilling === "pause" ? new PauseError() : reopeningError();
  }

  #syncInTurn(): Promise<void> {
    if (this.#journal.pendingCount === 0) return this.#mutex.idle();
    return this.#mutex.run(() => this.#sync());
  }

  /** Freezes what is hot now. Returns every frozen table, none when nothing is hot. */
  freeze(): Promise<readonly HotTable[]> {
    return this.#mutex.run(async () => {
      await this.#sync();
      if (this.#open.rows > 0) {
        const full = this.#open;
        const name = tableName(++this.#number);
        await this.#db.execute(createHotTable(name));
        this.#frozen.push({ ...full });
        this.#open = { name, rows: 0, seqFrom: full.seqTo + 1, seqTo: full.seqTo };
        this.#publishTables();
      }
      return [...this.#frozen];
    });
  }

  /** Every table, the open one last. */
  get tables(): readonly HotTable[] {
    return [...this.#frozen, { ...this.#open }];
  }

  /** The (site, date) partitions present in some tables with their rows, in order. */
  async partitions(tables: readonly HotTable[]): Promise<HotPartition[]> {
    const rows = await this.#db.query(sql`
      select site_id, strftime(timestamp, '%Y-%m-%d') as date, count(*) as rows,
        min(epoch_us(timestamp)) as first_us
      from (${unionOf(tables)})
      group by all
      order by all`);
    return rows.map((row) => ({
      site_id: String(row["site_id"]),
      date: String(row["date"]),
      rows: Number(row["rows"]),
      firstUs: Number(row["first_us"]),
    }));
  }

  /** A table of the rows of some partitions in frozen tables, which may then be released. */
  keep(tables: readonly HotTable[], kept: readonly HotPartition[]): Promise<HotTable> {
    return this.#mutex.run(() => this.#keep(tables, kept));
  }

  /**
   * Releases frozen tables; what stays hot of them is in `rest`. Returns the hot table names of the
   * next snapshot; the caller publishes it and disposes with `drop`. It cannot fail, for what was
   * released is no longer in the journal.
   */
  release(tables: readonly HotTable[], rest: HotTable | null): readonly string[] {
    const others = this.#frozen.filter((table) => !tables.includes(table));
    this.#frozen = rest === null ? others : [rest, ...others];
    return this.#names();
  }

  /** Drops tables nobody can read any more. */
  async drop(tables: readonly HotTable[]): Promise<void> {
    for (const { name } of tables) {
      this.#first.delete(name);
      this.#siteRows.drop(name);
    }
    await this.#db.drop(tables.map(({ name }) => name));
  }

  /**
   * Deletes one site's hot rows of the UTC dates `firstDate … lastDate`, of before a time where one
   * is given (µs); returns their number.
   */
  erase(
    site: string,
    firstDate: string,
    lastDate: string,
    toUs: number = Number.MAX_SAFE_INTEGER,
  ): Promise<number> {
    return this.#mutex.run(async () => {
      await this.#sync();
      let erased = 0;
      const remove = async (name: string) => {
        const rows = await this.#db.execute(sql`
          delete from ${ident(name)}
          where site_id = ${site}
            and timestamp >= ${firstDate}::timestamp
            and timestamp < ${lastDate}::timestamp + interval 1 day
            and timestamp < make_timestamp(${toUs})`);
        const count = Number(rows[0]?.["Count"] ?? 0);
        erased += count;
        this.#siteRows.add(name, site, -count);
        return count;
      };
      this.#open.rows -= await remove(this.#open.name);
      for (const [index, table] of this.#frozen.entries()) {
        this.#frozen[index] = { ...table, rows: table.rows - await remove(table.name) };
      }
      return erased;
    });
  }

  async #keep(tables: readonly HotTable[], kept: readonly HotPartition[]): Promise<HotTable> {
    const name = tableName(++this.#number);
    const keys = kept.map(({ site_id, date }) => `${date} ${site_id}`);
    await this.#db.execute(createHotTable(name));
    const insert = this.#db.execute(sql`
      insert into ${ident(name)}
      select ${ALL_COLUMNS}
      from (${unionOf(tables)})
      where strftime(timestamp, '%Y-%m-%d') || ' ' || site_id in (
        select unnest(${keys}))`);
    const inserted = await insert.catch(async (error) => {
      await this.#db.drop([name]).catch(() => {});
      throw error;
    });
    for (const { site_id, rows } of kept) this.#siteRows.add(name, site_id, rows);
    for (const table of tables) {
      for (const { site_id } of kept) {
        this.#note(name, site_id, this.firstUs([table.name], site_id));
      }
    }
    return {
      name,
      rows: Number(inserted[0]?.["Count"] ?? 0),
      seqFrom: Math.min(...tables.map((table) => table.seqFrom)),
      seqTo: Math.max(...tables.map((table) => table.seqTo)),
    };
  }

  /** Inserts what is pending; a row that DuckDB does not take is set aside, and keeps none back. */
  async #sync(): Promise<void> {
    const events = this.#journal.take();
    if (events.length === 0) return;
    this.#moving = events.length;
    for (const { site_id, timestamp, isEngagement } of events) {
      this.#note(this.#open.name, site_id, timestamp);
      this.#siteRows.add(this.#open.name, site_id, 1);
      if (isEngagement) this.#engaged.add(site_id);
    }
    let done = 0;
    // Parts are inserted in order: what remains after an error is the end.
    const insert = async (part: readonly PendingEvent[]): Promise<void> => {
      const bad = await this.#insertEvents(part);
      if (bad !== null && part.length > 1) {
        const half = Math.ceil(part.length / 2);
        await insert(part.slice(0, half));
        return await insert(part.slice(half));
      }
      if (bad !== null) await this.#setAside(part, bad);
      else this.#open.rows += part.length;
      done += part.length;
      this.#moving -= part.length;
      this.#open.seqTo = part.at(-1)?.seq ?? this.#open.seqTo;
    };
    try {
      await insert(events);
    } catch (error) {
      const left = events.slice(done);
      for (const { site_id } of left) this.#siteRows.add(this.#open.name, site_id, -1);
      this.#journal.putBack(left);
      throw error;
    } finally {
      this.#moving = 0;
    }
  }

  /** Inserts all of them or none; resolves with what is wrong where it is wrong with an event. */
  async #insertEvents(events: readonly PendingEvent[]): Promise<unknown> {
    try {
      await this.#db.executeEach(insertHotEvents(this.#open.name), textsOf(events));
      return null;
    } catch (error) {
      if (!isOfValues(error)) throw error;
      // Where nothing at all can be inserted, no event is to blame.
      if (events.length === 1) {
        await this.#db.executeEach(insertHotEvents(this.#open.name), [jsonArray([])]);
      }
      return error;
    }
  }

  async #setAside(events: readonly PendingEvent[], reason: unknown): Promise<void> {
    await this.#journal.setAside(events.map(({ seq }) => seq));
    for (const { seq, site_id } of events) {
      this.#siteRows.add(this.#open.name, site_id, -1);
      this.#log("error", "Set an event aside that DuckDB does not take: it stays in the journal", {
        seq,
        site_id,
        reason: cut(messageOf(reason), REASON_CHARS_MAX),
      });
    }
  }

  async #insertLines({ path, rows, seqTo }: JournalLines): Promise<void> {
    const insert = insertJournalLines(this.#open.name);
    await this.#db.executeEach(insert, [literalPath(path)], rows);
    this.#open.rows += rows;
    this.#open.seqTo = seqTo;
    this.#journal.loaded(seqTo);
  }

  /** Looks up the times of what was inserted without a look at each event. */
  async #noteOpen(): Promise<void> {
    const { name } = this.#open;
    const found = await this.#db.query(sql`
      select site_id, epoch_us(min(timestamp)) as first_us, epoch_us(max(timestamp)) as last_us,
        count(engaged_ms) > 0 as is_engaged, count(*) as rows
      from ${ident(name)}
      group by site_id`);
    for (const { site_id, first_us, last_us, is_engaged, rows } of found) {
      this.#siteRows.set(name, String(site_id), Number(rows));
      if (is_engaged) this.#engaged.add(String(site_id));
      this.#note(name, String(site_id), Number(first_us));
      this.#catalog.changed(String(site_id));
      this.#journal.noteTime(Number(last_us));
    }
  }

  #note(table: string, site: string, us: number): void {
    let sites = this.#first.get(table);
    if (!sites) this.#first.set(table, sites = new Map());
    if (us < (sites.get(site) ?? Infinity)) sites.set(site, us);
  }

  #names(): string[] {
    return [...this.#frozen.map((table) => table.name), this.#open.name];
  }

  #publishTables(): void {
    this.#catalog.publish({ ...this.#catalog.current, hotTables: this.#names() });
  }
}

/**
 * Events as texts that DuckDB reads one at a time. Each is made when its turn comes, so that
 * requests wait for one only.
 */
function textsOf(events: readonly PendingEvent[]): (() => string)[] {
  const texts: (() => string)[] = [];
  for (let from = 0; from < events.length; from += INSERTED_AT_ONCE) {
    const textOf = () => {
      const some = events.slice(from, from + INSERTED_AT_ONCE);
      return jsonArray(some.map(({ json }) => json));
    };
    texts.push(textOf);
  }
  return texts;
}

/** Name of the n-th hot table. */
function tableName(number: number): string {
  return `hot_${number}`;
}

/** The rows of several hot tables. */
export function unionOf(tables: readonly HotTable[]): Sql {
  return tables.map((table) => sql`select ${ALL_COLUMNS} from ${ident(table.name)}`)
    .reduce((all, part) => sql`${all}${raw(" union all ")}${part}`);
}
