// What picking a value of a dimension does to the filters: it is kept, left out, or let go again.
import { hasValue, withoutValue, withValue } from "../lib/filter.js";

const KEEP = "is";
const LEAVE_OUT = "is_not";

/** @typedef {readonly import("../lib/filter.js").Filter[]} Filters */

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
