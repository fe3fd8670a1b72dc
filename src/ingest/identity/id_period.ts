// How long a visitor id lasts: periods of whole UTC days. Both kinds of ids change at the same
// instants, and retention counts by the same periods.
import { DAY_MS } from "../../core/durations.ts";

/** For how many UTC days an id may stand for the same browser. */
export const ID_DAYS = [1, 7, 30] as const;

/** Longer periods begin on a Monday, as weeks of retention do: 1970-01-05 was one. */
const FIRST_MONDAY = 4;

/** Number of the period of `days` UTC days that holds a time. */
export function periodOf(atMs: number, days: number): number {
  const day = Math.floor(atMs / DAY_MS);
  return days === 1 ? day : Math.floor((day - FIRST_MONDAY) / days);
}

/** When a period begins: midnight UTC, in milliseconds since 1970. */
export function startOfPeriod(period: number, days: number): number {
  return (days === 1 ? period : period * days + FIRST_MONDAY) * DAY_MS;
}
