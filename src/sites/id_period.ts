// How long a visitor id lasts: periods of whole UTC days. Both kinds of ids change at the same
// instants, and retention counts by the same periods.
import { DAY_MS, DAY_US } from "../core/durations.ts";

/** For how many UTC days an id may stand for the same browser. */
export const ID_DAYS = [1, 7, 30] as const;

/** Longer periods begin on a Monday, as weeks of retention do: 1970-01-05 was one. */
export const FIRST_MONDAY = 4;

/** Number of the period of `days` UTC days that holds a time. */
export function periodOf(atMs: number, days: number): number {
  const day = Math.floor(atMs / DAY_MS);
  return days === 1 ? day : Math.floor((day - FIRST_MONDAY) / days);
}

/** When a period begins: midnight UTC, in milliseconds since 1970. */
export function startOfPeriod(period: number, days: number): number {
  return (days === 1 ? period : period * days + FIRST_MONDAY) * DAY_MS;
}

/**
 * No id that is seen at a time or later was seen before this, both in microseconds since 1970: an
 * id may be carried over one change, never over two. With 0 `days` each event has an id of its own.
 */
export function firstSightingUs(us: number, days: number): number {
  if (days === 0) return us;
  return changeBefore(us, days) - days * DAY_US;
}

/**
 * Whoever is seen at a time or later, and before, was seen from here on, too: the id is of the
 * period that holds the time, or of a visit that was carried on, with an event within a gap.
 */
export function edgeUs(us: number, days: number, gapUs: number): number {
  return days === 0 ? us : Math.min(changeBefore(us, days), us - gapUs);
}

function changeBefore(us: number, days: number): number {
  return startOfPeriod(periodOf(us / 1000, days), days) * 1000;
}
