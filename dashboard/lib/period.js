// Days and ranges of days as plain `YYYY-MM-DD` text, and the periods of the picker. It reads no
// clock: today is handed in.

/** First and last day of a range, both included. @typedef {{ from: string, to: string }} Range */

/**
 * The periods of the picker: the name the server knows, the key that chooses it, its days
 * counted back from today.
 */
export const PERIODS = /** @type {const} */ ([
  { name: "day", key: "d", days: 1 },
  { name: "7d", key: "w", days: 7 },
  { name: "30d", key: "t", days: 30 },
  { name: "90d", key: "n", days: 90 },
]);

/** @typedef {(typeof PERIODS)[number]["name"]} PeriodName */

/** @type {PeriodName} */
export const DEFAULT_PERIOD = "30d";

/** Longest custom range the server answers, in days. */
export const RANGE_DAYS_MAX = 366;

const DAY_MS = 86_400_000;

/**
 * Whether a text is a day that exists.
 * @param {string} text
 * @returns {boolean}
 */
export function isDay(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}

/**
 * The day `days` after another, or before it where negative.
 * @param {string} day
 * @param {number} days
 * @returns {string}
 */
export function addDays(day, days) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Days of a range, both ends counted.
 * @param {Range} range
 * @returns {number}
 */
export function lengthOf({ from, to }) {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;
}

/**
 * The day of a moment in a time zone.
 * @param {number} nowMs
 * @param {string} timeZone
 * @returns {string}
 */
export function dayOf(nowMs, timeZone) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(nowMs);
  const part = (/** @type {string} */ type) => parts.find((found) => found.type === type)?.value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/**
 * Date and time `YYYY-MM-DD HH:MM` of a moment in a time zone.
 * @param {number} nowMs
 * @param {string} timeZone
 * @returns {string}
 */
export function minuteOf(nowMs, timeZone) {
  const time = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
  });
  return `${dayOf(nowMs, timeZone)} ${time.format(nowMs)}`;
}

/**
 * The days a named period covers.
 * @param {PeriodName} name
 * @param {string} today
 * @returns {Range}
 */
export function rangeOf(name, today) {
  const days = PERIODS.find((period) => period.name === name)?.days ?? 30;
  return { from: addDays(today, 1 - days), to: today };
}

/**
 * The range of the same length right before or after; null where it would begin in the future.
 * @param {Range} range
 * @param {-1 | 1} direction
 * @param {string} today
 * @returns {Range | null}
 */
export function stepRange(range, direction, today) {
  const days = lengthOf(range) * direction;
  const moved = { from: addDays(range.from, days), to: addDays(range.to, days) };
  return moved.from > today ? null : moved;
}

/**
 * The period that covers exactly these days, if one does.
 * @param {Range} range
 * @param {string} today
 * @returns {PeriodName | null}
 */
export function periodOf(range, today) {
  if (range.to !== today) return null;
  return PERIODS.find((period) => period.days === lengthOf(range))?.name ?? null;
}
