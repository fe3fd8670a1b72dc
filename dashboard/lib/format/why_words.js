// How the answer to why a number changed is written: differences, amounts and bars.

/**
 * How the bar of a part of the difference looks; one against the whole has its own side.
 * @param {number | null} share
 */
export function barOf(share) {
  const size = share ?? 0;
  return {
    look: size < 0 ? "why-bar against" : "why-bar",
    width: `${Math.min(100, Math.abs(size) * 100)}%`,
  };
}

/**
 * What is explained: a metric, and of revenue its currency.
 * @typedef {Pick<import("../state/schema.js").Metric, "unit"> & { currency?: string | undefined }}
 *   Explained
 */

/**
 * A number, or an amount in a currency.
 * @param {number | null} value
 * @param {string | undefined} currency
 */
export function amountOf(value, currency) {
  return value === null || currency === undefined ? value : [{ currency, value }];
}

/** What is smaller is the rounding of the computer. */
const TINY = 1e-9;

/**
 * A difference with its sign, in the metric's unit. One that would read as none has one digit that
 * is not 0 if `fine` says so: bounds of an interval tell whether 0 is between them.
 * @param {Explained} metric
 * @param {number} value
 * @param {Pick<import("../state/context.js").App, "t" | "format">} app
 * @param {{ fine?: boolean }} [options]
 */
export function signed({ unit, currency }, value, { t, format }, { fine = false } = {}) {
  const write = (/** @type {number} */ size) =>
    unit === "ratio"
      ? t("points", format.points(size))
      : format.value(unit, amountOf(unit === "count" ? Math.round(size) : size, currency));
  const size = Math.abs(value);
  const rounded = write(size);
  const isNone = rounded === write(0);
  if (isNone && (!fine || size < TINY || unit === "money")) return rounded;
  const sign = value > 0 ? "+" : "\u2212";
  if (!isNone) return sign + rounded;
  const n = unit === "ratio" ? size * 100 : size;
  const digits = format.oneDigit(n);
  return sign +
    (unit === "ratio"
      ? t("points", { n, size: digits })
      : unit === "seconds"
      ? format.duration(0).replace(/\d+/, digits)
      : digits);
}

/**
 * Whether a count or an amount surely changed, and no row by more than chance otherwise than it
 * would have if all values had changed alike.
 * @param {Pick<import("../ask/answers.js").WhyAnswer, "total" | "results">} answer
 */
export function isEven({ total, results }) {
  if (!total || total.within_noise || results.length === 0) return false;
  const all = (total.now ?? 0) - (total.before ?? 0);
  return results.every(({ rate, expected_share, low, high }) => {
    const even = expected_share * all;
    return rate === undefined && low <= even && even <= high;
  });
}
