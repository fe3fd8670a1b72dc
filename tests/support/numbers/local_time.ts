// Local time, ranges and comparisons by Intl's parts and plain dates: an independent computation
// that shares no code with src/core.

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A half-open range of instants; `days`, from 1970, where it is made of whole local days. */
export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
  readonly days: readonly [from: number, to: number] | null;
}

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** The clock of a zone at an instant, as microseconds as if in UTC. */
export function clockOf(zone: string, us: number): number {
  const format = FORMATS.get(zone) ?? new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  FORMATS.set(zone, format);
  const parts = Object.fromEntries(
    format.formatToParts(Math.floor(us / 1000)).map(({ type, value }) => [type, Number(value)]),
  );
  const of = (name: string) => parts[name] ?? 0;
  const seconds = Date.UTC(
    of("year"),
    of("month") - 1,
    of("day"),
    of("hour"),
    of("minute"),
    of("second"),
  );
  return seconds * 1000 + us % 1_000_000;
}

/**
 * The first instant at which the clock reads this or later: in hours to shortly before it, then in
 * minutes, so that the earlier one of a repeated time is found.
 */
export function instantAt(zone: string, clock: number): number {
  let us = clock - 26 * HOUR;
  while (clockOf(zone, us + HOUR) < clock - 2 * HOUR) us += HOUR;
  while (clockOf(zone, us) < clock) us += MINUTE;
  return us;
}

/** The number of the local day. */
export function dayOf(zone: string, us: number): number {
  return Math.floor(clockOf(zone, us) / DAY);
}

/** `YYYY-MM-DD` of a day. */
export function dateText(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

/** Whole local days. */
export function spanOfDays(zone: string, from: number, to: number): Span {
  return { fromUs: instantAt(zone, from * DAY), toUs: instantAt(zone, to * DAY), days: [from, to] };
}

/** Months before or after a day of a month, at its last day where there is no such date. */
function addMonths(day: number, months: number): number {
  const [year = 0, month = 1, date = 1] = dateText(day).split("-").map(Number);
  const first = new Date(0);
  first.setUTCFullYear(year, month - 1 + months, 1);
  const length = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0))
    .getUTCDate();
  return first.getTime() / 86_400_000 + Math.min(date, length) - 1;
}

/** The range of some named periods. */
export const NAMED: Readonly<Record<string, (zone: string, nowUs: number) => Span>> = {
  day: (zone, nowUs) => lastDays(zone, nowUs, 0, 1),
  yesterday: (zone, nowUs) => lastDays(zone, nowUs, 1, 0),
  "7d": (zone, nowUs) => lastDays(zone, nowUs, 6, 1),
  "24h": (_, nowUs) => {
    const toUs = Math.floor(nowUs / MINUTE) * MINUTE + MINUTE;
    return { fromUs: toUs - DAY, toUs, days: null };
  },
  month: (zone, nowUs) => monthsAround(zone, nowUs, 0, 1),
  last_month: (zone, nowUs) => monthsAround(zone, nowUs, -1, 0),
  "12mo": (zone, nowUs) => monthsAround(zone, nowUs, -11, 1),
};

function lastDays(zone: string, nowUs: number, before: number, after: number): Span {
  const today = dayOf(zone, nowUs);
  return spanOfDays(zone, today - before, today + after);
}

function monthsAround(zone: string, nowUs: number, from: number, to: number): Span {
  const today = dateText(dayOf(zone, nowUs));
  const first = Date.parse(`${today.slice(0, 8)}01`) / 86_400_000;
  return spanOfDays(zone, addMonths(first, from), addMonths(first, to));
}

/** How a range is compared. */
export interface Comparing {
  readonly mode: "previous_period" | "year_over_year";
  readonly weekdays: boolean;
  readonly full: boolean;
}

/** The earlier range, cut to the elapsed time of a running one unless it is wanted in full. */
export function earlierSpan(zone: string, span: Span, nowUs: number, how: Comparing): Span {
  const whole = span.days ? earlierDays(zone, span.days, how) : earlierHours(zone, span, how.mode);
  const minute = Math.floor(nowUs / MINUTE) * MINUTE;
  if (how.full || span.toUs <= minute + MINUTE) return whole;
  const elapsed = Math.max(0, minute - span.fromUs);
  return whole.fromUs + elapsed < whole.toUs
    ? { fromUs: whole.fromUs, toUs: whole.fromUs + elapsed, days: null }
    : whole;
}

function earlierHours(zone: string, { fromUs, toUs }: Span, mode: Comparing["mode"]): Span {
  if (mode === "previous_period") return { fromUs: 2 * fromUs - toUs, toUs: fromUs, days: null };
  const [start, end] = [fromUs, toUs].map((us) => {
    const clock = clockOf(zone, us);
    const day = Math.floor(clock / DAY);
    return instantAt(zone, addMonths(day, -12) * DAY + clock - day * DAY);
  });
  return { fromUs: start ?? 0, toUs: end ?? 0, days: null };
}

function earlierDays(
  zone: string,
  [from, to]: readonly [number, number],
  { mode, weekdays }: Comparing,
): Span {
  const plain = mode === "year_over_year" ? yearBefore(from, to) : before(from, to);
  if (!weekdays) return spanOfDays(zone, ...plain);
  // The nearest range of as many days that ends before and starts on the same day of the week.
  const near = mode === "year_over_year" ? plain[0] : from - (to - from);
  let best = Infinity;
  for (let shift = 7; shift <= 7 * 1000; shift += 7) {
    const start = from - shift;
    if (start + to - from > from) continue;
    if (Math.abs(start - near) < Math.abs(best - near)) best = start;
  }
  return spanOfDays(zone, best, best + to - from);
}

function before(from: number, to: number): [number, number] {
  const isFirst = (day: number) => dateText(day).endsWith("-01");
  if (to <= from || !isFirst(from) || !isFirst(to)) return [2 * from - to, from];
  let months = 0;
  while (addMonths(from, months) < to) months++;
  return [addMonths(from, -months), from];
}

function yearBefore(from: number, to: number): [number, number] {
  const start = addMonths(from, -12);
  if (to <= from) return [start, start];
  return [start, Math.max(addMonths(to, -12), addMonths(to - 1, -12) + 1)];
}
