// The share of each value of a dimension in the change of a number: exact arithmetic over what
// was counted in both ranges.
import { type Judged, judged, OF_MANY, type Reach } from "./spread.ts";

/** What was counted of one value in one range, visitor by visitor. */
export interface Counted {
  readonly above: number;
  /** 0 where the number is a count. */
  readonly below: number;
  /** Σ above², Σ above · below and Σ below² over visitors; of amounts Σ above² over orders. */
  readonly squares?: readonly [number, number, number] | undefined;
}

/** Both ranges. */
export interface Pair {
  readonly now: Counted;
  readonly before: Counted;
}

/** What a value has to do with the change. Counts and ratios share the first fields. */
export interface Contribution extends Judged {
  /** The number itself, of this value alone; null where a ratio is of nothing. */
  readonly now: number | null;
  readonly before: number | null;
  /** Its part of the whole difference, in which 1 is all of it; null where nothing changed. */
  readonly share: number | null;
  /** The share that it would have if all values had changed alike. */
  readonly expected_share: number;
  /** Of a ratio: what comes from another ratio of this value, and from another part of all. */
  readonly rate?: number;
  readonly mix?: number;
  /** Of a ratio: which part of all visits the value had. */
  readonly weight_now?: number;
  readonly weight_before?: number;
}

/** Of fewer visits the spread is not known from themselves: all equal ones would have none. */
const VISITS_FEW = 30;

/** How far contributions are sure, and the smallest step in which they are shown. */
const reachOf = (step: number): Reach => ({ quantile: OF_MANY, step });

/**
 * The contribution of a value to the difference of a count, or of amounts. `extra` is told by
 * `judgeCounts`.
 */
export function countPart(part: Pair, whole: Pair, extra: number, step = 1): Contribution {
  const [now, before] = [part.now.above, part.before.above];
  const difference = now - before;
  const all = whole.now.above - whole.before.above;
  const size = (now + before) / Math.max(1, whole.now.above + whole.before.above);
  const independent = ownSpread(part.now) + ownSpread(part.before);
  return {
    now,
    before,
    ...judged(difference, independent + extra * size ** 2, reachOf(step)),
    share: all === 0 ? null : difference / all,
    expected_share: whole.before.above > 0 ? before / whole.before.above : 0,
  };
}

/** The variance of a count of independent cases, or of the sum of orders that come like them. */
function ownSpread({ above, squares }: Counted): number {
  return squares ? squares[0] : above;
}

/**
 * The contribution of a value to the difference of a ratio, `rate` + `mix`. The rate counts with
 * the mean weight of both ranges, the weight with how far the value's mean ratio is from that of
 * all. Over all values of a dimension these add up to the difference.
 */
export function ratioPart(part: Pair, whole: Pair, step = 0): Contribution {
  const [w1, w0] = [part.now.below / whole.now.below, part.before.below / whole.before.below];
  const [known1, known0] = [ratio(part.now), ratio(part.before)];
  const [all1, all0] = [ratio(whole.now) ?? 0, ratio(whole.before) ?? 0];
  // A value that was not there before has changed its weight only.
  const r1 = known1 ?? known0 ?? 0;
  const r0 = known0 ?? known1 ?? 0;
  const weight = (w1 + w0) / 2;
  const distance = (r1 + r0) / 2 - (all1 + all0) / 2;
  const rate = weight * (r1 - r0);
  const mix = (w1 - w0) * distance;
  const ofRate = variance(part.now, whole.now) + variance(part.before, whole.before);
  const ofWeight = w1 * (1 - w1) / whole.now.below + w0 * (1 - w0) / whole.before.below;
  const all = all1 - all0;
  return {
    now: known1,
    before: known0,
    ...judged(rate + mix, weight ** 2 * ofRate + distance ** 2 * ofWeight, reachOf(step)),
    share: all === 0 ? null : (rate + mix) / all,
    expected_share: 0,
    rate,
    mix,
    weight_now: w1,
    weight_before: w0,
  };
}

/** Above ÷ below, or null. */
export function ratio({ above, below }: Counted): number | null {
  return below === 0 ? null : above / below;
}

/** The variance of a ratio, its visitors being independent; of few visits at least as all vary. */
function variance(counted: Counted, whole: Counted): number {
  const own = ownVariance(counted);
  const { below } = counted;
  return below === 0 || below >= VISITS_FEW
    ? own
    : Math.max(own, ownVariance(whole) * whole.below / below);
}

function ownVariance(counted: Counted): number {
  const { below, squares } = counted;
  const r = ratio(counted);
  if (r === null || !squares) return 0;
  const [above2, both, below2] = squares;
  return Math.max(0, above2 - 2 * r * both + r ** 2 * below2) / below ** 2;
}
