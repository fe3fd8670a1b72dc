// Date ranges of the Stats API v2 of Plausible: names that leave the running day or month out, and
// pairs of dates or times whose end is included.
import { DAY_MS, DAY_US, HOUR_US, MINUTE_US, SECOND_US } from "../../../core/durations.ts";
import type { Interval } from "../../../../dashboard/grammar/period.js";
import { dayOfDate, firstOfMonth, isDate } from "../../../../dashboard/grammar/days.js";
import { RANGE_DAYS_MAX } from "../../../../dashboard/grammar/limits.js";
import type { Parsed } from "../../../../dashboard/grammar/parsed.js";
import { cutToElapsed, type Range, rangeBefore, rangeOfDays } from "../../../core/period.ts";
import { localDate, localUs, offsetUs } from "../../../core/zone.ts";

/** What a range is computed from. */
export interface V2Moment {
  readonly nowUs: number;
  readonly zone: string;
  readonly firstUs: number | null;
}

const MONTHS_MAX = 120;
const TOO_LONG = `it is longer than ten years (${RANGE_DAYS_MAX} days)`;

/** The range of `date_range`, or what is wrong with it. */
export function v2Range(value: unknown, moment: V2Moment): Parsed<Range> {
  if (typeof value === "string") return namedRange(value, moment);
  if (!Array.isArray(value) || value.length !== 2) {
    return { fault: "it is neither a name nor a list of two dates" };
  }
  const [from, to]: unknown[] = value;
  if (typeof from !== "string" || typeof to !== "string") return { fault: "a date is no text" };
  return pairRange(from, to, moment);
}

function namedRange(name: string, { nowUs, zone, firstUs }: V2Moment): Parsed<Range> {
  const today = dayOfDate(localDate(zone, nowUs));
  const days = (from: number, to: number) => ({ value: rangeOfDays(zone, from, to) });
  const counted = /^(\d{1,4})(d|mo)$/.exec(name);
  if (counted) {
    const count = Number(counted[1]);
    const max = counted[2] === "d" ? RANGE_DAYS_MAX : MONTHS_MAX;
    if (count < 1 || count > max) return { fault: `"${name}" is not within 1 to ${max}` };
    if (counted[2] === "d") return days(today - count, today);
    return days(firstOfMonth(today, -count), firstOfMonth(today, 0));
  }
  switch (name) {
    case "day":
      return days(today, today + 1);
    case "24h": {
      const toUs = (Math.floor(nowUs / MINUTE_US) + 1) * MINUTE_US;
      return { value: { fromUs: toUs - DAY_US, toUs, dates: null } };
    }
    case "month":
      return days(firstOfMonth(today, 0), firstOfMonth(today, 1));
    case "year": {
      const year = Number(localDate(zone, nowUs).slice(0, 4));
      return days(dayOfDate(`${year}-01-01`), Date.UTC(year + 1, 0, 1) / DAY_MS);
    }
    case "all":
      return days(Math.min(dayOfDate(localDate(zone, firstUs ?? nowUs)), today), today + 1);
    default:
      return {
        fault: `"${name.slice(0, 40)}" is not one of day, 24h, 7d, 28d, 30d, 91d, ` +
          "month, 6mo, 12mo, year, all, a number of d or mo, [from, to]",
      };
  }
}

function pairRange(from: string, to: string, { zone }: V2Moment): Parsed<Range> {
  if (isDate(from) && isDate(to)) {
    const [first, last] = [dayOfDate(from), dayOfDate(to)];
    if (last < first) return { fault: "the second date is before the first" };
    if (last - first >= RANGE_DAYS_MAX) return { fault: TOO_LONG };
    return { value: rangeOfDays(zone, first, last + 1) };
  }
  const [fromUs, toUs] = [instantOfIso(from), instantOfIso(to)];
  if (fromUs === null || toUs === null) {
    return { fault: "it is no pair of dates YYYY-MM-DD or times with a zone (ISO 8601)" };
  }
  if (toUs < fromUs) return { fault: "the second time is before the first" };
  if (toUs - fromUs > RANGE_DAYS_MAX * DAY_US) return { fault: TOO_LONG };
  return { value: { fromUs, toUs: toUs + SECOND_US, dates: null } };
}

function instantOfIso(text: string): number | null {
  const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;
  if (!pattern.test(text) || !isDate(text.slice(0, 10))) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1000) * SECOND_US;
}

/** Names of ranges that last beyond now, and how far they last once they are trimmed. */
const TRIMMED: Readonly<Record<string, "hour" | "day">> = {
  day: "hour",
  month: "day",
  year: "day",
};

/** The range of `date_range` without the hours, or days, that have not begun. */
export function v2TrimmedRange(value: unknown, range: Range, { nowUs, zone }: V2Moment): Range {
  const unit = typeof value === "string" && Object.hasOwn(TRIMMED, value) && TRIMMED[value];
  if (!unit) return range;
  const today = dayOfDate(localDate(zone, nowUs));
  if (unit === "day") {
    const first = dayOfDate(localDate(zone, range.fromUs));
    return rangeOfDays(zone, first, today + 1);
  }
  const endUs = nowUs - localUs(zone, nowUs) % HOUR_US + HOUR_US;
  return { fromUs: range.fromUs, toUs: Math.min(range.toUs, endUs), dates: null };
}

const MODES = ["previous_period", "year_over_year", "custom"] as const;

/**
 * The earlier range of `include.comparisons`. A running range is compared with the same elapsed
 * time of the earlier one.
 */
export function v2Comparison(value: unknown, range: Range, moment: V2Moment): Parsed<Range> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { fault: "it is no object" };
  }
  const { mode, date_range, match_day_of_week = false, ...others } = value as Partial<
    Record<string, unknown>
  >;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return {
      fault: `"${unknown.slice(0, 40)}" is not one of mode, date_range, match_day_of_week`,
    };
  }
  const known = MODES.find((name) => name === mode);
  if (!known) return { fault: `mode is not one of ${MODES.join(", ")}` };
  if (typeof match_day_of_week !== "boolean") {
    return { fault: "match_day_of_week is neither true nor false" };
  }
  if (known === "custom") {
    const custom = v2Range(date_range, moment);
    return custom.fault === undefined ? custom : { fault: `date_range: ${custom.fault}` };
  }
  if (date_range !== undefined) return { fault: "date_range needs the mode custom" };
  const whole = rangeBefore(range, moment.zone, known, match_day_of_week);
  return { value: cutToElapsed(whole, range, moment.nowUs) };
}

/** The width of `time` for a range: hours for two days, days for a quarter, months for more. */
export function v2Interval(range: Range): Interval {
  const length = range.toUs - range.fromUs;
  if (length <= 2 * HOUR_US) return "minute";
  if (length <= 50 * HOUR_US) return "hour";
  return length <= 100 * DAY_US ? "day" : "month";
}

/** An instant as ISO 8601 with the zone's offset, to the second. */
export function isoInZone(us: number, zone: string): string {
  const local = new Date(localUs(zone, us) / 1000).toISOString().slice(0, 19);
  const offset = offsetUs(zone, us);
  const minutes = Math.floor(Math.abs(offset) / MINUTE_US);
  const two = (number: number) => String(number).padStart(2, "0");
  const sign = offset < 0 ? "-" : "+";
  return `${local}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
