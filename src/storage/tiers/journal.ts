// The journal of accepted events: what `append` has resolved for survives a power cut. Events that
// no hot table holds yet stay in memory, in order of their `seq`, until the hot tier loads them.
import { type Event, utcDate } from "../../core/event.ts";
import { DAY_US } from "../../core/durations.ts";
import { Mutex } from "../../core/mutex.ts";
import type { Clock } from "../../core/types.ts";
import type { ImportMark } from "../state/ops/import_ops.ts";
import type { Store } from "../state/store.ts";
import type { JournalLines } from "../state/ops/journal_lines.ts";
import { type JournalEntry, type JournalRow, packRow } from "../state/ops/journal_row.ts";
import type { Catalog } from "./catalog.ts";
import { journalJson, readJournaledRow } from "./journaled_event.ts";
import type { Proposals } from "./proposals.ts";

const LOAD_ROWS = 10_000;

/** An event on its way into the hot tier, as JSON that was made once. */
export interface PendingEvent {
  /** 0 until it is in the journal. */
  seq: number;
  readonly site_id: string;
  /** Microseconds since 1970 UTC. */
  readonly timestamp: number;
  readonly isEngagement: boolean;
  readonly json: string;
}

/** Accepted events not yet in Parquet, in mallard.sqlite. */
export class Journal {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #proposals: Proposals;
  readonly #clock: Clock;
  readonly #mutex = new Mutex();
  #pending: PendingEvent[] = [];
  #unreadable = 0;
  /** Rows up to this `seq` were read by `loadNext`. */
  #loadedSeqTo = 0;
  /** Until all is loaded, appended events are on disk only: `loadNext` reads them later. */
  #isLoading = true;
  #lastTimestampUs: number;
  #date = { day: NaN, text: "" };

  private constructor(
    store: Store,
    catalog: Catalog,
    proposals: Proposals,
    clock: Clock,
    lastTimestampUs: number,
  ) {
    this.#store = store;
    this.#catalog = catalog;
    this.#proposals = proposals;
    this.#clock = clock;
    this.#lastTimestampUs = lastTimestampUs;
  }

  /** A journal that `loadNext` has yet to read. */
  static async open(
    store: Store,
    catalog: Catalog,
    proposals: Proposals,
    clock: Clock,
  ): Promise<Journal> {
    const flushedUs = Number(await store.run("getMeta", "last_timestamp_us") ?? 0);
    const lastUs = Math.max(flushedUs, await store.run("newestJournaledUs", undefined));
    return new Journal(store, catalog, proposals, clock, lastUs);
  }

  /** Whether `loadNext` has yet to read events of an earlier run. */
  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** Number of events that the hot tier has not taken yet. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Adds them to `counts` by site. */
  addPendingTo(counts: Map<string, number>): void {
    for (const { site_id } of this.#pending) counts.set(site_id, (counts.get(site_id) ?? 0) + 1);
  }

  /** Highest timestamp (µs) of the events flushed or loaded, as far as is known. */
  get lastTimestampUs(): number {
    return this.#lastTimestampUs;
  }

  /**
   * Commits events in one transaction: all are on disk when this resolves, none when it rejects
   * (with SQLite's message). Calls are taken one after the other.
   */
  append(events: readonly Event[], imports: readonly ImportMark[] = []): Promise<void> {
    return this.#mutex.run(() => this.#append(events, imports));
  }

  /** Rows that hold no event DuckDB takes: they stay in the journal, and are counted nowhere. */
  get unreadableCount(): number {
    return this.#unreadable;
  }

  /** Leaves rows in the journal for good. Their events are not to be taken again. */
  async setAside(seqs: readonly number[]): Promise<void> {
    if (seqs.length === 0) return;
    this.#unreadable = await this.#store.run("noteUnreadable", seqs);
  }

  /** Before all rows are read again. */
  async forgetUnreadable(): Promise<void> {
    await this.#store.run("forgetUnreadable", undefined);
    this.#unreadable = 0;
  }

  /** Takes the pending events in the order of their `seq`; the caller owns them then. */
  take(): readonly PendingEvent[] {
    const events = this.#pending;
    this.#pending = [];
    return events;
  }

  /** Returns events that were taken and could not be stored; later ones follow them. */
  putBack(events: readonly PendingEvent[]): void {
    this.#pending = [...events, ...this.#pending];
  }

  /** Number of one site's journal rows of the UTC dates `firstDate … lastDate`. */
  count(site: string, firstDate: string, lastDate: string): Promise<number> {
    return this.#store.run("countJournal", { site_id: site, firstDate, lastDate });
  }

  /** Runs `work` while nothing is appended. */
  whilePaused<T>(work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(work);
  }

  /**
   * Erases one site's rows of some dates, of before `toUs` where that is given; in the same
   * transaction files become pending deletes. Resolves with the number of rows. Call it
   * `whilePaused`, and erase the same from the hot tier before the end of the pause: an event
   * accepted in between would be lost.
   */
  async erase(
    site: string,
    firstDate: string,
    lastDate: string,
    paths: readonly string[],
    toUs?: number,
  ): Promise<number> {
    const range = { site_id: site, firstDate, lastDate, paths, toUs };
    const rows = await this.#store.run("eraseRange", range);
    if (this.#proposals.has(site)) await this.#proposals.reload();
    if (this.#unreadable > 0) {
      this.#unreadable = await this.#store.run("countUnreadable", undefined);
    }
    return rows;
  }

  /**
   * Counts a proposed site from now on: its events enter the journal and are pending, as events
   * of `into`, which differs in case alone. Resolves with their number.
   */
  acceptProposed(site: string, into = site): Promise<number> {
    return this.#mutex.run(async () => {
      const move = { site_id: site, into, atMs: this.#clock.nowMs() };
      const rows = await this.#store.run("acceptProposed", move);
      this.#proposals.forget(site);
      if (rows.length === 0) return 0;
      this.#catalog.addSite(into);
      this.#catalog.changed(into);
      if (!this.#isLoading) await this.#addRows(rows, () => {});
      return rows.length;
    });
  }

  /** Deletes what waits of a proposed site up to a UTC date; resolves with its number. */
  async expireProposed(site: string, lastDate: string): Promise<number> {
    if (!this.#proposals.has(site)) return 0;
    return await this.#mutex.run(async () => {
      const rows = await this.#store.run("expireProposed", { site_id: site, lastDate });
      if (rows > 0) await this.#proposals.reload();
      return rows;
    });
  }

  /** Removes a site that has no events any more; resolves with whether it had none. */
  forgetSite(site: string): Promise<boolean> {
    return this.#mutex.run(async () => {
      if (await this.#store.run("hasEvents", site)) return false;
      this.#catalog.removeSite(site);
      return true;
    });
  }

  /**
   * At start: reads the next rows of an earlier run, some thousand at once, and adds their events
   * to the pending ones. Events may be appended meanwhile; they are read in their turn. Resolves
   * with false when there are no more. A row that holds no event is reported by its number and
   * left.
   */
  async loadNext(onUnreadable: (seq: number) => void): Promise<boolean> {
    if (await this.#readRows(onUnreadable) === LOAD_ROWS) return true;
    // Nothing is appended while the last rows are read; after that events are pending at once.
    await this.#mutex.run(async () => {
      while (await this.#readRows(onUnreadable) > 0);
      this.#isLoading = false;
    });
    return false;
  }

  /**
   * At start: about `rows` next rows for DuckDB to read, written into a file by another thread;
   * null when so few are left that `loadNext` may read them, or no file can be written. Once they
   * are stored, `loaded` must follow; else `loadRows` can read them one by one.
   */
  async nextLines(
    reader: Store,
    path: string,
    rows: number,
    after = this.#loadedSeqTo,
  ): Promise<JournalLines | null> {
    try {
      return await reader.run("writeJournalLines", { path, after, least: LOAD_ROWS, rows });
    } catch {
      // A full disk: a start needs no space. What is wrong with the journal `loadNext` will meet.
      return null;
    }
  }

  /** Begins anew, as at start: every row is to be read again, by `loadNext` or `nextLines`. */
  rewind(): Promise<void> {
    return this.#mutex.run(() => {
      this.#pending = [];
      this.#loadedSeqTo = 0;
      this.#isLoading = true;
      return Promise.resolve();
    });
  }

  /** Notes that rows up to `seqTo` are stored. */
  loaded(seqTo: number): void {
    this.#loadedSeqTo = seqTo;
  }

  /** Notes that an event has this time. */
  noteTime(lastUs: number): void {
    this.#lastTimestampUs = Math.max(this.#lastTimestampUs, lastUs);
  }

  /** Reads rows one by one and adds their events to the pending ones. */
  async loadRows(count: number, onUnreadable: (seq: number) => void): Promise<void> {
    for (let left = count; left > 0;) {
      const read = await this.#readRows(onUnreadable, Math.min(left, LOAD_ROWS));
      if (read === 0) return;
      left -= read;
    }
  }

  /** Resolves with the number of rows that were read. */
  async #readRows(onUnreadable: (seq: number) => void, count = LOAD_ROWS): Promise<number> {
    const range = { after: this.#loadedSeqTo, count };
    const rows = await this.#store.run("readJournal", range);
    if (rows.length === 0) return 0;
    await this.#addRows(rows, onUnreadable);
    this.#loadedSeqTo = rows.at(-1)?.seq ?? this.#loadedSeqTo;
    return rows.length;
  }

  /** Adds the events of rows to the pending ones; rows that hold none are set aside. */
  async #addRows(
    rows: readonly JournalRow[],
    onUnreadable: (seq: number) => void,
  ): Promise<void> {
    const events: PendingEvent[] = [];
    const unreadable: number[] = [];
    for (const row of rows) {
      const read = readJournaledRow(row);
      if (!read) {
        unreadable.push(row.seq);
        continue;
      }
      const { event: { site_id, timestamp, engaged_ms }, json } = read;
      // A column that is newer than the row is missing.
      const isEngagement = typeof engaged_ms === "number";
      events.push({ seq: row.seq, site_id, timestamp, isEngagement, json });
      this.#catalog.changed(site_id);
      this.#lastTimestampUs = Math.max(this.#lastTimestampUs, timestamp);
    }
    await this.setAside(unreadable);
    for (const seq of unreadable) onUnreadable(seq);
    for (const event of events) this.#pending.push(event);
  }

  async #append(events: readonly Event[], imports: readonly ImportMark[]): Promise<void> {
    const newSites = new Set<string>();
    const counted: PendingEvent[] = [];
    const held: JournalEntry[] = [];
    /** Whether the events of a site are counted; looked up once for all of a commit. */
    const sites = new Map<string, boolean>();
    const added = new Map<string, { count: number; earliestUs: number }>();
    let rows = "";
    for (const event of events) {
      const { site_id, timestamp } = event;
      const date = this.#dateOf(timestamp);
      const json = journalJson(event);
      let isCounted = sites.get(site_id);
      if (isCounted === undefined) sites.set(site_id, isCounted = this.#enter(site_id, newSites));
      if (!isCounted) {
        held.push({ site_id, date, event: json });
        continue;
      }
      rows += packRow(site_id, date, json);
      const isEngagement = event.engaged_ms !== null;
      counted.push({ seq: 0, site_id, timestamp, isEngagement, json });
      const known = added.get(site_id);
      if (!known) added.set(site_id, { count: 1, earliestUs: timestamp });
      else {
        known.count++;
        if (timestamp < known.earliestUs) known.earliestUs = timestamp;
      }
    }
    const { lastSeq } = await this.#store.run("append", {
      rows,
      held,
      imports,
      newSites: [...newSites],
      atMs: this.#clock.nowMs(),
    });
    for (const site of newSites) this.#catalog.addSite(site);
    for (const { site_id, event } of held) this.#proposals.stored(site_id, 1, event.length);
    if (counted.length === 0) return;
    for (const [site, { count, earliestUs }] of added) {
      this.#catalog.appended(site, count, earliestUs);
    }
    if (this.#isLoading) return;
    // Rows of one transaction have consecutive numbers.
    let seq = lastSeq - counted.length;
    for (const event of counted) {
      event.seq = ++seq;
      this.#pending.push(event);
    }
  }

  /** Whether events of a site are counted; where it is new, it is one of `newSites`. */
  #enter(site: string, newSites: Set<string>): boolean {
    if (this.#proposals.isHeld(site)) return false;
    if (!this.#catalog.hasSite(site) || this.#catalog.isExpected(site)) newSites.add(site);
    return true;
  }

  /** Events of one commit are of one day, as a rule. */
  #dateOf(timestampUs: number): string {
    const day = Math.floor(timestampUs / DAY_US);
    if (day !== this.#date.day) this.#date = { day, text: utcDate(timestampUs) };
    return this.#date.text;
  }
}
