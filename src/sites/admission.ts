// Whether the first events of a new site are counted, wait for a decision, or are refused.
// Anybody can invent sites: an address brings few of them an hour, and beyond a number of sites
// that nobody declared, further ones are proposed. Declared sites are not affected.
import { HOUR_MS, SECOND_MS } from "../core/durations.ts";
import { NEW_SITES_PER_HOUR_MAX } from "../core/limits.ts";
import type { Clock, Log } from "../core/types.ts";
import { rateLimitKey } from "../net/address.ts";
import type { Proposals } from "../storage/tiers/proposals.ts";

/** The settings that admission depends on, by their names. */
export interface AdmissionOptions {
  readonly new_sites: "accept" | "propose" | "refuse";
  readonly undeclared_sites_max: number;
}

/** What is known of sites elsewhere. */
export interface KnownSites {
  /** Whether an owner declared or listed the site. */
  isDeclared(site: string): boolean;
  /** Whether the site has had events that are counted. */
  hasEvents(site: string): boolean;
}

/** Who sends an event: `isExempt` where new sites of this caller are not counted. */
export interface SiteCaller {
  readonly address: string;
  readonly isExempt: boolean;
  /** Whether it tells of an event before, as engagements do: it brings no new site. */
  readonly isMeasurement: boolean;
}

/** Why an event of a new site is refused; null where it is taken. */
export type AdmissionRefusal =
  | { readonly why: "refused" | "full" | "measurement" }
  | { readonly why: "limited"; readonly retrySecs: number }
  | null;

/** Judges events by their site. */
export class SiteAdmission {
  readonly #proposals: Proposals;
  readonly #known: KnownSites;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: AdmissionOptions;
  /** New sites that are taken, until they are declared. Those with data at start are not here. */
  readonly #taken = new Set<string>();
  #hasToldOwner = false;
  /** New sites of the last hour in order: who brought each, and when. */
  #recent: { readonly key: string; readonly atMs: number }[] = [];
  readonly #byAddress = new Map<string, number>();

  constructor(
    proposals: Proposals,
    known: KnownSites,
    clock: Clock,
    log: Log,
    options: AdmissionOptions,
  ) {
    this.#proposals = proposals;
    this.#known = known;
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    proposals.holdWhere((site) => this.#isHeld(site));
  }

  /** Judges one event that would be stored, and makes room for it. */
  admit(site: string, caller: SiteCaller): AdmissionRefusal {
    if (this.#known.isDeclared(site)) return null;
    if (this.#proposals.isRefused(site)) return { why: "refused" };
    if (this.#proposals.has(site)) return this.#propose(site);
    if (this.#taken.has(site) || this.#known.hasEvents(site)) return null;
    if (caller.isMeasurement) return { why: "measurement" };
    if (this.#options.new_sites === "refuse") return { why: "refused" };
    const key = caller.isExempt ? null : rateLimitKey(caller.address);
    const retrySecs = key === null ? 0 : this.#waitSecs(key);
    if (retrySecs > 0) return { why: "limited", retrySecs };
    const refusal = this.#takesMore() ? null : this.#propose(site);
    if (refusal !== null) return refusal;
    if (!this.#proposals.has(site)) this.#taken.add(site);
    if (key !== null) this.#count(key);
    return null;
  }

  /**
   * Accepts a site that an owner imports, whatever the number of undeclared ones, among which it
   * counts. A proposed one stays proposed.
   */
  take(site: string): void {
    if (!this.#known.isDeclared(site) && !this.#known.hasEvents(site)) this.#taken.add(site);
  }

  /** Forgets a site that was deleted: its next event is that of a new site. */
  forget(site: string): void {
    this.#taken.delete(site);
  }

  /** Forgets addresses that have brought no new site for an hour; called every minute. */
  forgetIdle(): void {
    const endMs = this.#clock.nowMs() - HOUR_MS;
    let first = 0;
    for (const { key, atMs } of this.#recent) {
      // A clock that was set back must not block an address for longer than an hour.
      if (atMs > endMs && atMs <= endMs + HOUR_MS) break;
      const count = (this.#byAddress.get(key) ?? 1) - 1;
      if (count > 0) this.#byAddress.set(key, count);
      else this.#byAddress.delete(key);
      first++;
    }
    if (first > 0) this.#recent = this.#recent.slice(first);
  }

  #isHeld(site: string): boolean {
    if (this.#known.isDeclared(site)) return false;
    return this.#proposals.has(site) || !(this.#taken.has(site) || this.#known.hasEvents(site));
  }

  #propose(site: string): AdmissionRefusal {
    if (!this.#proposals.reserve(site)) return { why: "full" };
    if (!this.#hasToldOwner) {
      this.#hasToldOwner = true;
      this.#log("warn", "New sites wait to be accepted or refused: see `mallard sites`");
    }
    return null;
  }

  /** Whether another site may be counted without an owner's decision. */
  #takesMore(): boolean {
    const { new_sites, undeclared_sites_max } = this.#options;
    if (new_sites !== "accept") return false;
    if (this.#taken.size < undeclared_sites_max) return true;
    for (const site of this.#taken) if (this.#known.isDeclared(site)) this.#taken.delete(site);
    return this.#taken.size < undeclared_sites_max;
  }

  /** Seconds until an address may bring another new site; 0 when it may now. */
  #waitSecs(key: string): number {
    this.forgetIdle();
    if ((this.#byAddress.get(key) ?? 0) < NEW_SITES_PER_HOUR_MAX) return 0;
    const oldest = this.#recent.find((one) => one.key === key)?.atMs ?? 0;
    const waitMs = oldest + HOUR_MS - this.#clock.nowMs();
    return Math.min(HOUR_MS, Math.max(SECOND_MS, waitMs)) / SECOND_MS;
  }

  #count(key: string): void {
    this.#recent.push({ key, atMs: this.#clock.nowMs() });
    this.#byAddress.set(key, (this.#byAddress.get(key) ?? 0) + 1);
  }
}
