// Why a number changed since the range to compare with: which values of which dimensions account
// for it, and whether it changed more than it does by chance.
import { METRICS_MAX, WHY_VALUES_MAX } from "../../../core/limits.ts";
import type { DimensionRef } from "../../dimensions.ts";
import { type Meta, metaOf } from "../../meta.ts";
import { type AggregateName, metricOf } from "../../metrics.ts";
import { withoutGoals } from "../../sql/build.ts";
import { missingOf } from "../../sql/expressions.ts";
import { queryOf, type ReportRequest } from "../../query.ts";
import { type Params, quoted } from "../../params.ts";
import { metricsParam } from "../../parse.ts";
import { defineReport, type QueryContext, withRange } from "../report.ts";
import { changeSql, type ValueCounts, valueCountsOf } from "./change_sql.ts";
import {
  CHANGING,
  type Changing,
  CHANGING_NAMES,
  EXPLAINED_NAMES,
  type ExplainedName,
} from "./changing.ts";
import {
  isJudgedName,
  JUDGED_NAMES,
  type JudgedName,
  STEPS,
  type Verdict,
  type Verdicts,
  verdictsOf,
  type Wholes,
} from "./judging.ts";
import { type Contribution, type Counted, countPart, ratio, ratioPart } from "./parts.ts";
import { revenueCountsOf, revenueSql } from "./revenue_sql.ts";

/** Dimensions whose values are asked for: what can be said of a whole visit. */
export const WHY_DIMENSIONS = [
  "channel",
  "source",
  "utm_campaign",
  "entry_page",
  "country",
  "city",
  "language",
  "device",
  "browser",
  "os",
] as const satisfies readonly DimensionRef[];

/** One value and what it has to do with the change. */
export interface WhyRow extends Contribution {
  readonly dimension: string;
  readonly value: string;
}

/** The answer. */
export interface WhyAnswer {
  readonly metric: ExplainedName;
  /** What amounts are in, of revenue. */
  readonly currency?: string;
  /** The change as a whole; null where too little is known to judge it. */
  readonly total: Verdict | null;
  /** The values that stand out most first, at most `limit`. */
  readonly results: readonly WhyRow[];
  readonly meta: Meta;
}

async function explainChange(
  request: ReportRequest,
  metric: ExplainedName,
  context: QueryContext,
): Promise<WhyAnswer> {
  const { comparison } = request;
  const meta = metaOf(request);
  if (!comparison) return { metric, total: null, results: [], meta };
  const counting = countsOf(request, withRange(request, comparison), metric, context);
  const wholes = request.filter === null && isOfVisits(metric)
    ? counting.then(({ counts }) => wholesOf(metric, counts))
    : null;
  const [verdicts, { counts, currency = null }] = await Promise.all([
    verdictsOf(request, comparison, [metric], context, wholes),
    counting,
  ]);
  const total = verdicts[metric] ?? null;
  const results = contributionsOf(metric, counts, total?.extra ?? 0)
    .toSorted((a, b) => rankOf(b) - rankOf(a) || (a.value < b.value ? -1 : 1))
    .slice(0, request.limit);
  return { metric, ...(currency === null ? {} : { currency }), total, results, meta };
}

function isOfVisits(metric: ExplainedName): metric is keyof typeof CHANGING {
  return metric in CHANGING;
}

/** The metric as a whole, as its query would answer it. */
function wholesOf(
  metric: keyof typeof CHANGING,
  counts: readonly ValueCounts[],
): Awaited<Wholes> {
  const whole = counts.find(({ dimension }) => dimension === null)?.pair;
  const isRatio = CHANGING[metric].below !== null;
  const valueOf = (counted: Counted | undefined) => ({
    [metric]: isRatio ? counted ? ratio(counted) : null : counted?.above ?? 0,
  });
  return { now: valueOf(whole?.now), before: valueOf(whole?.before) };
}

/** What differs most from an even change first, and what is surely so before the rest. */
function rankOf({ difference, share, expected_share, within_noise }: WhyRow): number {
  const stands = share === null ? Math.abs(difference) : Math.abs(share - expected_share);
  return stands / (1 + stands) + (within_noise ? 0 : 1);
}

/** What was counted of each value, and of revenue in which currency. */
interface Counts {
  readonly counts: readonly ValueCounts[];
  readonly currency?: string | null;
}

async function countsOf(
  now: ReportRequest,
  before: ReportRequest,
  metric: ExplainedName,
  context: QueryContext,
): Promise<Counts> {
  if (metric === "total_revenue") {
    const [one, other] = [now, before].map((scope) =>
      queryOf(scope, { metrics: [metric], dimensions: [...WHY_DIMENSIONS] })
    );
    if (!one || !other) return { counts: [] };
    const { length } = WHY_DIMENSIONS;
    const rows = await context.paidRows([one, other], (paid) => revenueSql(paid, length));
    return revenueCountsOf(rows, length);
  }
  if (metric !== "conversion_rate") {
    return { counts: await visitCountsOf(now, before, metric, context) };
  }
  const wide = (scope: ReportRequest) => ({ ...scope, filter: withoutGoals(scope.filter) });
  const [converted, all] = await Promise.all([
    visitCountsOf(now, before, "visitors", context),
    visitCountsOf(wide(now), wide(before), "visitors", context),
  ]);
  return { counts: conversionsOf(converted, all) };
}

async function visitCountsOf(
  now: ReportRequest,
  before: ReportRequest,
  metric: keyof typeof CHANGING,
  context: QueryContext,
): Promise<ValueCounts[]> {
  const changing: Changing = CHANGING[metric];
  const { above, below } = changing;
  const wanted: AggregateName[] = [above, ...(below ? [below] : [])];
  const queryFor = (scope: ReportRequest) =>
    queryOf(scope, { metrics: ["visitors", metric], dimensions: [...WHY_DIMENSIONS] });
  const { length } = WHY_DIMENSIONS;
  const missing = WHY_DIMENSIONS.map((ref) => missingOf(ref, { missing: null }));
  const rows = await context.visitorRows(
    [queryFor(now), queryFor(before)],
    wanted,
    (rows) => changeSql(rows, missing, changing),
  );
  return valueCountsOf(rows, length, changing);
}

/** Of each value the visitors who met the goals, and all. Each counts once, met them or not. */
function conversionsOf(
  converted: readonly ValueCounts[],
  all: readonly ValueCounts[],
): ValueCounts[] {
  const keyOf = ({ dimension, value }: ValueCounts) => `${dimension} ${value}`;
  const found = new Map(converted.map((one) => [keyOf(one), one.pair]));
  // Where not all were listed, those that are missing are not known to be none.
  const isWhole = converted.length < WHY_VALUES_MAX;
  const of = (above = 0, { above: below }: Counted): Counted => ({
    above,
    below,
    squares: [above, above, below],
  });
  return all.filter((one) => isWhole || found.has(keyOf(one))).map((one) => {
    const own = found.get(keyOf(one));
    const pair = {
      now: of(own?.now.above, one.pair.now),
      before: of(own?.before.above, one.pair.before),
    };
    return { ...one, pair };
  });
}

/** The contributions, and nothing of dimensions in which all visits are alike. */
function contributionsOf(
  metric: ExplainedName,
  counted: readonly ValueCounts[],
  extra: number,
): WhyRow[] {
  const { unit } = metricOf(metric);
  const isRatio = unit !== "count" && unit !== "money";
  const step = STEPS[unit];
  const whole = counted.find(({ dimension }) => dimension === null)?.pair;
  if (!whole || (isRatio && (whole.now.below === 0 || whole.before.below === 0))) return [];
  const some = counted.filter(({ pair: { now, before } }) =>
    [now, before].some(({ above, below }) => above !== 0 || below !== 0)
  );
  const values = new Map<number | null, number>();
  for (const { dimension } of some) values.set(dimension, (values.get(dimension) ?? 0) + 1);
  return some.flatMap(({ dimension: at, value, pair }) => {
    const dimension = at === null ? undefined : WHY_DIMENSIONS[at];
    if (dimension === undefined || (values.get(at) ?? 0) < 2) return [];
    const part = isRatio ? ratioPart(pair, whole, step) : countPart(pair, whole, extra, step);
    return part.difference === 0 ? [] : [{ dimension, value, ...part }];
  });
}

/** `GET /api/stats/why`. */
export const WHY = defineReport({
  label: "Why",
  doc: "which values account for the change of a metric since the range to compare with, how " +
    "sure that is, and whether the change is within noise; needs `compare`",
  heavy: true,
  params: {
    metric: { required: false, doc: `one of ${EXPLAINED_NAMES.join(", ")}; visitors when missing` },
  },
  parse: (params) => params.choice("metric", EXPLAINED_NAMES, "visitors"),
  run: (request, metric, context): Promise<WhyAnswer> => explainChange(request, metric, context),
});

/** The answer of `changes`. */
export interface ChangesAnswer {
  readonly metrics: Verdicts;
}

/** The metrics to judge. Notes faults. */
function judgedParam(params: Params): readonly JudgedName[] {
  const asked = metricsParam(params, "metrics", METRICS_MAX);
  if (asked === undefined) return CHANGING_NAMES;
  for (const name of asked.filter((name) => !isJudgedName(name))) {
    params.fault(
      `Cannot judge metrics: "${quoted(name)}" is not one of ${JUDGED_NAMES.join(", ")}`,
    );
  }
  return asked.filter(isJudgedName);
}

/** `GET /api/stats/changes`. */
export const CHANGES = defineReport({
  label: "Changes",
  doc: "how metrics changed since the range to compare with, with an interval of 95 %, and " +
    "whether that is within noise; needs `compare`",
  heavy: false,
  params: {
    metrics: {
      required: false,
      doc: `some of ${JUDGED_NAMES.join(", ")}, by commas; those of visits when missing`,
    },
  },
  parse: judgedParam,
  run: async (request, names, context): Promise<ChangesAnswer> => ({
    metrics: request.comparison
      ? await verdictsOf(request, request.comparison, names, context)
      : {},
  }),
});
