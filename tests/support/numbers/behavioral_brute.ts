// An independent brute force for the behavioral reports, and the random events it is run on. It
// works on plain arrays, one visitor at a time, and shares no code with src/query.
import { type Event, EVENT_COLUMN_NAMES } from "../../../src/core/event.ts";

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** An event with everything optional empty. */
export function plainEvent(
  fields: Partial<Event> & { visitor_id: string; timestamp: number },
): Event {
  const empty = Object.fromEntries(EVENT_COLUMN_NAMES.map((name) => [name, null]));
  return {
    ...empty,
    site_id: "example.com",
    event_name: "pageview",
    pathname: "/",
    ...fields,
  } as Event;
}

/** How random events are spread. Times are microseconds. */
export interface RandomEvents {
  readonly seed: number;
  readonly visitors: number;
  readonly eventsMax: number;
  readonly fromUs: number;
  readonly spanUs: number;
  /** Gaps drawn between events of a visitor; boundaries belong here. */
  readonly gapsUs: readonly number[];
  /** Share of events with the same time as the one before. */
  readonly ties: number;
}

/** Texts that stand for NULL, as adopted files may have it; see `withNulls`. */
export const NULL_PAGE = "/null";
export const NULL_NAME = "null";

const PAGES = ["/", "/a", "/b", "/c", "/d/1", "/d/2", NULL_PAGE];
const NAMES = ["signup", "purchase", "click", NULL_NAME];
const SOURCES = ["Google", "Bing", null, "news.ycombinator.com"];
const COUNTRIES = ["DE", "FR", null, "US"];

/** Events of random visitors in shuffled order of arrival. */
export function randomEvents(options: RandomEvents): Event[] {
  const next = seededNumbers(options.seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const events: Event[] = [];
  for (let visitor = 0; visitor < options.visitors; visitor++) {
    const count = 1 + Math.floor(next() * options.eventsMax);
    let timestamp = options.fromUs + Math.floor(next() * options.spanUs);
    if (next() < 0.1) timestamp -= timestamp % 1_800_000_000;
    for (let at = 0; at < count; at++) {
      events.push(plainEvent({
        visitor_id: `${options.seed}-${visitor}`,
        timestamp,
        event_name: next() < 0.75 ? "pageview" : pick(NAMES),
        pathname: pick(PAGES),
        referrer_source: pick(SOURCES),
        country_code: pick(COUNTRIES),
        props: next() < 0.3 ? JSON.stringify({ plan: pick(["pro", "free"]) }) : null,
      }));
      if (next() >= options.ties) timestamp += pick(options.gapsUs);
    }
  }
  for (let at = events.length - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1));
    [events[at], events[other]] = [events[other] as Event, events[at] as Event];
  }
  return events;
}

/** The events as they are read where NULL_PAGE and NULL_NAME become NULL. */
export function withNulls(events: readonly Event[]): Event[] {
  const absent = null as unknown as string;
  return events.map((event) => ({
    ...event,
    pathname: event.pathname === NULL_PAGE ? absent : event.pathname,
    event_name: event.event_name === NULL_NAME ? absent : event.event_name,
  }));
}

/** Events of each visitor in order of time; events of one microsecond in any order. */
export function byVisitor(events: readonly Event[]): Map<string, Event[]> {
  const visitors = new Map<string, Event[]>();
  for (const event of events) {
    const own = visitors.get(event.visitor_id);
    if (own) own.push(event);
    else visitors.set(event.visitor_id, [event]);
  }
  for (const own of visitors.values()) own.sort((a, b) => a.timestamp - b.timestamp);
  return visitors;
}

/**
 * The visits of one visitor: a gap of more than `gapUs` starts another, and so does the first event
 * of a UTC day after a whole day without such a gap.
 */
export function bruteVisits(own: readonly Event[], gapUs: number): Event[][] {
  const visits: Event[][] = [];
  const day = (us: number) => new Date(us / 1000).toISOString().slice(0, 10);
  const midnight = (us: number) => Date.parse(`${day(us)}T00:00:00Z`) * 1000;
  let activeSince = -Infinity;
  let last = -Infinity;
  for (const event of own) {
    const us = event.timestamp;
    const paused = us - last > gapUs;
    if (paused) activeSince = us;
    const dayBefore = midnight(us) - 24 * 3_600_000_000;
    const allDayLong = !paused && day(last) !== day(us) && activeSince - dayBefore < gapUs;
    if (paused || allDayLong) visits.push([]);
    visits.at(-1)?.push(event);
    last = us;
  }
  return visits;
}

/** What an event has to be to meet a step. */
export type Meets = (event: Event) => boolean;

/** An attempt at a funnel: how far it came and when each step was made. */
export interface BruteAttempt {
  readonly reached: number;
  readonly stepUs: readonly number[];
}

/** Events in the order that holds for ties: time, then the sum of 2^(k-1) of the steps met. */
function inOrderOfSteps(own: readonly Event[], steps: readonly Meets[]): Event[] {
  const mask = (event: Event) =>
    steps.reduce((sum, meets, index) => sum + (meets(event) ? 2 ** index : 0), 0);
  return [...own].sort((a, b) => a.timestamp - b.timestamp || mask(a) - mask(b));
}

/** Every chain from every first event is followed; no step is taken greedily. */
export function bruteFunnel(
  own: readonly Event[],
  steps: readonly Meets[],
  windowUs: number,
): BruteAttempt | null {
  const events = inOrderOfSteps(own, steps);
  let best: { reached: number; first: number; last: number } | null = null;
  events.forEach((entry, first) => {
    if (!steps[0]?.(entry)) return;
    let places = [first];
    let reached = 1;
    let last = first;
    for (const meets of steps.slice(1)) {
      const before = Math.min(...places);
      places = events.flatMap((event, place) =>
        place > before && meets(event) && event.timestamp - entry.timestamp <= windowUs
          ? [place]
          : []
      );
      if (places.length === 0) break;
      reached++;
      last = Math.min(...places);
    }
    const better = !best || reached > best.reached ||
      (reached === best.reached && last <= best.last);
    if (better) best = { reached, first, last };
  });
  if (!best) return null;
  const { reached, first } = best as { reached: number; first: number };
  const stepUs: number[] = [];
  let place = first;
  for (let step = 0; step < reached; step++) {
    if (step > 0) place = events.findIndex((event, at) => at > place && steps[step]?.(event));
    stepUs.push((events[place] as Event).timestamp);
  }
  return { reached, stepUs };
}

/** As many different steps as fall within one window; an event counts for its first step. */
export function bruteAnyOrder(
  own: readonly Event[],
  steps: readonly Meets[],
  windowUs: number,
): BruteAttempt | null {
  const events = [...own].sort((a, b) => a.timestamp - b.timestamp);
  let best: BruteAttempt | null = null;
  for (const entry of events) {
    if (steps.every((meets) => !meets(entry))) continue;
    const times = new Map<number, number>();
    for (const event of events) {
      const after = event.timestamp - entry.timestamp;
      const step = steps.findIndex((meets) => meets(event));
      if (step >= 0 && after >= 0 && after <= windowUs && !times.has(step)) {
        times.set(step, event.timestamp);
      }
    }
    if (!best || times.size > best.reached) {
      best = { reached: times.size, stepUs: [...times.values()].sort((a, b) => a - b) };
    }
  }
  return best;
}

/** As the funnel, with no other considered event between two steps. */
export function bruteConsecutive(
  own: readonly Event[],
  steps: readonly Meets[],
  windowUs: number,
  considered: Meets,
): BruteAttempt | null {
  const events = inOrderOfSteps(own.filter(considered), steps);
  let best: BruteAttempt | null = null;
  events.forEach((entry, first) => {
    const run: number[] = [];
    for (const [index, meets] of steps.entries()) {
      const event = events[first + index];
      if (!event || !meets(event) || event.timestamp - entry.timestamp > windowUs) break;
      run.push(event.timestamp);
    }
    if (run.length > (best?.reached ?? 0)) best = { reached: run.length, stepUs: run };
  });
  return best;
}

/** An event of a sequence in terms of plain predicates. */
export interface BruteElement {
  readonly meets: Meets;
  /** Whether no considered event may lie between. */
  readonly next?: boolean;
  /** Whether the elapsed microseconds will do. */
  readonly elapsed?: (us: number) => boolean;
  /** What may not lie between. */
  readonly without?: Meets;
}

/** Whether a sequence began, and the largest number of matches that do not overlap. */
export function bruteSequence(
  own: readonly Event[],
  conditions: readonly Meets[],
  elements: readonly BruteElement[],
  considered: Meets,
): { began: boolean; matches: number } {
  const events = inOrderOfSteps(
    own.filter((event) => considered(event) || conditions.some((meets) => meets(event))),
    conditions,
  );
  const fits = (from: number, to: number, element: BruteElement): boolean => {
    const [before, after] = [events[from] as Event, events[to] as Event];
    return to > from && element.meets(after) && (!element.next || to === from + 1) &&
      (element.elapsed?.(after.timestamp - before.timestamp) ?? true) &&
      !events.slice(from + 1, to).some((between) => element.without?.(between) ?? false);
  };
  const matches: (readonly [number, number])[] = [];
  let began = false;
  events.forEach((event, first) => {
    if (!elements[0]?.meets(event)) return;
    began = true;
    let places = new Set([first]);
    for (const element of elements.slice(1)) {
      const following = new Set<number>();
      for (const from of places) {
        events.forEach((_, to) => {
          if (fits(from, to, element)) following.add(to);
        });
      }
      places = following;
    }
    for (const last of places) matches.push([first, last]);
  });
  const most = new Array<number>(events.length + 1).fill(0);
  for (let place = events.length - 1; place >= 0; place--) {
    const here = matches.filter(([first]) => first === place);
    most[place] = Math.max(
      most[place + 1] as number,
      ...here.map(([, last]) => 1 + (most[last + 1] as number)),
    );
  }
  return { began, matches: most[0] as number };
}

/** Pages that follow each visitor's first view of a page, with how many visitors. */
export function bruteNextPages(
  visitors: Iterable<readonly Event[]>,
  page: string,
): { next_page: string; visitors: number }[] {
  const counts = new Map<string, number>();
  for (const own of visitors) {
    const views = own.filter((event) => event.event_name === "pageview" && event.pathname !== null);
    const first = views.filter((view) => view.pathname === page)
      .map((view) => view.timestamp).sort((a, b) => a - b)[0];
    if (first === undefined) continue;
    const later = views.filter((view) => view.timestamp > first);
    const soonest = Math.min(...later.map((view) => view.timestamp));
    const next = later.filter((view) => view.timestamp === soonest)
      .map((view) => view.pathname).sort()[0];
    if (next !== undefined) counts.set(next, (counts.get(next) ?? 0) + 1);
  }
  return [...counts].map(([next_page, visitors]) => ({ next_page, visitors }))
    .sort((a, b) => b.visitors - a.visitors || (a.next_page < b.next_page ? -1 : 1));
}

/** One cell of a cohort. */
export interface BruteCohort {
  readonly cohort: number;
  readonly size: number;
  readonly returned: readonly number[];
}

/** Cohorts by the interval of the first membership; `intervalOf` numbers the intervals. */
export function bruteRetention(
  visitors: Iterable<readonly Event[]>,
  question: {
    readonly intervalOf: (us: number) => number;
    readonly fromUs: number;
    readonly count: number;
    readonly first: Meets;
    readonly again: Meets;
  },
): BruteCohort[] {
  const { intervalOf, fromUs, count, first, again } = question;
  const cohorts = new Map<number, { size: number; returned: number[] }>();
  for (const own of visitors) {
    const firstUs = own.filter(first).map((event) => event.timestamp).sort((a, b) => a - b)[0];
    const counted = own.filter((event) => event.timestamp >= fromUs);
    if (firstUs === undefined || counted.length === 0) continue;
    const number = intervalOf(firstUs);
    if (number < intervalOf(fromUs)) continue;
    const cohort = cohorts.get(number) ??
      { size: 0, returned: new Array<number>(count).fill(0) };
    cohorts.set(number, cohort);
    cohort.size++;
    const came = new Set(
      counted.filter((event) => again(event) && event.timestamp >= firstUs)
        .map((event) => intervalOf(event.timestamp) - number),
    );
    for (const after of came) {
      if (after < count) cohort.returned[after] = (cohort.returned[after] as number) + 1;
    }
  }
  return [...cohorts].map(([cohort, rest]) => ({ cohort, ...rest }))
    .sort((a, b) => a.cohort - b.cohort);
}
