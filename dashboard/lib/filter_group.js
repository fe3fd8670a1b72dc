// A filter as the editor shows it: a group of conditions joined by OR, and the tree around it.
// Pure.
import { conditionsOf, isCondition, printFilter } from "../grammar/filter.js";
import { isOperatorName, OPERATORS } from "../grammar/operators.js";
import { faultOfValues } from "../grammar/values.js";

/** @typedef {import("../grammar/filter.js").Condition} Condition */
/** @typedef {import("../grammar/filter.js").Filter} Filter */

/**
 * `mode` is the tree around the conditions; empty for none.
 * @typedef {{ mode: Mode, conditions: readonly Condition[] }} Group
 */

/** The trees that can enclose a group. */
export const MODES = /** @type {const} */ (["", "not", "has_done", "has_not_done"]);

/** @typedef {(typeof MODES)[number]} Mode */

/**
 * The group of a filter; null if it is more than a group.
 * @param {Filter} filter
 * @returns {Group | null}
 */
export function groupOf(filter) {
  if (isCondition(filter)) return { mode: "", conditions: [filter] };
  if (filter.op === "or") {
    return filter.of.every(isCondition)
      ? { mode: "", conditions: /** @type {Condition[]} */ ([...filter.of]) }
      : null;
  }
  if (filter.op === "and") return null;
  const [only] = filter.of;
  const inner = groupOf(only);
  return inner && inner.mode === "" ? { mode: filter.op, conditions: inner.conditions } : null;
}

/**
 * The filter of a group; null if it has no condition.
 * @param {Group} group
 * @returns {Filter | null}
 */
export function filterOf({ mode, conditions }) {
  const [first, ...others] = conditions;
  if (!first) return null;
  /** @type {Filter} */
  const inner = others.length === 0 ? first : { op: "or", of: conditions };
  return mode === "" ? inner : { op: mode, of: [inner] };
}

/**
 * Whether a condition has a dimension and the values that its operator takes.
 * @param {Condition} condition
 * @param {import("../grammar/operators.js").Takes} takes what its operator takes
 * @returns {boolean}
 */
export function isComplete({ dimension, values }, takes) {
  if (dimension === "") return false;
  return faultOfValues(takes, values) === null;
}

/**
 * The values of a filter, each with a filter of its own that holds where it is met: also a value
 * that is left out. None where there is one value, and the whole filter says the same.
 * @param {Filter} filter
 * @returns {readonly { condition: Condition, filter: Filter }[]}
 */
export function valuesOf(filter) {
  const isHistory = filter.op === "has_done" || filter.op === "has_not_done";
  const all = conditionsOf(filter).flatMap((condition) => {
    const { op } = condition;
    const row = isOperatorName(op) ? OPERATORS[op] : undefined;
    if (row?.values !== "some") return [];
    return condition.values.map((value) => {
      const one = { ...condition, op: "not" in row ? row.not : op, values: [value] };
      /** @type {Filter} */
      const whole = isHistory ? { op: "has_done", of: [one] } : one;
      return { condition: one, filter: whole };
    });
  });
  return all.length === 1 && printFilter(all[0]?.filter ?? null) === printFilter(filter) ? [] : all;
}
