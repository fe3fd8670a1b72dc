// The journal of accepted events: what `append` has resolved for survives a power cut. From here
// events go to the hot tier, in the order of their `seq`.
import type { Event } from "../../core/event.ts";
import { Mutex } from "../../core/mutex.ts";
import type { Clock } from "../../core/types.ts";
import type { Catalog } from "./catalog.ts";
import { type Hot, partitionOf } from "./hot.ts";
import type { Store } from "../state/store.ts";

const LOAD_ROWS = 10_000;

/** Accepted events not yet in Parquet, in mallard.sqlite. */
export class Journal {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #hot: Hot;
  readonly #clock: Clock;
  readonly #mutex = new Mutex();

  constructor(store: Store, catalog: Catalog, hot: Hot, clock: Clock) {
    this.#store = store;
    this.#catalog = catalog;
    this.#hot = hot;
    this.#clock = clock;
  }

  /**
   * Commits events in one transaction: all are on disk when this resolves, none when it rejects
   * (with SQLite's message). Calls are taken one after the other.
   */
  append(events: readonly Event[]): Promise<void> {
    return this.#mutex.run(() => this.#append(events));
  }

  /** Number of one site's journal rows of the UTC dates `firstDate … lastDate`. */
  count(site: string, firstDate: string, lastDate: string): Promise<number> {
    return this.#store.run("countJournal", { site_id: site, firstDate, lastDate });
  }

  /**
   * Erases one site's events of some dates from the journal and the hot tier while nothing is
   * appended. In the same transaction, files become pending deletes. Resolves with the number of
   * rows.
   */
  erase(
    site: string,
    firstDate: string,
    lastDate: string,
    paths: readonly string[],
  ): Promise<number> {
    return this.#mutex.run(async () => {
      const range = { site_id: site, firstDate, lastDate, paths };
      const rows = await this.#store.run("eraseRange", range);
      await this.#hot.erase(site, firstDate, lastDate);
      return rows;
    });
  }

  async #append(events: readonly Event[]): Promise<void> {
    const newSites = new Set<string>();
    const entries = events.map((event) => {
      if (!this.#catalog.hasSite(event.site_id)) newSites.add(event.site_id);
      return { ...partitionOf(event), event: JSON.stringify(event) };
    });
    const { lastSeq } = await this.#store.run("append", {
      entries,
      newSites: [...newSites],
      atMs: this.#clock.nowMs(),
    });
    for (const site of newSites) this.#catalog.addSite(site);
    this.#hot.enqueue(events, lastSeq);
  }

  /**
   * Fills the hot tier with what the journal holds. Resolves with the highest timestamp ever
   * accepted (µs), as far as is known. An unreadable row is reported by its number and left.
   */
  async load(onUnreadable: (seq: number) => void): Promise<number> {
    let last = Number(await this.#store.run("getMeta", "last_timestamp_us") ?? 0);
    for (let after = 0;;) {
      const rows = await this.#store.run("readJournal", { after, count: LOAD_ROWS });
      if (rows.length === 0) return last;
      const events: Event[] = [];
      for (const row of rows) {
        after = row.seq;
        const event = readEvent(row.event);
        if (!event) {
          onUnreadable(row.seq);
          continue;
        }
        events.push(event);
        if (event.timestamp > last) last = event.timestamp;
      }
      this.#hot.enqueue(events, after);
      await this.#hot.sync();
    }
  }
}

function readEvent(text: string): Event | null {
  try {
    return JSON.parse(text) as Event;
  } catch {
    return null;
  }
}
