// The numbers whose change can be judged, and what is asked to judge them: each in the whole of
// both ranges and in their days or hours.
import { HOUR_US } from "../../../core/durations.ts";
import { bucketsOf, type Range } from "../../../core/period.ts";
import { type AnswerRow, type Money, numberOf } from "../../answer.ts";
import { type MetricName, metricOf, type Unit } from "../../metrics.ts";
import { type Query, queryOf, type ReportRequest } from "../../query.ts";
import { withoutGoals } from "../../sql/build.ts";
import { type QueryContext, withRange } from "../report.ts";
import {
  BUCKETS_MIN,
  judgeCounts,
  type Judged,
  judgeMeans,
  judgeShares,
  type Part,
  RATIO_STEP,
} from "./spread.ts";

/** What a metric is: a count, amounts of money, a share of cases, or a mean with its weight. */
type Kind =
  | { readonly is: "count" }
  | { readonly is: "money" }
  | { readonly is: "share" | "mean"; readonly of: "visits" | "pageviews" | "goalless" };

/** Every metric whose change is judged. What pages are seen of is weighed by their pageviews. */
const JUDGED = {
  visitors: { is: "count" },
  visits: { is: "count" },
  pageviews: { is: "count" },
  events: { is: "count" },
  engaged_visits: { is: "count" },
  views_per_visit: { is: "mean", of: "visits" },
  bounce_rate: { is: "share", of: "visits" },
  visit_duration: { is: "mean", of: "visits" },
  time_on_page: { is: "mean", of: "pageviews" },
  scroll_depth: { is: "mean", of: "pageviews" },
  exit_rate: { is: "share", of: "pageviews" },
  conversion_rate: { is: "share", of: "goalless" },
  total_revenue: { is: "money" },
} as const satisfies Partial<Record<MetricName, Kind>>;

/** Name of such a metric. */
export type JudgedName = keyof typeof JUDGED;

/** Their names. */
export const JUDGED_NAMES = Object.keys(JUDGED) as JudgedName[];

/** Whether the change of a metric is judged. */
export function isJudgedName(name: MetricName): name is JudgedName {
  return Object.hasOwn(JUDGED, name);
}

/** What is said of the change of a number. */
export interface Verdict extends Judged {
  readonly now: number;
  readonly before: number;
  /** Variance of a count or an amount beyond that of independent ones. */
  readonly extra?: number;
  /** What an amount is in. */
  readonly currency?: string;
}

/** By metric; null where too little is known. */
export type Verdicts = Readonly<Partial<Record<MetricName, Verdict | null>>>;

/** The smallest step in which a number of a unit is shown: of a ratio a tenth of a point. */
export const STEPS: Readonly<Record<Unit, number>> = {
  count: 1,
  ratio: RATIO_STEP,
  number: 0.1,
  seconds: 1,
  money: 0.01,
};

/** Ranges of fewer days are judged by their hours. */
const DAYS_MIN_US = BUCKETS_MIN * 24 * HOUR_US;

type Values = AnswerRow["values"];

/** What is known of one range: the metrics as a whole and in each of its buckets. */
interface Known {
  readonly whole: Values;
  readonly buckets: readonly Values[];
  /** The same of all visitors, whether they met the goals or not; empty where not asked for. */
  readonly goalless: Pick<Known, "whole" | "buckets">;
}

const NOTHING: Known["goalless"] = { whole: {}, buckets: [] };

/** The values of both ranges as a whole, where they are counted for something else. */
export type Wholes = Promise<{ readonly now: Values; readonly before: Values }>;

/**
 * Judges the changes of some metrics since the range to compare with. `wholes` has all of them
 * where it is given; sums of imported days are not in it.
 */
export async function verdictsOf(
  request: ReportRequest,
  comparison: Range,
  names: readonly JudgedName[],
  context: QueryContext,
  wholes: Wholes | null = null,
): Promise<Verdicts> {
  const passedUs = passedOf(request).toUs - request.range.fromUs;
  const interval = passedUs < DAYS_MIN_US ? "hour" : "day";
  const earlier = withRange(request, comparison);
  const [now, before] = await Promise.all([
    knownOf(request, names, interval, context, wholes && wholes.then(({ now }) => now)),
    knownOf(earlier, names, interval, context, wholes && wholes.then(({ before }) => before)),
  ]);
  return Object.fromEntries(names.map((name) => [name, verdictOf(name, now, before)]));
}

/** The part of a range that has passed. */
function passedOf({ range, nowUs }: ReportRequest): Range {
  const { dates: _, ...span } = range;
  const toUs = Math.min(range.toUs, Math.max(nowUs, range.fromUs));
  return { ...span, dates: null, toUs };
}

async function knownOf(
  request: ReportRequest,
  names: readonly JudgedName[],
  interval: "hour" | "day",
  context: QueryContext,
  given: Promise<Values> | null,
): Promise<Known> {
  const metrics = (weighed: boolean): MetricName[] => [
    ...new Set(names.flatMap((name): MetricName[] => {
      const kind: Kind = JUDGED[name];
      if (kind.is === "money") return weighed ? [name] : [name, "average_revenue"];
      if (!("of" in kind)) return [name];
      if (kind.of === "goalless") return ["visitors"];
      return weighed ? [name, kind.of] : [name];
    })),
  ];
  const isOfAll = names.some((name) => name === "conversion_rate");
  const wide = { ...request, filter: withoutGoals(request.filter) };
  const [own, goalless] = await Promise.all([
    countedOf(request, { metrics: metrics(false), given }, metrics(true), interval, context),
    isOfAll
      ? countedOf(wide, { metrics: ["visitors"], given: null }, ["visitors"], interval, context)
      : NOTHING,
  ]);
  return { ...own, goalless };
}

/** What is asked of a range as a whole, or is known of it. */
interface Whole {
  readonly metrics: readonly MetricName[];
  readonly given: Promise<Values> | null;
}

async function countedOf(
  request: ReportRequest,
  { metrics, given }: Whole,
  ofBuckets: readonly MetricName[],
  interval: "hour" | "day",
  context: QueryContext,
): Promise<Known["goalless"]> {
  const ask = (what: Partial<Query> & Pick<Query, "metrics">) =>
    context.query(queryOf(request, what));
  const askWhole = async () => (await ask({ metrics })).rows[0]?.values ?? {};
  const [found, known] = await Promise.all([
    ask({ metrics: ofBuckets, dimensions: [interval] }),
    given ?? askWhole(),
  ]);
  // Buckets tell whether any day is imported.
  const { imported, left_out } = context.told.meta;
  const whole = given && (imported || left_out) ? await askWhole() : known;
  const byKey = new Map(found.rows.map(({ keys, values }) => [keys[0], values]));
  const passed = passedOf(request);
  const buckets = passed.toUs > passed.fromUs
    ? bucketsOf(passed, interval, request.zone, request.weekStart)
    : [];
  return {
    whole,
    buckets: buckets.map(({ key }) => byKey.get(key) ?? {}),
  };
}

function verdictOf(name: JudgedName, now: Known, before: Known): Verdict | null {
  const kind: Kind = JUDGED[name];
  const step = STEPS[metricOf(name).unit];
  if (kind.is === "money") return verdictOfMoney(now, before, step);
  if (kind.is === "count") {
    const values = { now: numberOf(now.whole, name), before: numberOf(before.whole, name) };
    const each = ({ buckets }: Known) => buckets.map((bucket) => numberOf(bucket, name));
    return { ...values, ...judgeCounts([values.now, values.before], [each(now), each(before)]) };
  }
  if (kind.of === "goalless") return verdictOfConversions(now, before, step);
  const { of } = kind;
  const values = { now: numberOf(now.whole, name), before: numberOf(before.whole, name) };
  const parts = [now, before].map(({ buckets }) =>
    buckets.map((bucket) => partOf(bucket, name, of))
  );
  const [nowParts = [], beforeParts = []] = parts;
  const verdict = kind.is === "mean"
    ? judgeMeans([values.now, values.before], [nowParts, beforeParts], step)
    : judgeShares([wholeOf(nowParts), wholeOf(beforeParts)], [nowParts, beforeParts], step);
  return verdict && { ...values, ...verdict };
}

/** What a ratio is made of in a bucket; nothing where it is not known. */
function partOf(bucket: Values, name: MetricName, of: MetricName): Part {
  const ratio = bucket[name];
  if (typeof ratio !== "number") return [0, 0];
  const below = numberOf(bucket, of);
  return [ratio * below, below];
}

function wholeOf(parts: readonly Part[]): Part {
  return [
    parts.reduce((all, [above]) => all + above, 0),
    parts.reduce((all, [, below]) => all + below, 0),
  ];
}

/** The share of all visitors who met the goals. */
function verdictOfConversions(now: Known, before: Known, step: number): Verdict | null {
  const part = (own: Values, all: Values): Part => [
    numberOf(own, "visitors"),
    numberOf(all, "visitors"),
  ];
  const whole = ({ whole, goalless }: Known) => part(whole, goalless.whole);
  const parts = ({ buckets, goalless }: Known) =>
    buckets.map((bucket, at) => part(bucket, goalless.buckets[at] ?? {}));
  const shares = [whole(now), whole(before)] as const;
  const verdict = judgeShares(shares, [parts(now), parts(before)], step);
  const [a = 0, b = 0] = shares.map(([above, below]) => above / below);
  return verdict && { now: a, before: b, ...verdict };
}

/** Amounts in the currency that has most of them; null without any, and of few buckets. */
function verdictOfMoney(now: Known, before: Known, step: number): Verdict | null {
  const currency = (amountsOf(now.whole)[0] ?? amountsOf(before.whole)[0])?.currency;
  if (currency === undefined) return null;
  const of = (values: Values, name: MetricName) =>
    amountsOf(values, name).find((one) => one.currency === currency)?.value ?? 0;
  const total = (values: Values) => of(values, "total_revenue");
  const values = { now: total(now.whole), before: total(before.whole) };
  const each = ({ buckets }: Known) => buckets.map(total);
  const buckets = [each(now), each(before)] as const;
  if (buckets.some(({ length }) => length < BUCKETS_MIN)) return null;
  // As much as orders of one amount each would vary: their number times the square of it.
  const least = [now, before].reduce(
    (sum, { whole }) => sum + Math.abs(total(whole) * of(whole, "average_revenue")),
    0,
  );
  const verdict = judgeCounts([values.now, values.before], buckets, { least, step });
  return { ...values, currency, ...verdict };
}

function amountsOf(values: Values, name: MetricName = "total_revenue"): readonly Money[] {
  const amounts = values[name];
  return typeof amounts === "object" && amounts !== null ? amounts : [];
}
