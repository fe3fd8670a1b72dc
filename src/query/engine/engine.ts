// The interface of the engines that compute behavioral reports: implemented in plain SQL (the
// reference) and by DuckDB's extension. Nothing outside this folder imports an engine's internals.
//
// Relations in, relations out, in parentheses; an engine runs no statement. `events` is a relation
// of stored columns, with those that the conditions read.
import { DAY_MS } from "../../core/durations.ts";
import type { EventColumnName } from "../../core/event.ts";
import type { Sql } from "../../core/sql.ts";
import type { OffsetTransition } from "../../core/zone.ts";
import type { VisitColumns } from "../sql/visits.ts";

/** How behavioral reports are computed. */
export interface BehavioralEngine {
  /** "off": reports return zeros and empty lists without a statement. */
  readonly name: "sql" | "extension" | "off";
  /** One row per visit: see `visits()` of sql/visits.ts for the columns. */
  visits(events: Sql, gapUs: number, columns?: VisitColumns): Sql;
  /** Every event with its visit: see `visitEvents()` of sql/visits.ts for the columns. */
  visitEvents(events: Sql, gapUs: number, columns: readonly EventColumnName[]): Sql;
  /** visitor_id and reached (steps, at least 1) of each visitor who began; perhaps more columns. */
  funnel(events: Sql, spec: FunnelSpec): Sql;
  /** The same visitors with the times of their best attempt: see `funnelAttempts()`. */
  funnelAttempts(events: Sql, spec: FunnelSpec): Sql;
  /** cohort, size, after, visitors: see `retentionCells()` for what they mean. */
  retention(events: Sql, spec: RetentionSpec): Sql;
  /**
   * visitor_id, converted (BOOLEAN) of every visitor; `overlap`: an event may meet two steps. Where
   * `everyone` is false, those without a matching event may be left out.
   */
  sequence(events: Sql, steps: readonly Sql[], overlap: boolean, everyone?: boolean): Sql;
  /** visitor_id, began, matches of a sequence with conditions: see `sequenceMatches()`. */
  sequenceMatches(events: Sql, spec: SequenceSpec): Sql;
  /** next_page, visitors: see `nextPages()`. */
  next(events: Sql, page: string, limit: number, offset: number): Sql;
  /** depth, path, visits of a tree of paths over labeled events: see `flowNodes()`. */
  flowNodes(items: Sql, spec: FlowSpec): Sql;
}

/**
 * The orders a funnel can ask for.
 *
 * - `in_order`: step k is an event later than step k-1 (events of one microsecond in the order of
 *   native/lists.ts), each step an event of its own, all within the window from the first,
 *   inclusive. Other events may occur between; any event that meets step 1 may begin.
 * - `any_order`: an event counts for the first step it meets; the number of different steps within
 *   one window counts.
 * - `consecutive`: as `in_order`, with no other of the considered events between.
 */
export const FUNNEL_ORDERS = ["in_order", "any_order", "consecutive"] as const;
export type FunnelOrder = (typeof FUNNEL_ORDERS)[number];

/** Which funnel to follow. */
export interface FunnelSpec {
  /** Conditions on the stored columns, never empty. */
  readonly steps: readonly Sql[];
  readonly windowUs: number;
  readonly order: FunnelOrder;
  /** Whether an event may meet two steps. */
  readonly overlap: boolean;
  /** For consecutive: only these events may not occur between. */
  readonly considered: Sql;
  /** Matching events of one visitor from which running maxima are used. */
  readonly heavyFrom?: number;
}

/** Width of a cohort and of the cells after it. */
export const COHORT_INTERVALS = ["day", "week", "month"] as const;
export type CohortInterval = (typeof COHORT_INTERVALS)[number];

/** Which cohorts to count, and what counts as returning. */
export interface RetentionSpec {
  readonly interval: CohortInterval;
  /** First day of the week: 1 Monday, 7 Sunday. */
  readonly weekStart: 1 | 7;
  /** Offsets of the zone over all events of the relation; the first also holds before it. */
  readonly transitions: readonly OffsetTransition[];
  /** Activity counts from here on; earlier events only exclude visitors who are not new. */
  readonly fromUs: number;
  /** No event is at this time or later; when missing, that is not known. */
  readonly toUs?: number;
  /** Cells of a cohort: its own interval and the following ones. */
  readonly count: number;
  /** The event whose first occurrence makes a visitor a member; null is any event. */
  readonly first: Sql | null;
  /** What counts as returning; null is any event. */
  readonly again: Sql | null;
}

/** The number of the interval that holds a day, both counted from 1970. */
export function intervalOfDay(day: number, interval: CohortInterval, weekStart: 1 | 7): number {
  if (interval === "day") return day;
  if (interval === "week") return Math.floor((day + (weekStart === 1 ? 3 : 4)) / 7);
  const date = new Date(day * DAY_MS);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

/** Day number of the first day of an interval. */
export function dayOfInterval(number: number, interval: CohortInterval, weekStart: 1 | 7): number {
  if (interval === "day") return number;
  if (interval === "week") return number * 7 - (weekStart === 1 ? 3 : 4);
  return Date.UTC(1970, number, 1) / DAY_MS;
}

/** An inclusive range of elapsed microseconds; `maxUs` null has no end. */
export interface Elapsed {
  readonly minUs: number;
  readonly maxUs: number | null;
}

/** One event of a sequence, after the one before it. */
export interface SequenceElement {
  /** Number of the condition it meets, from 1; null is any considered event. */
  readonly condition: number | null;
  /** Whether it is the very next considered event. */
  readonly next: boolean;
  /** Time since the event before is in one of these. */
  readonly elapsed: readonly Elapsed[];
  /** Numbers of conditions that no event between may meet. */
  readonly without: readonly number[];
}

/** Which sequence to look for. */
export interface SequenceSpec {
  /** Conditions on the stored columns. */
  readonly conditions: readonly Sql[];
  readonly elements: readonly SequenceElement[];
  /** Events that `next` regards beside those that meet a condition. */
  readonly considered: Sql;
  /** Matching events of one visitor from which windows are used. */
  readonly heavyFrom?: number;
}

/** Which paths to count. Labels are texts that the report makes. */
export interface FlowSpec {
  /** Label at which paths start; null for the start of the visit (backwards: its end). */
  readonly start: string | null;
  readonly backwards: boolean;
  readonly depth: number;
  /** Only the first fitting visit of each visitor. */
  readonly byVisitors: boolean;
  /** Children shown of one node, and nodes of one level. */
  readonly childrenMax: number;
  readonly nodesMax: number;
}

/** What a path ends with when the visit ends (or begins, backwards) there. */
export const FLOW_END = "x";
