// Amounts of money over time: a line shows one currency, since currencies are not added up.

/** @typedef {import("../format/format.js").Value} Value */
/** @typedef {Readonly<Record<string, Value>>} Values */
/** @typedef {{ metrics: Values, comparison?: Values }} Row */

/**
 * The currencies of a metric, the one with the largest sum first, as the headline orders them;
 * behind those of the range come those of the earlier one only. Empty for numbers.
 * @param {readonly Row[]} rows
 * @param {string} metric
 * @returns {string[]}
 */
export function currenciesOf(rows, metric) {
  const now = ordered(rows.map(({ metrics }) => metrics[metric]));
  const before = ordered(rows.map(({ comparison }) => comparison?.[metric]));
  return [...new Set([...now, ...before])];
}

/** @param {readonly (Value | undefined)[]} values */
function ordered(values) {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const { currency, value } of values.flatMap((one) => Array.isArray(one) ? one : [])) {
    sums.set(currency, (sums.get(currency) ?? 0) + value);
  }
  return [...sums]
    .sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
    .map(([currency]) => currency);
}

/**
 * A number, or the amount in a currency: 0 where amounts are in others.
 * @param {Value | undefined} value
 * @param {string | undefined} currency
 * @returns {number | null} null where there is no value
 */
export function sizeIn(value, currency) {
  if (Array.isArray(value)) return value.find((one) => one.currency === currency)?.value ?? 0;
  return typeof value === "number" ? value : null;
}
