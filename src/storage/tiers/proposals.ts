// New sites that wait for an owner's decision, and those that were refused: how many events of each
// wait in mallard.sqlite, and whether there is room for more. The events are in no table of DuckDB
// and in no file until the site is accepted.
import {
  PROPOSED_BYTES_MAX,
  PROPOSED_EVENTS_MAX,
  PROPOSED_SITE_BYTES_MAX,
  PROPOSED_SITES_MAX,
} from "../../core/limits.ts";
import { SiteSpellings } from "../../core/site_id.ts";
import type { Clock } from "../../core/types.ts";
import type { ProposedSite } from "../state/ops/proposed_ops.ts";
import type { Store } from "../state/store.ts";

type Counts = { -readonly [K in keyof ProposedSite]: ProposedSite[K] };

/** The proposed and the refused sites. */
export class Proposals {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #sites = new Map<string, Counts>();
  #refused: Set<string> = new Set();
  #spellings = new SiteSpellings();
  #bytes = 0;
  #isHeld: (site: string) => boolean = () => false;

  private constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Reads what waits from the store. Rejects with the store's error. */
  static async open(store: Store, clock: Clock): Promise<Proposals> {
    const proposals = new Proposals(store, clock);
    await proposals.reload();
    return proposals;
  }

  /** Sets who decides whether an event of a site waits; without it, none does. */
  holdWhere(isHeld: (site: string) => boolean): void {
    this.#isHeld = isHeld;
  }

  /** Whether an event of the site waits instead of being counted. */
  isHeld(site: string): boolean {
    return this.#isHeld(site);
  }

  /** Whether the site is proposed. */
  has(site: string): boolean {
    return this.#sites.has(site);
  }

  /** Whether an owner refused the site. */
  isRefused(site: string): boolean {
    return this.#refused.has(site);
  }

  /** The proposed and refused sites that differ from this one in case alone, if at all. */
  spellingsOf(site: string): readonly string[] {
    return this.#spellings.of(site);
  }

  /** The proposed sites, sorted. */
  list(): readonly ProposedSite[] {
    return [...this.#sites.values()].sort((a, b) => a.site_id < b.site_id ? -1 : 1)
      .map((counts) => ({ ...counts }));
  }

  /** The refused sites, sorted. */
  refused(): readonly string[] {
    return [...this.#refused].sort();
  }

  /** Number of proposed sites. */
  get size(): number {
    return this.#sites.size;
  }

  /** Makes room for one more event of a site, which becomes proposed; false when it is full. */
  reserve(site: string): boolean {
    if (this.#bytes >= PROPOSED_BYTES_MAX) return false;
    const known = this.#sites.get(site);
    if (!known && this.#sites.size >= PROPOSED_SITES_MAX) return false;
    const counts = known ?? this.#start(site);
    if (counts.events >= PROPOSED_EVENTS_MAX) return false;
    if (counts.bytes >= PROPOSED_SITE_BYTES_MAX) return false;
    counts.events++;
    counts.last_at = Math.floor(this.#clock.nowMs());
    return true;
  }

  /** Notes that events of a site, so many characters of JSON, are in the store now. */
  stored(site: string, events: number, bytes: number): void {
    let counts = this.#sites.get(site);
    if (!counts) {
      counts = this.#start(site);
      counts.events = events;
    }
    counts.bytes += bytes;
    this.#bytes += bytes;
  }

  /** Removes a site whose events have left the store. */
  forget(site: string): void {
    this.#bytes -= this.#sites.get(site)?.bytes ?? 0;
    this.#sites.delete(site);
    this.#refused.delete(site);
    this.#spellings.delete(site);
  }

  /** Deletes what waits of a site; with `refuse`, its later events are refused. */
  async drop(site: string, refuse: boolean): Promise<void> {
    const refuseMs = refuse ? this.#clock.nowMs() : null;
    await this.#store.run("dropProposed", { site_id: site, refuseMs });
    this.forget(site);
    if (!refuse) return;
    this.#refused.add(site);
    this.#spellings.add(site);
  }

  /** Reads everything again: an erasure has changed the store. */
  async reload(): Promise<void> {
    const sites = await this.#store.run("listProposed", undefined);
    this.#refused = new Set(await this.#store.run("listRefused", undefined));
    this.#sites.clear();
    this.#spellings = new SiteSpellings([...sites.map(({ site_id }) => site_id), ...this.#refused]);
    for (const site of sites) this.#sites.set(site.site_id, { ...site });
    this.#bytes = sites.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #start(site: string): Counts {
    const nowMs = Math.floor(this.#clock.nowMs());
    const counts = { site_id: site, events: 0, bytes: 0, first_at: nowMs, last_at: nowMs };
    this.#sites.set(site, counts);
    this.#spellings.add(site);
    return counts;
  }
}
