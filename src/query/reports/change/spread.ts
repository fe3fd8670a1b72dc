// How far a number of two ranges differs by chance: the one place of the method, which is told with
// its sources in docs/definitions.md. Pure arithmetic.

/** A difference with the interval around it. */
export interface Judged {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Whether the interval holds zero, or what is shown as zero. */
  readonly within_noise: boolean;
}

/** How sure an interval is, and the smallest step in which it is shown: any when missing. */
export interface Reach {
  readonly quantile?: number;
  readonly step?: number;
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
export function judged(
  difference: number,
  variance: number,
  { quantile = NORMAL, step = 0 }: Reach = {},
): Judged {
  const reach = quantile * Math.sqrt(variance);
  return between(difference, difference - reach, difference + reach, step);
}

function between(difference: number, low: number, high: number, step: number): Judged {
  // A bound that is shown as zero is none that keeps zero out.
  return { difference, low, high, within_noise: low <= step / 2 && high >= -step / 2 };
}

/** Both ranges: now and before. */
export type Both<T> = readonly [now: T, before: T];

/**
 * The difference of two sums. Their buckets are compared in pairs, so that weekdays and hours
 * cancel out. The variance is never less than `least`: by default that of independent cases, which
 * is their number. `extra` is the variance beyond that.
 */
export function judgeCounts(
  [now, before]: Both<number>,
  [nowBuckets, beforeBuckets]: Both<readonly number[]>,
  { least = now + before, step = 1 }: { readonly least?: number; readonly step?: number } = {},
): Judged & { readonly extra: number } {
  const pairs = Math.min(nowBuckets.length, beforeBuckets.length);
  if (pairs < BUCKETS_MIN) return { ...judged(now - before, least, { step }), extra: 0 };
  const differences = nowBuckets.slice(0, pairs).map((n, at) => n - (beforeBuckets[at] ?? 0));
  const all = sum(nowBuckets) + sum(beforeBuckets);
  // A visitor of several days is in several buckets.
  const scale = all > 0 ? ((now + before) / all) ** 2 : 0;
  const wide = Math.max(nowBuckets.length, beforeBuckets.length) / pairs;
  const variance = scale * wide * pairs * varianceOf(differences);
  const quantile = student(pairs - 1);
  return {
    ...judged(now - before, Math.max(variance, least), { quantile, step }),
    extra: Math.max(0, variance - least),
  };
}

/** Numerator and denominator of a ratio, of a range or of one bucket. */
export type Part = readonly [above: number, below: number];

/**
 * The difference of two means, judged by how the mean varies from bucket to bucket, each of them a
 * cluster; null where there are too few. `parts` are sums and their weights.
 */
export function judgeMeans(
  [now, before]: Both<number>,
  parts: Both<readonly Part[]>,
  step = 0,
): Judged | null {
  const used = parts.map(filled);
  if (used.some(({ length }) => length < BUCKETS_MIN)) return null;
  const variance = sum(used.map(clusterVariance));
  return judged(now - before, variance, { quantile: student(freedomOf(used)), step });
}

/**
 * The difference of two shares of cases: of each the score interval, and of both that of their
 * difference. Where buckets vary more than independent cases would, each range counts for as many
 * cases as would vary like that. Null where there were no cases.
 */
export function judgeShares(
  shares: Both<Part>,
  parts: Both<readonly Part[]> = [[], []],
  step = 0,
): Judged | null {
  if (shares.some(([, below]) => below <= 0)) return null;
  const used = parts.map(filled);
  const isKnown = used.every(({ length }) => length >= BUCKETS_MIN);
  const quantile = isKnown ? student(freedomOf(used)) : NORMAL;
  const [now, before] = shares.map(([above, below], index) => {
    const design = isKnown ? designEffect(used[index] ?? []) : 1;
    return scoreInterval(Math.min(1, above / below), below / design, quantile);
  });
  if (!now || !before) return null;
  const difference = now.share - before.share;
  const low = difference - Math.hypot(now.share - now.low, before.high - before.share);
  const high = difference + Math.hypot(now.high - now.share, before.share - before.low);
  return between(difference, low, high, step);
}

/** The smallest step in which a ratio is shown: a tenth of a point. */
export const RATIO_STEP = 0.001;

/** The same of shares of visitors of which nothing else is known. */
export function judgeRates(now: Part, before: Part): Judged | null {
  return judgeShares([now, before], [[], []], RATIO_STEP);
}

/** Wilson's interval of a share of `cases`. */
function scoreInterval(share: number, cases: number, quantile: number) {
  const square = quantile ** 2;
  const middle = share + square / (2 * cases);
  const reach = quantile * Math.sqrt(share * (1 - share) / cases + square / (4 * cases ** 2));
  const whole = 1 + square / cases;
  return {
    share,
    low: Math.max(0, (middle - reach) / whole),
    high: Math.min(1, (middle + reach) / whole),
  };
}

/** How many times as much a share varies from bucket to bucket as of independent cases; 1 least. */
function designEffect(parts: readonly Part[]): number {
  const below = sum(parts.map(([, n]) => n));
  const share = sum(parts.map(([n]) => n)) / below;
  const independent = share * (1 - share) / below;
  return independent > 0 ? Math.max(1, clusterVariance(parts) / independent) : 1;
}

/** The variance of Σ above ÷ Σ below, each bucket being a cluster. */
function clusterVariance(parts: readonly Part[]): number {
  const below = sum(parts.map(([, n]) => n));
  const ratio = sum(parts.map(([n]) => n)) / below;
  const squares = sum(parts.map(([n, of]) => (n - ratio * of) ** 2));
  return squares * parts.length / (parts.length - 1) / below ** 2;
}

function filled(parts: readonly Part[]): readonly Part[] {
  return parts.filter(([, below]) => below > 0);
}

function freedomOf(parts: readonly (readonly Part[])[]): number {
  return Math.min(...parts.map(({ length }) => length)) - 1;
}

function varianceOf(values: readonly number[]): number {
  const mean = sum(values) / values.length;
  return sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1);
}

/** The sum. */
export function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
