// Sequences: how many visitors did some things in an order, with conditions on events in between.
// Three numbers by default, and with `detail=true` matches and who began.
import { raw, type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { type Judged, judgeRates } from "../change/spread.ts";
import { columnsOfSteps, compared, count, neededFor, required, share } from "../behavioral.ts";
import { goalFinder } from "../../sql/expressions.ts";
import type { Params } from "../../params.ts";
import { compilePattern, compileSequence, type Sequence } from "./pattern.ts";
import type { ReportRequest } from "../../query.ts";
import { metaOf } from "../../meta.ts";
import { outlastsIds } from "../../../sites/id_life.ts";
import { defineReport, type QueryContext, type WithComparison, withRange } from "../report.ts";
import { compileSteps, mayOverlap } from "../../steps.ts";

/** The parameters of a sequence; null when it could not be read. */
export interface SequenceParams {
  readonly sequence: Sequence | null;
  readonly text: string;
  readonly detail: boolean;
}

/** The three numbers. */
export interface SequenceCounts {
  readonly converting_visitors: number;
  readonly total_visitors: number;
  /** Converting visitors as a share of all, 0 to 1. */
  readonly conversion_rate: number;
}

/** What `detail=true` adds. */
export interface SequenceDetail extends SequenceCounts {
  readonly sequence: string;
  readonly steps: readonly string[];
  /** Visitors with an event that meets the first element. */
  readonly began_visitors: number;
  readonly rate_of_began: number;
  readonly matches: number;
  /** Whether ids may change between two steps: those are not joined. */
  readonly beyond_ids: boolean;
}

/** The answer; the details with `detail=true`. */
export type SequenceAnswer = WithComparison<SequenceCounts> | ComparedSequence;

/** The details; beside an earlier range with whether each rate changed. */
export type ComparedSequence = WithComparison<SequenceDetail> & {
  readonly verdicts?: Readonly<Record<"conversion_rate" | "rate_of_began", Judged | null>>;
};

/** Reads the report's parameters. Notes faults in `params`. */
export function parseSequences(params: Params, request: ReportRequest): SequenceParams {
  const steps = required(params, "steps", "page:/pricing,event:signup");
  const pattern = params.text("pattern");
  const detail = params.flag("detail");
  const sequence = steps === undefined
    ? null
    : pattern === undefined
    ? params.read("steps", compileSequence(steps, goalFinder(request)), null)
    : patternOf(params, steps, pattern, request);
  return { sequence, text: pattern ?? steps ?? "", detail };
}

function patternOf(
  params: Params,
  steps: string,
  pattern: string,
  request: ReportRequest,
): Sequence | null {
  const conditions = params.read("steps", compileSteps(steps, goalFinder(request)), null);
  return conditions && params.read("pattern", compilePattern(pattern, conditions), null);
}

/**
 * The statement: total, converting, and in the general form began and matches. `visitors` is the
 * number of visitors of the events where that is known; then most events need not be grouped.
 */
export function sequenceSql(
  events: Sql,
  sequence: Sequence,
  general: boolean,
  { engine }: Pick<QueryContext, "engine">,
  visitors: Sql | null = null,
): Sql {
  const conditions = sequence.conditions.map((step) => step.condition);
  if (!general) {
    const overlap = mayOverlap(sequence.conditions);
    const rows = engine.sequence(events, conditions, overlap, visitors === null);
    return sql`select ${visitors ?? raw("count(*)")} as total,
        count(*) filter (where converted) as converting
      from ${rows}`;
  }
  const considered = {
    none: sql`false`,
    pageviews: sql`event_name = 'pageview'`,
    all: sql`true`,
  }[sequence.considered];
  const matches = engine.sequenceMatches(events, {
    conditions,
    elements: sequence.elements,
    considered,
  });
  return sql`select
      ${visitors ?? sql`(select count(distinct visitor_id) from ${events})`} as total,
      count(*) filter (where matches > 0) as converting,
      count(*) filter (where began) as began,
      coalesce(sum(matches), 0)::bigint as matches
    from ${matches}`;
}

/** The three numbers from the statement's row. */
export function shapeSequence(row: Row | undefined): SequenceCounts {
  const converting = count(row?.["converting"]);
  const total = count(row?.["total"]);
  return {
    converting_visitors: converting,
    total_visitors: total,
    conversion_rate: share(converting, total),
  };
}

async function querySequence(
  request: ReportRequest,
  params: SequenceParams,
  context: QueryContext,
): Promise<SequenceCounts & Partial<SequenceDetail>> {
  const { sequence, detail } = params;
  const rows = sequence === null || context.engine.name === "off" ? [] : await context.matching(
    request,
    [...new Set([...columnsOfSteps(sequence.conditions), "event_name"] as const)],
    (events, visitors) =>
      sequenceSql(events, sequence, detail || !sequence.plain, context, visitors?.() ?? null),
    sequence.considered === "none" ? neededFor(sequence.conditions) : null,
  );
  const counts = shapeSequence(rows[0]);
  if (!detail) return counts;
  const began = count(rows[0]?.["began"]);
  return {
    ...counts,
    sequence: params.text,
    steps: sequence?.conditions.map((step) => step.text) ?? [],
    began_visitors: began,
    rate_of_began: share(counts.converting_visitors, began),
    matches: count(rows[0]?.["matches"]),
    beyond_ids: outlastsIds(context.idLife, request.range),
  };
}

/** `GET /api/stats/sequences`. */
export const SEQUENCES = defineReport({
  label: "Sequences",
  doc: "visitors who did some things one after the other, each an event of its own",
  heavy: true,
  params: {
    steps: {
      required: true,
      doc: "2 to 20 steps as in a funnel; between two of them `within 1 hour`, " +
        "`not before 1 minute`, `immediately`, `without page:/help`, separated by commas",
    },
    pattern: {
      required: false,
      doc: "a pattern over the steps instead of their order: (?1).*(?t<=3600)(?2)",
    },
    detail: { required: false, doc: "true: also who began, and how many matches there are" },
  },
  parse: parseSequences,
  run: async (request, params, context): Promise<SequenceAnswer> => {
    const now = await querySequence(request, params, context);
    if (!request.comparison) return now;
    const before = await querySequence(withRange(request, request.comparison), params, context);
    const units = {
      converting_visitors: "count",
      total_visitors: "count",
      conversion_rate: "ratio",
      ...(params.detail
        ? { began_visitors: "count", rate_of_began: "ratio", matches: "count" }
        : {}),
    };
    const verdicts = params.detail ? { verdicts: verdictsOf(now, before) } : {};
    return { ...compared(now, before, units), ...verdicts, meta: metaOf(request) };
  },
});

type Counts = SequenceCounts & Partial<Pick<SequenceDetail, "began_visitors">>;

function verdictsOf(now: Counts, before: Counts) {
  const of = (whole: (counts: Counts) => number) =>
    judgeRates([now.converting_visitors, whole(now)], [before.converting_visitors, whole(before)]);
  return {
    conversion_rate: of(({ total_visitors }) => total_visitors),
    rate_of_began: of(({ began_visitors = 0 }) => began_visitors),
  };
}
