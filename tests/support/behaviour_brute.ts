// An independent brute force for the behavioural reports, and the random events it is run on. It
// works on plain arrays, one visitor at a time, and shares no code with src/query.
import { type Event, EVENT_COLUMN_NAMES } from "../../src/core/event.ts";

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

const PAGES = ["/", "/a", "/b", "/c", "/d/1", "/d/2"];
const NAMES = ["signup", "purchase", "click"];
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

/** The visits of one visitor: a gap of more than `gapUs` starts another. */
export function bruteVisits(own: readonly Event[], gapUs: number): Event[][] {
  const visits: Event[][] = [];
  let last = -Infinity;
  for (const event of own) {
    if (event.timestamp - last > gapUs) visits.push([]);
    visits.at(-1)?.push(event);
    last = event.timestamp;
  }
  return visits;
}
