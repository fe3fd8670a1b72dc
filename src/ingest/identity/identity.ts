// Which id a visitor gets: the contract's keyed hash of a kept secret, or one under random salts
// that are destroyed; for as many days as the site's owner decided. Addresses are not kept.
import type { Clock, Random } from "../../core/types.ts";
import type { Store } from "../../storage/state/store.ts";
import { ID_DAYS, periodOf, startOfPeriod } from "./id_period.ts";
import { destroySalts, ForgetfulSalts, type SeenVisitor } from "./salts.ts";
import type { VisitorIds } from "./visitor_id.ts";

/** Whose event it is. */
export interface Visitor {
  readonly site: string;
  readonly address: string;
  readonly userAgent: string;
}

/** Makes ids: 64 hex digits. */
export interface Identity {
  /** The id for an event that arrives now; `timestampMs` is the stored time. */
  idOf(visitor: Visitor, timestampMs: number, nowMs: number): string;
  /** The id for an event told of the past. */
  pastIdOf(visitor: Visitor, atMs: number): string;
  /** What is due from time to time; each minute. Rejects with the store's error. */
  turn(): Promise<void>;
}

/** Ids from the kept secret: the same again for whoever has it. `daysOf` tells a site's length. */
export function derivedIdentity(ids: VisitorIds, daysOf: (site: string) => number): Identity {
  const of = ({ site, address, userAgent }: Visitor, atMs: number) => {
    const days = daysOf(site);
    return ids.of(startOfPeriod(periodOf(atMs, days), days), address, userAgent);
  };
  return { idOf: of, pastIdOf: of, turn: () => Promise.resolve() };
}

/**
 * Ids under random salts. `seenSince` tells the visitors of the last minutes of all sites. Rejects
 * with the store's error.
 */
export async function forgetfulIdentity(
  store: Store,
  clock: Clock,
  random: Random,
  seenSince: (fromMs: number) => Promise<readonly SeenVisitor[]>,
  daysOf: (site: string) => number,
  options: { readonly visitGapMs: number },
): Promise<Identity> {
  const byDays = new Map<number, ForgetfulSalts>();
  for (const days of ID_DAYS) {
    const salts = await ForgetfulSalts.open(store, clock, random, seenSince, { days, ...options });
    byDays.set(days, salts);
  }
  const saltsOf = (site: string): ForgetfulSalts => {
    const salts = byDays.get(daysOf(site)) ?? byDays.get(1);
    if (!salts) throw new Error("Cannot make a visitor id: there is no salt");
    return salts;
  };
  return {
    idOf: ({ site, address, userAgent }, _timestampMs, nowMs) =>
      saltsOf(site).idOf(site, address, userAgent, nowMs),
    pastIdOf: ({ site, address, userAgent }, atMs) =>
      saltsOf(site).pastIdOf(site, address, userAgent, atMs),
    async turn() {
      for (const salts of byDays.values()) await salts.turn();
    },
  };
}

/** Destroys every salt, where ids come from the secret. */
export function destroyAllSalts(store: Store): Promise<void> {
  return destroySalts(store, ID_DAYS);
}
