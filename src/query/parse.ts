// Parses the parameters of a request into a checked request. After this nothing reads the URL and
// nothing is checked again.
import { BUCKETS_MAX } from "../../dashboard/grammar/limits.js";
import { DAY_US, HOUR_US, MINUTE_US } from "../core/durations.ts";
import { AppError } from "../core/errors.ts";
import {
  type Condition,
  conditionsOf,
  type Filter,
  isCondition,
  mapConditions,
  parseFilter,
} from "../../dashboard/grammar/filter.js";
import { OFFSET_MAX, PROP_KEY_CHARS_MAX, ROWS_MAX } from "../core/limits.ts";
import {
  type ComparisonName,
  COMPARISONS,
  cutToElapsed,
  type Range,
  rangeBefore,
  rangeBetween,
  rangeOfPeriod,
  type WeekStart,
} from "../core/period.ts";
import {
  type Interval,
  intervalOfDays,
  INTERVALS,
  PERIOD_DEFAULT,
  PERIOD_NAMES,
  type PeriodName,
  periodRow,
} from "../../dashboard/grammar/period.js";
import { type Parsed, parseEach } from "../../dashboard/grammar/parsed.js";
import { faultOfValues } from "../../dashboard/grammar/values.js";
import { pathPattern } from "../core/paths/normal_form.ts";
import { asciiSiteId, faultOfSiteId } from "../core/site_id.ts";
import { isZone } from "../core/zone.ts";
import { faultOfFilterSize } from "./budget/filter_size.ts";
import {
  dimensionOf,
  type DimensionRef,
  DIMENSIONS,
  isDimensionName,
  textsToFind,
} from "./dimensions.ts";
import { VISIT_GAP_US } from "./sql/visits.ts";
import { isOperatorName, type OperatorName, OPERATORS } from "../../dashboard/grammar/operators.js";
import { isMetricName, type MetricName, METRICS } from "./metrics.ts";
import { type Params, quoted } from "./params.ts";
import { type Note, NOTES } from "./meta.ts";
import type { CheckedFilter, QueryGoal, ReportRequest } from "./query.ts";

/** What is known of a site when its statistics are requested. */
export interface SiteRules {
  readonly zone: string;
  readonly weekStart: WeekStart;
  /** A longer pause ends a visit, in microseconds. */
  readonly gapUs: number;
  readonly goals: readonly QueryGoal[];
  /** Saved filters by id or name. */
  readonly segments: ReadonlyMap<string, CheckedFilter>;
  /** Time of the site's first event; null when it has none or it was not asked for. */
  readonly firstUs: number | null;
}

/** The rules of a site without settings. */
export const STANDARD_SETTINGS: SiteRules = {
  zone: "UTC",
  weekStart: 1,
  gapUs: VISIT_GAP_US,
  goals: [],
  segments: new Map(),
  firstUs: null,
};

/** The parameters that every report has. */
export const COMMON_PARAMS = {
  site_id: "the site (required)",
  period: `one of ${PERIOD_NAMES.join(", ")}; ${PERIOD_DEFAULT} when missing`,
  start_date: "first day YYYY-MM-DD, or a local time YYYY-MM-DDTHH:MM; with end_date",
  end_date: "the day or time after the last one",
  timezone: "IANA name of a time zone, instead of the site's",
  filters: "which visits: op(dimension,value,…), joined by ;",
  interval: `width of a bucket: ${INTERVALS.join(", ")}`,
  compare: `one of ${Object.keys(COMPARISONS).join(", ")}`,
  compare_start: "with compare=custom, as start_date",
  compare_end: "with compare=custom, as end_date",
  match_weekday: "true: the nearest earlier range of as many days with the same weekdays",
  compare_full:
    "true: compare a running range with the whole earlier one, not with its elapsed time",
  limit: `rows, 1 to ${ROWS_MAX}`,
  offset: "rows to skip",
} as const;

/** Rows of a list where no limit is given. */
export const LIMIT_DEFAULT = 10;

/** The site of a request. Throws `bad_request`. */
export function siteOf(params: Params): string {
  const given = params.text("site_id");
  params.check();
  if (given === undefined) {
    throw new AppError("bad_request", "Cannot answer: site_id is missing", {}, "site_id");
  }
  const site = asciiSiteId(given);
  const fault = faultOfSiteId(site);
  if (fault !== null) {
    throw new AppError("bad_request", `Cannot read site_id: ${fault}`, {}, "site_id");
  }
  return site;
}

/** Reads the parameters that every report has. Notes faults in `params`. */
export function parseReportRequest(
  params: Params,
  site: string,
  nowUs: number,
  settings: SiteRules,
): ReportRequest {
  const zone = zoneOf(params, settings);
  const { range, interval, notes } = rangeAndInterval(params, zone, nowUs, settings);
  const comparison = comparisonOf(params, range, zone, nowUs);
  const request: ReportRequest = {
    site,
    nowUs,
    range,
    interval,
    zone,
    weekStart: settings.weekStart,
    gapUs: settings.gapUs,
    filter: filterOf(params, settings),
    goals: settings.goals,
    limit: params.integer("limit", { min: 1, max: ROWS_MAX, default: LIMIT_DEFAULT }),
    offset: params.integer("offset", { min: 0, max: OFFSET_MAX, default: 0 }),
    comparison: comparison.range,
    notes: [...notes, ...comparison.notes],
  };
  checkBuckets(params, range, interval);
  return request;
}

function zoneOf(params: Params, settings: SiteRules): string {
  const zone = params.text("timezone");
  if (zone === undefined) return settings.zone;
  if (isZone(zone)) return zone;
  params.fault(`Cannot read timezone: "${quoted(zone)}" is no IANA time zone`);
  return settings.zone;
}

function rangeAndInterval(
  params: Params,
  zone: string,
  nowUs: number,
  settings: SiteRules,
): { range: Range; interval: Interval; notes: readonly Note[] } {
  const period = params.choice("period", PERIOD_NAMES, PERIOD_DEFAULT);
  const custom = twoTimes(params, zone, "start_date", "end_date");
  const range = custom ?? rangeOfPeriod(period, { nowUs, zone, firstUs: settings.firstUs });
  const usual = custom ? intervalOfRange(custom) : usualInterval(period, range);
  const widened = custom !== null && (usual === "week" || usual === "month") &&
    params.text("interval") === undefined;
  return {
    range,
    interval: params.choice("interval", INTERVALS, usual),
    notes: widened ? [NOTES.interval_widened] : [],
  };
}

function usualInterval(period: PeriodName, range: Range): Interval {
  if (period !== "all") return periodRow(period).interval;
  return range.toUs - range.fromUs > 92 * DAY_US ? "month" : "day";
}

/** Days, or wider above two years, for ranges of days; narrower for a range of hours. */
function intervalOfRange(range: Range): Interval {
  const length = range.toUs - range.fromUs;
  if (range.dates || length > 2 * DAY_US) return intervalOfDays(Math.round(length / DAY_US));
  return length <= 2 * HOUR_US ? "minute" : "hour";
}

/** Notes a fault when a range has too many buckets of this width. */
export function checkBuckets(params: Params, range: Range, interval: Interval): void {
  if (bucketCount(range, interval) > BUCKETS_MAX) {
    params.fault(`Cannot use interval: ${interval} makes more than ${BUCKETS_MAX} buckets`);
  }
}

/** The shortest length of a bucket of each width. */
const SHORTEST_US = {
  minute: MINUTE_US,
  hour: HOUR_US,
  day: DAY_US,
  week: 7 * DAY_US,
  month: 28 * DAY_US,
} as const satisfies Record<Interval, number>;

/** How many buckets of a width a range has at most, to be checked before any is made. */
export function bucketCount(range: Range, interval: Interval): number {
  return (range.toUs - range.fromUs) / SHORTEST_US[interval];
}

function twoTimes(params: Params, zone: string, start: string, end: string): Range | null {
  const from = params.text(start);
  const to = params.text(end);
  if (from === undefined && to === undefined) return null;
  if (from === undefined || to === undefined) {
    const [missing, present] = from === undefined ? [start, end] : [end, start];
    params.fault(`Cannot use ${present}: ${missing} is missing`);
    return null;
  }
  const range = rangeBetween(zone, { name: start, text: from }, { name: end, text: to });
  if (range.fault === undefined) return range.value;
  params.fault(range.fault);
  return null;
}

/** The earlier range, and what is to be said of it. */
interface Comparison {
  readonly range: Range | null;
  readonly notes: readonly Note[];
}

function comparisonOf(params: Params, range: Range, zone: string, nowUs: number): Comparison {
  const names = Object.keys(COMPARISONS) as ComparisonName[];
  const matchWeekday = params.flag("match_weekday");
  const full = params.flag("compare_full");
  const custom = twoTimes(params, zone, "compare_start", "compare_end");
  if (params.text("compare") === undefined) {
    if (custom) params.fault("Cannot use compare_start: compare is not custom");
    return { range: null, notes: [] };
  }
  const name = params.choice("compare", names, "previous_period");
  const unmatched = matchWeekday && (name === "custom" || range.dates === null);
  const notes: Note[] = unmatched ? [NOTES.match_weekday_ignored] : [];
  if (name === "custom") {
    if (!custom) {
      params.fault("Cannot use compare=custom: compare_start and compare_end are missing");
    }
    return { range: custom, notes };
  }
  const whole = rangeBefore(range, zone, name, matchWeekday);
  const cut = full ? whole : cutToElapsed(whole, range, nowUs);
  return { range: cut, notes: cut === whole ? notes : [...notes, NOTES.comparison_cut] };
}

function filterOf(params: Params, settings: SiteRules): CheckedFilter | null {
  const text = params.text("filters");
  if (text === undefined) return null;
  return params.read("filters", checkedFilter(text, settings), null);
}

function checkedFilter(text: string, settings: SiteRules): Parsed<CheckedFilter | null> {
  const filter = parseFilter(text);
  if (filter.fault !== undefined) return filter;
  return filter.value ? checkRequestFilter(filter.value, settings) : { value: null };
}

/** The same as `checkFilter` for a filter of a request: with its segments it is bounded, too. */
export function checkRequestFilter(
  filter: Filter,
  settings: Pick<SiteRules, "segments" | "goals">,
): Parsed<CheckedFilter> {
  const checked = checkFilter(filter, settings);
  if (checked.fault !== undefined) return checked;
  const fault = faultOfFilterSize(checked.value, settings.goals);
  return fault === null ? checked : { fault };
}

/** A filter with every operator and dimension checked, or its fault, which names the condition. */
export function checkFilter(
  filter: Filter,
  settings: Pick<SiteRules, "segments">,
): Parsed<CheckedFilter> {
  const checked = mapConditions(filter, (condition) => checkCondition(condition, settings));
  if (checked.fault !== undefined) return checked;
  const fault = faultOfHistories(checked.value);
  return fault === null ? checked : { fault };
}

/** has_done and has_not_done look at single events: no value of a visit can stand in them. */
function faultOfHistories(filter: CheckedFilter): string | null {
  if (isCondition(filter)) return null;
  if (filter.op !== "has_done" && filter.op !== "has_not_done") {
    return filter.of.map(faultOfHistories).find((fault) => fault !== null) ?? null;
  }
  if (holdsHistory(filter.of[0])) {
    return `${filter.op} cannot hold has_done or has_not_done, nor a segment that does`;
  }
  const wrong = conditionsOf(filter).find(({ dimension }) => dimensionOf(dimension).of === "visit");
  return wrong ? `${filter.op}: ${wrong.dimension} is not of events` : null;
}

function holdsHistory(filter: CheckedFilter): boolean {
  if (isCondition(filter)) return false;
  return filter.op === "has_done" || filter.op === "has_not_done" || filter.of.some(holdsHistory);
}

function checkCondition(
  condition: Condition,
  settings: Pick<SiteRules, "segments">,
): Parsed<CheckedFilter> {
  const { op, dimension, values } = condition;
  if (!isOperatorName(op)) {
    return {
      fault: `"${quoted(op)}" is not one of ${Object.keys(OPERATORS).join(", ")}, and, or, not, ` +
        "has_done, has_not_done",
    };
  }
  if (dimension === "segment") return segmentOf(condition, settings);
  const ref = dimensionRef(dimension);
  if (!ref || isIntervalName(ref)) {
    return { fault: `${op}: "${quoted(dimension)}" is no dimension to filter by` };
  }
  const fault = faultOfValues(OPERATORS[op].values, values);
  if (fault !== null) return { fault: `${op}(${quoted(dimension)}) ${fault}` };
  return { value: { ...condition, op, dimension: ref, values: valuesAsStored(ref, op, values) } };
}

/** Values in the spelling of the stored ones. */
function valuesAsStored(
  ref: DimensionRef,
  op: OperatorName,
  values: readonly string[],
): readonly string[] {
  if (ref === "revenue" && (op === "is" || op === "is_not")) return values.map(amountAsStored);
  if (op !== "matches" && op !== "matches_not") return textsToFind(ref, values);
  return ref === "page" || ref === "entry_page" || ref === "exit_page"
    ? values.map(pathPattern)
    : values;
}

/** `10` and `10.5` as the stored amounts read: `10.00`, `10.50`. */
function amountAsStored(text: string): string {
  const [, minus = "", whole, cents = ""] = /^(-?)0*(\d{1,12})(?:\.(\d{1,2})0*)?$/.exec(text) ?? [];
  return whole === undefined ? text : `${minus}${whole}.${cents.padEnd(2, "0")}`;
}

/** Whether a dimension is a bucket of time. */
export function isIntervalName(name: string): name is Interval {
  return INTERVALS.some((interval) => interval === name);
}

function segmentOf(
  { op, values }: Condition,
  { segments }: Pick<SiteRules, "segments">,
): Parsed<CheckedFilter> {
  if (op !== "is" && op !== "is_not") return { fault: `segment takes is and is_not, not ${op}` };
  const filters = parseEach(values, (value): Parsed<CheckedFilter> => {
    const found = segments.get(value);
    return found ? { value: found } : { fault: `no segment is called "${quoted(value)}"` };
  });
  if (filters.fault !== undefined) return filters;
  const [first] = filters.value;
  if (!first) return { fault: `${op}(segment) has no value` };
  const any: CheckedFilter = filters.value.length === 1 ? first : { op: "or", of: filters.value };
  return { value: op === "is" ? any : { op: "not", of: [any] } };
}

/** A dimension by its name: short (`page`), or with its kind before it (`event:page`). */
export function dimensionRef(text: string): DimensionRef | null {
  const name = text.replace(/^(event|visit|time):/, "");
  if (name.startsWith("props:")) {
    const key = name.slice("props:".length);
    return key !== "" && key.length <= PROP_KEY_CHARS_MAX ? `props:${key}` : null;
  }
  return isDimensionName(name) ? name : null;
}

/** A list of metrics separated by commas. Notes faults; undefined when the parameter is missing. */
export function metricsParam(params: Params, name: string, max: number): MetricName[] | undefined {
  const text = params.text(name);
  if (text === undefined) return undefined;
  const names = [...new Set(text.split(","))];
  const unknown = names.filter((metric) => !isMetricName(metric));
  for (const metric of unknown) {
    params.fault(
      `Cannot read ${name}: "${quoted(metric)}" is not one of ${Object.keys(METRICS).join(", ")}`,
    );
  }
  if (names.length > max) params.fault(`Cannot read ${name}: there are more than ${max}`);
  return names.filter(isMetricName);
}

/**
 * A list of dimensions separated by commas; `time` means the bucket of `interval`. Notes
 * faults.
 */
export function dimensionsParam(
  params: Params,
  name: string,
  max: number,
  interval?: Interval,
): DimensionRef[] {
  const text = params.text(name);
  if (text === undefined || text === "") return [];
  const refs = [...new Set(text.split(","))].map((word) => {
    const ref = word === "time" && interval ? interval : dimensionRef(word);
    if (!ref) {
      params.fault(
        `Cannot read ${name}: "${quoted(word)}" is not one of ` +
          `${Object.keys(DIMENSIONS).join(", ")}, props:KEY`,
      );
    }
    return ref;
  });
  if (refs.length > max) params.fault(`Cannot read ${name}: there are more than ${max}`);
  return refs.filter((ref) => ref !== null);
}
