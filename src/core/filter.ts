// The filter tree: which events, visits and visitors a question is about. Its URL form and its
// JSON form are read and printed here, with a bound on depth, count and size. It knows no
// dimension and no SQL: names are checked where the question is parsed.
import {
  FILTER_CHARS_MAX,
  FILTER_DEPTH_MAX,
  FILTER_LEAVES_MAX,
  FILTER_VALUE_CHARS_MAX,
  FILTER_VALUES_MAX,
} from "./limits.ts";

/** One condition on a dimension. `values` of is_set and is_not_set are empty. */
export interface Condition {
  readonly op: string;
  readonly dimension: string;
  readonly values: readonly string[];
  /** Whether case counts; undefined leaves it to the operator. */
  readonly caseSensitive?: boolean;
}

/** A tree of conditions. `of` of and/or is never empty. */
export type Filter =
  | Condition
  | { readonly op: "and" | "or"; readonly of: readonly Filter[] }
  | { readonly op: "not" | "has_done" | "has_not_done"; readonly of: readonly [Filter] };

const TREES: ReadonlySet<string> = new Set(["and", "or", "not", "has_done", "has_not_done"]);

/** Whether a node is a condition, not a tree. */
export function isCondition(filter: Filter): filter is Condition {
  return "dimension" in filter;
}

/** All filters of a list together; null for none. */
export function allOf(filters: readonly (Filter | null)[]): Filter | null {
  const present = filters.filter((filter) => filter !== null);
  if (present.length <= 1) return present[0] ?? null;
  const parts = present.flatMap((filter) =>
    !isCondition(filter) && filter.op === "and" ? filter.of : [filter]
  );
  return { op: "and", of: parts };
}

/** Every condition of a tree. */
export function conditionsOf(filter: Filter | null): Condition[] {
  if (!filter) return [];
  return isCondition(filter) ? [filter] : filter.of.flatMap(conditionsOf);
}

/** A tree with every condition replaced; the shape stays. */
export function mapConditions(filter: Filter, change: (condition: Condition) => Filter): Filter {
  if (isCondition(filter)) return change(filter);
  if (filter.op === "and" || filter.op === "or") {
    return { op: filter.op, of: filter.of.map((part) => mapConditions(part, change)) };
  }
  return { op: filter.op, of: [mapConditions(filter.of[0], change)] } as Filter;
}

/** Why a filter cannot be read; the message says where. */
export class FilterFault extends Error {
  override readonly name = "FilterFault";
}

interface Bounds {
  leaves: number;
}

/**
 * Reads the URL form: conditions `op(dimension,value,…)`, trees `and(…)`, `or(…)`, `not(…)`,
 * `has_done(…)`, `has_not_done(…)`, several at the top joined by `;` (all must hold). In a value
 * `\` escapes `,` `)` and `\`. `op~` ignores case, `op=` respects it. An empty
 * text is no filter. Throws FilterFault.
 */
export function parseFilter(text: string): Filter | null {
  if (text.length > FILTER_CHARS_MAX) {
    throw new FilterFault(`it is longer than ${FILTER_CHARS_MAX} characters`);
  }
  if (text.trim() === "") return null;
  const reader = new FilterReader(text);
  const filters = [reader.filter(1)];
  while (reader.take(";")) filters.push(reader.filter(1));
  reader.end();
  return allOf(filters);
}

class FilterReader {
  readonly #text: string;
  readonly #bounds: Bounds = { leaves: 0 };
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  filter(depth: number): Filter {
    const start = this.#at;
    const name = this.#match(/[a-z_]+/y) ?? this.#fail("the name of an operator");
    const flag = this.#match(/[~=]/y);
    if (!this.take("(")) this.#fail("(");
    if (TREES.has(name)) {
      if (flag) this.#fail("a tree without ~ or =");
      const parts = [this.filter(depth + 1)];
      while (this.take(",")) parts.push(this.filter(depth + 1));
      if (!this.take(")")) this.#fail(", or )");
      return treeOf(name, parts, depth, `at character ${start + 1}`);
    }
    const dimension = this.#word();
    const values: string[] = [];
    while (this.take(",")) values.push(this.#word());
    if (!this.take(")")) this.#fail(", or )");
    const caseSensitive = flag ? { caseSensitive: flag === "=" } : {};
    const condition = { op: name, dimension, values, ...caseSensitive };
    return boundCondition(condition, this.#bounds, `at character ${start + 1}`);
  }

  take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  end(): void {
    if (this.#at < this.#text.length) this.#fail("the end or ;");
  }

  #word(): string {
    return (this.#match(/(?:[^,)\\]|\\[^])*/y) ?? "").replace(/\\([^])/g, "$1");
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #fail(expected: string): never {
    const rest = this.#text.slice(this.#at, this.#at + 20);
    throw new FilterFault(
      `expected ${expected} at character ${this.#at + 1}, found ${rest ? `"${rest}"` : "the end"}`,
    );
  }
}

function treeOf(op: string, parts: readonly Filter[], depth: number, place: string): Filter {
  if (depth > FILTER_DEPTH_MAX) {
    throw new FilterFault(`${place} it is nested more than ${FILTER_DEPTH_MAX} deep`);
  }
  const [first] = parts;
  if (!first) throw new FilterFault(`${place} ${op} has nothing in it`);
  if (op === "and" || op === "or") return parts.length === 1 ? first : { op, of: parts };
  if (parts.length > 1) {
    throw new FilterFault(`${place} ${op} takes one filter, not ${parts.length}`);
  }
  if (op !== "not" && mentionsHistory(first)) {
    throw new FilterFault(`${place} ${op} cannot hold has_done or has_not_done`);
  }
  return { op, of: [first] } as Filter;
}

function mentionsHistory(filter: Filter): boolean {
  if (isCondition(filter)) return false;
  return filter.op === "has_done" || filter.op === "has_not_done" ||
    filter.of.some(mentionsHistory);
}

function boundCondition(condition: Condition, bounds: Bounds, place: string): Condition {
  if (++bounds.leaves > FILTER_LEAVES_MAX) {
    throw new FilterFault(`${place} there are more than ${FILTER_LEAVES_MAX} conditions`);
  }
  if (condition.values.length > FILTER_VALUES_MAX) {
    throw new FilterFault(`${place} there are more than ${FILTER_VALUES_MAX} values`);
  }
  for (const value of [condition.dimension, ...condition.values]) {
    if (value.length > FILTER_VALUE_CHARS_MAX) {
      throw new FilterFault(`${place} a text is longer than ${FILTER_VALUE_CHARS_MAX} characters`);
    }
  }
  return condition;
}

/** Prints the URL form; `parseFilter` reads it back to the same tree. */
export function printFilter(filter: Filter | null): string {
  if (!filter) return "";
  if (!isCondition(filter)) return `${filter.op}(${filter.of.map(printFilter).join(",")})`;
  const { op, dimension, values, caseSensitive } = filter;
  const flag = caseSensitive === undefined ? "" : caseSensitive ? "=" : "~";
  const words = [dimension, ...values].map((word) => word.replace(/[\\,)]/g, "\\$&"));
  return `${op}${flag}(${words.join(",")})`;
}

/**
 * Reads the JSON form: `[op, dimension, [value, …], {case_sensitive}?]`, `["and" | "or", [f, …]]`,
 * `["not" | "has_done" | "has_not_done", f]`; numbers count as their text. `place` names the
 * value in messages. Throws FilterFault.
 */
export function filterOfJson(value: unknown, place = "filters"): Filter {
  return readJson(value, place, 1, { leaves: 0 });
}

/** Reads a JSON list of filters that must all hold. Throws FilterFault. */
export function filterOfJsonList(value: unknown, place = "filters"): Filter | null {
  if (!Array.isArray(value)) throw new FilterFault(`${place} is no list`);
  const bounds = { leaves: 0 };
  return allOf(value.map((item, index) => readJson(item, `${place}[${index}]`, 1, bounds)));
}

function readJson(value: unknown, place: string, depth: number, bounds: Bounds): Filter {
  if (!Array.isArray(value) || typeof value[0] !== "string") {
    throw new FilterFault(`${place} is no list that begins with an operator`);
  }
  const op: string = value[0];
  if (depth > FILTER_DEPTH_MAX) {
    throw new FilterFault(`${place} is nested more than ${FILTER_DEPTH_MAX} deep`);
  }
  if (TREES.has(op)) {
    if (value.length !== 2) throw new FilterFault(`${place} is no [${op}, …] of two parts`);
    const several = op === "and" || op === "or";
    if (several && !Array.isArray(value[1])) throw new FilterFault(`${place}[1] is no list`);
    const parts: unknown[] = several ? value[1] : [value[1]];
    return treeOf(
      op,
      parts.map((part, index) =>
        readJson(part, several ? `${place}[1][${index}]` : `${place}[1]`, depth + 1, bounds)
      ),
      depth,
      place,
    );
  }
  return boundCondition(jsonCondition(op, value, place), bounds, place);
}

function jsonCondition(op: string, value: readonly unknown[], place: string): Condition {
  const [, dimension, values = [], options = {}] = value;
  if (typeof dimension !== "string") throw new FilterFault(`${place}[1] is no name of a dimension`);
  if (!Array.isArray(values)) throw new FilterFault(`${place}[2] is no list of values`);
  if (value.length > 4) throw new FilterFault(`${place} has more than four parts`);
  const texts = values.map((item: unknown, index) => {
    if (typeof item === "string") return item;
    if (typeof item === "number" || typeof item === "boolean") return String(item);
    throw new FilterFault(`${place}[2][${index}] is no text`);
  });
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new FilterFault(`${place}[3] is no object of options`);
  }
  const sensitive: unknown = Reflect.get(options, "case_sensitive");
  if (sensitive !== undefined && typeof sensitive !== "boolean") {
    throw new FilterFault(`${place}[3].case_sensitive is neither true nor false`);
  }
  const unknown = Object.keys(options).find((key) => key !== "case_sensitive");
  if (unknown !== undefined) throw new FilterFault(`${place}[3].${unknown} is not known`);
  const flag = sensitive === undefined ? {} : { caseSensitive: sensitive };
  return { op, dimension, values: texts, ...flag };
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
