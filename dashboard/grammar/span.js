// Spans of time as text: `1 day`, `90 minutes`.
import { SPAN_DAYS_MAX } from "./limits.js";
import { shorten } from "./parsed.js";

/** Units of a span, in seconds. */
const SECONDS = /** @type {const} */ ({
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
});

/** @typedef {keyof typeof SECONDS} SpanUnit */
/** @typedef {{ count: number, unit: SpanUnit }} Span */

/** Units of a span of time, from the shortest. */
export const UNITS = /** @type {const} */ (["second", "minute", "hour", "day", "week"]);

/**
 * Reads a span of 1 second to 366 days.
 * @param {string} text
 * @returns {import("./parsed.js").Parsed<Span>}
 */
export function parseSpan(text) {
  const match = /^\s*(\d{1,9})\s+([a-z]+)\s*$/i.exec(text);
  const name = match?.[2]?.toLowerCase().replace(/s$/, "");
  const unit = UNITS.find((one) => one === name);
  if (!match || !unit) {
    return {
      fault: `"${shorten(text)}" is no span like "1 day": ` +
        "a number of seconds, minutes, hours, days or weeks",
    };
  }
  const span = { count: Number(match[1]), unit };
  const seconds = secondsOf(span);
  return seconds < 1 || seconds > SPAN_DAYS_MAX * SECONDS.day
    ? { fault: `"${shorten(text.trim())}" is not within 1 second to ${SPAN_DAYS_MAX} days` }
    : { value: span };
}

/**
 * @param {Span} span
 * @returns {string}
 */
export function printSpan({ count, unit }) {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/**
 * Length of a span in seconds.
 * @param {Span} span
 * @returns {number}
 */
export function secondsOf({ count, unit }) {
  return count * SECONDS[unit];
}
