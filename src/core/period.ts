// Named periods, custom ranges and comparisons as half-open UTC ranges, and the buckets of a
// range. Everything is computed from a given now and zone; it must not read a clock.
import { DAY_MS, DAY_US, HOUR_US, MINUTE_US } from "./durations.ts";
import { RANGE_DAYS_MAX } from "./limits.ts";
import {
  dateOfDay,
  dayOfDate,
  instantIn,
  instantOf,
  localDate,
  type OffsetTransition,
  offsetTransitions,
  startOfDate,
} from "./zone.ts";

/** A half-open range of instants. `dates` is set when it is made of whole local days. */
export interface Range {
  readonly fromUs: number;
  readonly toUs: number;
  /** First local date and the one after the last. */
  readonly dates: { readonly from: string; readonly to: string } | null;
}

/** Width of a bucket. */
export type Interval = "minute" | "hour" | "day" | "week" | "month";
/** Every interval, from the narrowest. */
export const INTERVALS = ["minute", "hour", "day", "week", "month"] as const;

/** First day of a week: 1 Monday, 7 Sunday. */
export type WeekStart = 1 | 7;

/** What a period is computed from. `firstUs` is the site's first event, null when it has none. */
export interface Today {
  readonly nowUs: number;
  readonly zone: string;
  readonly firstUs: number | null;
}

interface Period {
  readonly label: string;
  readonly interval: Interval;
  /** First local date and the one after the last, as days since 1970. */
  readonly days?: (today: number, firstDay: number) => readonly [number, number];
  /** Length of a period that ends with the running minute. */
  readonly lastUs?: number;
  readonly doc: string;
}

/** `Nd` reaches from the start of the day N−1 days ago to the end of today. */
function lastDays(count: number): Period {
  return {
    label: `Last ${count} days`,
    interval: "day",
    days: (today) => [today - count + 1, today + 1],
    doc: `today and the ${count - 1} days before`,
  };
}

/** Every named period. */
export const PERIODS = {
  day: {
    label: "Today",
    interval: "hour",
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
    interval: "hour",
    days: (today) => [today - 1, today],
    doc: "the whole of yesterday",
  },
  "24h": {
    label: "Last 24 hours",
    interval: "hour",
    lastUs: DAY_US,
    doc: "24 hours to the end of the running minute",
  },
  "7d": lastDays(7),
  "28d": lastDays(28),
  "30d": lastDays(30),
  "90d": lastDays(90),
  "91d": lastDays(91),
  month: {
    label: "This month",
    interval: "day",
    days: (today) => [firstOfMonth(today, 0), firstOfMonth(today, 1)],
    doc: "the whole of the running month",
  },
  last_month: {
    label: "Last month",
    interval: "day",
    days: (today) => [firstOfMonth(today, -1), firstOfMonth(today, 0)],
    doc: "the month before this one",
  },
  "6mo": {
    label: "Last 6 months",
    interval: "month",
    days: (today) => [firstOfMonth(today, -5), firstOfMonth(today, 1)],
    doc: "this month and the 5 before",
  },
  "12mo": {
    label: "Last 12 months",
    interval: "month",
    days: (today) => [firstOfMonth(today, -11), firstOfMonth(today, 1)],
    doc: "this month and the 11 before",
  },
  year: {
    label: "This year",
    interval: "month",
    days: (today) => {
      const year = Number(dateOfDay(today).slice(0, 4));
      return [dayOfParts(year, 0), dayOfParts(year + 1, 0)];
    },
    doc: "the whole of the running year",
  },
  all: {
    label: "All time",
    interval: "month",
    days: (today, firstDay) => [Math.min(firstDay, today), today + 1],
    doc: "from the first event to the end of today",
  },
} as const satisfies Record<string, Period>;

/** Name of a period. */
export type PeriodName = keyof typeof PERIODS;
/** The default period. */
export const PERIOD_DEFAULT: PeriodName = "30d";

/** The UTC range of a named period. */
export function rangeOfPeriod(name: PeriodName, today: Today): Range {
  const period: Period = PERIODS[name];
  if (period.lastUs !== undefined) {
    const toUs = (Math.floor(today.nowUs / MINUTE_US) + 1) * MINUTE_US;
    return { fromUs: toUs - period.lastUs, toUs, dates: null };
  }
  const day = dayOfDate(localDate(today.zone, today.nowUs));
  const firstUs = today.firstUs ?? today.nowUs;
  const firstDay = dayOfDate(localDate(today.zone, firstUs));
  const [from, to] = period.days?.(day, firstDay) ?? [day, day + 1];
  return rangeOfDays(today.zone, from, to);
}

/** The UTC range of whole local days, `to` exclusive, given as days since 1970. */
export function rangeOfDays(zone: string, from: number, to: number): Range {
  const dates = { from: dateOfDay(from), to: dateOfDay(to) };
  return { fromUs: startOfDate(zone, dates.from), toUs: startOfDate(zone, dates.to), dates };
}

/** A real calendar date `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}

/**
 * The UTC range between two local times, each a date or `YYYY-MM-DDTHH:MM`; the end is exclusive.
 * Returns the fault as a text that names the parameter.
 */
export function rangeBetween(
  zone: string,
  start: { readonly name: string; readonly text: string },
  end: { readonly name: string; readonly text: string },
): Range | string {
  for (const { name, text } of [start, end]) {
    if (!isDate(text) && !isMinute(text)) {
      return `Cannot read ${name}: "${text.slice(0, 40)}" is no date YYYY-MM-DD` +
        " and no time YYYY-MM-DDTHH:MM";
    }
  }
  const fromUs = instantOf(zone, localOf(start.text));
  const toUs = instantOf(zone, localOf(end.text));
  if (localOf(start.text) > localOf(end.text)) {
    return `Cannot use ${end.name}: ${end.text} is before ${start.name} ${start.text}`;
  }
  if (localOf(end.text) - localOf(start.text) > RANGE_DAYS_MAX * DAY_US) {
    return `Cannot use ${start.name} and ${end.name}: ` +
      `they are more than ${RANGE_DAYS_MAX} days apart`;
  }
  const whole = isDate(start.text) && isDate(end.text);
  return { fromUs, toUs, dates: whole ? { from: start.text, to: end.text } : null };
}

function isMinute(text: string): boolean {
  return /^.{10}T([01]\d|2[0-3]):[0-5]\d$/.test(text) && isDate(text.slice(0, 10));
}

function localOf(text: string): number {
  return dayOfDate(text.slice(0, 10)) * DAY_US +
    (text.length > 10 ? Number(text.slice(11, 13)) * HOUR_US : 0) +
    (text.length > 10 ? Number(text.slice(14, 16)) * MINUTE_US : 0);
}

function dayOfParts(year: number, month: number): number {
  return Date.UTC(year, month, 1) / DAY_MS;
}

/** First day of the month that is `months` after the one that holds `day`. */
function firstOfMonth(day: number, months: number): number {
  const date = new Date(day * DAY_MS);
  return dayOfParts(date.getUTCFullYear(), date.getUTCMonth() + months);
}

/** How an earlier range is chosen. */
export const COMPARISONS = {
  previous_period: "the same number of days (or the same time) just before",
  year_over_year: "the same dates one year earlier",
  custom: "the range of compare_start and compare_end",
} as const;

/** Name of a comparison. */
export type ComparisonName = keyof typeof COMPARISONS;

/**
 * The earlier range a range is compared with. With `matchWeekday` it is moved by at most three
 * days so that it begins on the same day of the week.
 */
export function rangeBefore(
  range: Range,
  zone: string,
  comparison: "previous_period" | "year_over_year",
  matchWeekday: boolean,
): Range {
  if (!range.dates) {
    const byUs = comparison === "previous_period"
      ? range.toUs - range.fromUs
      : (dayOfDate(localDate(zone, range.fromUs)) -
        yearEarlier(dayOfDate(localDate(zone, range.fromUs)))) * DAY_US;
    return { fromUs: range.fromUs - byUs, toUs: range.toUs - byUs, dates: null };
  }
  const from = dayOfDate(range.dates.from);
  const length = dayOfDate(range.dates.to) - from;
  let start = comparison === "previous_period" ? from - length : yearEarlier(from);
  if (matchWeekday) {
    const off = (((from - start) % 7) + 7) % 7;
    start += off <= 3 ? off : off - 7;
  }
  return rangeOfDays(zone, start, start + length);
}

/** The same date a year earlier; the day after 28 February where there is no 29th. */
function yearEarlier(day: number): number {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear() - 1, date.getUTCMonth(), date.getUTCDate()) / DAY_MS;
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

function nextStart(day: number, interval: "day" | "week" | "month", weekStart: WeekStart): number {
  if (interval === "day") return day + 1;
  if (interval === "month") return firstOfMonth(day, 1);
  // 1970-01-01 was a Thursday: Mondays are the days with (day + 3) % 7 = 0.
  const shift = weekStart === 1 ? 3 : 4;
  return day + 7 - ((((day + shift) % 7) + 7) % 7);
}

/** Local time that never steps back: it stands still while the clock repeats an hour. */
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
