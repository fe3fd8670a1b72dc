// Which id a visitor gets: a keyed hash of a kept secret, or one under random salts that are
// destroyed; for as many days as the site's owner decided. Addresses are not kept.
import { HOUR_MS } from "../../core/durations.ts";
import type { Clock, Random } from "../../core/types.ts";
import type { Store } from "../../storage/state/store.ts";
import {
  CarriedVisits,
  type IdentityRules,
  isNearChange,
  seenMs,
  type SeenVisitor,
} from "./carried_visits.ts";
import { ID_DAYS, periodOf, startOfPeriod } from "../../sites/id_period.ts";
import { PastVisits } from "./past_visits.ts";
import { destroySalts, endingSalts, RandomSalts, type SharedSalts } from "./salts.ts";
import type { Visitor, VisitorIds } from "./visitor_id.ts";

/** Makes ids: 64 hex digits. */
export interface Identity {
  /** The id for an event that arrives now; `timestampMs` is the stored time. */
  idOf(visitor: Visitor, timestampMs: number, nowMs: number): string;
  /** The id that a visitor of the past begins a visit with. */
  pastIdOf(visitor: Visitor, atMs: number): string;
  /** Ids for events of the past, in which visits go on over a change of ids. */
  pastVisits(): PastVisits;
  /** Sites with visits that go on over a change of ids, or may. */
  carriedSites(): ReadonlySet<string>;
  /** Changes salts, forgets visits that have ended. Each minute. Rejects with the store's error. */
  rotate(): Promise<void>;
}

/** The visitors of a site that were seen since a time (ms). */
export type SeenSince = (siteId: string, fromMs: number) => Promise<readonly SeenVisitor[]>;

/**
 * The visitors of all sites whose visits may continue over a change of ids: those seen within the
 * site's visit timeout, where such a change is near. `carriedSites` as for `isNearChange`.
 */
export async function continuingVisitors(
  sites: readonly string[],
  seenSince: SeenSince,
  nowMs: number,
  rules: IdentityRules,
  carriedSites: ReadonlySet<string> | null = null,
): Promise<readonly SeenVisitor[]> {
  const seen: SeenVisitor[] = [];
  for (const site of sites.filter((site) => isNearChange(site, nowMs, rules, carriedSites))) {
    const fromMs = nowMs - rules.visitGapMs(site) - (rules.roundsToHour ? HOUR_MS : 0);
    for (const [, id, lastMs] of await seenSince(site, fromMs)) {
      seen.push([site, id, seenMs(lastMs, rules)]);
    }
  }
  return seen;
}

/**
 * Ids from the kept secret, which can compute them again. `seen` are the visitors of before a
 * restart; `salts` are those that servers of before had in common, until they are destroyed.
 */
export function derivedIdentity(
  ids: VisitorIds,
  clock: Clock,
  rules: IdentityRules,
  seen: readonly SeenVisitor[] = [],
  salts: SharedSalts | null = null,
): Identity {
  const destroyEnded = salts && endingSalts(salts, ID_DAYS);
  const carried = new CarriedVisits(rules);
  carried.restore(seen);
  const idIn = ({ site, address, userAgent }: Visitor, period: number) =>
    ids.of(startOfPeriod(period, rules.idDays(site)), address, userAgent);
  const pastIdOf: Identity["pastIdOf"] = (visitor, atMs) =>
    idIn(visitor, periodOf(atMs, rules.idDays(visitor.site)));
  return {
    idOf: (visitor, timestampMs, nowMs) =>
      carried.idOf(visitor.site, timestampMs, nowMs, (period) => idIn(visitor, period)),
    pastIdOf,
    pastVisits: () =>
      new PastVisits(rules, pastIdOf, (siteId, visitorId, atMs) => {
        // The visit may still go on now, under the same id.
        if (clock.nowMs() - atMs <= rules.visitGapMs(siteId)) carried.note(siteId, visitorId, atMs);
      }),
    carriedSites: () => carried.sites(),
    async rotate() {
      carried.forgetEnded(clock.nowMs());
      await destroyEnded?.(clock.nowMs());
    },
  };
}

/**
 * Ids under random salts. `seen` are the visitors of before a restart; no salt is destroyed while
 * `trustsClock` says no. `shared` is where several servers have the salts in common. Rejects with
 * the store's error.
 */
export async function randomIdentity(
  store: Store,
  clock: Clock,
  random: Random,
  rules: IdentityRules,
  seen: readonly SeenVisitor[] = [],
  trustsClock: () => boolean = () => true,
  shared: SharedSalts | null = null,
): Promise<Identity> {
  const byDays = new Map<number, RandomSalts>();
  for (const days of ID_DAYS) {
    const ofSites = seen.filter(([site]) => rules.idDays(site) === days);
    const salts = await RandomSalts.open(
      store,
      clock,
      random,
      days,
      rules,
      ofSites,
      trustsClock,
      shared,
    );
    byDays.set(days, salts);
  }
  const saltsOf = (site: string): RandomSalts => {
    const salts = byDays.get(rules.idDays(site)) ?? byDays.get(1);
    if (!salts) throw new Error("Cannot make a visitor id: there is no salt");
    return salts;
  };
  const pastIdOf: Identity["pastIdOf"] = (visitor, atMs) =>
    saltsOf(visitor.site).pastIdOf(visitor, atMs);
  return {
    idOf: (visitor, _timestampMs, nowMs) => saltsOf(visitor.site).idOf(visitor, nowMs),
    pastIdOf,
    pastVisits: () => new PastVisits(rules, pastIdOf),
    carriedSites: () => {
      const sites = new Set<string>();
      for (const salts of byDays.values()) for (const one of salts.carriedSites()) sites.add(one);
      return sites;
    },
    async rotate() {
      for (const salts of byDays.values()) await salts.rotate();
    },
  };
}

/** Destroys every salt, where ids come from the secret. */
export function destroyAllSalts(store: Store): Promise<void> {
  return destroySalts(store, ID_DAYS);
}
