// Random requests of /api/stats/query as text, with every dimension, operator, metric, goal,
// segment, comparison and zone in each other, and the answers an independent count expects.
import { type Filter, printFilter } from "../../../dashboard/grammar/filter.js";
import type { Event } from "../../../src/core/event.ts";
import { type DimensionRef, DIMENSIONS } from "../../../src/query/dimensions.ts";
import { type MetricName, METRICS } from "../../../src/query/metrics.ts";
import { checkFilter, type SiteRules, STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import type { CheckedFilter, Order, Query } from "../../../src/query/query.ts";
import { valueOf } from "../parsed.ts";
import {
  clockOf,
  dateText,
  dayOf,
  earlierSpan,
  instantAt,
  NAMED,
  type Span,
  spanOfDays,
} from "./local_time.ts";
import { Draw, GOALS, randomCondition, randomFilter, TIME, ZONES } from "./random_questions.ts";

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A request, and what the brute force needs to answer it. */
export interface AskedQuestion {
  readonly params: Readonly<Record<string, string>>;
  readonly nowUs: number;
  readonly settings: SiteRules;
  /** The same as a query; its filter has no segments left. */
  readonly query: Query;
  readonly comparison: Span | null;
  /** Whether its filter may be asked: a history holds no history and no value of a visit. */
  readonly allowed: boolean;
}

/** Goals as owners can define them: of events alone. */
const OWN_GOALS = GOALS.filter(({ name }) => name !== "Pro from Google");

/** Saved filters of the site; some hold a history. */
export function randomSegments(draw: Draw): Map<string, CheckedFilter> {
  const segments = new Map<string, CheckedFilter>();
  for (const name of ["one", "a, (b)", "É;"]) {
    segments.set(name, valueOf(checkFilter(randomFilter(draw, 2), STANDARD_SETTINGS)));
  }
  return segments;
}

/** A random tree with anything in anything: also what must be refused. */
function nested(draw: Draw, depth: number, segments: readonly string[]): Filter {
  if (depth <= 1 || draw.is(0.35)) {
    if (!draw.is(0.2)) return randomCondition(draw);
    return {
      op: draw.one(["is", "is_not"]),
      dimension: "segment",
      values: draw.some(segments, 1, 2),
    };
  }
  const inner = () => nested(draw, depth - 1, segments);
  const op = draw.one(["and", "or", "and", "or", "not", "has_done", "has_not_done"] as const);
  if (op === "and" || op === "or") {
    return { op, of: Array.from({ length: 1 + draw.below(3) }, inner) };
  }
  return { op, of: [inner()] };
}

/** The filter with each segment written out. */
function written(filter: Filter, segments: ReadonlyMap<string, Filter>): Filter {
  if (!("dimension" in filter)) {
    return { ...filter, of: filter.of.map((part) => written(part, segments)) } as Filter;
  }
  if (filter.dimension !== "segment") return filter;
  const of = filter.values.flatMap((name) => segments.get(name) ?? []);
  const any: Filter = { op: "or", of };
  return filter.op === "is" ? any : { op: "not", of: [any] };
}

const OF_VISITS = new Set([
  ...[
    "entry_page",
    "exit_page",
    "entry_hostname",
    "exit_hostname",
    "source",
    "referrer_source",
    "referrer",
    "referrer_host",
  ],
  ...["channel", "medium", "utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"],
  ...["country", "region", "city", "device", "browser", "browser_version", "os", "os_version"],
  ...["screen", "screen_width", "language"],
]);

function isAllowed(filter: Filter, inHistory = false): boolean {
  if ("dimension" in filter) return !inHistory || !OF_VISITS.has(filter.dimension);
  const isHistory = filter.op === "has_done" || filter.op === "has_not_done";
  if (isHistory && inHistory) return false;
  return filter.of.every((part) => isAllowed(part, inHistory || isHistory));
}

interface AskedSpan {
  readonly span: Span;
  readonly params: Record<string, string>;
}

function randomSpan(draw: Draw, zone: string, nowUs: number, events: readonly Event[]): AskedSpan {
  if (draw.is(0.3)) {
    const period = draw.one(Object.keys(NAMED));
    const span = NAMED[period]?.(zone, nowUs) ?? spanOfDays(zone, 0, 0);
    return { span, params: { period } };
  }
  const day = dayOf(zone, draw.one(events).timestamp);
  const length = draw.one([0, 1, 1, 2, 3, 7, 8, 40]);
  if (draw.is(0.5)) {
    const span = spanOfDays(zone, day, day + length);
    return { span, params: datesOf(day, day + length) };
  }
  const clock = (at: number) => Math.floor(clockOf(zone, at) / MINUTE) * MINUTE;
  const from = clock(draw.one(events).timestamp);
  return minutesOf(zone, from, from + draw.one([MINUTE, HOUR, 5 * HOUR, 26 * HOUR, 3 * DAY]));
}

function datesOf(from: number, to: number): Record<string, string> {
  return { start_date: dateText(from), end_date: dateText(to) };
}

function minutesOf(zone: string, from: number, to: number): AskedSpan {
  const text = (clock: number) => new Date(clock / 1000).toISOString().slice(0, 16);
  return {
    span: { fromUs: instantAt(zone, from), toUs: instantAt(zone, to), days: null },
    params: { start_date: text(from), end_date: text(to) },
  };
}

function randomComparison(
  draw: Draw,
  zone: string,
  { span }: AskedSpan,
  nowUs: number,
  events: readonly Event[],
): { comparison: Span | null; params: Record<string, string> } {
  if (draw.is(0.35)) return { comparison: null, params: {} };
  if (draw.is(0.25)) {
    const day = dayOf(zone, draw.one(events).timestamp);
    const length = draw.one([0, 1, 2, 7]);
    const { start_date = "", end_date = "" } = datesOf(day, day + length);
    return {
      comparison: spanOfDays(zone, day, day + length),
      params: { compare: "custom", compare_start: start_date, compare_end: end_date },
    };
  }
  const mode = draw.one(["previous_period", "year_over_year"] as const);
  const [weekdays, full] = [draw.is(0.3), draw.is(0.3)];
  return {
    comparison: earlierSpan(zone, span, nowUs, { mode, weekdays, full }),
    params: {
      compare: mode,
      ...(weekdays ? { match_weekday: "true" } : {}),
      ...(full ? { compare_full: "true" } : {}),
    },
  };
}

/** Dimensions without two that are the same; buckets that would be too many are left out. */
function randomDimensions(draw: Draw, { fromUs, toUs }: Span): DimensionRef[] {
  const length = toUs - fromUs;
  const names = [...Object.keys(DIMENSIONS), "props:plan", "props:a/b~c"] as DimensionRef[];
  const fitting = names.filter((name) =>
    (name !== "minute" || length <= DAY) && (name !== "hour" || length <= 14 * DAY)
  );
  const times = fitting.filter((name) => TIME.has(name));
  if (draw.is(0.25)) return [draw.one(times)];
  return draw.some(fitting, 0, draw.is(0.2) ? 3 : 2);
}

function orderOf(metrics: readonly MetricName[], dimensions: readonly DimensionRef[]): Order[] {
  const times = dimensions.filter((ref) => TIME.has(ref));
  const [first] = metrics;
  const byTime = times.map((by): Order => ({ by, direction: "asc" }));
  return first ? [...byTime, { by: first, direction: "desc" }] : byTime;
}

/** What a site's days and visits depend on. */
export type Days = Pick<SiteRules, "zone" | "weekStart" | "gapUs">;

/** Random settings of a site. */
export function randomDays(draw: Draw): Days {
  return {
    zone: draw.one(ZONES),
    weekStart: draw.one([1, 7]),
    gapUs: draw.one([30 * MINUTE, 30 * MINUTE, 10 * MINUTE, 4 * HOUR]),
  };
}

/** A random request about some days of a site, of that with rollups in most cases. */
export function askedQuestion(
  draw: Draw,
  events: readonly Event[],
  rolled: Days | null = null,
): AskedQuestion {
  const segments = randomSegments(draw);
  const days = rolled && draw.is(0.8) ? rolled : randomDays(draw);
  const settings: SiteRules = { ...STANDARD_SETTINGS, ...days, goals: OWN_GOALS, segments };
  const zone = draw.is(0.5) ? settings.zone : draw.one(ZONES);
  const nowUs = Math.floor((draw.one(events).timestamp + draw.below(2 * DAY)) / 1000) * 1000;
  const asked = randomSpan(draw, zone, nowUs, events);
  const { span } = asked;
  const compared = randomComparison(draw, zone, asked, nowUs, events);
  const filter = draw.is(rolled ? 0.4 : 0.75)
    ? nested(draw, 2 + draw.below(3), [...segments.keys()])
    : null;
  const expanded = filter && written(filter, segments);
  const dimensions = randomDimensions(draw, span);
  const metrics = draw.some(Object.keys(METRICS) as MetricName[], 1, 5);
  const given = draw.some([...metrics, ...dimensions], 0, 2).map((by): Order => ({
    by,
    direction: draw.one(["asc", "desc"]),
  }));
  const [first] = dimensions;
  const isText = first !== undefined && !TIME.has(first);
  const search = isText && draw.is(0.2) ? draw.one(["O", "g", "/", "1", "(NOT"]) : null;
  const [limit, offset] = [draw.one([1000, 1000, 3]), draw.one([0, 0, 2])];
  const query: Query = {
    site: "example.com",
    nowUs,
    range: { fromUs: span.fromUs, toUs: span.toUs, dates: null },
    zone,
    weekStart: settings.weekStart,
    gapUs: settings.gapUs,
    filter: expanded as CheckedFilter | null,
    goals: OWN_GOALS,
    metrics,
    dimensions,
    ownColumns: false,
    missing: null,
    only: null,
    rows: null,
    search,
    order: given.length > 0 ? given : orderOf(metrics, dimensions),
    limit,
    offset,
  };
  const interval = dimensions.find((ref) => TIME.has(ref) && draw.is(0.3));
  const params = {
    ...asked.params,
    ...compared.params,
    ...(zone === settings.zone ? {} : { timezone: zone }),
    ...(filter ? { filters: printFilter(filter) } : {}),
    ...(interval ? { interval } : {}),
    ...(search === null ? {} : { search }),
    metrics: metrics.join(","),
    dimensions: dimensions.map((ref) => ref === interval ? "time" : ref).join(","),
    order_by: given.map(({ by, direction }) => `${by}:${direction}`).join(","),
    limit: String(limit),
    offset: String(offset),
  };
  return {
    params,
    nowUs,
    settings,
    query,
    comparison: compared.comparison,
    allowed: expanded === null || isAllowed(expanded),
  };
}
