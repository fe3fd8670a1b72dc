// The numbers whose change can be explained: what each is made of, and how its change between two
// ranges is judged from its days or hours.
import { HOUR_US } from "../../../core/durations.ts";
import { bucketsOf, type Range } from "../../../core/period.ts";
import { type AnswerRow, numberOf } from "../../answer.ts";
import type { AggregateName, MetricName } from "../../metrics.ts";
import { queryOf, type ReportRequest } from "../../query.ts";
import { type QueryContext, withRange } from "../report.ts";
import { judgeCounts, type Judged, judgeRatios, type Part } from "./spread.ts";

/** What a metric is made of: a count of one aggregate, or a ratio of two. */
export interface Changing {
  readonly above: AggregateName;
  /** Null for a count. */
  readonly below: AggregateName | null;
  /** Makes the metric's unit of `above`. */
  readonly scale: number;
}

const count = (above: AggregateName): Changing => ({ above, below: null, scale: 1 });
const ofVisits = (above: AggregateName, scale = 1): Changing => ({ above, below: "visits", scale });

/** Every metric whose change can be explained. */
export const CHANGING = {
  visitors: count("visitors"),
  visits: count("visits"),
  pageviews: count("pageviews"),
  events: count("events"),
  views_per_visit: ofVisits("visit_pageviews"),
  bounce_rate: ofVisits("bounces"),
  visit_duration: ofVisits("visit_us", 1e-6),
} as const satisfies Partial<Record<MetricName, Changing>>;

/** Name of such a metric. */
export type ChangingName = keyof typeof CHANGING;

/** Their names. */
export const CHANGING_NAMES = Object.keys(CHANGING) as ChangingName[];

/** What is said of the change of a number. */
export interface Verdict extends Judged {
  readonly now: number;
  readonly before: number;
  /** Variance of a count beyond that of independent visits. */
  readonly extra?: number;
}

/** By metric; null where too little is known. */
export type Verdicts = Readonly<Partial<Record<MetricName, Verdict | null>>>;

/** Ranges up to this long are judged by their hours, longer ones by their days. */
const HOURS_MAX = 48;

/** What is known of one range: the metrics as a whole and in each of its buckets. */
interface Known {
  readonly whole: AnswerRow["values"];
  readonly buckets: readonly AnswerRow["values"][];
}

/** Judges the changes of some metrics since the range to compare with. */
export async function verdictsOf(
  request: ReportRequest,
  comparison: Range,
  names: readonly ChangingName[],
  context: QueryContext,
): Promise<Verdicts> {
  const [now, before] = await Promise.all([
    knownOf(request, names, context),
    knownOf(withRange(request, comparison), names, context),
  ]);
  return Object.fromEntries(names.map((name) => [name, verdictOf(name, now, before)]));
}

async function knownOf(
  request: ReportRequest,
  names: readonly ChangingName[],
  context: QueryContext,
): Promise<Known> {
  const { range, nowUs, zone, weekStart } = request;
  const hasRatio = names.some((name) => CHANGING[name].below !== null);
  const metrics = [...new Set<MetricName>(hasRatio ? [...names, "visits"] : names)];
  const interval = range.toUs - range.fromUs <= HOURS_MAX * HOUR_US ? "hour" : "day";
  const [whole, found] = await Promise.all([
    context.query(queryOf(request, { metrics: names })),
    context.query(queryOf(request, { metrics, dimensions: [interval] })),
  ]);
  const byKey = new Map(found.rows.map(({ keys, values }) => [keys[0], values]));
  const { dates: _, ...span } = range;
  const passed = {
    ...span,
    dates: null,
    toUs: Math.min(range.toUs, Math.max(nowUs, range.fromUs)),
  };
  const buckets = passed.toUs > passed.fromUs ? bucketsOf(passed, interval, zone, weekStart) : [];
  return {
    whole: whole.rows[0]?.values ?? {},
    buckets: buckets.map(({ key }) => byKey.get(key) ?? {}),
  };
}

function verdictOf(name: ChangingName, now: Known, before: Known): Verdict | null {
  const values = { now: numberOf(now.whole, name), before: numberOf(before.whole, name) };
  const { below }: Changing = CHANGING[name];
  if (below === null) {
    const each = ({ buckets }: Known) => buckets.map((bucket) => numberOf(bucket, name));
    const verdict = judgeCounts([values.now, values.before], [each(now), each(before)]);
    return { ...values, ...verdict };
  }
  const parts = ({ buckets }: Known) =>
    buckets.map((bucket): Part => {
      const visits = numberOf(bucket, "visits");
      return [numberOf(bucket, name) * visits, visits];
    });
  const verdict = judgeRatios(parts(now), parts(before), name === "bounce_rate");
  return verdict && { ...values, ...verdict };
}
