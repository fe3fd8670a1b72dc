// The journal of accepted events: what `append` has resolved for survives a power cut. Events that
// no hot table holds yet wait in memory, in order of their `seq`, until the hot tier takes them.
import { type Event, utcDate } from "../../core/event.ts";
import { Mutex } from "../../core/mutex.ts";
import type { Clock } from "../../core/types.ts";
import type { Store } from "../state/store.ts";
import type { Catalog } from "./catalog.ts";
import { readJournaledEvent } from "./journaled_event.ts";

const LOAD_ROWS = 10_000;

/** Events in the order of their `seq`; the last journal row among them or before is `seqTo`. */
export interface JournaledEvents {
  readonly events: readonly Event[];
  readonly seqTo: number;
}

/** Accepted events not yet in Parquet, in mallard.sqlite. */
export class Journal {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #mutex = new Mutex();
  #pending: Event[] = [];
  #pendingSeqTo = 0;
  /** Rows up to this `seq` were read by `loadNext`. */
  #loadedSeqTo = 0;
  #lastTimestampUs: number;

  private constructor(store: Store, catalog: Catalog, clock: Clock, lastTimestampUs: number) {
    this.#store = store;
    this.#catalog = catalog;
    this.#clock = clock;
    this.#lastTimestampUs = lastTimestampUs;
  }

  /** A journal that `loadNext` has yet to read. */
  static async open(store: Store, catalog: Catalog, clock: Clock): Promise<Journal> {
    const lastUs = Number(await store.run("getMeta", "last_timestamp_us") ?? 0);
    return new Journal(store, catalog, clock, lastUs);
  }

  /** Number of events that the hot tier has not taken yet. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Highest timestamp (µs) of the events flushed or loaded, as far as is known. */
  get lastTimestampUs(): number {
    return this.#lastTimestampUs;
  }

  /**
   * Commits events in one transaction: all are on disk when this resolves, none when it rejects
   * (with SQLite's message). Calls are taken one after the other.
   */
  append(events: readonly Event[]): Promise<void> {
    return this.#mutex.run(() => this.#append(events));
  }

  /** Takes the pending events, which the caller then owns; null when there are none. */
  take(): JournaledEvents | null {
    if (this.#pending.length === 0) return null;
    const events = this.#pending;
    this.#pending = [];
    return { events, seqTo: this.#pendingSeqTo };
  }

  /** Returns events that were taken and could not be stored; later ones follow them. */
  putBack({ events }: JournaledEvents): void {
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
   * Erases one site's rows of some dates; in the same transaction files become pending deletes.
   * Resolves with the number of rows. Call it `whilePaused`, and erase the same from the hot tier
   * before the end of the pause: an event accepted in between would be lost.
   */
  erase(
    site: string,
    firstDate: string,
    lastDate: string,
    paths: readonly string[],
  ): Promise<number> {
    return this.#store.run("eraseRange", { site_id: site, firstDate, lastDate, paths });
  }

  /**
   * At start: reads the next rows of an earlier run, some thousand at once, and adds their events
   * to the pending ones. Resolves with false when there are no more. A row that holds no event is
   * reported by its number and left.
   */
  async loadNext(onUnreadable: (seq: number) => void): Promise<boolean> {
    const range = { after: this.#loadedSeqTo, count: LOAD_ROWS };
    const rows = await this.#store.run("readJournal", range);
    if (rows.length === 0) return false;
    const events: Event[] = [];
    for (const row of rows) {
      this.#loadedSeqTo = row.seq;
      const event = readJournaledEvent(row);
      if (!event) {
        onUnreadable(row.seq);
        continue;
      }
      events.push(event);
      this.#lastTimestampUs = Math.max(this.#lastTimestampUs, event.timestamp);
    }
    this.#add(events, this.#loadedSeqTo);
    return true;
  }

  async #append(events: readonly Event[]): Promise<void> {
    const newSites = new Set<string>();
    const entries = events.map((event) => {
      if (!this.#catalog.hasSite(event.site_id)) newSites.add(event.site_id);
      const date = utcDate(event.timestamp);
      return { site_id: event.site_id, date, event: JSON.stringify(event) };
    });
    const { lastSeq } = await this.#store.run("append", {
      entries,
      newSites: [...newSites],
      atMs: this.#clock.nowMs(),
    });
    for (const site of newSites) this.#catalog.addSite(site);
    this.#add(events, lastSeq);
  }

  #add(events: readonly Event[], seqTo: number): void {
    for (const event of events) {
      this.#pending.push(event);
      this.#catalog.changed(event.site_id);
    }
    this.#pendingSeqTo = seqTo;
  }
}
