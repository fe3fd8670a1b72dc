// The operators of conditions, a row each: name, label, what values it takes and whether case
// counts. How an operator becomes SQL is in src/query/operators.ts, under the same name.

/** @typedef {"some" | "number" | "none"} Takes */

/**
 * One operator. `not` names the operator whose opposite it is.
 * @typedef {object} Operator
 * @property {string} label
 * @property {Takes} values whether it takes texts, one number, or nothing
 * @property {boolean} caseSensitive whether case counts where the condition does not say
 * @property {string} [not]
 * @property {string} doc
 */

/**
 * Every operator by name.
 * @satisfies {Record<string, Operator>}
 */
export const OPERATORS = /** @type {const} */ ({
  is: { label: "is", values: "some", caseSensitive: true, doc: "equals one of the values" },
  is_not: {
    label: "is not",
    values: "some",
    caseSensitive: true,
    not: "is",
    doc: "equals none of the values",
  },
  contains: {
    label: "contains",
    values: "some",
    caseSensitive: false,
    doc: "contains one of the values",
  },
  contains_not: {
    label: "does not contain",
    values: "some",
    caseSensitive: false,
    not: "contains",
    doc: "contains none of the values",
  },
  starts_with: {
    label: "starts with",
    values: "some",
    caseSensitive: false,
    doc: "begins with one of the values",
  },
  matches: {
    label: "matches",
    values: "some",
    caseSensitive: true,
    doc: "matches one of the regular expressions (RE2)",
  },
  matches_not: {
    label: "does not match",
    values: "some",
    caseSensitive: true,
    not: "matches",
    doc: "matches none of the regular expressions",
  },
  at_least: {
    label: "is at least",
    values: "number",
    caseSensitive: true,
    doc: "is a number that is not less than the value",
  },
  at_most: {
    label: "is at most",
    values: "number",
    caseSensitive: true,
    doc: "is a number that is not more than the value",
  },
  is_set: { label: "is set", values: "none", caseSensitive: true, doc: "has a value" },
  is_not_set: {
    label: "is not set",
    values: "none",
    caseSensitive: true,
    not: "is_set",
    doc: "has no value",
  },
});

/** @typedef {keyof typeof OPERATORS} OperatorName */

/**
 * Whether an operator has this name.
 * @param {string} name
 * @returns {name is OperatorName}
 */
export function isOperatorName(name) {
  return Object.hasOwn(OPERATORS, name);
}
