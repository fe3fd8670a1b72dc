// How far a number of two ranges differs by chance, judged by how it differs from day to day.
// Pure arithmetic; the method is told in docs/definitions.md.

/** A difference with the interval around it. */
export interface Judged {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Whether the interval holds zero. */
  readonly within_noise: boolean;
}

/** Fewer buckets than these say nothing of how a number varies. */
export const BUCKETS_MIN = 4;

/** The quantile 97.5 % of the normal distribution. */
export const NORMAL = 1.959964;

/**
 * The quantile 99.95 %: of the hundreds of values that are looked at to explain a change, one in
 * twenty would else seem to have changed.
 */
export const OF_MANY = 3.290527;

/** The quantile 97.5 % of Student's distribution, by degrees of freedom from 1. */
const STUDENT = [
  [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281],
  [2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086],
  [2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423],
].flat();

/** The quantile 97.5 % of Student's distribution. */
export function student(freedom: number): number {
  return STUDENT[Math.max(1, freedom) - 1] ?? NORMAL + 2.45 / freedom;
}

/** A difference judged by its variance. */
export function judged(difference: number, variance: number, quantile = NORMAL): Judged {
  const reach = quantile * Math.sqrt(variance);
  const [low, high] = [difference - reach, difference + reach];
  return { difference, low, high, within_noise: low <= 0 && high >= 0 };
}

/**
 * The difference of two counts. Their buckets are compared in pairs, so that weekdays and hours
 * cancel out. Never less than what independent visits would vary. `extra` is the variance beyond
 * that.
 */
export function judgeCounts(
  [now, before]: readonly [number, number],
  [nowBuckets, beforeBuckets]: readonly [readonly number[], readonly number[]],
): Judged & { readonly extra: number } {
  const least = now + before;
  const pairs = Math.min(nowBuckets.length, beforeBuckets.length);
  if (pairs < BUCKETS_MIN) return { ...judged(now - before, least), extra: 0 };
  const differences = nowBuckets.slice(0, pairs).map((n, at) => n - (beforeBuckets[at] ?? 0));
  const all = sum(nowBuckets) + sum(beforeBuckets);
  // A visitor of several days is in several buckets.
  const scale = all > 0 ? (least / all) ** 2 : 0;
  const wide = Math.max(nowBuckets.length, beforeBuckets.length) / pairs;
  const variance = scale * wide * pairs * varianceOf(differences);
  return {
    ...judged(now - before, Math.max(variance, least), student(pairs - 1)),
    extra: Math.max(0, variance - least),
  };
}

/** Numerator and denominator of a ratio in one bucket. */
export type Part = readonly [above: number, below: number];

/**
 * The difference of two ratios of sums, judged by how the ratio varies from bucket to bucket; null
 * where there are too few. A share of `below` (`isShare`) varies at least as independent ones do.
 */
export function judgeRatios(
  now: readonly Part[],
  before: readonly Part[],
  isShare: boolean,
): Judged | null {
  const [a, b] = [ratioOf(now, isShare), ratioOf(before, isShare)];
  if (!a || !b) return null;
  const freedom = Math.min(now.length, before.length) - 1;
  return judged(a.ratio - b.ratio, a.variance + b.variance, student(freedom));
}

function ratioOf(parts: readonly Part[], isShare: boolean) {
  const used = parts.filter(([, below]) => below > 0);
  const below = sum(used.map(([, n]) => n));
  if (used.length < BUCKETS_MIN) return null;
  const ratio = sum(used.map(([n]) => n)) / below;
  const squares = sum(used.map(([n, of]) => (n - ratio * of) ** 2));
  const variance = squares * used.length / (used.length - 1) / below ** 2;
  const least = isShare ? ratio * (1 - ratio) / below : 0;
  return { ratio, variance: Math.max(variance, least) };
}

function varianceOf(values: readonly number[]): number {
  const mean = sum(values) / values.length;
  return sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1);
}

/** The sum. */
export function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
