// Retention in detail: cohorts by day, week or month, sizes, counts and rates. A cell that is not
// over yet, or that cannot be known because visitor ids did not last so long, is null with the
// reason, never a false zero.
import { DAY_US } from "../../../core/durations.ts";
import { dateOfDay, dayOfDate } from "../../../../dashboard/grammar/days.js";
import { localDate, offsetTransitions, startOfDate } from "../../../core/zone.ts";
import { type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { columnsOfSteps, count, share } from "../behavioral.ts";
import { type CohortInterval, dayOfInterval, intervalOfDay } from "../../engine/engine.ts";
import type { ReportRequest } from "../../query.ts";
import { type QueryContext, withRange } from "../report.ts";
import type { Step } from "../../steps.ts";
import { changesBetween, type IdLife } from "../../../sites/id_life.ts";
import {
  type CellSpan,
  isKnownCell,
  lastingSpans,
  type SeenIds,
  seenSpansSql,
} from "./known_cells.ts";

/** Why a cell is null: its time is not over, or ids changed in between. */
export type Missing = "not_over" | "ids_change";

/** A cohort; the lists hold a cell for its own interval and each following one. */
export interface CohortDetail {
  readonly cohort_date: string;
  readonly size: number;
  readonly returned: readonly (number | null)[];
  /** Shares of the size, 0 to 1. */
  readonly rates: readonly (number | null)[];
  readonly missing: readonly (Missing | null)[];
}

/** The answer of `detail=true`. */
export interface RetentionDetail {
  readonly cohorts: CohortInterval;
  readonly count: number;
  readonly first: string | null;
  readonly again: string | null;
  /** For how many days a visitor id lasts on this site. */
  readonly visitor_id_days: number;
  /** Whether ids in the data were seen to last longer, as imported ones may. */
  readonly lasting_ids: boolean;
  /** When the ids of the site changed, and for how many days they lasted from then on. */
  readonly id_changes: readonly { readonly at: string; readonly days: number }[];
  readonly identity: string;
  /** Cells of all cohorts together, over the cohorts that know them. */
  readonly rates: readonly (number | null)[];
  readonly rows: readonly CohortDetail[];
}

interface RetentionDetailParams {
  readonly interval: CohortInterval;
  readonly count: number;
  readonly first: Step | null;
  readonly again: Step | null;
}

/** A visitor not seen for so long before the first cohort is new in it. */
export const LOOK_BACK_US = 366 * DAY_US;

/**
 * Cohorts of the intervals that the range touches, each whole; they are followed to now, also
 * past the end of the range.
 */
export async function queryRetentionDetail(
  request: ReportRequest,
  params: RetentionDetailParams,
  context: QueryContext,
): Promise<RetentionDetail> {
  const calendar = calendarOf(request, params);
  const { fromUs, toUs } = calendar;
  const rows = context.engine.name === "off" || fromUs >= toUs
    ? []
    : await queryCells(request, params, calendar, context);
  const life = context.idLife;
  const seen = await seenIds(rows, life, context);
  const lasting = lastingSpans(seen, life).length > 0;
  const cells = rows.filter((row) => row["after"] !== SPAN);
  const cohorts = shapeCohorts(cells, params, calendar, (cell) => isKnownCell(cell, life, seen));
  const { days } = life;
  return {
    cohorts: params.interval,
    count: params.count,
    first: params.first?.text ?? null,
    again: params.again?.text ?? null,
    visitor_id_days: days,
    lasting_ids: lasting,
    id_changes: changesBetween(life, seen.firstUs, toUs).map(({ fromUs, days }) => ({
      at: new Date(fromUs / 1000).toISOString(),
      days,
    })),
    identity: identityOf(days, lasting),
    rates: Array.from({ length: params.count }, (_, at) => overallRate(cohorts, at)),
    rows: cohorts,
  };
}

/** Marks the rows that tell how far one id was seen: `cohort` is its first day, `size` its last. */
const SPAN = -1;

interface Calendar {
  readonly weekStart: 1 | 7;
  readonly zone: string;
  readonly nowUs: number;
  /** Last interval of the cohorts. */
  readonly lastNumber: number;
  readonly fromUs: number;
  readonly toUs: number;
  /** The instant at which an interval begins. */
  startOf(number: number): number;
}

function calendarOf(request: ReportRequest, { interval, count }: RetentionDetailParams): Calendar {
  const { range, zone, weekStart, nowUs } = request;
  const numberAt = (us: number) =>
    intervalOfDay(dayOfDate(localDate(zone, us)), interval, weekStart);
  const firstNumber = numberAt(range.fromUs);
  const lastNumber = numberAt(Math.max(range.fromUs, Math.min(range.toUs, nowUs + 1) - 1));
  const starts = new Map<number, number>();
  const startOf = (number: number): number => {
    const known = starts.get(number) ??
      startOfDate(zone, dateOfDay(dayOfInterval(number, interval, weekStart)));
    starts.set(number, known);
    return known;
  };
  const isEmpty = range.fromUs >= range.toUs || range.fromUs > nowUs;
  const fromUs = startOf(firstNumber);
  const toUs = isEmpty ? fromUs : Math.min(startOf(lastNumber + count), nowUs + 1);
  return { weekStart, zone, nowUs, lastNumber, fromUs, toUs, startOf };
}

function queryCells(
  request: ReportRequest,
  { interval, first, again, count }: RetentionDetailParams,
  { fromUs, toUs, zone, weekStart, lastNumber }: Calendar,
  context: QueryContext,
): Promise<Row[]> {
  const beforeUs = fromUs - LOOK_BACK_US;
  const wide = withRange(request, { fromUs: beforeUs, toUs, dates: null });
  const steps = [first, again].filter((step) => step !== null);
  const transitions = offsetTransitions(zone, beforeUs, toUs);
  // How far ids were seen is told by the UTC days of events.
  const isOfDays = steps.length === 0 && transitions.every(({ offsetUs }) => offsetUs === 0);
  const ask = (build: (events: Sql) => Sql) =>
    isOfDays
      ? context.visitorDays(wide, fromUs, build)
      : context.matching(wide, columnsOfSteps(steps), build);
  return ask(
    (events) =>
      sql`select cohort, size, after, visitors from ${
        context.engine.retention(events, {
          interval,
          weekStart,
          transitions,
          fromUs,
          toUs,
          count,
          first: first?.condition ?? null,
          again: again?.condition ?? null,
        })
      } where cohort <= ${lastNumber}
    union all
    select first_day, last_day, ${SPAN}, 0 from (${seenSpansSql(events)})
    order by cohort, after`,
  );
}

function shapeCohorts(
  rows: readonly Row[],
  params: RetentionDetailParams,
  calendar: Calendar,
  isKnown: (cell: CellSpan) => boolean,
): CohortDetail[] {
  const found = new Map<number, { size: number; returned: Map<number, number> }>();
  for (const { cohort, size, after, visitors } of rows) {
    const entry = found.get(count(cohort)) ?? { size: count(size), returned: new Map() };
    if (typeof after === "number") entry.returned.set(after, count(visitors));
    found.set(count(cohort), entry);
  }
  return [...found].map(([number, { size, returned }]) => {
    const missing = Array.from(
      { length: params.count },
      (_, after) => missingAt(calendar, number, after, isKnown),
    );
    const counts = missing.map((why, after) => why === null ? returned.get(after) ?? 0 : null);
    return {
      cohort_date: dateOfDay(dayOfInterval(number, params.interval, calendar.weekStart)),
      size,
      returned: counts,
      rates: counts.map((visitors) => visitors === null ? null : share(visitors, size)),
      missing,
    };
  });
}

/** Why a cell is unknown, or null. */
function missingAt(
  { nowUs, startOf }: Calendar,
  number: number,
  after: number,
  isKnown: (cell: CellSpan) => boolean,
): Missing | null {
  const toUs = startOf(number + after + 1);
  if (toUs > nowUs) return "not_over";
  const cell = {
    cohortFromUs: startOf(number),
    cohortToUs: startOf(number + 1),
    fromUs: startOf(number + after),
    toUs,
  };
  return after === 0 || isKnown(cell) ? null : "ids_change";
}

/** What the rows tell of ids, and the first event: exactly where a change comes near it. */
async function seenIds(
  rows: readonly Row[],
  { changes }: IdLife,
  context: QueryContext,
): Promise<SeenIds> {
  const all = rows.filter(({ after }) => after === SPAN)
    .map(({ cohort, size }) => ({ firstDay: count(cohort), lastDay: count(size) }));
  const spans = all.filter(({ firstDay, lastDay }) => lastDay - firstDay > 1);
  const fromUs = Math.min(...all.map(({ firstDay }) => firstDay)) * DAY_US;
  const change = changes.findLast((one) => one.fromUs > fromUs && one.fromUs < fromUs + DAY_US);
  if (!change) return { spans, firstUs: fromUs };
  const before = { fromUs, toUs: change.fromUs };
  const found = await context.rows(before, (events) => sql`select 1 from ${events} limit 1`);
  return { spans, firstUs: found.length > 0 ? fromUs : change.fromUs };
}

function overallRate(cohorts: readonly CohortDetail[], after: number): number | null {
  const known = cohorts.filter((cohort) => typeof cohort.returned[after] === "number");
  if (known.length === 0) return null;
  const sum = (pick: (cohort: CohortDetail) => number) =>
    known.reduce((total, cohort) => total + pick(cohort), 0);
  return share(sum((cohort) => cohort.returned[after] ?? 0), sum((cohort) => cohort.size));
}

function identityOf(days: number, lasting: boolean): string {
  if (lasting) {
    return `Visitor ids last ${
      daysText(days)
    } on this site, but some in this data lasted longer: ` +
      "cells are shown as far as those reach; where others changed, returning visitors are " +
      "missing in them.";
  }
  if (days === 0) return "Visitor ids are switched off: nobody can be seen to come again.";
  return `Visitor ids last ${daysText(days)} on this site: a visitor who comes back later counts ` +
    "as a new one, so cells beyond that are left out.";
}

function daysText(days: number): string {
  return days === 1 ? "one UTC day" : `${days} days`;
}
