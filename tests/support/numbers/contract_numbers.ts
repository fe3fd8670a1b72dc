// The documented statistics, computed one event after the other: random events with
// hard edges in them, and each number from them by its definition. It shares nothing with src.

/** One event, its time in microseconds since 1970, UTC. */
export interface Sample {
  readonly visitor: string;
  readonly us: number;
  readonly name: string;
  readonly page: string;
  readonly source: string | null;
  readonly browser: string | null;
  readonly os: string | null;
  readonly device: string | null;
  readonly country: string | null;
}

export interface Line {
  readonly value: string;
  readonly visitors: number;
  readonly pageviews: number;
}

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const GAP = 30 * MINUTE;

/** The first microsecond of a date YYYY-MM-DD. */
export function dateUs(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) * 1000;
}

/** The date that holds a time. */
export function dateOf(us: number): string {
  return new Date(Math.floor(us / 1000)).toISOString().slice(0, 10);
}

/** A time as DuckDB reads it. */
export function stamp(us: number): string {
  const text = new Date(Math.floor(us / 1000)).toISOString().slice(0, 19).replace("T", " ");
  return `${text}.${String(us % 1_000_000).padStart(6, "0")}`;
}

/** The dates from the first to the one before the last. */
export function datesBetween(from: string, to: string): string[] {
  const dates: string[] = [];
  for (let us = dateUs(from); us < dateUs(to); us += DAY) dates.push(dateOf(us));
  return dates;
}

/** Numbers from 0 up to 1, the same for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PAGES = [
  "/",
  "/a",
  "/b",
  "/c",
  "/Z",
  "/long/way",
  "/blog/1",
  "/blog/2",
  "/x?",
  "/ü",
  "/_",
  "/~",
  "/0",
];
const SOURCES = [null, null, null, "Google", "Bing", "alpha.example", "Zeta", "=sum", "x,y"];
const BROWSERS = [null, "Chrome", "Firefox", "Safari"];
const SYSTEMS = [null, "Windows", "iOS"];
const DEVICES = [null, "desktop", "mobile"];
const COUNTRIES = [null, "DE", "US", "FR"];
/** A page that reloads itself for two days, again and again before the timeout. */
const RELOADS = { everyUs: 25 * MINUTE, count: 110 };
/** Steps between two events of a visitor; the visit goes on up to 30 minutes, inclusive. */
const STEPS = [1, MINUTE, 7 * MINUTE, GAP - 1, GAP, GAP + 1, HOUR, 5 * HOUR, 20 * HOUR, 6 * DAY];

/** Random events from `from` on; no two of a visitor at the same time. */
export function samples(from: string, visitors: number, seed = 1): Sample[] {
  const random = chance(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const events: Sample[] = [];
  for (let number = 0; number < visitors; number++) {
    const visitor = number.toString(16).padStart(64, "0");
    // Many begin close to a midnight, so that their visits cross it.
    const around = Math.floor(random() * 14) * DAY;
    let us = dateUs(from) + around + (random() < 0.5 ? -Math.floor(random() * 40) * MINUTE : 0) +
      (random() < 0.3 ? 0 : Math.floor(random() * DAY));
    const reloads = random() < 0.04;
    const count = reloads ? RELOADS.count : 1 + Math.floor(random() ** 2 * 25);
    const [browser, os, device] = [pick(BROWSERS), pick(SYSTEMS), pick(DEVICES)];
    for (let event = 0; event < count; event++) {
      events.push({
        visitor,
        us,
        name: random() < 0.75 ? "pageview" : pick(["b", "signup"]),
        page: random() < 0.5 ? pick(PAGES.slice(0, 3)) : pick(PAGES),
        source: pick(SOURCES),
        browser,
        os,
        device,
        country: pick(COUNTRIES),
      });
      us += reloads
        ? RELOADS.everyUs
        : Math.max(1, random() < 0.3 ? Math.floor(random() * HOUR) : pick(STEPS));
    }
  }
  return events;
}

const isPage = ({ name }: Sample) => name === "pageview";
const byTime = (left: Sample, right: Sample) => left.us - right.us;

/** The events of each visitor, in order. */
function journeys(events: readonly Sample[]): Sample[][] {
  return [...Map.groupBy(events, ({ visitor }) => visitor).values()].map((list) =>
    list.toSorted(byTime)
  );
}

function within(events: readonly Sample[], from: string, to: string): Sample[] {
  return events.filter(({ us }) => us >= dateUs(from) && us < dateUs(to));
}

function visitorsOf(events: readonly Sample[]): number {
  return new Set(events.map(({ visitor }) => visitor)).size;
}

/**
 * The visits of a visitor. One ends with a pause, or at a midnight UTC if its activity began before
 * the timeout of the day before had passed, and has gone on since.
 */
function visitsOf(journey: readonly Sample[]): Sample[][] {
  const all: Sample[][] = [];
  let activeSinceUs = -Infinity;
  for (const [at, event] of journey.entries()) {
    const before = journey[at - 1];
    const midnight = dateUs(dateOf(event.us));
    const pauses = before === undefined || event.us - before.us > GAP;
    if (pauses) activeSinceUs = event.us;
    const lastsAll = activeSinceUs <= midnight - DAY + GAP;
    if (pauses || (before.us < midnight && lastsAll)) all.push([]);
    all.at(-1)?.push(event);
  }
  return all;
}

/** Visits that start in the range, whole. */
function visits(events: readonly Sample[], from: string, to: string): Sample[][] {
  return journeys(events).flatMap(visitsOf)
    .filter(([first]) => first && first.us >= dateUs(from) && first.us < dateUs(to));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The numbers of `main` and `sessions`. */
export function totals(events: readonly Sample[], from: string, to: string) {
  const inRange = within(events, from, to);
  const all = visits(events, from, to);
  return {
    visitors: visitorsOf(inRange),
    pageviews: inRange.filter(isPage).length,
    visits: all.length,
    bounceRate: mean(all.map((visit) => visit.length === 1 && visit.every(isPage) ? 1 : 0)),
    durationSecs: mean(all.map((visit) => ((visit.at(-1)?.us ?? 0) - (visit[0]?.us ?? 0)) / 1e6)),
    pagesPerVisit: mean(all.map((visit) => visit.filter(isPage).length)),
  };
}

/** One bucket for each date. */
export function days(events: readonly Sample[], from: string, to: string) {
  return datesBetween(from, to).map((date) => {
    const ofDay = events.filter(({ us }) => dateOf(us) === date);
    return { date, visitors: visitorsOf(ofDay), pageviews: ofDay.filter(isPage).length };
  });
}

/** All lines of a breakdown, in its order. */
export function lines(
  events: readonly Sample[],
  column: "page" | "source" | "browser" | "os" | "device" | "country",
  from: string,
  to: string,
): Line[] {
  const groups = Map.groupBy(within(events, from, to), (event) => event[column] ?? "(unknown)");
  return [...groups].map(([value, list]) => ({
    value,
    visitors: visitorsOf(list),
    pageviews: list.filter(isPage).length,
  })).sort((left, right) => right.visitors - left.visitors || (left.value < right.value ? -1 : 1));
}

/** One step of a funnel or a sequence. */
export type Step = (event: Sample) => boolean;

/** page:/path and event:name. */
export const pageStep = (path: string): Step => (event) => isPage(event) && event.page === path;
export const eventStep = (name: string): Step => (event) => event.name === name;

/** The longest way of steps, each a later event, that begins with some event and ends in time. */
function reached(journey: readonly Sample[], steps: readonly Step[], windowUs: number): number {
  let best = 0;
  for (const [start, entry] of journey.entries()) {
    if (!steps[0]?.(entry)) continue;
    let level = 1;
    for (const event of journey.slice(start + 1)) {
      if (event.us - entry.us <= windowUs && steps[level]?.(event)) level++;
    }
    best = Math.max(best, level);
  }
  return best;
}

export function funnel(
  events: readonly Sample[],
  steps: readonly Step[],
  windowUs: number,
  from: string,
  to: string,
) {
  const levels = journeys(within(events, from, to)).map((one) => reached(one, steps, windowUs));
  return steps.map((_step, at) => ({
    step: at + 1,
    visitors: levels.filter((level) => level > at).length,
  }));
}

export function sequence(
  events: readonly Sample[],
  steps: readonly Step[],
  from: string,
  to: string,
) {
  const levels = journeys(within(events, from, to)).map((one) => reached(one, steps, Infinity));
  const converting = levels.filter((level) => level === steps.length).length;
  return {
    converting_visitors: converting,
    total_visitors: levels.length,
    conversion_rate: levels.length === 0 ? 0 : converting / levels.length,
  };
}

const MONDAY = dateUs("1970-01-05");
const weekOf = (us: number) => Math.floor((us - MONDAY) / (7 * DAY));

export function retention(events: readonly Sample[], weeks: number, from: string, to: string) {
  const cohorts = Map.groupBy(
    journeys(within(events, from, to)),
    ([first]) => weekOf(first?.us ?? 0),
  );
  return [...cohorts].sort(([left], [right]) => left - right).map(([week, list]) => ({
    cohort_date: dateOf(MONDAY + week * 7 * DAY),
    retained: Array.from(
      { length: weeks },
      (_, at) => list.some((journey) => journey.some(({ us }) => weekOf(us) === week + at)),
    ),
  }));
}

/** The page after a visitor's first view of `page` that has one; `sameVisit` ends at its end. */
export function flow(
  events: readonly Sample[],
  page: string,
  sameVisit: boolean,
  from: string,
  to: string,
) {
  const next = new Map<string, number>();
  const visitOf = new Map(
    journeys(events).flatMap(visitsOf).flatMap((visit) =>
      visit.map((event) => [event, visit] as const)
    ),
  );
  const isNear = (left: Sample, right: Sample) =>
    !sameVisit || visitOf.get(left) === visitOf.get(right);
  for (const journey of journeys(within(events, from, to))) {
    const found = journey.flatMap((event, at) => {
      if (!isPage(event) || event.page !== page) return [];
      const following = journey.slice(at + 1).find((one) => isPage(one) && isNear(event, one));
      return following ? [following.page] : [];
    })[0];
    if (found !== undefined) next.set(found, (next.get(found) ?? 0) + 1);
  }
  return [...next].map(([next_page, visitors]) => ({ next_page, visitors }))
    .sort((left, right) =>
      right.visitors - left.visitors || (left.next_page < right.next_page ? -1 : 1)
    ).slice(0, 10);
}
