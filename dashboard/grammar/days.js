// Dates `YYYY-MM-DD` and local times `YYYY-MM-DDTHH:MM` as text, and dates as days since 1970. It
// must not read a clock and knows no time zone.

const DAY_MS = 86_400_000;

/**
 * Days from 1970-01-01 to a date.
 * @param {string} date
 * @returns {number}
 */
export function dayOfDate(date) {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS;
}

/**
 * The date that is some days after 1970-01-01.
 * @param {number} day
 * @returns {string}
 */
export function dateOfDay(day) {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/**
 * Whether a text is a date that exists.
 * @param {string} text
 * @returns {boolean}
 */
export function isDate(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = dayOfDate(text);
  return !Number.isNaN(day) && dateOfDay(day) === text;
}

/**
 * Whether a text is a local time that exists.
 * @param {string} text
 * @returns {boolean}
 */
export function isMinute(text) {
  return /^.{10}T([01]\d|2[0-3]):[0-5]\d$/.test(text) && isDate(text.slice(0, 10));
}

/**
 * The first day of the month that is `months` after the one that holds a day.
 * @param {number} day
 * @param {number} months
 * @returns {number}
 */
export function firstOfMonth(day, months) {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) / DAY_MS;
}
