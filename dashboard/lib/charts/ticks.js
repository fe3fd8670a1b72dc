// The positions of axis ticks. Pure arithmetic.

const STEPS = [1, 2, 3, 4, 6, 7, 12, 14, 24, 28, 30, 48, 60, 72, 90, 120, 168, 180, 365];

/**
 * Positions 0, step, 2·step … of at most `most` labels along `count` points.
 * @param {number} count
 * @param {number} most
 * @returns {number[]}
 */
export function pointTicks(count, most) {
  const wanted = Math.max(count / Math.max(most, 1), 1);
  const step = STEPS.find((size) => size >= wanted) ?? Math.ceil(wanted);
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

/**
 * Round values from 0 up to at least `top`, at most `most` intervals of them.
 * @param {number} top
 * @param {number} most
 * @param {boolean} whole only whole numbers
 * @returns {number[]}
 */
export function valueTicks(top, most, whole) {
  const least = whole ? 1 : 0.01;
  const rough = Math.max(top, least) / Math.max(most, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 2.5, 5, 10].map((factor) => factor * power)
    .filter((step) => !whole || Number.isInteger(step));
  const step = Math.max(nice.find((size) => size >= rough) ?? rough, least);
  const count = Math.max(Math.ceil(top / step - 1e-9), 1);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}
