// Plausible's Stats API v2: read() turns the body of a request into a Query, write() an Answer into
// the body of the response.
import { SECOND_US } from "../../../core/durations.ts";
import {
  type Condition,
  type Filter,
  mapConditions,
} from "../../../../dashboard/grammar/filter.js";
import { filterOfJsonList } from "../../../core/filter_json.ts";
import { BUCKETS_MAX } from "../../../../dashboard/grammar/limits.js";
import { METRICS_MAX, OFFSET_MAX, V2_DIMENSIONS_MAX } from "../../../core/limits.ts";
import { bucketsOf, type Range } from "../../../core/period.ts";
import { type Interval, INTERVALS } from "../../../../dashboard/grammar/period.js";
import type { Answer, AnswerRow } from "../../answer.ts";
import { dimensionOf, type DimensionRef } from "../../dimensions.ts";
import { type MetricName, metricOf } from "../../metrics.ts";
import { type Parsed, shorten } from "../../../../dashboard/grammar/parsed.js";
import { bucketCount, checkRequestFilter, type SiteRules } from "../../parse.ts";
import { type CheckedFilter, type Order, type Query, queryOf } from "../../query.ts";
import type { ImportedMeta } from "../../sums/told.ts";
import {
  isMoney,
  V2_DIMENSION_NAMES,
  v2Change,
  type V2Dimension,
  v2Dimension,
  v2Metric,
  v2Value,
} from "./names.ts";
import { echoOfFilters } from "./echo.ts";
import { isoInZone, v2Comparison, v2Interval, v2Range, v2TrimmedRange } from "./range.ts";
import { Faults } from "../../../core/faults.ts";

type Body = Readonly<Record<string, unknown>>;

/** A dimension as it was named, and how its values are shown. */
interface Column {
  readonly name: string;
  readonly ref: DimensionRef;
  readonly interval: Interval | null;
  readonly show: (value: string) => string;
  readonly names?: V2Dimension["names"];
}

/** A request of that API, read. */
export interface V2Request {
  readonly query: Query;
  readonly columns: readonly Column[];
  readonly include: Body;
  /** The earlier range that the rows are compared with. */
  readonly comparison: Range | null;
  /** The request as it is repeated in the answer. */
  readonly echo: Body;
}

const KEYS = [
  "site_id",
  "date_range",
  "metrics",
  "dimensions",
  "filters",
  "order_by",
  "include",
  "pagination",
];
const FLAGS = ["imports", "time_labels", "total_rows", "trim_relative_date_range"];
const INCLUDES = [...FLAGS, "comparisons"];
const LIMIT_DEFAULT = 10_000;

/** Reads a body. Throws `bad_request` with every fault. */
export function read(
  body: Body,
  site: string,
  nowUs: number,
  rules: SiteRules,
): V2Request {
  const faults = new Faults();
  for (const key of Object.keys(body).filter((name) => !KEYS.includes(name))) {
    faults.add(`${key.slice(0, 40)}: it is not one of ${KEYS.join(", ")}`);
  }
  const moment = { ...rules, nowUs };
  const whole = rangeOf(body, moment, faults);
  const metrics = metricsOf(body, faults);
  const columns = columnsOf(body, whole, faults);
  const filter = filterOf(body, rules, faults);
  const order = orderOf(body, metrics, columns, faults);
  const include = includeOf(body, columns, faults);
  const range = include["trim_relative_date_range"] === true
    ? v2TrimmedRange(body["date_range"], whole, moment)
    : whole;
  const comparison = include["comparisons"] === undefined ? null : faults.valueOf(
    "include.comparisons",
    v2Comparison(include["comparisons"], whole, moment),
    null,
  );
  const { limit, offset } = paginationOf(body, faults);
  faults.check("Cannot query: ");
  const { zone, weekStart, gapUs, goals } = rules;
  const query = queryOf({ site, nowUs, range, zone, weekStart, gapUs, filter, goals }, {
    metrics,
    dimensions: columns.map(({ ref }) => ref),
    order: order.map(({ name: _, ...own }) => own),
    limit,
    offset,
  });
  const echo = {
    site_id: site,
    metrics,
    date_range: shownRange(range, zone),
    ...(comparison ? { comparison_date_range: shownRange(comparison, zone) } : {}),
    filters: echoOfFilters(body["filters"], rules),
    dimensions: columns.map(({ name }) => name),
    order_by: order.map(({ name, direction }) => [name, direction]),
    include,
    pagination: { offset, limit },
  };
  return { query, columns, include, comparison, echo };
}

/** A range as that API shows it: with its last second. */
function shownRange({ fromUs, toUs }: Range, zone: string): [from: string, to: string] {
  return [isoInZone(fromUs, zone), isoInZone(Math.max(fromUs, toUs - SECOND_US), zone)];
}

function rangeOf(body: Body, moment: SiteRules & { nowUs: number }, faults: Faults): Range {
  const nothing = { fromUs: 0, toUs: 0, dates: null };
  if (body["date_range"] === undefined) {
    faults.add("date_range: it is missing");
    return nothing;
  }
  return faults.valueOf("date_range", v2Range(body["date_range"], moment), nothing);
}

/** A list of a body; an empty one with a fault where it is something else. */
function listOf(body: Body, key: string, max: number, faults: Faults): readonly unknown[] {
  const value = body[key];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.length <= max) return value;
  faults.add(`${key}: it is no list of at most ${max}`);
  return [];
}

function metricsOf(body: Body, faults: Faults): MetricName[] {
  const names = listOf(body, "metrics", METRICS_MAX, faults);
  if (names.length === 0) faults.add("metrics: it is missing or empty");
  const metrics = names.flatMap((name, index) => {
    const metric = typeof name === "string" ? v2Metric(name) : null;
    if (metric === null) faults.add(`metrics[${index}]: ${shortJson(name)} is no metric here`);
    return metric ?? [];
  });
  if (new Set(metrics).size < metrics.length) faults.add("metrics: one is named twice");
  return metrics;
}

function columnsOf(body: Body, range: Range, faults: Faults): Column[] {
  const names = listOf(body, "dimensions", V2_DIMENSIONS_MAX, faults);
  const columns = names.flatMap((name, index) => {
    const column = typeof name === "string" ? columnOf(name, range) : null;
    if (column === null) faults.add(`dimensions[${index}]: ${shortJson(name)} is no dimension`);
    return column ?? [];
  });
  if (new Set(columns.map(({ name }) => name)).size < columns.length) {
    faults.add("dimensions: one is named twice");
  }
  for (const { interval } of columns) {
    if (interval === null || bucketCount(range, interval) <= BUCKETS_MAX) continue;
    faults.add(`dimensions: time:${interval} makes more than ${BUCKETS_MAX} buckets`);
  }
  return columns;
}

function columnOf(name: string, range: Range): Column | null {
  const width = name === "time" ? v2Interval(range) : name.replace(/^time:/, "");
  const interval = name.startsWith("time") ? INTERVALS.find((one) => one === width) : undefined;
  if (interval) {
    const show = interval === "month" ? monthLabel : timeLabel;
    return { name: `time:${interval}`, ref: interval, interval, show };
  }
  const dimension = v2Dimension(name);
  return dimension && { ...dimension, name, interval: null };
}

/** `2024-08-20 01:00` becomes `2024-08-20 01:00:00`; dates stay. */
function timeLabel(label: string): string {
  return label.length > 10 ? `${label.slice(0, 16)}:00${label.slice(16)}` : label;
}

/** That API names a month by its first day, a week by its first day within the range. */
function monthLabel(label: string): string {
  return `${label.slice(0, 7)}-01`;
}

function filterOf(body: Body, rules: SiteRules, faults: Faults): CheckedFilter | null {
  if (body["filters"] === undefined || body["filters"] === null) return null;
  return faults.valueOf("filters", checkedFilter(body["filters"], rules), null);
}

function checkedFilter(value: unknown, rules: SiteRules): Parsed<CheckedFilter | null> {
  const filter = filterOfJsonList(value);
  if (filter.fault !== undefined) return filter;
  if (!filter.value) return { value: null };
  const named = mapConditions(filter.value, (condition) => readCondition(condition, rules));
  return named.fault === undefined ? checkRequestFilter(named.value, rules) : named;
}

/** A name that no goal has: it would be answered with zeros, as if nobody had done it. */
function unknownGoal({ op, values }: Condition, goals: SiteRules["goals"]): string | undefined {
  if (op !== "is" && op !== "is_not") return undefined;
  const names = goals.map(({ name }) => name.toLowerCase());
  return values.find((value) => !names.includes(value.toLowerCase()));
}

function readCondition(condition: Condition, { goals }: SiteRules): Parsed<Filter> {
  if (condition.dimension === "segment") return { value: condition };
  const dimension = v2Dimension(condition.dimension);
  if (!dimension) {
    return {
      fault: `${shortJson(condition.dimension)} is not one of ${V2_DIMENSION_NAMES.join(", ")}, ` +
        "event:props:KEY",
    };
  }
  if (dimension.ref === "goal") {
    const unknown = unknownGoal(condition, goals);
    if (unknown !== undefined) return { fault: `no goal is called ${shortJson(unknown)}` };
  }
  const { anyCase } = dimensionOf(dimension.ref);
  const isName = anyCase === true && (condition.op === "is" || condition.op === "is_not");
  return { value: dimension.read({ caseSensitive: !isName, ...condition }) };
}

interface NamedOrder extends Order {
  readonly name: string;
}

function orderOf(
  body: Body,
  metrics: readonly MetricName[],
  columns: readonly Column[],
  faults: Faults,
): NamedOrder[] {
  const listed = listOf(body, "order_by", METRICS_MAX + V2_DIMENSIONS_MAX, faults);
  if (listed.length === 0) {
    const times = columns.filter(({ interval }) => interval !== null)
      .map(({ name, ref }): NamedOrder => ({ name, by: ref, direction: "asc" }));
    const [first] = metrics;
    return first ? [...times, { name: first, by: first, direction: "desc" }] : times;
  }
  return listed.flatMap((entry, index) => {
    const [name, direction]: unknown[] = Array.isArray(entry) ? entry : [];
    const column = columns.find((one) =>
      one.name === name || (name === "time" && one.interval !== null)
    );
    const by = metrics.find((metric) => metric === name) ?? column?.ref;
    if (by === undefined || (direction !== "asc" && direction !== "desc")) {
      faults.add(
        `order_by[${index}]: it is no pair of one of the metrics and dimensions, and asc or desc`,
      );
      return [];
    }
    const names = column?.names && [...column.names()];
    return [{ name: column?.name ?? String(name), by, direction, ...(names ? { names } : {}) }];
  });
}

function includeOf(
  body: Body,
  columns: readonly Column[],
  faults: Faults,
): Body {
  const include = objectOf(body, "include", INCLUDES, faults);
  for (const key of FLAGS) {
    const value = include[key] ?? false;
    if (typeof value !== "boolean") faults.add(`include.${key}: it is neither true nor false`);
  }
  if (include["time_labels"] === true && columns.every(({ interval }) => interval === null)) {
    faults.add("include.time_labels: there is no dimension of time");
  }
  return include;
}

function paginationOf(body: Body, faults: Faults): { limit: number; offset: number } {
  const pagination = objectOf(body, "pagination", ["limit", "offset"], faults);
  const number = (key: string, min: number, max: number, byDefault: number): number => {
    const value = pagination[key] ?? byDefault;
    if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) {
      return Number(value);
    }
    faults.add(`pagination.${key}: it is no whole number from ${min} to ${max}`);
    return byDefault;
  };
  return {
    limit: number("limit", 1, LIMIT_DEFAULT, LIMIT_DEFAULT),
    offset: number("offset", 0, OFFSET_MAX, 0),
  };
}

function objectOf(body: Body, key: string, keys: readonly string[], faults: Faults): Body {
  const value = body[key] ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    faults.add(`${key}: it is no object`);
    return {};
  }
  const unknown = Object.keys(value).find((name) => !keys.includes(name));
  if (unknown !== undefined) {
    faults.add(`${key}.${unknown.slice(0, 40)}: it is not one of ${keys.join(", ")}`);
  }
  return value as Body;
}

function shortJson(value: unknown): string {
  return shorten(JSON.stringify(value) ?? "nothing");
}

/** The answer of a request, and where it is compared, the earlier row of each of its rows. */
export interface V2Answer {
  readonly answer: Answer;
  readonly before: readonly (AnswerRow | undefined)[] | null;
}

/** A row of a response. */
export interface V2Row {
  readonly metrics: readonly unknown[];
  readonly dimensions: readonly string[];
  readonly comparison?: (V2Row & { readonly change: readonly unknown[] }) | null;
}

/** The body of a response. */
export interface V2Body {
  readonly results: readonly V2Row[];
  readonly meta: Body & { readonly time_labels?: readonly string[] };
  readonly query: Body;
}

/** The body of the response. */
export function write(
  request: V2Request,
  { answer, before }: V2Answer,
  imported: ImportedMeta = {},
): V2Body {
  const { query, columns, include, comparison, echo } = request;
  const { labels, show } = rowShower(query, columns);
  const earlier = comparison ? rowShower({ ...query, range: comparison }, columns) : null;
  const results = answer.rows.map((row, index) => {
    if (!earlier) return show(row);
    const old = before?.[index];
    const change = query.metrics.map((name) => v2Change(name, row.values[name], old?.values[name]));
    return { ...show(row), comparison: old ? { ...earlier.show(old), change } : null };
  });
  const time = labels.findIndex((map) => map !== null);
  const timeLabels = [...labels[time]?.values() ?? []].map((label) =>
    columns[time]?.show(label) ?? label
  );
  const warnings = warningsOf(query, answer);
  return {
    results,
    meta: {
      ...(include["imports"] ? importsMeta(imported) : {}),
      ...(Object.keys(warnings).length > 0 ? { metric_warnings: warnings } : {}),
      ...(include["time_labels"] && time >= 0 ? { time_labels: timeLabels } : {}),
      ...(include["total_rows"] ? { total_rows: answer.total } : {}),
    },
    query: echo,
  };
}

/** Whether imported days are in an answer, and why some are not. */
function importsMeta({ imported, left_out: [first] = [] }: ImportedMeta): Body {
  const isIncluded = imported !== undefined;
  return {
    imports_included: isIncluded,
    ...(first && !isIncluded ? { imports_skip_reason: "unsupported_query" } : {}),
    ...(first ? { imports_warning: `Imported days are left out: ${first.text}` } : {}),
  };
}

/** How the rows of a query are shown, and the labels of its buckets of time. */
function rowShower(query: Query, columns: readonly Column[]) {
  const labels = columns.map(({ interval }) => interval && labelsOf(query, interval));
  const show = ({ keys, values }: AnswerRow) => ({
    metrics: query.metrics.map((name) => v2Value(name, values[name])),
    dimensions: keys.map((key, index) => {
      const label = typeof key === "number" ? labels[index]?.get(key) ?? String(key) : key;
      return columns[index]?.show(label) ?? label;
    }),
  });
  return { labels, show };
}

function labelsOf(query: Query, interval: Interval): Map<number, string> {
  const buckets = bucketsOf(query.range, interval, query.zone, query.weekStart);
  return new Map(buckets.map(({ key, label }) => [key, label]));
}

/** Revenue in several currencies is not one number. */
function warningsOf(query: Query, answer: Answer): Record<string, unknown> {
  const mixed = query.metrics.filter((name) => metricOf(name).unit === "money").filter((name) =>
    answer.rows.some(({ values }) => {
      const value = values[name];
      return isMoney(value) && value.length > 1;
    })
  );
  return Object.fromEntries(mixed.map((name) => [name, {
    code: "no_single_revenue_currency",
    warning: "The revenue is in several currencies: filter by event:goal to have one",
  }]));
}
