// The named periods, a row each: the days they cover, the width of their buckets, and the key that
// chooses them in the dashboard. It must not read a clock: today is passed in.
import { firstOfMonth } from "./days.js";

/** Every width of a bucket, from the narrowest. */
export const INTERVALS = /** @type {const} */ (["minute", "hour", "day", "week", "month"]);

/** @typedef {(typeof INTERVALS)[number]} Interval */

/**
 * The first day of a period and the one after its last, as days since 1970; null where it begins
 * with the site's first event and its day is not known.
 * @typedef {(today: number, firstDay: number | null) => readonly [from: number, to: number] | null}
 *   Days
 */

/**
 * One period. `key` chooses it in the dashboard; a period without one is not offered there.
 * `lastHours` is the length of a period that ends with the current minute; any other has `days`.
 * @typedef {object} Period
 * @property {string} label
 * @property {string} [key]
 * @property {Interval} interval
 * @property {Days} [days]
 * @property {number} [lastHours]
 * @property {string} doc
 */

/**
 * From the start of the day `count` − 1 days ago to the end of today.
 * @param {number} count
 * @param {string} [key]
 * @returns {Period}
 */
function lastDays(count, key) {
  return {
    label: `Last ${count} days`,
    ...(key === undefined ? {} : { key }),
    interval: "day",
    days: (today) => [today - count + 1, today + 1],
    doc: `today and the ${count - 1} days before`,
  };
}

/**
 * Whole months, counted from the current one.
 * @param {number} first
 * @param {number} last
 * @returns {Days}
 */
function months(first, last) {
  return (today) => [firstOfMonth(today, first), firstOfMonth(today, last + 1)];
}

/**
 * Every named period, in the order in which they are offered.
 * @satisfies {Record<string, Period>}
 */
export const PERIODS = {
  day: {
    label: "Today",
    key: "d",
    interval: /** @type {const} */ ("hour"),
    days: (today) => [today, today + 1],
    doc: "the whole of today",
  },
  today: {
    label: "Today",
    interval: "hour",
    days: (today) => [today, today + 1],
    doc: "the same as `day`",
  },
  yesterday: {
    label: "Yesterday",
    key: "e",
    interval: "hour",
    days: (today) => [today - 1, today],
    doc: "the whole of yesterday",
  },
  "24h": {
    label: "Last 24 hours",
    key: "h",
    interval: "hour",
    lastHours: 24,
    doc: "24 hours to the end of the running minute",
  },
  "7d": lastDays(7, "w"),
  "28d": lastDays(28, "f"),
  "30d": lastDays(30, "t"),
  "90d": lastDays(90),
  "91d": lastDays(91, "n"),
  month: {
    label: "This month",
    key: "m",
    interval: "day",
    days: months(0, 0),
    doc: "the whole of the running month",
  },
  last_month: {
    label: "Last month",
    key: "p",
    interval: "day",
    days: months(-1, -1),
    doc: "the month before this one",
  },
  year: {
    label: "This year",
    key: "y",
    interval: "month",
    days: (today) => {
      const january = -new Date(today * 86_400_000).getUTCMonth();
      return [firstOfMonth(today, january), firstOfMonth(today, january + 12)];
    },
    doc: "the whole of the running year",
  },
  "6mo": {
    label: "Last 6 months",
    key: "s",
    interval: "month",
    days: months(-5, 0),
    doc: "this month and the 5 before",
  },
  "12mo": {
    label: "Last 12 months",
    key: "l",
    interval: "month",
    days: months(-11, 0),
    doc: "this month and the 11 before",
  },
  all: {
    label: "All time",
    key: "a",
    interval: "month",
    days: (today, firstDay) => firstDay === null ? null : [Math.min(firstDay, today), today + 1],
    doc: "from the first event to the end of today",
  },
};

/** Most days of a range that has a bucket for each day where no width is asked for: two years. */
const DAILY_DAYS_MAX = 731;
/** Most days of a range that has a bucket for each week: five years. */
const WEEKLY_DAYS_MAX = 1827;

/**
 * The width of buckets of a range of whole days where none is asked for.
 * @param {number} days
 * @returns {"day" | "week" | "month"}
 */
export function intervalOfDays(days) {
  return days <= DAILY_DAYS_MAX ? "day" : days <= WEEKLY_DAYS_MAX ? "week" : "month";
}

/** @typedef {keyof typeof PERIODS} PeriodName */

/** Names of the periods, in their order. */
export const PERIOD_NAMES = /** @type {readonly PeriodName[]} */ (Object.keys(PERIODS));

/**
 * The period that holds where none is named.
 * @type {PeriodName}
 */
export const PERIOD_DEFAULT = "30d";

/**
 * The row of a period.
 * @param {PeriodName} name
 * @returns {Period}
 */
export function periodRow(name) {
  return PERIODS[name];
}
