// Why a number changed since the range to compare with: which values of which dimensions account
// for it, and whether it changed more than it does by chance.
import type { DimensionRef } from "../../dimensions.ts";
import { type Meta, metaOf } from "../../meta.ts";
import type { AggregateName } from "../../metrics.ts";
import { missingOf } from "../../sql/expressions.ts";
import { queryOf, type ReportRequest } from "../../query.ts";
import { defineReport, type QueryContext, withRange } from "../report.ts";
import { changeSql, type ValueCounts, valueCountsOf } from "./change_sql.ts";
import {
  CHANGING,
  type Changing,
  CHANGING_NAMES,
  type ChangingName,
  type Verdict,
  type Verdicts,
  verdictsOf,
} from "./changing.ts";
import { type Contribution, countPart, ratioPart } from "./parts.ts";

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
  readonly metric: ChangingName;
  /** The change as a whole; null where too little is known to judge it. */
  readonly total: Verdict | null;
  /** The values that stand out most first, at most `limit`. */
  readonly results: readonly WhyRow[];
  readonly meta: Meta;
}

async function explainChange(
  request: ReportRequest,
  metric: ChangingName,
  context: QueryContext,
): Promise<WhyAnswer> {
  const { comparison } = request;
  const meta = metaOf(request);
  if (!comparison) return { metric, total: null, results: [], meta };
  const [verdicts, counted] = await Promise.all([
    verdictsOf(request, comparison, [metric], context),
    countsOf(request, withRange(request, comparison), metric, context),
  ]);
  const total = verdicts[metric] ?? null;
  const results = contributionsOf(metric, counted, total?.extra ?? 0)
    .toSorted((a, b) => rankOf(b) - rankOf(a) || (a.value < b.value ? -1 : 1))
    .slice(0, request.limit);
  return { metric, total, results, meta };
}

/** What differs most from an even change first, and what is surely so before the rest. */
function rankOf({ difference, share, expected_share, within_noise }: WhyRow): number {
  const stands = share === null ? Math.abs(difference) : Math.abs(share - expected_share);
  return stands / (1 + stands) + (within_noise ? 0 : 1);
}

async function countsOf(
  now: ReportRequest,
  before: ReportRequest,
  metric: ChangingName,
  context: QueryContext,
): Promise<ValueCounts[]> {
  const changing: Changing = CHANGING[metric];
  const { above, below } = changing;
  const wanted = new Set<AggregateName>(["visitors", above, ...(below ? [below] : [])]);
  const queryFor = (scope: ReportRequest) =>
    queryOf(scope, { metrics: ["visitors", metric], dimensions: [...WHY_DIMENSIONS] });
  const { length } = WHY_DIMENSIONS;
  const missing = WHY_DIMENSIONS.map((ref) => missingOf(ref, { missing: null }));
  const rows = await context.visitorRows(
    [queryFor(now), queryFor(before)],
    [...wanted],
    (rows) => changeSql(rows, missing, changing),
  );
  return valueCountsOf(rows, length, changing);
}

/** The contributions, and nothing of dimensions in which all visits are alike. */
function contributionsOf(
  metric: ChangingName,
  counted: readonly ValueCounts[],
  extra: number,
): WhyRow[] {
  const { below }: Changing = CHANGING[metric];
  const whole = counted.find(({ dimension }) => dimension === null)?.pair;
  if (!whole || (below && (whole.now.below === 0 || whole.before.below === 0))) return [];
  const some = counted.filter(({ pair: { now, before } }) =>
    now.above + now.below + before.above + before.below > 0
  );
  const values = new Map<number | null, number>();
  for (const { dimension } of some) values.set(dimension, (values.get(dimension) ?? 0) + 1);
  return some.flatMap(({ dimension: at, value, pair }) => {
    const dimension = at === null ? undefined : WHY_DIMENSIONS[at];
    if (dimension === undefined || (values.get(at) ?? 0) < 2) return [];
    const part = below ? ratioPart(pair, whole) : countPart(pair, whole, extra);
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
    metric: { required: false, doc: `one of ${CHANGING_NAMES.join(", ")}; visitors when missing` },
  },
  parse: (params) => params.choice("metric", CHANGING_NAMES, "visitors"),
  run: (request, metric, context): Promise<WhyAnswer> => explainChange(request, metric, context),
});

/** The answer of `changes`. */
export interface ChangesAnswer {
  readonly metrics: Verdicts;
}

/** `GET /api/stats/changes`. */
export const CHANGES = defineReport({
  label: "Changes",
  doc: "how the headline numbers changed since the range to compare with, with an interval of " +
    "95 %, and whether that is within noise; needs `compare`",
  heavy: false,
  params: {},
  parse: () => null,
  run: async (request, _, context): Promise<ChangesAnswer> => ({
    metrics: request.comparison
      ? await verdictsOf(request, request.comparison, CHANGING_NAMES, context)
      : {},
  }),
});
