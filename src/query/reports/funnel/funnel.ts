// The funnel: how many visitors came how far through some steps. A list of steps by default,
// and with detail=true rates, times between steps, where those who left went, and a breakdown.
import { type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import {
  columnsOfSteps,
  compared,
  count,
  dimensionParam,
  neededFor,
  required,
} from "../behavioral.ts";
import { type Judged, judgeRates } from "../change/spread.ts";
import { type FunnelDetail, queryFunnelDetail, shapeDetail } from "./detail.ts";
import type { DimensionRef } from "../../dimensions.ts";
import { FUNNEL_ORDERS, type FunnelOrder, type FunnelSpec } from "../../engine/engine.ts";
import { goalFinder } from "../../sql/expressions.ts";
import type { Params } from "../../params.ts";
import type { ReportRequest } from "../../query.ts";
import { metaOf } from "../../meta.ts";
import { defineReport, type QueryContext, type WithComparison, withRange } from "../report.ts";
import { compileSteps, mayOverlap, spanUsOf, type Step } from "../../steps.ts";

/** The parameters of a funnel. */
export interface FunnelParams {
  readonly steps: readonly Step[];
  readonly windowUs: number;
  readonly order: FunnelOrder;
  readonly detail: boolean;
  readonly by: DimensionRef | null;
}

/** A step of the short answer. */
export interface FunnelCount {
  readonly step: number;
  readonly visitors: number;
}

/** The details; beside an earlier range with whether each step's rate changed, from the second. */
export type ComparedFunnel = WithComparison<FunnelDetail> & {
  readonly verdicts?: readonly (Judged | null)[];
};

/** The answer: a list of steps, or the details with `detail=true`. */
export type FunnelAnswer = readonly WithComparison<FunnelCount>[] | ComparedFunnel;

const WINDOW_DEFAULT = "1 day";

/** Reads the report's parameters. Notes faults in `params`. */
export function parseFunnel(params: Params, request: ReportRequest): FunnelParams {
  const steps = required(params, "steps", "page:/,event:signup");
  const detail = params.flag("detail");
  const by = dimensionParam(params, "by");
  if (by !== null && !detail) params.fault("Cannot use by: detail is not true");
  return {
    steps: steps === undefined
      ? []
      : params.read("steps", compileSteps(steps, goalFinder(request)), []),
    windowUs: params.read("window", spanUsOf(params.text("window") ?? WINDOW_DEFAULT), 0),
    order: params.choice("order", FUNNEL_ORDERS, "in_order"),
    detail,
    by,
  };
}

/** The funnel as the engine takes it. */
export function funnelSpec({ steps, windowUs, order }: FunnelParams): FunnelSpec {
  const onlyPages = steps.every((step) => step.kind === "page");
  return {
    steps: steps.map((step) => step.condition),
    windowUs,
    order,
    overlap: mayOverlap(steps),
    considered: onlyPages ? sql`event_name = 'pageview'` : sql`true`,
  };
}

/** The statement of the short answer: reached, visitors. */
export function funnelSql(
  events: Sql,
  params: FunnelParams,
  context: Pick<QueryContext, "engine">,
): Sql {
  return sql`select reached, count(*) as visitors
    from ${context.engine.funnel(events, funnelSpec(params))}
    group by reached`;
}

/** The short answer: every step with the visitors who reached it. */
export function shapeFunnel(
  rows: readonly Row[],
  steps: number,
): FunnelCount[] {
  return Array.from({ length: steps }, (_, index) => ({
    step: index + 1,
    visitors: rows.reduce(
      (sum, row) => sum + (count(row["reached"]) > index ? count(row["visitors"]) : 0),
      0,
    ),
  }));
}

async function queryFunnel(request: ReportRequest, params: FunnelParams, context: QueryContext) {
  const rows = await context.matching(
    request,
    columnsOfSteps(params.steps),
    (events) => funnelSql(events, params, context),
    params.order === "consecutive" ? null : neededFor(params.steps),
  );
  return shapeFunnel(rows, params.steps.length);
}

/** `GET /api/stats/funnel`. */
export const FUNNEL = defineReport({
  label: "Funnel",
  doc: "visitors who made some steps within a time, each step an event of its own",
  heavy: true,
  params: {
    steps: {
      required: true,
      doc:
        "1 to 20 of page:/path (* and ** stand for any text), event:name, goal:name, each with " +
        "conditions as in event:purchase[plan=pro]; separated by commas",
    },
    window: {
      required: false,
      doc: `time from the first step to the last, ${WINDOW_DEFAULT} when missing`,
    },
    order: { required: false, doc: `one of ${FUNNEL_ORDERS.join(", ")}` },
    detail: { required: false, doc: "true: an object with rates, times and where visitors went" },
    by: { required: false, doc: "with detail: a dimension, as it was at the first step" },
  },
  parse: parseFunnel,
  run: async (request, params, context): Promise<FunnelAnswer> => {
    if (context.engine.name === "off") {
      return params.detail ? shapeDetail(request, params, [], context) : [];
    }
    if (params.detail) return await withEarlier(request, params, context);
    const now = await queryFunnel(request, params, context);
    if (!request.comparison) return now;
    const before = await queryFunnel(withRange(request, request.comparison), params, context);
    return now.map((row, index) => compared(row, before[index], { visitors: "count" }));
  },
});

async function withEarlier(
  request: ReportRequest,
  params: FunnelParams,
  context: QueryContext,
): Promise<FunnelAnswer> {
  const spec = funnelSpec(params);
  const compute = (scope: ReportRequest): Promise<FunnelDetail> =>
    queryFunnelDetail(scope, params, spec, context);
  const now = await compute(request);
  if (!request.comparison) return now;
  const before = await compute(withRange(request, request.comparison));
  const units = { visitors: "count", converted: "count", conversion_rate: "ratio" };
  const verdicts = now.steps.slice(1).map(({ visitors }, index) =>
    judgeRates([visitors, now.visitors], [before.steps[index + 1]?.visitors ?? 0, before.visitors])
  );
  return { ...compared(now, before, units), verdicts, meta: metaOf(request) };
}
