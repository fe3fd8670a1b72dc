// The query: one validated value that everything after parsing works on. No unchecked text of a
// request is in it.
import type { Condition, Filter } from "../../dashboard/grammar/filter.js";
import type { Interval } from "../../dashboard/grammar/period.js";
import type { Range, WeekStart } from "../core/period.ts";
import type { EventsOf } from "../storage/tiers/event_rows.ts";
import type { OperatorName } from "../../dashboard/grammar/operators.js";
import type { DimensionRef } from "./dimensions.ts";
import type { Note } from "./meta.ts";
import type { MetricName } from "./metrics.ts";

/** A filter whose operators and dimensions are known, with segments replaced by their filters. */
export type CheckedFilter = Filter<OperatorName, DimensionRef>;

/** A condition of a checked filter. */
export type CheckedCondition = Condition<OperatorName, DimensionRef>;

/** A goal of the site: events that count as success. */
export interface QueryGoal {
  readonly name: string;
  readonly filter: CheckedFilter;
}

/** A key to sort by. */
export interface Order {
  readonly by: MetricName | DimensionRef;
  readonly direction: "asc" | "desc";
  /** Values of a dimension with the names by which they are ordered instead. */
  readonly names?: readonly (readonly [value: string, name: string])[];
}

/** The site, the range and the buckets of time of a query. */
export interface Scope {
  readonly site: string;
  readonly nowUs: number;
  readonly range: Range;
  readonly zone: string;
  readonly weekStart: WeekStart;
  /** A longer pause ends a visit, in microseconds. */
  readonly gapUs: number;
  readonly filter: CheckedFilter | null;
  readonly goals: readonly QueryGoal[];
}

/** Sums of imported days that are added to the rows of a query. */
export interface AddedSums {
  /** JSON: a list of rows, each its keys and then the counts of SUM_COLUMNS; texts or null. */
  readonly rows: string;
  /** Visitors that shares are of, as `Metric.base` says; null where sums have none. */
  readonly bases: { readonly query: number | null; readonly goalless: number | null };
}

/** A query of metrics by dimensions. */
export interface Query extends Scope {
  readonly metrics: readonly MetricName[];
  readonly dimensions: readonly DimensionRef[];
  /** Split by each event's own columns instead of its visit's. */
  readonly ownColumns: boolean;
  /** The text for NULL in every dimension, instead of the dimension's own. */
  readonly missing: string | null;
  /** Only rows whose first dimension is one of these. */
  readonly only: readonly string[] | null;
  /** Only the rows with these keys, one for each dimension. */
  readonly rows: readonly (readonly (string | number)[])[] | null;
  /** Only rows whose first dimension contains this text, in any case. */
  readonly search: string | null;
  readonly order: readonly Order[];
  readonly limit: number;
  readonly offset: number;
  /** Gives the site's engagements of a span; absent where there are none. */
  readonly engagements?: EventsOf | undefined;
  /** Sums of imported days; absent where there are none. */
  readonly sums?: AddedSums;
}

/** The parameters of a request that every report has. */
export interface ReportRequest extends Scope {
  readonly interval: Interval;
  readonly limit: number;
  readonly offset: number;
  readonly comparison: Range | null;
  /** When the data begins, where that is well after the start of the comparison. */
  readonly dataFromUs?: number | null;
  /** What the answer's meta says of how the request was understood. */
  readonly notes: readonly Note[];
}

/** A query over a scope; what is not given has its default. */
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
    rows: null,
    search: null,
    order: [],
    limit: 10_000,
    offset: 0,
    ...what,
  };
}
