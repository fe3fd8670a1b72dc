// Umami's reading API: parameters of a URL become a Query, and answers the shapes of that API. One
// table of its types of metrics, which are its filters, too.
import type { Condition, Filter } from "../../../../dashboard/grammar/filter.js";
import { type Interval, INTERVALS } from "../../../../dashboard/grammar/period.js";
import { DAY_US } from "../../../core/durations.ts";
import { BUCKETS_MAX, ROWS_MAX } from "../../../core/limits.ts";
import { bucketsOf, type Range, rangeBefore } from "../../../core/period.ts";
import { instantOf, isZone } from "../../../core/zone.ts";
import { type Answer, type AnswerRow, numberOf } from "../../answer.ts";
import type { DimensionRef } from "../../dimensions.ts";
import { bucketCount, checkRequestFilter, type SiteRules } from "../../parse.ts";
import type { Query, Scope } from "../../query.ts";
import { queryOf } from "../../query.ts";
import { unreadable } from "../params.ts";

type Params = URLSearchParams;

/** Types of metrics by their names; null for those that are not measured here. */
const TYPES: Readonly<Record<string, DimensionRef | null>> = {
  path: "page",
  url: "page",
  entry: "entry_page",
  exit: "exit_page",
  referrer: "referrer_source",
  domain: "referrer_source",
  title: "title",
  query: null,
  event: "name",
  tag: "props:tag",
  hostname: "hostname",
  host: "hostname",
  utmSource: "utm_source",
  utmMedium: "utm_medium",
  utmCampaign: "utm_campaign",
  utmContent: "utm_content",
  utmTerm: "utm_term",
  browser: "browser",
  os: "os",
  device: "device",
  screen: "screen",
  language: "language",
  country: "country",
  region: "region",
  city: "city",
  channel: "channel",
};

/** Operators of filters, which stand before a value and a dot. */
const OPERATORS: Readonly<Record<string, string>> = {
  eq: "is",
  neq: "is_not",
  s: "is_set",
  ns: "is_not_set",
  c: "contains",
  dnc: "contains_not",
  re: "matches",
  nre: "matches_not",
  gte: "at_least",
  lte: "at_most",
};

/** The parameters that answers depend on, besides those that make the scope. */
export const ANSWER_PARAMS = ["unit", "compare", "type", "limit", "offset", "search"] as const;

const LIMIT_DEFAULT = 500;
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

function filterOf(params: Params, rules: SiteRules): Scope["filter"] {
  const conditions = Object.entries(TYPES).flatMap(([name, dimension]): Condition[] => {
    const text = params.get(name);
    if (text === null || text === "" || dimension === null) return [];
    return [conditionOf(dimension, text)];
  });
  const [only, ...more] = conditions;
  if (!only) return null;
  const op = params.get("match") === "any" ? "or" : "and";
  const filter: Filter = more.length === 0 ? only : { op, of: conditions };
  const checked = checkRequestFilter(filter, rules);
  if (checked.fault === undefined) return checked.value;
  throw unreadable("the filters", checked.fault);
}

function conditionOf(dimension: DimensionRef, text: string): Condition {
  const [, code = "", value = ""] = /^([a-z]{1,3})\.(.*)$/s.exec(text) ?? [];
  const op = Object.hasOwn(OPERATORS, code) ? OPERATORS[code] : undefined;
  if (op === undefined) return { op: "is", dimension, values: text.split(",") };
  if (op === "is_set" || op === "is_not_set") return { op, dimension, values: [] };
  const isOne = op.startsWith("matches") || op.startsWith("at_");
  return { op, dimension, values: isOne ? [value] : value.split(",") };
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
  const known = INTERVALS.find((one) => one === (unit === "year" ? "month" : unit));
  if (!known) throw unreadable("unit", `it is not one of ${INTERVALS.join(", ")}`);
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
      x: isoOf(key, unit, scope.zone),
      y: numberOf(byKey.get(key) ?? {}, name),
    }));
  return { pageviews: of("pageviews"), sessions: of("visitors") };
}

/** Custom events by name and bucket. */
export function eventSeriesOf({ rows }: Answer, { zone }: Scope, unit: Interval) {
  return rows.filter(({ keys }) => keys[0] !== "pageview").map(({ keys, values }) => ({
    x: String(keys[0]),
    t: isoOf(Number(keys[1]), unit, zone),
    y: numberOf(values, "events"),
  }));
}

/** When a bucket begins. Its key is an instant, or a local date as if in UTC. */
function isoOf(key: number, unit: Interval, zone: string): string {
  const us = unit === "minute" || unit === "hour" ? key : instantOf(zone, key);
  return new Date(us / 1000).toISOString().replace(".000", "");
}

/** The query of a list by one type; null for a type that is not measured. */
export function listQuery(params: Params, scope: Scope): Query | null {
  const type = params.get("type") ?? "";
  const dimension = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (dimension === undefined) {
    throw unreadable("type", `it is not one of ${Object.keys(TYPES).join(", ")}`);
  }
  if (dimension === null) return null;
  const metric = type === "event" ? "events" : "visitors";
  return queryOf(scope, {
    metrics: [metric],
    dimensions: [dimension],
    // A value that no text is.
    missing: "",
    search: params.get("search") || null,
    order: [{ by: metric, direction: "desc" }],
    limit: whole(params, "limit", LIMIT_DEFAULT),
    offset: whole(params, "offset", 0),
  });
}

function whole(params: Params, name: string, byDefault: number): number {
  const text = params.get(name) ?? "";
  if (text === "") return byDefault;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return Math.min(number, ROWS_MAX);
  throw unreadable(name, "it is no whole number");
}

/** Values and how many: the rows that have a value, of events the custom ones. */
export function listOf({ rows }: Answer, { dimensions }: Query): { x: string; y: number }[] {
  const isNamed = ({ keys: [key] }: AnswerRow) =>
    key !== "" && !(dimensions[0] === "name" && key === "pageview");
  return rows.filter(isNamed).map(({ keys, values }) => ({
    x: String(keys[0]),
    y: numberOf(values, dimensions[0] === "name" ? "events" : "visitors"),
  }));
}
