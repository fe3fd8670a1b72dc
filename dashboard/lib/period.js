// Days and ranges of days as plain text, and the periods of the picker. It reads no clock: today
// is handed in.

/**
 * First and last day of a range `YYYY-MM-DD`, both included; or two local times
 * `YYYY-MM-DDTHH:MM`, the second excluded.
 * @typedef {{ from: string, to: string }} Range
 */

/**
 * A named period: the key that chooses it and the days it covers; null where the server alone
 * knows them.
 * @typedef {object} Period
 * @property {string} name
 * @property {string} key
 * @property {(today: string) => Range | null} range
 */

/** Longest custom range the server answers, in days. */
export const RANGE_DAYS_MAX = 366;

const DAY_MS = 86_400_000;

/** @param {number} days */
const lastDays = (days) => (/** @type {string} */ today) => ({
  from: addDays(today, 1 - days),
  to: today,
});

/**
 * @param {number} first months from the running one
 * @param {number} last
 */
const months = (first, last) => (/** @type {string} */ today) => ({
  from: firstOfMonth(today, first),
  to: addDays(firstOfMonth(today, last + 1), -1),
});

/**
 * The periods the picker offers, in their order. The server knows more names than these.
 * @type {readonly Period[]}
 */
export const PERIODS = [
  { name: "day", key: "d", range: lastDays(1) },
  {
    name: "yesterday",
    key: "e",
    range: (today) => ({ from: addDays(today, -1), to: addDays(today, -1) }),
  },
  { name: "24h", key: "h", range: () => null },
  { name: "7d", key: "w", range: lastDays(7) },
  { name: "28d", key: "f", range: lastDays(28) },
  { name: "30d", key: "t", range: lastDays(30) },
  { name: "91d", key: "n", range: lastDays(91) },
  { name: "month", key: "m", range: months(0, 0) },
  { name: "last_month", key: "p", range: months(-1, -1) },
  {
    name: "year",
    key: "y",
    range: (today) => ({ from: `${today.slice(0, 4)}-01-01`, to: `${today.slice(0, 4)}-12-31` }),
  },
  { name: "6mo", key: "s", range: months(-5, 0) },
  { name: "12mo", key: "l", range: months(-11, 0) },
  { name: "all", key: "a", range: () => null },
];

/** Periods that are known, but not offered beside their like. */
const OTHERS = [
  { name: "today", key: "", range: lastDays(1) },
  { name: "90d", key: "", range: lastDays(90) },
];

export const DEFAULT_PERIOD = "30d";

/**
 * @param {string} name
 * @returns {Period | undefined}
 */
export function periodNamed(name) {
  return [...PERIODS, ...OTHERS].find((period) => period.name === name);
}

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
 * Whether a text is a local time that exists.
 * @param {string} text
 * @returns {boolean}
 */
export function isMoment(text) {
  return /^.{10}T([01]\d|2[0-3]):[0-5]\d$/.test(text) && isDay(text.slice(0, 10));
}

/**
 * What two texts come to as a range: of days or of times, in order, not too long; else null.
 * @param {string} from
 * @param {string} to
 * @returns {Range | null}
 */
export function rangeBetween(from, to) {
  const range = { from, to };
  if (isDay(from) && isDay(to)) {
    return from <= to && lengthOf(range) <= RANGE_DAYS_MAX ? range : null;
  }
  if (!isMoment(from) || !isMoment(to) || from >= to) return null;
  return lengthOf({ from: from.slice(0, 10), to: to.slice(0, 10) }) <= RANGE_DAYS_MAX
    ? range
    : null;
}

/**
 * The parameters by which the server is asked for a range: its end is excluded there.
 * @param {Range} range
 * @returns {{ start: string, end: string }}
 */
export function boundsOf({ from, to }) {
  return { start: from, end: isDay(to) ? addDays(to, 1) : to };
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
 * First day of the month `count` after that of a day.
 * @param {string} day
 * @param {number} count
 * @returns {string}
 */
export function firstOfMonth(day, count) {
  const year = Number(day.slice(0, 4));
  const month = Number(day.slice(5, 7)) - 1 + count;
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
}

/**
 * Days of a range, both ends counted.
 * @param {Range} range
 * @returns {number}
 */
export function lengthOf({ from, to }) {
  const [first, last] = [from, to].map((text) => Date.parse(text.slice(0, 10)));
  return Math.round(((last ?? 0) - (first ?? 0)) / DAY_MS) + 1;
}

/**
 * Date and time `YYYY-MM-DD HH:MM` of a moment in a time zone.
 * @param {number} nowMs
 * @param {string} timeZone
 * @returns {string}
 */
export function minuteOf(nowMs, timeZone) {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).formatToParts(nowMs);
  const part = (/** @type {string} */ type) => parts.find((found) => found.type === type)?.value;
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}`;
}

/**
 * The range right before or after one: whole months by their number, else by days. Null where it
 * would begin in the future.
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
  return isDay(to) && from.endsWith("-01") && addDays(to, 1).endsWith("-01");
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
 * The name of the period that covers exactly these days, if one does.
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
 * Widths of buckets that make sense for a number of days, the narrowest first.
 * @param {number} days
 * @param {readonly string[]} known as the server lists them, the narrowest first
 * @returns {readonly string[]}
 */
export function intervalsFor(days, known) {
  const [least, most] = days <= 1 ? [0, 1] : days <= 14 ? [1, 2] : days <= 92 ? [2, 3] : [2, 4];
  return known.slice(least, most + 1);
}
