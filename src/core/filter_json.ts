// The JSON form of filters, as request bodies and stored segments have it; the dashboard's grammar
// has the tree and its URL form.
import {
  allOf,
  boundCondition,
  type Condition,
  type Filter,
  isCondition,
  isTreeName,
  treeOf,
} from "../../dashboard/grammar/filter.js";
import { FILTER_DEPTH_MAX } from "../../dashboard/grammar/limits.js";
import { type Parsed, parseEach } from "../../dashboard/grammar/parsed.js";

/** Counts the conditions read so far. */
interface Count {
  leaves: number;
}

/**
 * Reads the JSON form: `[op, dimension, [value, …], {case_sensitive}?]`, `["and" | "or", [f, …]]`,
 * `["not" | "has_done" | "has_not_done", f]`; numbers count as their text. `place` names the
 * value in faults.
 */
export function filterOfJson(value: unknown, place = "filters"): Parsed<Filter> {
  return readJson(value, place, 1, { leaves: 0 });
}

/** Reads a JSON list of filters that must all hold; null for an empty list. */
export function filterOfJsonList(value: unknown, place = "filters"): Parsed<Filter | null> {
  if (!Array.isArray(value)) return { fault: `${place} is no list` };
  const count = { leaves: 0 };
  const items: unknown[] = value;
  const filters = parseEach(items, (item, at) => readJson(item, `${place}[${at}]`, 1, count));
  return filters.fault === undefined ? { value: allOf(filters.value) } : filters;
}

function readJson(value: unknown, place: string, depth: number, count: Count): Parsed<Filter> {
  if (!Array.isArray(value) || typeof value[0] !== "string") {
    return { fault: `${place} is no list that begins with an operator` };
  }
  const op: string = value[0];
  if (depth > FILTER_DEPTH_MAX) {
    return { fault: `${place} is nested more than ${FILTER_DEPTH_MAX} deep` };
  }
  if (!isTreeName(op)) {
    const condition = jsonCondition(op, value, place);
    return condition.fault === undefined
      ? boundCondition(condition.value, count, place)
      : condition;
  }
  if (value.length !== 2) return { fault: `${place} is no [${op}, …] of two parts` };
  const inner: unknown = value[1];
  const several = op === "and" || op === "or";
  if (several && !Array.isArray(inner)) return { fault: `${place}[1] is no list` };
  const items: unknown[] = several && Array.isArray(inner) ? inner : [inner];
  const parts = parseEach(
    items,
    (part, at) => readJson(part, several ? `${place}[1][${at}]` : `${place}[1]`, depth + 1, count),
  );
  return parts.fault === undefined ? treeOf(op, parts.value, depth, place) : parts;
}

function jsonCondition(op: string, value: readonly unknown[], place: string): Parsed<Condition> {
  const [, dimension, values = [], options = {}] = value;
  if (typeof dimension !== "string") return { fault: `${place}[1] is no name of a dimension` };
  if (!Array.isArray(values)) return { fault: `${place}[2] is no list of values` };
  if (value.length > 4) return { fault: `${place} has more than four parts` };
  const texts = parseEach(values, (item: unknown, at) => jsonText(item, `${place}[2][${at}]`));
  if (texts.fault !== undefined) return texts;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    return { fault: `${place}[3] is no object of options` };
  }
  const sensitive: unknown = Reflect.get(options, "case_sensitive");
  if (sensitive !== undefined && typeof sensitive !== "boolean") {
    return { fault: `${place}[3].case_sensitive is neither true nor false` };
  }
  const unknown = Object.keys(options).find((key) => key !== "case_sensitive");
  if (unknown !== undefined) return { fault: `${place}[3].${unknown} is not known` };
  const flag = sensitive === undefined ? {} : { caseSensitive: sensitive };
  return { value: { op, dimension, values: texts.value, ...flag } };
}

function jsonText(item: unknown, place: string): Parsed<string> {
  if (typeof item === "string") return { value: item };
  if (typeof item === "number" || typeof item === "boolean") return { value: String(item) };
  return { fault: `${place} is no text` };
}

/** The JSON form of a filter. */
export function filterToJson(filter: Filter): unknown {
  if (!isCondition(filter)) {
    const parts = filter.of.map(filterToJson);
    return [filter.op, filter.op === "and" || filter.op === "or" ? parts : parts[0]];
  }
  const { op, dimension, values, caseSensitive } = filter;
  const options = caseSensitive === undefined ? [] : [{ case_sensitive: caseSensitive }];
  if (values.length === 0 && options.length === 0) return [op, dimension];
  return [op, dimension, values, ...options];
}
