// The filter of the page as a tree, and its URL form: conditions `op(dimension,value,…)`, trees
// `and(…)`, `or(…)`, `not(…)`, several at the top joined by `;`. It knows no dimension and no
// operator by name. Pure.

/**
 * One condition. `caseSensitive` undefined leaves it to the operator.
 * @typedef {object} Condition
 * @property {string} op
 * @property {string} dimension
 * @property {readonly string[]} values
 * @property {boolean} [caseSensitive]
 */

/** @typedef {{ op: string, of: readonly Filter[] }} Tree */
/** @typedef {Condition | Tree} Filter */

/** Names of trees: what may stand round other filters. */
const TREES = new Set(["and", "or", "not", "has_done", "has_not_done"]);

/**
 * @param {Filter} filter
 * @returns {filter is Condition}
 */
export function isCondition(filter) {
  return "dimension" in filter;
}

/**
 * Reads the URL form. Null where it cannot be read.
 * @param {string} text
 * @returns {readonly Filter[] | null}
 */
export function parseFilters(text) {
  const reader = { text, at: 0 };
  /** @type {Filter[]} */
  const filters = [];
  if (text.trim() === "") return filters;
  do {
    const filter = readFilter(reader);
    if (!filter) return null;
    filters.push(filter);
  } while (take(reader, ";"));
  return reader.at === text.length ? filters : null;
}

/** @typedef {{ text: string, at: number }} Reader */

/**
 * @param {Reader} reader
 * @param {string} character
 */
function take(reader, character) {
  if (reader.text[reader.at] !== character) return false;
  reader.at++;
  return true;
}

/**
 * @param {Reader} reader
 * @param {RegExp} pattern sticky
 */
function match(reader, pattern) {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.text)?.[0] ?? "";
  reader.at += found.length;
  return found;
}

/**
 * @param {Reader} reader
 * @returns {Filter | null}
 */
function readFilter(reader) {
  const op = match(reader, /[a-z_]+/y);
  const flag = match(reader, /[~=]/y);
  if (op === "" || !take(reader, "(")) return null;
  if (TREES.has(op)) return flag === "" ? readTree(reader, op) : null;
  const dimension = readWord(reader);
  const values = [];
  while (take(reader, ",")) values.push(readWord(reader));
  if (!take(reader, ")")) return null;
  return { op, dimension, values, ...(flag === "" ? {} : { caseSensitive: flag === "=" }) };
}

/**
 * @param {Reader} reader
 * @param {string} op
 * @returns {Filter | null}
 */
function readTree(reader, op) {
  const of = [];
  do {
    const part = readFilter(reader);
    if (!part) return null;
    of.push(part);
  } while (take(reader, ","));
  return take(reader, ")") ? { op, of } : null;
}

/** @param {Reader} reader */
function readWord(reader) {
  return match(reader, /(?:[^,)\\]|\\[^])*/y).replace(/\\([^])/g, "$1");
}

/**
 * The URL form of filters that must all hold.
 * @param {readonly Filter[]} filters
 * @returns {string}
 */
export function printFilters(filters) {
  return filters.map(printFilter).join(";");
}

/**
 * @param {Filter} filter
 * @returns {string}
 */
function printFilter(filter) {
  if (!isCondition(filter)) return `${filter.op}(${filter.of.map(printFilter).join(",")})`;
  const { op, dimension, values, caseSensitive } = filter;
  const flag = caseSensitive === undefined ? "" : caseSensitive ? "=" : "~";
  const words = [dimension, ...values].map((word) => word.replace(/[\\,)]/g, "\\$&"));
  return `${op}${flag}(${words.join(",")})`;
}

/**
 * Filters with one value more to include (or exclude): it joins the condition there is on the
 * dimension, or takes the place of what contradicts it.
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
 * Filters without a value; a condition that loses its last goes, too.
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
