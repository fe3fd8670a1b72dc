// The question: one validated value that everything after parsing works on. It holds no text of a
// request that has not been checked.
import type { Filter } from "../core/filter.ts";
import type { Interval, Range, WeekStart } from "../core/period.ts";
import type { DimensionRef } from "./dimensions.ts";
import type { MetricName } from "./metrics.ts";

/** A goal of the site: events that count as success. */
export interface QueryGoal {
  readonly name: string;
  readonly filter: Filter;
}

/** A key to sort by. */
export interface Order {
  readonly by: MetricName | DimensionRef;
  readonly direction: "asc" | "desc";
}

/** Whose numbers, when, and how time is cut there. */
export interface Scope {
  readonly site: string;
  readonly nowUs: number;
  readonly range: Range;
  readonly zone: string;
  readonly weekStart: WeekStart;
  /** A longer pause ends a visit, in microseconds. */
  readonly gapUs: number;
  readonly filter: Filter | null;
  readonly goals: readonly QueryGoal[];
}

/** A question. */
export interface Query extends Scope {
  readonly metrics: readonly MetricName[];
  readonly dimensions: readonly DimensionRef[];
  /** Split by each event's own columns instead of its visit's. */
  readonly ownColumns: boolean;
  /** What stands for NULL in every dimension, instead of the dimension's own word. */
  readonly missing: string | null;
  /** Only rows whose first dimension is one of these. */
  readonly only: readonly string[] | null;
  /** Only rows whose first dimension contains this text, in any case. */
  readonly search: string | null;
  readonly order: readonly Order[];
  readonly limit: number;
  readonly offset: number;
}

/** What a request asks beside the report's own parameters. */
export interface ReportRequest extends Scope {
  readonly interval: Interval;
  readonly limit: number;
  readonly offset: number;
  readonly comparison: Range | null;
}

/** A question about a scope; what is not said is at its default. */
export function queryOf(
  scope: Scope,
  what: Partial<Query> & { readonly metrics: readonly MetricName[] },
): Query {
  const { site, nowUs, range, zone, weekStart, gapUs, filter, goals } = scope;
  return {
    site,
    nowUs,
    range,
    zone,
    weekStart,
    gapUs,
    filter,
    goals,
    dimensions: [],
    ownColumns: false,
    missing: null,
    only: null,
    search: null,
    order: [],
    limit: 10_000,
    offset: 0,
    ...what,
  };
}
