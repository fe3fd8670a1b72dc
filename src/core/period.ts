// Named periods, custom ranges and comparisons as half-open UTC ranges, and the buckets of a
// range. Everything is computed from a given now and zone; it must not read a clock.
import {
  dateOfDay,
  dayOfDate,
  firstOfMonth,
  isDate,
  isMinute,
} from "../../dashboard/grammar/days.js";
import { RANGE_DAYS_MAX } from "../../dashboard/grammar/limits.js";
import type { Parsed } from "../../dashboard/grammar/parsed.js";
import { type Interval, type PeriodName, periodRow } from "../../dashboard/grammar/period.js";
import { DAY_MS, DAY_US, HOUR_US, MINUTE_US } from "./durations.ts";
import {
  instantIn,
  instantOf,
  localDate,
  localUs,
  type OffsetTransition,
  offsetTransitions,
} from "./zone.ts";

/** A half-open range of instants. `dates` is set when it is made of whole local days. */
export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
  /** First local date and the one after the last. */
  readonly dates: { readonly from: string; readonly to: string } | null;
}

/** First day of a week: 1 Monday, 7 Sunday. */
export type WeekStart = 1 | 7;

/** What a period is computed from. `firstUs` is the site's first event, null when it has none. */
export interface Today {
  readonly nowUs: number;
  readonly zone: string;
  readonly firstUs: number | null;
}

/** The UTC range of a named period. */
export function rangeOfPeriod(name: PeriodName, today: Today): Range {
  const { lastHours, days } = periodRow(name);
  if (lastHours !== undefined) {
    const toUs = (Math.floor(today.nowUs / MINUTE_US) + 1) * MINUTE_US;
    return { fromUs: toUs - lastHours * HOUR_US, toUs, dates: null };
  }
  const day = dayOfDate(localDate(today.zone, today.nowUs));
  const firstUs = today.firstUs ?? today.nowUs;
  const firstDay = dayOfDate(localDate(today.zone, firstUs));
  const [from, to] = days?.(day, firstDay) ?? [day, day + 1];
  return rangeOfDays(today.zone, from, to);
}

/** The UTC range of whole local days, `to` exclusive, given as days since 1970. */
export function rangeOfDays(zone: string, from: number, to: number): Range {
  const dates = { from: dateOfDay(from), to: dateOfDay(to) };
  return { fromUs: instantOf(zone, from * DAY_US), toUs: instantOf(zone, to * DAY_US), dates };
}

/**
 * The UTC range between two local times, each a date or `YYYY-MM-DDTHH:MM`; the end is exclusive.
 * A fault is a whole sentence: it may be about either parameter, or about both.
 */
export function rangeBetween(
  zone: string,
  start: { readonly name: string; readonly text: string },
  end: { readonly name: string; readonly text: string },
): Parsed<Range> {
  for (const { name, text } of [start, end]) {
    if (!isDate(text) && !isMinute(text)) {
      return {
        fault: `Cannot read ${name}: "${text.slice(0, 40)}" is no date YYYY-MM-DD` +
          " and no time YYYY-MM-DDTHH:MM",
      };
    }
  }
  const fromUs = instantOf(zone, localOf(start.text));
  const toUs = instantOf(zone, localOf(end.text));
  if (localOf(start.text) > localOf(end.text)) {
    return { fault: `Cannot use ${end.name}: ${end.text} is before ${start.name} ${start.text}` };
  }
  if (localOf(end.text) - localOf(start.text) > RANGE_DAYS_MAX * DAY_US) {
    return {
      fault: `Cannot use ${start.name} and ${end.name}: ` +
        `they are more than ten years (${RANGE_DAYS_MAX} days) apart`,
    };
  }
  const whole = isDate(start.text) && isDate(end.text);
  return { value: { fromUs, toUs, dates: whole ? { from: start.text, to: end.text } : null } };
}

function localOf(text: string): number {
  return dayOfDate(text.slice(0, 10)) * DAY_US +
    (text.length > 10 ? Number(text.slice(11, 13)) * HOUR_US : 0) +
    (text.length > 10 ? Number(text.slice(14, 16)) * MINUTE_US : 0);
}

/** How an earlier range is chosen. */
export const COMPARISONS = {
  previous_period: "as many days, months or hours just before",
  year_over_year: "start and end one calendar year earlier",
  custom: "the range of compare_start and compare_end",
} as const;

/** Name of a comparison. */
export type ComparisonName = keyof typeof COMPARISONS;

/**
 * The whole earlier range that a range is compared with. With `matchWeekday` it is the nearest one
 * of as many days that ends before the range begins and starts on the same day of the week; a range
 * that is not made of days cannot be matched so.
 */
export function rangeBefore(
  range: Range,
  zone: string,
  comparison: "previous_period" | "year_over_year",
  matchWeekday: boolean,
): Range {
  if (!range.dates) {
    if (comparison === "year_over_year") {
      const earlier = (us: number) => sameTimeYearEarlier(us, zone);
      return { fromUs: earlier(range.fromUs), toUs: earlier(range.toUs), dates: null };
    }
    const byUs = range.toUs - range.fromUs;
    return { fromUs: range.fromUs - byUs, toUs: range.toUs - byUs, dates: null };
  }
  const [from, to] = [dayOfDate(range.dates.from), dayOfDate(range.dates.to)];
  const [start, end] = comparison === "previous_period"
    ? daysBefore(from, to)
    : yearBefore(from, to);
  if (!matchWeekday) return rangeOfDays(zone, start, end);
  const length = to - from;
  const nearest = comparison === "previous_period" ? from - length : start;
  const weeks = Math.round((from - nearest) / 7);
  const least = Math.ceil(length / 7);
  const shift = 7 * Math.max(1, least, weeks);
  return rangeOfDays(zone, from - shift, to - shift);
}

/**
 * Cuts an earlier range to the time of a range that has passed, to the minute: a running range is
 * compared with as much as it had. A range that ends with the running minute is not cut.
 */
export function cutToElapsed(earlier: Range, range: Range, nowUs: number): Range {
  const minuteUs = Math.floor(nowUs / MINUTE_US) * MINUTE_US;
  if (range.toUs <= minuteUs + MINUTE_US) return earlier;
  const toUs = earlier.fromUs + Math.max(0, minuteUs - range.fromUs);
  return toUs < earlier.toUs ? { fromUs: earlier.fromUs, toUs, dates: null } : earlier;
}

/** As many months before where a range is made of calendar months, else as many days. */
function daysBefore(from: number, to: number): readonly [number, number] {
  const [first, last] = [new Date(from * DAY_MS), new Date(to * DAY_MS)];
  const months = 12 * (last.getUTCFullYear() - first.getUTCFullYear()) +
    last.getUTCMonth() - first.getUTCMonth();
  const whole = months > 0 && first.getUTCDate() === 1 && last.getUTCDate() === 1;
  return [whole ? monthsEarlier(from, months) : from - (to - from), from];
}

/** The last day is shifted, too, or a range up to 28 February of a leap year would lose a day. */
function yearBefore(from: number, to: number): readonly [number, number] {
  const start = monthsEarlier(from, 12);
  if (to <= from) return [start, start];
  return [start, Math.max(monthsEarlier(to, 12), monthsEarlier(to - 1, 12) + 1)];
}

function sameTimeYearEarlier(us: number, zone: string): number {
  const local = localUs(zone, us);
  const day = Math.floor(local / DAY_US);
  return instantOf(zone, monthsEarlier(day, 12) * DAY_US + (local - day * DAY_US));
}

/** The same day of an earlier month, or that month's last day. */
function monthsEarlier(day: number, months: number): number {
  const date = new Date(day * DAY_MS);
  const wanted = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() - months);
  const first = date.getTime() / DAY_MS;
  date.setUTCMonth(date.getUTCMonth() + 1);
  return first + Math.min(wanted, date.getTime() / DAY_MS - first) - 1;
}

/** One step of a time series. */
export interface Bucket {
  /** What the SQL of `buckets.ts` computes for an event of this bucket. */
  readonly key: number;
  /** Local `YYYY-MM-DD` or `YYYY-MM-DD HH:MM`; of a doubled hour the later has its offset. */
  readonly label: string;
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * The buckets of a range in order, without a gap. The first and the last may be cut by the range.
 * Keys of minutes and hours are instants; of days, weeks and months the local date as if in UTC.
 */
export function bucketsOf(
  range: Range,
  interval: Interval,
  zone: string,
  weekStart: WeekStart,
): Bucket[] {
  if (range.fromUs >= range.toUs) return [];
  return interval === "minute" || interval === "hour"
    ? clockBuckets(range, interval === "hour" ? HOUR_US : MINUTE_US, zone)
    : dateBuckets(range, interval, zone, weekStart);
}

function clockBuckets(range: Range, widthUs: number, zone: string): Bucket[] {
  const transitions = offsetTransitions(zone, range.fromUs, range.toUs);
  const buckets: Bucket[] = [];
  const labels = new Set<string>();
  for (const [index, transition] of transitions.entries()) {
    const endUs = Math.min(transitions[index + 1]?.fromUs ?? range.toUs, range.toUs);
    let fromUs = transition.fromUs;
    while (fromUs < endUs) {
      const floor = Math.floor((fromUs + transition.offsetUs) / widthUs) * widthUs;
      const toUs = Math.min(floor + widthUs - transition.offsetUs, endUs);
      let label = new Date(floor / 1000).toISOString().slice(0, 16).replace("T", " ");
      if (labels.has(label)) label += offsetText(transition.offsetUs);
      labels.add(label);
      buckets.push({ key: fromUs, label, fromUs, toUs });
      fromUs = toUs;
    }
  }
  return buckets;
}

function offsetText(us: number): string {
  const minutes = Math.floor(Math.abs(us) / MINUTE_US);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${us < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function dateBuckets(
  range: Range,
  interval: "day" | "week" | "month",
  zone: string,
  weekStart: WeekStart,
): Bucket[] {
  const transitions = offsetTransitions(zone, range.fromUs - 2 * DAY_US, range.toUs + 2 * DAY_US);
  const lastDay = Math.floor(monotoneLocal(transitions, range.toUs - 1) / DAY_US);
  const buckets: Bucket[] = [];
  let day = Math.floor(monotoneLocal(transitions, range.fromUs) / DAY_US);
  let fromUs = range.fromUs;
  while (day <= lastDay) {
    const next = nextStart(day, interval, weekStart);
    const toUs = Math.min(instantIn(transitions, next * DAY_US), range.toUs);
    // A date that a zone skipped (Samoa, 30 December 2011) has no instant and no bucket.
    if (toUs > fromUs) {
      buckets.push({ key: day * DAY_US, label: dateOfDay(day), fromUs, toUs });
    }
    day = next;
    fromUs = toUs;
  }
  return buckets;
}

/** The first day of the day, week or month that a day is in, whatever the range. */
export function firstDayOf(
  day: number,
  interval: "day" | "week" | "month",
  weekStart: WeekStart,
): number {
  if (interval === "month") return firstOfMonth(day, 0);
  return nextStart(day, interval, weekStart) - (interval === "week" ? 7 : 1);
}

function nextStart(day: number, interval: "day" | "week" | "month", weekStart: WeekStart): number {
  if (interval === "day") return day + 1;
  if (interval === "month") return firstOfMonth(day, 1);
  // 1970-01-01 was a Thursday: Mondays are the days with (day + 3) % 7 = 0.
  const shift = weekStart === 1 ? 3 : 4;
  return day + 7 - ((((day + shift) % 7) + 7) % 7);
}

/** Local time that never decreases: it stays constant while the clock repeats an hour. */
export function monotoneLocal(transitions: readonly OffsetTransition[], us: number): number {
  let local = us + (transitions[0]?.offsetUs ?? 0);
  let previous = transitions[0];
  for (const transition of transitions.slice(1)) {
    if (us < transition.fromUs) break;
    local = Math.max(us + transition.offsetUs, transition.fromUs + (previous?.offsetUs ?? 0) - 1);
    previous = transition;
  }
  return local;
}
