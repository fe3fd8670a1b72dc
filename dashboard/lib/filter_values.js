// Adds, finds and removes a value in the filters of the page. Pure.
import { isCondition } from "../grammar/filter.js";

/** @typedef {import("../grammar/filter.js").Filter} Filter */

/**
 * Adds a value to include (or exclude) to filters: it extends an existing condition on the
 * dimension, and replaces a contradicting one.
 * @param {readonly Filter[]} filters
 * @param {{ dimension: string, value: string, op: string, opposite: string }} what
 * @returns {readonly Filter[]}
 */
export function withValue(filters, { dimension, value, op, opposite }) {
  const same = filters.find((filter) =>
    isCondition(filter) && filter.op === op && filter.dimension === dimension
  );
  const kept = filters.filter((filter) =>
    filter !== same && !(isCondition(filter) && filter.op === opposite &&
      filter.dimension === dimension && filter.values.includes(value))
  );
  const before = same && isCondition(same) ? same.values : [];
  const values = [...new Set([...before, value])];
  return [...kept, { op, dimension, values }];
}

/**
 * Whether a value is included by filters.
 * @param {readonly Filter[]} filters
 * @param {string} op
 * @param {string} dimension
 * @param {string} value
 * @returns {boolean}
 */
export function hasValue(filters, op, dimension, value) {
  return filters.some((filter) =>
    isCondition(filter) && filter.op === op && filter.dimension === dimension &&
    filter.values.includes(value)
  );
}

/**
 * Removes a value from filters, and a condition that has no value left.
 * @param {readonly Filter[]} filters
 * @param {string} op
 * @param {string} dimension
 * @param {string} value
 * @returns {readonly Filter[]}
 */
export function withoutValue(filters, op, dimension, value) {
  return filters.flatMap((filter) => {
    if (!isCondition(filter) || filter.op !== op || filter.dimension !== dimension) return [filter];
    const values = filter.values.filter((other) => other !== value);
    return values.length === 0 ? [] : [{ ...filter, values }];
  });
}
