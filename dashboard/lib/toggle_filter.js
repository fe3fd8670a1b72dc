// How a click on a value changes the filters: include it, exclude it, or remove it. Pure.
import { hasValue, withoutValue, withValue } from "./filter_values.js";

const KEEP = "is";
const LEAVE_OUT = "is_not";

/** @typedef {readonly import("../grammar/filter.js").Filter[]} Filters */

/**
 * How a click on a row with several dimensions changes the filters: includes or removes all of its
 * values; exclusion needs all of them.
 * @param {Filters} filters
 * @param {readonly string[]} dimensions
 * @param {readonly string[]} values
 * @param {boolean} exclude
 * @returns {Filters}
 */
export function toggleRow(filters, dimensions, values, exclude) {
  const pairs = dimensions.map((dimension, index) => ({ dimension, value: values[index] ?? "" }));
  if (exclude && pairs.length > 1) {
    const of = pairs.map(({ dimension, value }) => ({ op: KEEP, dimension, values: [value] }));
    return [...filters, { op: "not", of: [{ op: "and", of }] }];
  }
  const all = isPicked(filters, dimensions, values);
  return pairs.reduce(
    (kept, { dimension, value }) =>
      !all && hasValue(kept, KEEP, dimension, value)
        ? kept
        : picked(kept, dimension, value, exclude),
    filters,
  );
}

/**
 * Whether the filters include all values of a row.
 * @param {Filters} filters
 * @param {readonly string[]} dimensions
 * @param {readonly string[]} values
 */
export function isPicked(filters, dimensions, values) {
  return dimensions.every((dimension, index) =>
    hasValue(filters, KEEP, dimension, values[index] ?? "")
  );
}

/**
 * @param {Filters} filters
 * @param {string} dimension
 * @param {string} value
 * @param {boolean} exclude
 * @returns {Filters}
 */
export function picked(filters, dimension, value, exclude) {
  const op = exclude ? LEAVE_OUT : KEEP;
  const opposite = exclude ? KEEP : LEAVE_OUT;
  return hasValue(filters, op, dimension, value)
    ? withoutValue(filters, op, dimension, value)
    : withValue(filters, { dimension, value, op, opposite });
}
