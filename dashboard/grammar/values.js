// The values an operator accepts, checked by the server and by the form of a filter.

/**
 * What is wrong with the values of a condition, after the name of what it is of; null for nothing.
 * @param {import("./operators.js").Takes} takes
 * @param {readonly string[]} values
 * @returns {string | null}
 */
export function faultOfValues(takes, values) {
  if (takes === "none") return values.length > 0 ? "takes no value" : null;
  if (values.length === 0) return "has no value";
  return takes === "number" && !isOneNumber(values) ? "takes one number" : null;
}

/** @param {readonly string[]} values */
function isOneNumber(values) {
  const [only = ""] = values;
  return values.length === 1 && /^-?\d{1,15}(\.\d{1,10})?$/.test(only);
}
