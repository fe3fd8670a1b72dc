// Random events of a site and random questions about them, from a seed.
import { type Event } from "../../../src/core/event.ts";
import { conditionsOf, type Filter } from "../../../dashboard/grammar/filter.js";
import { type DimensionRef, DIMENSIONS } from "../../../src/query/dimensions.ts";
import { OPERATORS } from "../../../dashboard/grammar/operators.js";
import { type MetricName, METRICS } from "../../../src/query/metrics.ts";
import { type Query, type QueryGoal, queryOf } from "../../../src/query/query.ts";
import { startOfDate } from "../../../src/core/zone.ts";
import type { Rank } from "./brute.ts";
import { pageview } from "../events.ts";
import { checkFilter, STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { valueOf } from "../parsed.ts";

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const GAP = HOUR / 2;

/** Chance from a seed: numbers in [0, 1). */
export function chanceOf(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Draws from a seed. */
export class Draw {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = chanceOf(seed);
  }

  /** Whether something with this probability happens. */
  is(probability: number): boolean {
    return this.#next() < probability;
  }

  /** A whole number from 0 to below `count`. */
  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  one<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Between `min` and `max` different members. */
  some<T>(list: readonly T[], min: number, max: number): T[] {
    const rest = [...list];
    const count = Math.min(list.length, min + this.below(max - min + 1));
    return Array.from({ length: count }, () => rest.splice(this.below(rest.length), 1)[0] as T);
  }
}

/** Texts that break what is spliced, folded or matched carelessly. */
export const HOSTILE = [
  "'; drop table all_events; --",
  "%_\\",
  "$1",
  'é"Ü',
  "İ",
  "🦆",
  "\u0000x",
];

/** Paths in use. */
export const PAGES = ["/", "/a", "/A", "/b/1", "/b/2", "/c%", "/'; drop table x; --"];
/** Event names in use. */
export const NAMES = ["pageview", "pageview", "pageview", "signup", "Buy $1", "é"];
const SOURCES = [null, null, "Google", "google", "Bing", "Facebook", "ChatGPT", "example.org"];
/** Zones with changes of the clock, and with offsets that are no whole hours. */
export const ZONES = [
  "UTC",
  "America/New_York",
  "Europe/Berlin",
  "Asia/Kathmandu",
  "Australia/Adelaide",
  "America/Havana",
  "Pacific/Chatham",
  "America/Sao_Paulo",
];

/**
 * Events around a day with a change of clocks, with ties, gaps at the bound, empty columns, and
 * visitors who are active for days without a pause.
 */
export function randomEventsOf(seed: number, visitors: number, rank: Rank): Event[] {
  const draw = new Draw(seed);
  const middle = draw.one([
    startOfDate("America/New_York", "2024-03-10"),
    startOfDate("Europe/Berlin", "2024-10-27"),
    startOfDate("Australia/Adelaide", "2024-04-07"),
    startOfDate("UTC", "2024-12-31"),
  ]);
  const events: Event[] = [];
  for (let visitor = 0; visitor < visitors; visitor++) {
    let at = middle + draw.below(6 * DAY) - 3 * DAY;
    if (draw.is(0.1)) at = middle + draw.one([0, -1, DAY, DAY - 1, -HOUR, 7 * HOUR]);
    const own = personOf(draw, visitor);
    const count = 1 + draw.below(7);
    let last: Event | undefined;
    for (let index = 0; index < count; index++) {
      const event = eventOf(draw, own, at);
      const tied = last !== undefined && last.timestamp === at;
      if (!tied || rank(last as Event) !== rank(event)) {
        events.push(event);
        last = event;
      }
      while (draw.is(0.3)) events.push(engagementOf(draw, own, at));
      at += draw.one([0, 1, 1_000_000, GAP - 1, GAP, GAP + 1, 5 * 60_000_000, 40 * 60_000_000]) +
        (draw.is(0.1) ? draw.below(20 * HOUR) : 0);
    }
  }
  for (
    const [pauseUs, count] of [[25 * 60_000_000, 140], [3 * HOUR, 25], [4 * HOUR, 20]] as const
  ) {
    let at = middle + draw.below(2 * DAY) - 3 * DAY;
    const own = personOf(draw, visitors + pauseUs);
    for (let index = 0; index < count; index++) {
      events.push(eventOf(draw, own, at));
      at += pauseUs - draw.below(2);
    }
  }
  return shuffled(draw, withoutTies(events, rank));
}

/** Of events of a visitor with equal time and rank only one stays: their order is unspecified. */
function withoutTies(events: readonly Event[], rank: Rank): Event[] {
  const seen = new Set<string>();
  return events.filter((event) => {
    const key = `${event.visitor_id} ${event.timestamp} ${rank(event)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function shuffled<T>(draw: Draw, list: readonly T[]): T[] {
  const result = [...list];
  for (let at = result.length - 1; at > 0; at--) {
    const other = draw.below(at + 1);
    [result[at], result[other]] = [result[other] as T, result[at] as T];
  }
  return result;
}

function personOf(draw: Draw, visitor: number): Partial<Event> {
  return {
    visitor_id: `v${visitor}`,
    browser: draw.one(["Chrome", "Firefox", "Safari", null]),
    browser_version: draw.one(["1", "2.0", null]),
    os: draw.one(["Windows", "macOS", null]),
    os_version: draw.one(["10", "11"]),
    device_type: draw.one(["desktop", "mobile", null]),
    screen_size: draw.one(["320", "800", "1200", "1920", null, "wide"]),
    country_code: draw.one(["DE", "US", null]),
    region: draw.one(["Bavaria", "Texas", null]),
    city: draw.one(["Munich", "Austin", null]),
    language: draw.one(["de", "en-US", null]),
  };
}

function eventOf(draw: Draw, own: Partial<Event>, at: number): Event {
  const tagged = draw.is(0.2);
  const paid = draw.is(0.1);
  const name = draw.one(NAMES);
  return pageview({
    ...own,
    at,
    visitor: own.visitor_id as string,
    page: draw.one(PAGES),
    name,
    hostname: draw.one(["example.com", "www.example.com", null]),
    referrer_source: draw.one(SOURCES),
    referrer: draw.one([null, null, "https://example.org/x?y=1"]),
    title: draw.one(["Home", "Über uns", null]),
    utm_source: tagged ? draw.one(["newsletter", "google"]) : null,
    source_tag: draw.is(0.1) ? draw.one(["ChatGPT.com", "old.reddit.com", "friend"]) : null,
    utm_medium: tagged ? draw.one(["email", "cpc", "social", "paid"]) : null,
    utm_campaign: tagged ? draw.one(["spring", "été"]) : null,
    utm_content: tagged ? "c" : null,
    utm_term: tagged ? draw.one(["t", null]) : null,
    click_id: draw.is(0.05) ? draw.one(["gclid", "fbclid"]) : null,
    interactive: draw.is(0.3) ? false : null,
    props: draw.one([
      null,
      null,
      '{"plan":"pro"}',
      '{"plan":"free","a/b~c":"x","n":7}',
      '{"plan":null,"\\"\'":"quoted"}',
      "not json",
    ]),
    revenue_amount: paid ? draw.below(100_000) : null,
    revenue_currency: paid || draw.is(0.05) ? draw.one(["EUR", "USD", null]) : null,
  });
}

/** What tells of a page view, some time after an event. */
function engagementOf(draw: Draw, own: Partial<Event>, at: number): Event {
  const after = draw.one([0, 5_000_000, GAP, GAP + 1, 40 * 60_000_000, 90 * 60_000_000, HOUR]);
  return pageview({
    ...own,
    at: at + after + draw.below(3),
    visitor: own.visitor_id as string,
    page: draw.one(PAGES),
    name: "engagement",
    engaged_ms: draw.one([0, 4000, 12_000, 600_000, 3_000_000, 5_000_000]),
    scroll_depth: draw.one([null, 0, 20, 51, 100]),
    lcp_ms: draw.one([null, null, 0, 2500, 2501, 4000, 4001, 3333]),
    cls_ten_thousandths: draw.one([null, 0, 1000, 1001, 2500, 7]),
    ttfb_ms: draw.one([null, 1, 2, 3, 900]),
  });
}

/** Goals of the random site: one of each kind, and one that is met by no event. */
export const GOALS: readonly QueryGoal[] = [
  { name: "Signup", filter: { op: "is", dimension: "name", values: ["signup"] } },
  {
    name: "Visit /b",
    filter: {
      op: "and",
      of: [
        { op: "is", dimension: "name", values: ["pageview"] },
        { op: "starts_with", dimension: "page", values: ["/b/"] },
      ],
    },
  },
  {
    name: "Pro from Google",
    filter: {
      op: "and",
      of: [
        { op: "is", dimension: "props:plan", values: ["pro"] },
        { op: "is", dimension: "source", values: ["Google"] },
      ],
    },
  },
  {
    name: "Big",
    filter: { op: "at_least", dimension: "revenue", values: ["500"] },
  },
  { name: "Never", filter: { op: "is", dimension: "name", values: ["no such event"] } },
];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  page: [...PAGES, "/b", "b/"],
  hostname: ["example.com", "(not set)", "www"],
  name: ["pageview", "signup", "Buy $1", "É"],
  goal: ["Signup", "Visit /b", "Pro from Google", "(none)"],
  entry_page: PAGES,
  entry_hostname: ["www.example.com", "example", "(not set)"],
  exit_hostname: ["www.example.com", "(not set)"],
  revenue: ["500.00", "(none)"],
  referrer_source: ["google", "Facebook", "Direct / None"],
  region: ["bavaria", "Texas"],
  city: ["Munich", "(not set)"],
  language: ["DE", "en-US", "en"],
  title: ["Home", "über", "(not set)"],
  os: ["windows", "macOS", "(not set)"],
  os_version: ["10", "1"],
  browser_version: ["2.0", "(not set)"],
  utm_source: ["newsletter", "google", "(not set)"],
  utm_content: ["c"],
  utm_term: ["t", "(not set)"],
  exit_page: [...PAGES, "(not set)"],
  source: ["Google", "Bing", "Direct / None", "oo", "example.org"],
  referrer_host: ["example.org", "Direct / None", "EXAMPLE.ORG", "google"],
  medium: ["(gclid)", "(msclkid)", "email", "(not set)"],
  screen_width: ["1920", "(not set)", "3"],
  referrer: ["https://example.org/x?y=1", "Direct / None", "https://"],
  channel: ["Direct", "Paid Search", "Organic Search", "Organic", "Email"],
  country: ["DE", "US", "us", "(not set)"],
  currency: ["EUR", "xxx", "(none)"],
  device: ["desktop", "mobile", "(not set)"],
  browser: ["Chrome", "firefox", "(not set)", "fire", "S"],
  screen: ["mobile", "desktop", "(not set)"],
  utm_campaign: ["spring", "été", "(none)", "ÉTÉ"],
  utm_medium: ["email", "(none)"],
  hour_of_day: ["00", "03", "12"],
  day_of_week: ["1", "7"],
  "props:plan": ["pro", "free", "(none)", "P"],
  "props:a/b~c": ["x"],
  "props:n": ["7"],
  "props:\"'": ["quoted"],
};

const OF_EVENTS = new Set(["page", "hostname", "name", "hour_of_day", "day_of_week", "revenue"]);
/** Buckets of time. */
export const TIME: ReadonlySet<string> = new Set(["minute", "hour", "day", "week", "month"]);

/** A random condition, on any dimension that can be filtered by. */
export function randomCondition(draw: Draw): Filter {
  const dimension = draw.one(Object.keys(VALUES));
  const op = draw.one(Object.keys(OPERATORS));
  if (op === "is_set" || op === "is_not_set") return { op, dimension, values: [] };
  if (op === "at_least" || op === "at_most") {
    const number = draw.one(["7", "500.5", "-1", "0"]);
    return {
      op,
      dimension: draw.one(["revenue", "props:n", "screen", "hour_of_day"]),
      values: [number],
    };
  }
  const values = draw.is(0.1) ? [draw.one(HOSTILE)] : draw.some(VALUES[dimension] ?? [], 1, 2);
  const flag = draw.is(0.2) ? { caseSensitive: draw.is(0.5) } : {};
  const plain = op.startsWith("matches")
    ? values.map((value) => value.replace(/[^A-Za-z0-9]/g, "."))
    : values;
  const ascii = plain.every((value) => /^[\x20-\x7e]*$/.test(value));
  return { op, dimension, values: plain, ...(ascii ? flag : { caseSensitive: true }) };
}

/** A random tree of filters, at most `depth` deep. */
export function randomFilter(draw: Draw, depth: number, history = true): Filter {
  if (depth <= 1 || draw.is(0.4)) return randomCondition(draw);
  const kind = draw.one([
    "and",
    "and",
    "or",
    "not",
    ...(history ? ["has_done", "has_not_done"] : []),
  ]);
  if (kind === "and" || kind === "or") {
    return {
      op: kind,
      of: Array.from({ length: 2 + draw.below(2) }, () => randomFilter(draw, depth - 1, history)),
    };
  }
  if (kind === "not") return { op: kind, of: [randomFilter(draw, depth - 1, history)] };
  for (;;) {
    const inside = randomFilter(draw, depth - 1, false);
    const ofEvents = conditionsOf(inside).every(({ dimension }) =>
      OF_EVENTS.has(dimension) || dimension.startsWith("props:")
    );
    if (ofEvents) return { op: kind, of: [inside] } as Filter;
  }
}

/** A random question about the days around the events. */
export function randomQuery(draw: Draw, events: readonly Event[]): Query {
  const zone = draw.one(ZONES);
  const times = events.map(({ timestamp }) => timestamp);
  const from = draw.one(times);
  const to = draw.is(0.5) ? from + draw.below(4 * DAY) : draw.one(times);
  const whole = draw.is(0.5);
  const cut = (us: number) =>
    whole ? startOfDate(zone, new Date(us / 1000).toISOString().slice(0, 10)) : us;
  const [fromUs, toUs] = [cut(Math.min(from, to)), cut(Math.max(from, to)) + (whole ? DAY : 1)];
  const names = [...Object.keys(DIMENSIONS), "props:plan", "props:a/b~c"] as DimensionRef[];
  const dimensions = draw.some(names, 0, 2);
  const metrics = draw.some(Object.keys(METRICS) as MetricName[], 1, 4);
  const [first] = dimensions;
  const text = first !== undefined && !TIME.has(first);
  const sortable = [...metrics, ...dimensions];
  const order = draw.some(sortable, 0, 2).map((by) => ({
    by,
    direction: draw.one(["asc", "desc"] as const),
  }));
  return queryOf({
    site: "example.com",
    nowUs: toUs,
    range: { fromUs, toUs, dates: null },
    zone,
    weekStart: draw.one([1, 7]),
    gapUs: draw.one([GAP, GAP, 10 * 60_000_000, 4 * HOUR, 47 * 60_000_000]),
    filter: draw.is(0.7) ? valueOf(checkFilter(randomFilter(draw, 3), STANDARD_SETTINGS)) : null,
    goals: GOALS,
  }, {
    metrics,
    dimensions,
    ownColumns: draw.is(0.2),
    search: text && draw.is(0.15) ? draw.one(["O", "g", "/", "1", "(NOT"]) : null,
    only: text && draw.is(0.1) ? draw.some(VALUES[first] ?? ["1", "(not set)"], 1, 3) : null,
    order: order.filter(({ by }) => !TIME.has(by) || draw.is(0.9)),
    limit: draw.one([10_000, 10_000, 3]),
    offset: draw.one([0, 0, 2]),
  });
}
