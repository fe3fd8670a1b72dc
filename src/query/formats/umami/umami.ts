// Umami's reading API: parameters of a URL become a Query, and answers the shapes of that API.
import { type Interval, INTERVALS } from "../../../../dashboard/grammar/period.js";
import { allOf } from "../../../../dashboard/grammar/filter.js";
import { DAY_US, HOUR_US, MINUTE_US } from "../../../core/durations.ts";
import { BUCKETS_MAX } from "../../../../dashboard/grammar/limits.js";
import { ROWS_MAX } from "../../../core/limits.ts";
import { bucketsOf, firstDayOf, type Range, rangeBefore } from "../../../core/period.ts";
import { instantOf, isZone, localDate, localUs, startOfDate } from "../../../core/zone.ts";
import { type Answer, type AnswerRow, numberOf } from "../../answer.ts";
import { bucketCount, type SiteRules } from "../../parse.ts";
import type { CheckedFilter, Query, Scope } from "../../query.ts";
import { queryOf } from "../../query.ts";
import { unreadable } from "../params.ts";
import { filterOf, QUERY_TYPE, TYPES } from "./filters.ts";

type Params = URLSearchParams;

/** The parameters that answers depend on, besides those that make the scope. */
export const ANSWER_PARAMS = [
  "unit",
  "compare",
  "type",
  "limit",
  "offset",
  "search",
  "propertyName",
  "event",
] as const;

const LIMIT_DEFAULT = 500;
/** A year is no bucket of other reports: each is a query. */
const YEAR = "year";
const YEARS_MAX = 30;
const TOTALS = ["pageviews", "visitors", "visits", "bounce_rate", "visit_duration"] as const;

/** The range, the filter and the zone of a request. Throws `bad_request`. */
export function scopeOf(params: Params, site: string, nowUs: number, rules: SiteRules): Scope {
  const { weekStart, gapUs, goals } = rules;
  const timezone = params.get("timezone") ?? "";
  if (timezone !== "" && !isZone(timezone)) throw unreadable("timezone", "it is no IANA time zone");
  const zone = timezone === "" ? rules.zone : timezone;
  const toUs = timeOf(params, "endAt", nowUs);
  const fromUs = timeOf(params, "startAt", toUs - DAY_US);
  if (toUs < fromUs) throw unreadable("endAt", "it is before startAt");
  // The last millisecond is part of the range.
  const range = { fromUs, toUs: toUs + 1000, dates: null };
  return { site, nowUs, range, zone, weekStart, gapUs, goals, filter: filterOf(params, rules) };
}

function timeOf(params: Params, name: string, byDefault: number): number {
  const text = params.get(name) ?? "";
  if (text === "") return byDefault;
  if (/^\d{1,14}$/.test(text)) return Number(text) * 1000;
  throw unreadable(name, "it is no time in milliseconds");
}

/** The earlier range that `compare` names: the one before, by default. */
export function earlierRange({ range, zone }: Scope, params: Params): Range {
  const isYear = params.get("compare") === "yoy";
  return rangeBefore(range, zone, isYear ? "year_over_year" : "previous_period", false);
}

/** The query of a range's totals. */
export function totalsQuery(scope: Scope): Query {
  return queryOf(scope, { metrics: TOTALS });
}

/** The totals of an answer. Sums are made of the rates that are kept. */
export function totalsOf({ rows: [row] }: Answer) {
  const number = (name: (typeof TOTALS)[number]) => numberOf(row?.values ?? {}, name);
  const visits = number("visits");
  return {
    pageviews: number("pageviews"),
    visitors: number("visitors"),
    visits,
    bounces: Math.round(number("bounce_rate") * visits),
    totaltime: Math.round(number("visit_duration") * visits),
  };
}

/** The width of a bucket that `unit` names. */
export function unitOf(params: Params, range: Range): Interval {
  const isShort = range.toUs - range.fromUs <= 2 * DAY_US;
  const unit = params.get("unit") ?? (isShort ? "hour" : "day");
  const known = INTERVALS.find((one) => one === unit);
  if (!known) throw unreadable("unit", `it is not one of ${[...INTERVALS, YEAR].join(", ")}`);
  if (bucketCount(range, known) <= BUCKETS_MAX) return known;
  throw unreadable(
    "unit",
    `${known} makes more than ${BUCKETS_MAX} buckets of the time from startAt`,
  );
}

/** The query of a series, by names of events or without. */
export function seriesQuery(scope: Scope, unit: Interval, byName: boolean): Query {
  return queryOf(scope, {
    metrics: byName ? ["events"] : ["pageviews", "visitors"],
    dimensions: byName ? ["name", unit] : [unit],
    limit: BUCKETS_MAX,
  });
}

/** Pageviews and visitors by bucket; each bucket is there. */
export function seriesOf({ rows }: Answer, scope: Scope, unit: Interval) {
  const buckets = bucketsOf(scope.range, unit, scope.zone, scope.weekStart);
  const byKey = new Map(rows.map((row) => [row.keys[0], row.values]));
  const of = (name: "pageviews" | "visitors") =>
    buckets.map(({ key }) => ({
      x: startOf(key, unit, scope),
      y: numberOf(byKey.get(key) ?? {}, name),
    }));
  return { pageviews: of("pageviews"), sessions: of("visitors") };
}

/** Custom events by name and bucket. */
export function eventSeriesOf({ rows }: Answer, scope: Scope, unit: Interval) {
  return customOf(rows).map(({ keys, values }) => ({
    x: String(keys[0]),
    t: startOf(Number(keys[1]), unit, scope),
    y: numberOf(values, "events"),
  }));
}

/**
 * When the minute, day or month of a bucket begins, also where the range begins later. Its key is
 * an instant, or a local date as if in UTC.
 */
function startOf(key: number, unit: Interval, { zone, weekStart }: Scope): string {
  if (unit === "minute" || unit === "hour") {
    return isoOf(key - localUs(zone, key) % (unit === "hour" ? HOUR_US : MINUTE_US));
  }
  return isoOf(instantOf(zone, firstDayOf(key / DAY_US, unit, weekStart) * DAY_US));
}

function isoOf(us: number): string {
  return new Date(us / 1000).toISOString().replace(".000", "");
}

/** The parts of a scope that lie in one year each, where years are asked for; else null. */
export function yearsOf(params: Params, scope: Scope): readonly Scope[] | null {
  if (params.get("unit") !== YEAR) return null;
  const { range: { fromUs, toUs }, zone } = scope;
  const [first, last] = [yearOf(fromUs, zone), yearOf(toUs - 1, zone)];
  if (last - first >= YEARS_MAX) throw unreadable("unit", `it makes more than ${YEARS_MAX} years`);
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const from = Math.max(fromUs, startOfDate(zone, `${first + index}-01-01`));
    const to = Math.min(toUs, startOfDate(zone, `${first + index + 1}-01-01`));
    return { ...scope, range: { fromUs: from, toUs: to, dates: null } };
  });
}

function yearOf(us: number, zone: string): number {
  return Number(localDate(zone, us).slice(0, 4));
}

/** The query of one year of a series, by names of events or without. */
export function yearQuery(scope: Scope, byName: boolean): Query {
  return byName
    ? queryOf(scope, { metrics: ["events"], dimensions: ["name"], limit: BUCKETS_MAX })
    : queryOf(scope, { metrics: ["pageviews", "visitors"] });
}

/** Pageviews and visitors by year. */
export function yearSeriesOf(answers: readonly Answer[], years: readonly Scope[]) {
  const of = (name: "pageviews" | "visitors") =>
    years.map((scope, index) => ({
      x: startOfYear(scope),
      y: numberOf(answers[index]?.rows[0]?.values ?? {}, name),
    }));
  return { pageviews: of("pageviews"), sessions: of("visitors") };
}

/** Custom events by name and year. */
export function yearEventSeriesOf(answers: readonly Answer[], years: readonly Scope[]) {
  return years.flatMap((scope, index) =>
    customOf(answers[index]?.rows ?? []).map(({ keys, values }) => ({
      x: String(keys[0]),
      t: startOfYear(scope),
      y: numberOf(values, "events"),
    }))
  );
}

function startOfYear({ range, zone }: Scope): string {
  return isoOf(startOfDate(zone, `${yearOf(range.fromUs, zone)}-01-01`));
}

function customOf(rows: readonly AnswerRow[]): readonly AnswerRow[] {
  return rows.filter(({ keys }) => keys[0] !== "pageview");
}

/** Whether a list is of the texts after `?`. */
export function isQueryList(params: Params): boolean {
  return params.get("type") === QUERY_TYPE;
}

/** The query of a list by one type. */
export function listQuery(params: Params, scope: Scope): Query {
  const type = params.get("type") ?? "";
  const dimension = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (dimension === undefined) {
    throw unreadable("type", `it is not one of ${[...Object.keys(TYPES), QUERY_TYPE].join(", ")}`);
  }
  const isOfEvents = dimension === "name";
  const metric = isOfEvents ? "events" : "visitors";
  return queryOf(isOfEvents ? ofCustomEvents(scope) : scope, {
    metrics: [metric],
    dimensions: [dimension],
    // A value that no text is.
    missing: "",
    search: params.get("search") || null,
    order: [{ by: metric, direction: "desc" }],
    ...pageOf(params),
  });
}

/** The part of a list that is asked for. */
export function pageOf(params: Params): { readonly limit: number; readonly offset: number } {
  return { limit: whole(params, "limit", LIMIT_DEFAULT), offset: whole(params, "offset", 0) };
}

function whole(params: Params, name: string, byDefault: number): number {
  const text = params.get(name) ?? "";
  if (text === "") return byDefault;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return Math.min(number, ROWS_MAX);
  throw unreadable(name, "it is no whole number");
}

/** Values and how many: the rows that have a value. */
export function listOf({ rows }: Answer, { dimensions }: Query): { x: string; y: number }[] {
  return rows.filter(({ keys: [key] }) => key !== "").map(({ keys, values }) => ({
    x: String(keys[0]),
    y: numberOf(values, dimensions[0] === "name" ? "events" : "visitors"),
  }));
}

/** The query of a list with the totals of each value. */
export function expandedQuery(params: Params, scope: Scope): Query {
  const order = [{ by: "visitors", direction: "desc" }] as const;
  return { ...listQuery(params, scope), metrics: TOTALS, order };
}

/** Values with their totals. */
export function expandedOf({ rows, ...answer }: Answer) {
  return rows.filter(({ keys: [key] }) => key !== "").map((row) => ({
    name: String(row.keys[0]),
    ...totalsOf({ ...answer, rows: [row] }),
  }));
}

/** What is asked, of custom events alone. */
function ofCustomEvents(scope: Scope): Scope {
  const own: CheckedFilter = { op: "is_not", dimension: "name", values: ["pageview"] };
  return { ...scope, filter: allOf([scope.filter, own]) };
}

const EVENT_TOTALS = ["events", "visitors", "visits"] as const;

/** The queries of the totals of custom events, and of how many names they have. */
export function eventTotalsQueries(scope: Scope): readonly [Query, Query] {
  const custom = ofCustomEvents(scope);
  return [
    queryOf(custom, { metrics: EVENT_TOTALS }),
    queryOf(custom, { metrics: ["events"], dimensions: ["name"], limit: 1 }),
  ];
}

/** The totals of custom events. */
export function eventTotalsOf({ rows: [row] }: Answer, uniqueEvents: number) {
  const number = (name: (typeof EVENT_TOTALS)[number]) => numberOf(row?.values ?? {}, name);
  return {
    events: number("events"),
    visitors: number("visitors"),
    visits: number("visits"),
    uniqueEvents,
  };
}
