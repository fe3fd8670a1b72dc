// Retention: of the visitors who first came in a week, how many came again in the weeks after. A
// list of weeks by default; `detail=true` is answered by detail.ts.
import { dateOfDay } from "../../../../dashboard/grammar/days.js";
import type { WeekStart } from "../../../core/period.ts";
import { offsetTransitions } from "../../../core/zone.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { count } from "../behavioral.ts";
import { LOOK_BACK_US, queryRetentionDetail, type RetentionDetail } from "./detail.ts";
import { COHORT_INTERVALS, type CohortInterval, dayOfInterval } from "../../engine/engine.ts";
import { goalFinder } from "../../sql/expressions.ts";
import type { Params } from "../../params.ts";
import type { ReportRequest } from "../../query.ts";
import { defineReport, type QueryContext, withRange } from "../report.ts";
import { type Step, stepOfText } from "../../steps.ts";

/** The parameters of retention. */
export interface RetentionParams {
  readonly interval: CohortInterval;
  /** Cells of a cohort, its own interval among them. */
  readonly count: number;
  readonly first: Step | null;
  readonly again: Step | null;
  readonly detail: boolean;
}

/** A cohort of the short answer. */
export interface Cohort {
  readonly cohort_date: string;
  readonly retained: readonly boolean[];
  readonly size: number;
  readonly returned: readonly number[];
}

/** The answer: a list of cohorts, or the details with `detail=true`. */
export type RetentionAnswer =
  | readonly (Cohort & { readonly comparison?: Cohort | null })[]
  | RetentionDetail;

const WEEKS_MAX = 52;
const WEEKS_DEFAULT = 4;
const CELLS_MAX = 90;

/** Reads the report's parameters. Notes faults in `params`. */
export function parseRetention(params: Params, request: ReportRequest): RetentionParams {
  const detail = params.flag("detail");
  const weeks = params.integer("weeks", { min: 1, max: WEEKS_MAX, default: WEEKS_DEFAULT });
  const detailOnly = ["cohorts", "count", "first", "again"];
  const early = detailOnly.find((name) => params.text(name) !== undefined);
  if (!detail && early !== undefined) params.fault(`Cannot use ${early}: detail is not true`);
  const step = (name: string): Step | null => {
    const text = params.text(name);
    if (text === undefined) return null;
    return params.read(name, stepOfText(text, goalFinder(request)), null);
  };
  return {
    interval: params.choice("cohorts", COHORT_INTERVALS, "week"),
    count: params.integer("count", { min: 1, max: CELLS_MAX, default: weeks }),
    first: step("first"),
    again: step("again"),
    detail,
  };
}

/** The short answer from rows of cohort, size, after and visitors. */
export function shapeRetention(
  rows: readonly Row[],
  weeks: number,
  weekStart: WeekStart,
): Cohort[] {
  const cohorts = new Map<number, { size: number; returned: number[] }>();
  for (const { cohort, size, after, visitors } of rows) {
    const entry = cohorts.get(count(cohort)) ??
      { size: count(size), returned: new Array<number>(weeks).fill(0) };
    if (typeof after === "number") entry.returned[after] = count(visitors);
    cohorts.set(count(cohort), entry);
  }
  return [...cohorts].map(([cohort, { size, returned }]) => ({
    cohort_date: dateOfDay(dayOfInterval(cohort, "week", weekStart)),
    retained: returned.map((visitors) => visitors > 0),
    size,
    returned,
  }));
}

/** Cohorts of visitors first seen in the range's weeks, by what they did in the range. */
async function queryRetention(
  request: ReportRequest,
  weeks: number,
  context: QueryContext,
): Promise<Cohort[]> {
  const { range, zone, weekStart } = request;
  if (range.fromUs >= range.toUs) return [];
  const fromUs = range.fromUs - LOOK_BACK_US;
  const wide = withRange(request, { fromUs, toUs: range.toUs, dates: null });
  const rows = await context.visitorDays(
    wide,
    range.fromUs,
    (events) =>
      context.engine.retention(events, {
        interval: "week",
        weekStart,
        transitions: offsetTransitions(zone, fromUs, range.toUs),
        fromUs: range.fromUs,
        toUs: range.toUs,
        count: weeks,
        first: null,
        again: null,
      }),
  );
  return shapeRetention(rows, weeks, weekStart);
}

/** `GET /api/stats/retention`. */
export const RETENTION = defineReport({
  label: "Retention",
  doc: "visitors by the week in which they first came, and whether they came again in the " +
    "weeks after; only as far as a visitor's id lasts",
  heavy: true,
  params: {
    weeks: {
      required: false,
      doc:
        `weeks of each cohort, its own among them: 1 to ${WEEKS_MAX}; ${WEEKS_DEFAULT} if missing`,
    },
    detail: { required: false, doc: "true: an object with sizes, counts, rates and reasons" },
    cohorts: { required: false, doc: `with detail: one of ${COHORT_INTERVALS.join(", ")}` },
    count: { required: false, doc: `with detail: cells of each cohort, 1 to ${CELLS_MAX}` },
    first: { required: false, doc: "with detail: a step; its first time makes a visitor a member" },
    again: { required: false, doc: "with detail: a step that counts as coming again" },
  },
  parse: parseRetention,
  run: async (request, params, context): Promise<RetentionAnswer> => {
    if (params.detail) return await queryRetentionDetail(request, params, context);
    if (context.engine.name === "off") return [];
    const now = await queryRetention(request, params.count, context);
    if (!request.comparison) return now;
    const before = await queryRetention(
      withRange(request, request.comparison),
      params.count,
      context,
    );
    return now.map((cohort, index) => ({ ...cohort, comparison: before[index] ?? null }));
  },
});
