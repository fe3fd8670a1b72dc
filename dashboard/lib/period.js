// Ranges of days as the dashboard shows them, and the periods of the picker. Reads no clock: today
// is a parameter.
import {
  dateOfDay,
  dayOfDate,
  firstOfMonth as firstDayOfMonth,
  isDate,
  isMinute,
} from "../grammar/days.js";
import { intervalOfDays, PERIOD_NAMES, periodRow } from "../grammar/period.js";

/**
 * First and last day of a range `YYYY-MM-DD`, both included; or two local times
 * `YYYY-MM-DDTHH:MM`, the second excluded.
 * @typedef {{ from: string, to: string }} Range
 */

/**
 * A named period: its shortcut key and the days it covers; null if only the server knows them.
 * @typedef {object} Period
 * @property {string} name
 * @property {string} key
 * @property {(today: string) => Range | null} range
 */

/** Every period, in order. */
const ALL = PERIOD_NAMES.map((name) => {
  const { key = "", days } = periodRow(name);
  const range = (/** @type {string} */ today) => {
    const [from, to] = days?.(dayOfDate(today), null) ?? [];
    return from === undefined || to === undefined
      ? null
      : { from: dateOfDay(from), to: dateOfDay(to - 1) };
  };
  return { name, key, range };
});

/**
 * The periods that the picker offers.
 * @type {readonly Period[]}
 */
export const PERIODS = ALL.filter(({ key }) => key !== "");

/**
 * @param {string} name
 * @returns {Period | undefined}
 */
export function periodNamed(name) {
  return ALL.find((period) => period.name === name);
}

/**
 * Parses two texts as a range of days or times, in order; else null. The server refuses one that
 * is too long.
 * @param {string} from
 * @param {string} to
 * @returns {Range | null}
 */
export function rangeBetween(from, to) {
  const range = { from, to };
  if (isDate(from) && isDate(to)) {
    return from <= to ? range : null;
  }
  return isMinute(from) && isMinute(to) && from < to ? range : null;
}

/**
 * The request parameters of a range; their end is exclusive.
 * @param {Range} range
 * @returns {{ start: string, end: string }}
 */
export function boundsOf({ from, to }) {
  return { start: from, end: isDate(to) ? addDays(to, 1) : to };
}

/**
 * The day `days` after another; before it if negative.
 * @param {string} day
 * @param {number} days
 * @returns {string}
 */
export function addDays(day, days) {
  return dateOfDay(dayOfDate(day) + days);
}

/**
 * First day of the month `count` after that of a day.
 * @param {string} day
 * @param {number} count
 * @returns {string}
 */
export function firstOfMonth(day, count) {
  return dateOfDay(firstDayOfMonth(dayOfDate(day), count));
}

/**
 * Number of days in a range, both ends included.
 * @param {Range} range
 * @returns {number}
 */
export function lengthOf({ from, to }) {
  return dayOfDate(to.slice(0, 10)) - dayOfDate(from.slice(0, 10)) + 1;
}

/**
 * What writes minutes, by time zone: each takes long to make.
 * @type {Map<string, Intl.DateTimeFormat>}
 */
const minutes = new Map();

/**
 * An instant as `YYYY-MM-DD HH:MM` in a time zone.
 * @param {number} nowMs
 * @param {string} timeZone
 * @returns {string}
 */
export function minuteOf(nowMs, timeZone) {
  const format = minutes.get(timeZone) ?? new Intl.DateTimeFormat("en", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  minutes.set(timeZone, format);
  const parts = format.formatToParts(nowMs);
  const part = (/** @type {string} */ type) => parts.find((found) => found.type === type)?.value;
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}`;
}

/**
 * The adjacent range before or after: by months for whole months, else by days. Null if it would
 * start in the future.
 * @param {Range} range
 * @param {-1 | 1} direction
 * @param {string} today
 * @returns {Range | null}
 */
export function stepRange(range, direction, today) {
  const moved = isWholeMonths(range)
    ? stepMonths(range, direction)
    : stepDays(range, lengthOf(range) * direction);
  return moved.from.slice(0, 10) > today ? null : moved;
}

/** @param {Range} range */
function isWholeMonths({ from, to }) {
  return isDate(to) && from.endsWith("-01") && addDays(to, 1).endsWith("-01");
}

/**
 * @param {Range} range
 * @param {-1 | 1} direction
 */
function stepMonths({ from, to }, direction) {
  const [first, end] = [from, addDays(to, 1)].map((day) =>
    Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7))
  );
  const count = ((end ?? 0) - (first ?? 0)) * direction;
  return { from: firstOfMonth(from, count), to: addDays(firstOfMonth(addDays(to, 1), count), -1) };
}

/**
 * @param {Range} range
 * @param {number} days
 */
function stepDays({ from, to }, days) {
  const move = (/** @type {string} */ text) => addDays(text.slice(0, 10), days) + text.slice(10);
  return { from: move(from), to: move(to) };
}

/**
 * The name of the period that covers exactly these days, if any.
 * @param {Range} range
 * @param {string} today
 * @returns {string | null}
 */
export function periodOf(range, today) {
  const found = PERIODS.find((period) => {
    const own = period.range(today);
    return own?.from === range.from && own.to === range.to;
  });
  return found?.name ?? null;
}

/**
 * Useful bucket widths for a number of days, narrowest first.
 * @param {number} days
 * @param {readonly string[]} known as the server lists them, the narrowest first
 * @returns {readonly string[]}
 */
export function intervalsFor(days, known) {
  const [least, most] = days <= 1 ? [0, 1] : days <= 14 ? [1, 2] : days <= 92 ? [2, 3] : [2, 4];
  return known.slice(least, most + 1);
}

/** Longest ranges of times, in hours, that have buckets of minutes and of hours. */
const MINUTES_HOURS_MAX = 2;
const HOURLY_HOURS_MAX = 48;

/**
 * The default bucket width of a custom range: that of the server, but hours for a single day.
 * @param {Range} range
 * @returns {import("../grammar/period.js").Interval}
 */
export function usualOf({ from, to }) {
  if (isDate(to)) return from === to ? "hour" : intervalOfDays(lengthOf({ from, to }));
  const hours = (Date.parse(`${to}Z`) - Date.parse(`${from}Z`)) / 3_600_000;
  if (hours > HOURLY_HOURS_MAX) return intervalOfDays(Math.round(hours / 24));
  return hours <= MINUTES_HOURS_MAX ? "minute" : "hour";
}
