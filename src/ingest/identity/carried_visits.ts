// Visits that continue when visitor ids change: a visit that is under way keeps the id it began
// with, so that midnight never cuts it in two. Only ids and times are kept, in bounded memory.
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../core/durations.ts";
import { VISITORS_CARRIED_MAX } from "../../core/limits.ts";
import { periodOf, startOfPeriod } from "../../sites/id_period.ts";

/**
 * A visit without end, such as a page that reloads itself, keeps an old id for less than this.
 * Reports cut such a visit at the same midnight, so that no id ever cuts one.
 */
export const CARRY_MS_MAX = DAY_MS;

/** A visitor of a site and when it was last seen, in milliseconds since 1970. */
export type SeenVisitor = readonly [siteId: string, visitorId: string, lastMs: number];

/** The site's rules: how long an id lasts, and the longest pause inside a visit. */
export interface IdentityRules {
  /** Whole UTC days of a site's ids: one of ID_DAYS. */
  readonly idDays: (siteId: string) => number;
  /** The site's visit timeout in milliseconds. */
  readonly visitGapMs: (siteId: string) => number;
  /** Stored times are full hours: then a visitor counts as seen at the end of the hour. */
  readonly roundsToHour?: boolean;
}

/** The latest time at which a visitor may have been seen, of whom a time is stored. */
export function seenMs(atMs: number, { roundsToHour = false }: IdentityRules): number {
  return roundsToHour ? Math.floor(atMs / HOUR_MS) * HOUR_MS + HOUR_MS - 1 : atMs;
}

/** When the first timeout after a change is over, every site with carried visits is on record. */
const RECORDED_MS = 10 * MINUTE_MS;

/**
 * Whether visits of the site may be under way that a change of ids concerns: one that comes soon,
 * or one that was. `carriedSites` are the sites of carried visits on record, null where there is
 * no record.
 */
export function isNearChange(
  siteId: string,
  nowMs: number,
  rules: IdentityRules,
  carriedSites: ReadonlySet<string> | null = null,
): boolean {
  const days = rules.idDays(siteId);
  const gapMs = rules.visitGapMs(siteId);
  const period = periodOf(nowMs, days);
  const lateMs = seenMs(nowMs, rules);
  if (startOfPeriod(period + 1, days) - lateMs <= gapMs) return true;
  const sinceMs = nowMs - startOfPeriod(period, days);
  if (sinceMs >= CARRY_MS_MAX) return false;
  const isRecorded = sinceMs > gapMs + RECORDED_MS + (rules.roundsToHour ? HOUR_MS : 0);
  return !isRecorded || carriedSites === null || carriedSites.has(siteId);
}

/** The visits under way that began under an id of the period before, or may outlast this one. */
export class CarriedVisits {
  readonly #rules: IdentityRules;
  /** When each was last seen, by site and id; the one seen longest ago comes first. */
  readonly #lastMs = new Map<string, { readonly siteId: string; readonly atMs: number }>();

  constructor(rules: IdentityRules) {
    this.#rules = rules;
  }

  /** Number of visits. */
  get size(): number {
    return this.#lastMs.size;
  }

  /** Visits of before a restart. */
  restore(seen: readonly SeenVisitor[]): void {
    const inOrder = [...seen].sort((a, b) => a[2] - b[2]);
    for (const [siteId, visitorId, lastMs] of inOrder) this.note(siteId, visitorId, lastMs);
  }

  /** A visitor was seen at a time, whatever is known of later ones. */
  note(siteId: string, visitorId: string, atMs: number): void {
    const known = this.#lastMs.get(keyOf(siteId, visitorId));
    if (known && known.atMs >= atMs) return;
    this.#see(siteId, visitorId, atMs);
  }

  /**
   * The id of an event that arrives now: that of the period before while a visit under it
   * continues, else that of the period of `timestampMs`, the event's stored time. `idIn` gives the
   * visitor's id in a period, `earlierIdIn` in one before, undefined where its salt is gone.
   */
  idOf(
    siteId: string,
    timestampMs: number,
    nowMs: number,
    idIn: (period: number) => string,
    earlierIdIn: (period: number) => string | undefined = idIn,
  ): string {
    const days = this.#rules.idDays(siteId);
    const period = periodOf(timestampMs, days);
    if (this.size > 0 && nowMs - startOfPeriod(period, days) < CARRY_MS_MAX) {
      const earlier = earlierIdIn(period - 1);
      if (earlier !== undefined && this.goesOn(siteId, earlier, nowMs)) return earlier;
    }
    const id = idIn(period);
    const endMs = startOfPeriod(period + 1, days);
    const lastMs = seenMs(nowMs, this.#rules);
    if (endMs - lastMs <= this.#rules.visitGapMs(siteId)) this.#see(siteId, id, lastMs);
    return id;
  }

  /** Whether a visit under an id goes on with an event that arrives now, which is noted. */
  goesOn(siteId: string, visitorId: string, nowMs: number): boolean {
    if (!this.#continues(siteId, visitorId, nowMs)) return false;
    this.#see(siteId, visitorId, seenMs(nowMs, this.#rules));
    return true;
  }

  /** Forgets the visits that have ended. Once a minute. */
  forgetEnded(nowMs: number): void {
    for (const [key, { siteId, atMs }] of this.#lastMs) {
      if (nowMs - atMs > this.#rules.visitGapMs(siteId)) this.#lastMs.delete(key);
    }
  }

  /** The sites of the visits. */
  sites(): Set<string> {
    return new Set(Array.from(this.#lastMs.values(), ({ siteId }) => siteId));
  }

  #continues(siteId: string, visitorId: string, nowMs: number): boolean {
    const seen = this.#lastMs.get(keyOf(siteId, visitorId));
    return seen !== undefined && nowMs - seen.atMs <= this.#rules.visitGapMs(siteId);
  }

  #see(siteId: string, visitorId: string, atMs: number): void {
    const key = keyOf(siteId, visitorId);
    this.#lastMs.delete(key);
    if (this.#lastMs.size >= VISITORS_CARRIED_MAX) {
      for (const oldest of this.#lastMs.keys()) {
        this.#lastMs.delete(oldest);
        break;
      }
    }
    this.#lastMs.set(key, { siteId, atMs });
  }
}

function keyOf(siteId: string, visitorId: string): string {
  return `${visitorId}${siteId}`;
}
