// Visitor ids of past events, as an import brings them: a visit keeps the id it began with over one
// change of ids, as a visit of now does. It knows the events it has given an id, in the order of
// their times, and those of earlier imports that the store tells it.
import { VISITORS_CARRIED_MAX } from "../../core/limits.ts";
import { CARRY_MS_MAX, type IdentityRules, seenMs } from "./carried_visits.ts";
import { periodOf, startOfPeriod } from "../../sites/id_period.ts";
import type { Visitor } from "./visitor_id.ts";

/** Events of a visitor without a pause over the site's visit timeout: first and last time (ms). */
export type KnownVisit = readonly [visitorId: string, firstMs: number, lastMs: number];

/** A past event: whose it is, and when it was. */
export interface PastEvent {
  readonly visitor: Visitor;
  readonly atMs: number;
}

/** Stored visits of a site that belong to one of the ids, within a span of time (ms). */
export type StoredVisits = (
  siteId: string,
  visitorIds: readonly string[],
  span: { readonly fromMs: number; readonly toMs: number; readonly gapMs: number },
) => Promise<readonly KnownVisit[]>;

interface Lookup {
  readonly ids: Set<string>;
  fromMs: number;
  toMs: number;
}

/** Ids of events that are asked for in the order of their times. */
export class PastVisits {
  readonly #rules: IdentityRules;
  readonly #idAt: (visitor: Visitor, atMs: number) => string;
  readonly #onCarried: (siteId: string, visitorId: string, lastMs: number) => void;
  /** First and last times of visits near a change of ids, by site and id. */
  readonly #visits = new Map<string, { firstMs: number; lastMs: number }[]>();

  /** `idAt` is the id of a visit that begins then; `onCarried` hears of events near a change. */
  constructor(
    rules: IdentityRules,
    idAt: (visitor: Visitor, atMs: number) => string,
    onCarried: (siteId: string, visitorId: string, lastMs: number) => void = () => {},
  ) {
    this.#rules = rules;
    this.#idAt = idAt;
    this.#onCarried = onCarried;
  }

  /** Asks the store about the visits that these events may continue. Rejects as the store does. */
  async recall(events: readonly PastEvent[], stored: StoredVisits): Promise<void> {
    for (const [siteId, { ids, fromMs, toMs }] of this.#lookups(events)) {
      const gapMs = this.#rules.visitGapMs(siteId);
      for (const [id, firstMs, lastMs] of await stored(siteId, [...ids], { fromMs, toMs, gapMs })) {
        this.#add(siteId, id, firstMs, seenMs(lastMs, this.#rules));
      }
    }
  }

  /** The id of the next event. */
  idOf(visitor: Visitor, atMs: number): string {
    const { site } = visitor;
    const lastMs = seenMs(atMs, this.#rules);
    const earlier = this.#visits.size > 0 ? this.#earlierId(visitor, atMs) : undefined;
    if (earlier !== undefined && this.#continues(site, earlier, atMs)) {
      this.#note(site, earlier, atMs, lastMs);
      return earlier;
    }
    const id = this.#idAt(visitor, atMs);
    const days = this.#rules.idDays(site);
    const endMs = startOfPeriod(periodOf(atMs, days) + 1, days);
    if (endMs - lastMs <= this.#rules.visitGapMs(site)) this.#note(site, id, atMs, lastMs);
    return id;
  }

  #lookups(events: readonly PastEvent[]): Map<string, Lookup> {
    const lookups = new Map<string, Lookup>();
    for (const { visitor, atMs } of events) {
      const id = this.#earlierId(visitor, atMs);
      if (id === undefined) continue;
      const lookup = lookups.get(visitor.site) ??
        { ids: new Set(), fromMs: Infinity, toMs: -Infinity };
      lookup.ids.add(id);
      const days = this.#rules.idDays(visitor.site);
      const changeMs = startOfPeriod(periodOf(atMs, days), days);
      lookup.fromMs = Math.min(lookup.fromMs, changeMs - this.#rules.visitGapMs(visitor.site));
      lookup.toMs = Math.max(lookup.toMs, atMs);
      lookups.set(visitor.site, lookup);
    }
    return lookups;
  }

  /** The visitor's id of the period before; undefined where none can be under way any more. */
  #earlierId(visitor: Visitor, atMs: number): string | undefined {
    const days = this.#rules.idDays(visitor.site);
    const startMs = startOfPeriod(periodOf(atMs, days), days);
    return atMs - startMs < CARRY_MS_MAX ? this.#idAt(visitor, startMs - 1) : undefined;
  }

  #continues(siteId: string, visitorId: string, atMs: number): boolean {
    const gapMs = this.#rules.visitGapMs(siteId);
    return this.#visits.get(keyOf(siteId, visitorId))?.some(({ firstMs, lastMs }) =>
      firstMs <= atMs && atMs - lastMs <= gapMs
    ) ?? false;
  }

  #note(siteId: string, visitorId: string, atMs: number, lastMs: number): void {
    this.#add(siteId, visitorId, atMs, lastMs);
    this.#onCarried(siteId, visitorId, lastMs);
  }

  #add(siteId: string, visitorId: string, firstMs: number, lastMs: number): void {
    const key = keyOf(siteId, visitorId);
    const visits = this.#visits.get(key) ?? [];
    const gapMs = this.#rules.visitGapMs(siteId);
    const same = visits.find((visit) =>
      visit.firstMs <= firstMs && firstMs - visit.lastMs <= gapMs
    );
    if (same) same.lastMs = Math.max(same.lastMs, lastMs);
    else visits.push({ firstMs, lastMs });
    this.#visits.delete(key);
    if (this.#visits.size >= VISITORS_CARRIED_MAX) {
      for (const oldest of this.#visits.keys()) {
        this.#visits.delete(oldest);
        break;
      }
    }
    this.#visits.set(key, visits);
  }
}

function keyOf(siteId: string, visitorId: string): string {
  return `${visitorId}${siteId}`;
}
