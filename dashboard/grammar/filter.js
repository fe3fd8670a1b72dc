// The filter tree: which events, visits and visitors a report is about, and its URL form. A
// condition is `op(dimension,value,…)`; a tree is `and(…)`, `or(…)`, `not(…)`, `has_done(…)` or
// `has_not_done(…)`; `;` joins filters that must all hold. It knows no operator or dimension.
import {
  FILTER_CHARS_MAX,
  FILTER_DEPTH_MAX,
  FILTER_LEAVES_MAX,
  FILTER_VALUE_CHARS_MAX,
  FILTER_VALUES_MAX,
} from "./limits.js";
import { parseEach } from "./parsed.js";

/**
 * One condition on a dimension. `caseSensitive` undefined leaves case to the operator.
 * @template {string} [O=string]
 * @template {string} [D=string]
 * @typedef {{ readonly op: O, readonly dimension: D, readonly values: readonly string[],
 *   readonly caseSensitive?: boolean }} Condition
 */

/**
 * A tree of filters that must all hold, or of which one must; `of` is never empty.
 * @template {string} [O=string]
 * @template {string} [D=string]
 * @typedef {{ readonly op: "and" | "or", readonly of: readonly Filter<O, D>[] }} ListTree
 */

/**
 * A tree round one filter.
 * @template {string} [O=string]
 * @template {string} [D=string]
 * @typedef {{ readonly op: "not" | "has_done" | "has_not_done",
 *   readonly of: readonly [Filter<O, D>] }} UnaryTree
 */

/**
 * A tree of conditions.
 * @template {string} [O=string]
 * @template {string} [D=string]
 * @typedef {Condition<O, D> | ListTree<O, D> | UnaryTree<O, D>} Filter
 */

/**
 * @template T
 * @typedef {import("./parsed.js").Parsed<T>} Parsed
 */

/** Trees of several filters. */
const LISTS = /** @type {const} */ (["and", "or"]);
/** Trees round one filter. */
const UNARIES = /** @type {const} */ (["not", "has_done", "has_not_done"]);

/**
 * Whether a tree has this name.
 * @param {string} name
 * @returns {name is ListTree["op"] | UnaryTree["op"]}
 */
export function isTreeName(name) {
  return [...LISTS, ...UNARIES].some((one) => one === name);
}

/**
 * Whether a filter is a condition, not a tree.
 * @template {string} O
 * @template {string} D
 * @param {Filter<O, D>} filter
 * @returns {filter is Condition<O, D>}
 */
export function isCondition(filter) {
  return "dimension" in filter;
}

/**
 * One filter that holds where all of a list hold; null for an empty list.
 * @template {string} O
 * @template {string} D
 * @param {readonly (Filter<O, D> | null)[]} filters
 * @returns {Filter<O, D> | null}
 */
export function allOf(filters) {
  const present = filters.filter((filter) => filter !== null);
  if (present.length <= 1) return present[0] ?? null;
  const parts = present.flatMap((filter) =>
    !isCondition(filter) && filter.op === "and" ? filter.of : [filter]
  );
  return { op: "and", of: parts };
}

/**
 * Every condition of a filter.
 * @template {string} O
 * @template {string} D
 * @param {Filter<O, D> | null} filter
 * @returns {Condition<O, D>[]}
 */
export function conditionsOf(filter) {
  if (!filter) return [];
  return isCondition(filter) ? [filter] : filter.of.flatMap(conditionsOf);
}

/**
 * A filter with every condition replaced; the first fault of `change` is the fault of all.
 * @template {string} O
 * @template {string} D
 * @template {string} P
 * @template {string} E
 * @param {Filter<O, D>} filter
 * @param {(condition: Condition<O, D>) => Parsed<Filter<P, E>>} change
 * @returns {Parsed<Filter<P, E>>}
 */
export function mapConditions(filter, change) {
  if (isCondition(filter)) return change(filter);
  if (filter.op === "and" || filter.op === "or") {
    const { value, fault } = parseEach(filter.of, (part) => mapConditions(part, change));
    return fault === undefined ? { value: { op: filter.op, of: value } } : { fault };
  }
  const { value, fault } = mapConditions(filter.of[0], change);
  return fault === undefined ? { value: { op: filter.op, of: [value] } } : { fault };
}

/**
 * Where reading has come to; `leaves` counts conditions.
 * @typedef {{ text: string, at: number, leaves: number }} Reader
 */

/**
 * Reads the URL form of filters that must all hold. In a value, `\` escapes `,` `)` and `\`.
 * `op~` ignores case, `op=` respects it. An empty text is an empty list.
 * @param {string} text
 * @returns {Parsed<readonly Filter[]>}
 */
export function parseFilters(text) {
  if (text.length > FILTER_CHARS_MAX) {
    return { fault: `it is longer than ${FILTER_CHARS_MAX} characters` };
  }
  if (text.trim() === "") return { value: [] };
  const reader = { text, at: 0, leaves: 0 };
  const { value, fault } = readList(reader, ";", 1);
  if (fault !== undefined) return { fault };
  return reader.at < text.length ? expected(reader, "the end or ;") : { value };
}

/**
 * Reads the URL form as one filter; an empty text is null.
 * @param {string} text
 * @returns {Parsed<Filter | null>}
 */
export function parseFilter(text) {
  const { value, fault } = parseFilters(text);
  return fault === undefined ? { value: allOf(value) } : { fault };
}

/**
 * @param {Reader} reader
 * @param {string} separator
 * @param {number} depth
 * @returns {Parsed<Filter[]>}
 */
function readList(reader, separator, depth) {
  /** @type {Filter[]} */
  const filters = [];
  do {
    const { value, fault } = readFilter(reader, depth);
    if (fault !== undefined) return { fault };
    filters.push(value);
  } while (take(reader, separator));
  return { value: filters };
}

/**
 * @param {Reader} reader
 * @param {number} depth
 * @returns {Parsed<Filter>}
 */
function readFilter(reader, depth) {
  const place = `at character ${reader.at + 1}`;
  const op = match(reader, /[a-z_]+/y);
  if (op === "") return expected(reader, "the name of an operator");
  const flag = match(reader, /[~=]/y);
  if (!take(reader, "(")) return expected(reader, "(");
  if (isTreeName(op)) {
    if (flag !== "") return expected(reader, "a tree without ~ or =");
    const { value: parts, fault } = readList(reader, ",", depth + 1);
    if (fault !== undefined) return { fault };
    return take(reader, ")") ? treeOf(op, parts, depth, place) : expected(reader, ", or )");
  }
  const dimension = readWord(reader);
  const values = [];
  while (take(reader, ",")) values.push(readWord(reader));
  if (!take(reader, ")")) return expected(reader, ", or )");
  const condition = { op, dimension, values };
  return boundCondition(
    flag === "" ? condition : { ...condition, caseSensitive: flag === "=" },
    reader,
    place,
  );
}

/** @param {Reader} reader */
function readWord(reader) {
  return match(reader, /(?:[^,)\\]|\\[^])*/y).replace(/\\([^])/g, "$1");
}

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
 * @param {string} what
 */
function expected({ text, at }, what) {
  const rest = text.slice(at, at + 20);
  return {
    fault: `expected ${what} at character ${at + 1}, found ${rest ? `"${rest}"` : "the end"}`,
  };
}

/**
 * A tree of parts that were read; and/or of one part is that part. `place` begins the fault.
 * @param {ListTree["op"] | UnaryTree["op"]} op
 * @param {readonly Filter[]} parts
 * @param {number} depth 1 at the top
 * @param {string} place
 * @returns {Parsed<Filter>}
 */
export function treeOf(op, parts, depth, place) {
  if (depth > FILTER_DEPTH_MAX) {
    return { fault: `${place} it is nested more than ${FILTER_DEPTH_MAX} deep` };
  }
  const [first] = parts;
  if (!first) return { fault: `${place} ${op} has nothing in it` };
  if (op === "and" || op === "or") return { value: parts.length === 1 ? first : { op, of: parts } };
  if (parts.length > 1) return { fault: `${place} ${op} takes one filter, not ${parts.length}` };
  if (op !== "not" && mentionsHistory(first)) {
    return { fault: `${place} ${op} cannot hold has_done or has_not_done` };
  }
  return { value: { op, of: [first] } };
}

/**
 * @param {Filter} filter
 * @returns {boolean}
 */
function mentionsHistory(filter) {
  if (isCondition(filter)) return false;
  return filter.op === "has_done" || filter.op === "has_not_done" ||
    filter.of.some(mentionsHistory);
}

/**
 * A condition that was read, if there are not too many and it is not too large. `place` begins
 * the fault.
 * @param {Condition} condition
 * @param {{ leaves: number }} count
 * @param {string} place
 * @returns {Parsed<Condition>}
 */
export function boundCondition(condition, count, place) {
  if (++count.leaves > FILTER_LEAVES_MAX) {
    return { fault: `${place} there are more than ${FILTER_LEAVES_MAX} conditions` };
  }
  if (condition.values.length > FILTER_VALUES_MAX) {
    return { fault: `${place} there are more than ${FILTER_VALUES_MAX} values` };
  }
  for (const { length } of [condition.dimension, ...condition.values]) {
    if (length > FILTER_VALUE_CHARS_MAX) {
      return { fault: `${place} a text is longer than ${FILTER_VALUE_CHARS_MAX} characters` };
    }
  }
  return { value: condition };
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
 * The URL form of a filter; empty for null.
 * @param {Filter | null} filter
 * @returns {string}
 */
export function printFilter(filter) {
  if (!filter) return "";
  if (!isCondition(filter)) return `${filter.op}(${filter.of.map(printFilter).join(",")})`;
  const { op, dimension, values, caseSensitive } = filter;
  const flag = caseSensitive === undefined ? "" : caseSensitive ? "=" : "~";
  const words = [dimension, ...values].map((word) => word.replace(/[\\,)]/g, "\\$&"));
  return `${op}${flag}(${words.join(",")})`;
}
