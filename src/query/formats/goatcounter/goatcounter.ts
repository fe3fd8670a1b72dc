// GoatCounter's reading API: parameters of a URL become queries, and answers the shapes of that
// API. What it counts are visitors.
import { allOf, type Filter } from "../../../../dashboard/grammar/filter.js";
import { dateOfDay, dayOfDate, isDate } from "../../../../dashboard/grammar/days.js";
import { RANGE_DAYS_MAX } from "../../../../dashboard/grammar/limits.js";
import { DAY_US, HOUR_US } from "../../../core/durations.ts";
import { bucketsOf } from "../../../core/period.ts";
import { instantOf, localUs } from "../../../core/zone.ts";
import { type Answer, numberOf } from "../../answer.ts";
import type { DimensionRef } from "../../dimensions.ts";
import { checkRequestFilter, type SiteRules } from "../../parse.ts";
import { type Query, queryOf, type Scope } from "../../query.ts";
import { unreadable } from "../params.ts";

type Params = URLSearchParams;

/** Where visitors came from: the same in lists, in the parts of their values, and of a page. */
export const REFS: DimensionRef = "source";

const WIDTH: DimensionRef = "screen_width";

/** Lists by their names. */
export const LISTS: Readonly<Record<string, DimensionRef>> = {
  browsers: "browser",
  systems: "os",
  locations: "country",
  languages: "language",
  sizes: "screen",
  campaigns: "utm_campaign",
  toprefs: REFS,
};

/** What the values of a list are split into, by the name of the list. */
export const DETAILS: Readonly<Record<string, readonly [DimensionRef, DimensionRef]>> = {
  browsers: ["browser", "browser_version"],
  systems: ["os", "os_version"],
  locations: ["country", "region"],
  languages: ["language", "language"],
  sizes: ["screen", WIDTH],
  campaigns: ["utm_campaign", "utm_source"],
  toprefs: [REFS, "referrer"],
};

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;
const DAYS_DEFAULT = 7;
const OFFSET_MAX = 1_000_000;
const HOURS = 24;
const SERIES_ROWS_MAX = 100_000;

/** The range of a request: `start` and `end` as dates or times. Throws `bad_request`. */
export function scopeOf(params: Params, site: string, nowUs: number, rules: SiteRules): Scope {
  const { zone, weekStart, gapUs, goals } = rules;
  const endUs = timeOf(params, "end", zone, true) ?? nowUs;
  const fromUs = timeOf(params, "start", zone, false) ?? endUs - DAYS_DEFAULT * DAY_US;
  if (endUs < fromUs) throw unreadable("end", "it is before start");
  if (endUs - fromUs > RANGE_DAYS_MAX * DAY_US) {
    throw unreadable("start", "it is too long before end");
  }
  const range = { fromUs, toUs: (Math.floor(endUs / HOUR_US) + 1) * HOUR_US, dates: null };
  return { site, nowUs, range, zone, weekStart, gapUs, goals, filter: null };
}

/** The same for a counter: everything where no range is named. */
export function counterScope(
  params: Params,
  site: string,
  nowUs: number,
  rules: SiteRules,
): Scope {
  const given = new URLSearchParams(params);
  const start = given.get("start") ?? "";
  const days = start === "" ? YEARS_DAYS : AGO_DAYS.get(start);
  if (days !== undefined) given.set("start", dateOfDay(Math.floor(nowUs / DAY_US) - days));
  return scopeOf(given, site, nowUs, rules);
}

const YEARS_DAYS = RANGE_DAYS_MAX - 2;
/** Words for the start of a counter. */
const AGO_DAYS: ReadonlyMap<string, number> = new Map([["week", 7], ["month", 30], ["year", 365]]);

/** A time, or a day: its first instant, or its last hour. */
function timeOf(params: Params, name: string, zone: string, isEnd: boolean): number | null {
  const text = params.get(name) ?? "";
  if (text === "") return null;
  if (isDate(text)) {
    const day = dayOfDate(text) + (isEnd ? 1 : 0);
    return instantOf(zone, day * DAY_US) - (isEnd ? 1 : 0);
  }
  const ms = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) throw unreadable(name, "it is no date and no time of RFC 3339");
  return ms * 1000;
}

/** A scope with the pageviews of a page alone, or with one event: those are paths, too. */
export function ofEntry(scope: Scope, entry: Entry, rules: SiteRules): Scope {
  return filtered(scope, entryFilter(entry), rules);
}

/** A scope with the events of one value alone; of a language also with those of its countries. */
export function ofValue(
  scope: Scope,
  dimension: DimensionRef,
  value: string,
  rules: SiteRules,
): Scope {
  const own: Filter = { op: "is", dimension, values: [value] };
  if (dimension !== "language") return filtered(scope, own, rules);
  const parts: Filter = { op: "starts_with", dimension, values: [`${value}-`] };
  return filtered(scope, { op: "or", of: [own, parts] }, rules);
}

/** A scope with what also meets a filter. */
export function filtered(scope: Scope, filter: Filter, rules: SiteRules): Scope {
  const checked = checkRequestFilter(filter, rules);
  if (checked.fault !== undefined) throw unreadable("path", checked.fault);
  return { ...scope, filter: allOf([scope.filter, checked.value]) };
}

/** What that API calls a path: a page, or the name of an event. */
export interface Entry {
  readonly path: string;
  readonly event: boolean;
}

/** The dimension in which entries of a kind are told apart. */
export function entryDimension(event: boolean): DimensionRef {
  return event ? "name" : "page";
}

/** The filter of an entry's events. */
export function entryFilter({ path, event }: Entry): Filter {
  const name: Filter = { op: "is", dimension: "name", values: [event ? path : "pageview"] };
  if (event) return name;
  return { op: "and", of: [name, { op: "is", dimension: "page", values: [path] }] };
}

/** The filter of all entries of a kind. */
export function kindFilter(event: boolean): Filter {
  return { op: event ? "is_not" : "is", dimension: "name", values: ["pageview"] };
}

/** The query of the titles of pages, most visitors first. */
export function titlesQuery(scope: Scope, pages: readonly string[]): Query {
  return queryOf(scope, {
    metrics: ["visitors"],
    dimensions: ["page", "title"],
    missing: "",
    only: pages,
    order: [{ by: "visitors", direction: "desc" }],
    limit: SERIES_ROWS_MAX,
  });
}

/** The title that most visitors of a page saw, by page. */
export function titlesOf({ rows }: Answer): ReadonlyMap<string, string> {
  const titles = new Map<string, string>();
  for (const { keys: [page, title] } of rows) {
    if (title !== "" && !titles.has(String(page))) titles.set(String(page), String(title));
  }
  return titles;
}

/** The query of how many visitors there were. */
export function totalQuery(scope: Scope): Query {
  return queryOf(scope, { metrics: ["visitors", "events", "pageviews"] });
}

/** The query of visitors by hour or by day, and by what else is named. */
export function seriesQuery(
  scope: Scope,
  unit: "hour" | "day",
  only: readonly string[] | null = null,
  of: DimensionRef = "page",
): Query {
  const dimensions: DimensionRef[] = only === null ? [unit] : [of, unit];
  return queryOf(scope, { metrics: ["visitors"], dimensions, only, limit: SERIES_ROWS_MAX });
}

/** The query of a list, most first, and one row more to know whether there are others. */
export function listQuery(params: Params, scope: Scope, dimension: DimensionRef): Query {
  return queryOf(scope, {
    metrics: ["visitors"],
    dimensions: [dimension],
    missing: "",
    order: [{ by: "visitors", direction: "desc" }],
    limit: limitOf(params) + 1,
    offset: offsetOf(params),
  });
}

/** How many pages are wanted, and no more than have their hours within the limit. */
export function pagesLimit(params: Params, { range }: Scope): number {
  const hours = Math.ceil((range.toUs - range.fromUs) / HOUR_US);
  return Math.max(1, Math.min(limitOf(params), Math.floor(SERIES_ROWS_MAX / hours)));
}

/** How many rows are wanted. */
export function limitOf(params: Params, max = LIMIT_MAX): number {
  return Math.max(1, whole(params, "limit", LIMIT_DEFAULT, max));
}

/** Where a list begins. */
export function offsetOf(params: Params): number {
  return whole(params, "offset", 0, OFFSET_MAX);
}

/** The ids that a parameter lists, with commas or by standing there several times. */
export function idsOf(params: Params, name: string): readonly number[] {
  const texts = params.getAll(name).flatMap((text) => text.split(","))
    .map((text) => text.trim()).filter((text) => text !== "");
  if (texts.every((text) => /^\d{1,10}$/.test(text))) return texts.map(Number);
  throw unreadable(name, "it is no list of ids");
}

function whole(params: Params, name: string, byDefault: number, max: number): number {
  const text = params.get(name) ?? "";
  if (text === "") return byDefault;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0 && number <= max) return number;
  throw unreadable(name, `it is no whole number up to ${max}`);
}

/** A list of the values of a dimension, and whether there are more. */
export function listOf({ rows }: Answer, params: Params, dimension: DimensionRef) {
  const limit = limitOf(params);
  const unit = dimension === WIDTH ? "px" : "";
  const stats = rows.slice(0, limit).map(({ keys, values }) => ({
    id: String(keys[0]),
    name: `${keys[0]}${unit}`,
    count: numberOf(values, "visitors"),
  }));
  return { stats, more: rows.length > limit };
}

/** Numbers of a day, hour by hour. */
export interface Day {
  readonly day: string;
  readonly hourly: readonly number[];
  readonly daily: number;
}

/** Visitors by day and hour; `at` is where in a row's keys the bucket stands. */
export function daysOf(
  hours: Answer["rows"],
  days: Answer["rows"],
  scope: Scope,
  at: number,
): Day[] {
  const { range, zone, weekStart } = scope;
  // By local hours since 1970: there may be as many as ten years have.
  const byHour = new Map<number, number>();
  for (const { keys, values } of hours) {
    const hour = Math.floor(localUs(zone, Number(keys[at])) / HOUR_US);
    byHour.set(hour, (byHour.get(hour) ?? 0) + numberOf(values, "visitors"));
  }
  const byDay = new Map(days.map(({ keys, values }) => [keys[at], numberOf(values, "visitors")]));
  return bucketsOf(range, "day", zone, weekStart).map(({ key, label }) => {
    const first = dayOfDate(label) * HOURS;
    return {
      day: label,
      hourly: Array.from({ length: HOURS }, (_, hour) => byHour.get(first + hour) ?? 0),
      daily: byDay.get(key) ?? 0,
    };
  });
}

/** The parameters that answers depend on, besides the range. */
export const LIST_PARAMS = [
  "limit",
  "offset",
  "after",
  "daily",
  "include_paths",
  "exclude_paths",
] as const;

/** A number for a path or an event: the same for the same. */
export function pathId(path: string, event = false): number {
  let id = event ? 11 : 7;
  for (const char of path) id = (id * 31 + (char.codePointAt(0) ?? 0)) % 2_147_483_647;
  return id;
}
