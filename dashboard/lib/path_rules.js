// Converts the path rules of a site between form fields and request body. Pure.

/** @typedef {import("./ask/answers.js").PathRules} PathRules */

/**
 * The fields of the form, as they are typed.
 * @typedef {object} PathFields
 * @property {string} slash
 * @property {string} documents separated by commas
 * @property {boolean} lowercase
 * @property {string} parameters separated by commas
 * @property {string} masks one in a line
 */

/**
 * The rules that the fields say; what says nothing is left out.
 * @param {PathFields} fields
 * @returns {Readonly<Record<string, unknown>>}
 */
export function pathRulesBody({ slash, documents, lowercase, parameters, masks }) {
  const lines = masks.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return {
    ...(slash === "keep" ? {} : { trailing_slash: slash }),
    ...(wordsOf(documents).length === 0 ? {} : { default_documents: wordsOf(documents) }),
    ...(lowercase ? { lowercase } : {}),
    ...(wordsOf(parameters).length === 0 ? {} : { query_parameters: wordsOf(parameters) }),
    ...(lines.length === 0 ? {} : { masks: lines.map(maskOf) }),
  };
}

/**
 * The fields of stored rules.
 * @param {PathRules} rules
 * @returns {PathFields}
 */
export function pathRulesFields(rules) {
  return {
    slash: rules.trailing_slash ?? "keep",
    documents: (rules.default_documents ?? []).join(", "),
    lowercase: rules.lowercase ?? false,
    parameters: (rules.query_parameters ?? []).join(", "),
    masks: (rules.masks ?? []).map(({ from, to }) => `${from} → ${to}`).join("\n"),
  };
}

/** @param {string} text */
function wordsOf(text) {
  return text.split(/[,\s]+/).filter((word) => word !== "");
}

/**
 * `/user/* → /user/:id`, with an arrow of either kind. The server says what is wrong with others.
 * @param {string} line
 */
function maskOf(line) {
  const [from = "", to = ""] = line.split(/\s*(?:→|->|=>)\s*/);
  return { from, to };
}
