// Plausible's Stats API v1: parameters of a URL become the body of a request of v2, and its answer
// the shape of v1.
import { instantOf, localDate } from "../../../core/zone.ts";
import { DAY_US } from "../../../core/durations.ts";
import { dateOfDay, dayOfDate, isDate } from "../../../../dashboard/grammar/days.js";
import type { MetricName } from "../../metrics.ts";
import { v2Value } from "../plausible_v2/names.ts";
import { v2Range } from "../plausible_v2/range.ts";
import type { V2Body, V2Row } from "../plausible_v2/plausible_v2.ts";
import { type Condition, readFilters } from "./filters.ts";
import { unreadable } from "../params.ts";

type Params = URLSearchParams;
type Body = Readonly<Record<string, unknown>>;

/** The reports of v1 that are questions of v2. */
export type V1Report = "aggregate" | "timeseries" | "breakdown";

/** What the time of a request depends on. */
export interface V1Moment {
  readonly nowUs: number;
  readonly zone: string;
}

const PERIODS = ["12mo", "6mo", "month", "year", "30d", "28d", "91d", "7d", "day", "custom"];
const INTERVALS: Readonly<Record<string, string>> = {
  date: "time:day",
  day: "time:day",
  week: "time:week",
  month: "time:month",
  hour: "time:hour",
};
const LIMIT_MAX = 1000;
const LIMIT_DEFAULT = 100;

/** The body of the request of v2 that asks the same. Throws `bad_request`. */
export function bodyOf(report: V1Report, params: Params, site: string, moment: V1Moment): Body {
  const filters = readFilters(params.get("filters") ?? "");
  const body = {
    site_id: site,
    date_range: dateRange(params, moment),
    metrics: listOf(params.get("metrics") ?? "visitors"),
    ...(filters.length > 0 ? { filters: filters.map(conditionJson) } : {}),
  };
  if (report === "aggregate") return { ...body, include: comparison(params) };
  if (report === "timeseries") {
    return { ...body, dimensions: [interval(params)], include: { time_labels: true } };
  }
  const limit = numberOf(params, "limit", LIMIT_DEFAULT, LIMIT_MAX);
  const offset = (numberOf(params, "page", 1, 10_000) - 1) * limit;
  return { ...body, dimensions: [property(params)], pagination: { limit, offset } };
}

function conditionJson({ op, dimension, values }: Condition): readonly unknown[] {
  return [op, dimension, values];
}

function listOf(text: string): string[] {
  return text.split(",").map((one) => one.trim()).filter((one) => one !== "");
}

function numberOf(params: Params, name: string, byDefault: number, max: number): number {
  const text = params.get(name);
  if (text === null || text === "") return byDefault;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw unreadable(name, `it is no whole number from 1 to ${max}`);
}

function property(params: Params): string {
  const name = params.get("property") ?? "";
  if (name === "") throw unreadable("property", "it is missing");
  return name;
}

function interval(params: Params): string {
  const name = params.get("interval") ?? defaultInterval(params.get("period") ?? "");
  const dimension = Object.hasOwn(INTERVALS, name) ? INTERVALS[name] : undefined;
  if (dimension !== undefined) return dimension;
  throw unreadable("interval", `it is not one of ${Object.keys(INTERVALS).join(", ")}`);
}

function defaultInterval(period: string): string {
  if (period === "day") return "hour";
  return period === "6mo" || period === "12mo" || period === "year" ? "month" : "date";
}

function comparison(params: Params): Body {
  const mode = params.get("compare");
  if (mode === null || mode === "") return {};
  if (mode === "previous_period") return { comparisons: { mode } };
  throw unreadable("compare", "it is not previous_period");
}

/** The range of a period before or around a date, as its first and its last day. */
function dateRange(params: Params, { nowUs, zone }: V1Moment): readonly [string, string] {
  const period = params.get("period") ?? "30d";
  const date = params.get("date") ?? "";
  if (!PERIODS.includes(period)) {
    throw unreadable("period", `it is not one of ${PERIODS.join(", ")}`);
  }
  if (period === "custom") {
    const [from = "", to = ""] = date.split(",");
    if (isDate(from) && isDate(to)) return [from, to];
    throw unreadable("date", "with period=custom it is two dates YYYY-MM-DD with a comma between");
  }
  if (date !== "" && !isDate(date)) throw unreadable("date", "it is no date YYYY-MM-DD");
  const today = date === "" ? localDate(zone, nowUs) : date;
  const atUs = instantOf(zone, dayOfDate(today) * DAY_US + DAY_US / 2);
  const range = v2Range(period, { nowUs: atUs, zone, firstUs: null });
  if (range.fault !== undefined) throw unreadable("period", range.fault);
  const { dates } = range.value;
  if (dates === null) throw unreadable("period", "it is not made of whole days");
  return [dates.from, dateOfDay(dayOfDate(dates.to) - 1)];
}

/** The answer in the shape of v1. */
export function write(
  report: V1Report,
  body: Body,
  metrics: readonly MetricName[],
  { results, meta }: Pick<V2Body, "results" | "meta">,
): Body {
  const named = (values: readonly unknown[]) =>
    Object.fromEntries(metrics.map((name, index) => [name, values[index]]));
  if (report === "aggregate") return { results: aggregated(metrics, results[0]) };
  if (report === "timeseries") {
    const byLabel = new Map(results.map((row) => [row.dimensions[0], row.metrics]));
    const empty = metrics.map((name) => v2Value(name, undefined));
    return {
      results: (meta.time_labels ?? []).map((date) => ({
        date,
        ...named(byLabel.get(date) ?? empty),
      })),
    };
  }
  const key = keyOf(String((body["dimensions"] as readonly unknown[] | undefined)?.[0]));
  return {
    results: results.map((row) => ({ [key]: row.dimensions[0], ...named(row.metrics) })),
  };
}

function aggregated(metrics: readonly MetricName[], row: V2Row | undefined): Body {
  return Object.fromEntries(metrics.map((name, index) => {
    const value = row ? row.metrics[index] : v2Value(name, undefined);
    const change = row?.comparison?.change[index];
    return [name, change === undefined ? { value } : { value, change }];
  }));
}

/** The key of a property in a row: its name without `visit:`, `event:` and `event:props:`. */
function keyOf(dimension: string): string {
  return dimension.replace(/^(?:event:props:|event:|visit:)/, "");
}
