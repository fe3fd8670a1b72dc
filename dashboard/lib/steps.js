// Steps of funnels and sequences as text and as rows one can edit. A step is `page:/path` (`*` is
// any text without a slash, `**` any at all), `event:name` or `goal:name`, with conditions on
// properties in brackets. Pure.

/** What a step may be of. */
export const KINDS = /** @type {const} */ (["page", "event", "goal"]);

/** @typedef {(typeof KINDS)[number]} StepKind */

/**
 * `conditions` is the text between the brackets.
 * @typedef {{ kind: StepKind, name: string, conditions: string }} Step
 */

/** Characters that mean something in a step; `*` is left to whoever types it. */
const SPECIAL = ",[]=!<>~\\";

/**
 * Splits a list at commas that are neither escaped nor between brackets.
 * @param {string} text
 * @returns {string[]}
 */
export function splitItems(text) {
  const items = [""];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\" && at + 1 < text.length) {
      items.push(items.pop() + char + text.charAt(++at));
      continue;
    }
    if (char === "[") depth++;
    if (char === "]") depth--;
    if (char === "," && depth <= 0) items.push("");
    else items.push(items.pop() + char);
  }
  return items.map((item) => item.trim()).filter((item) => item !== "");
}

/**
 * One step of a text; null where it is none.
 * @param {string} text
 * @returns {Step | null}
 */
export function parseStep(text) {
  const match = /^(page|event|goal):((?:[^\\[]|\\[^])*)(?:\[([^]*)\])?$/.exec(text);
  const kind = KINDS.find((name) => name === match?.[1]);
  if (!match || !kind) return null;
  const name = (match[2] ?? "").replace(/\\([^*])/g, "$1");
  return name === "" ? null : { kind, name, conditions: match[3] ?? "" };
}

/**
 * @param {Step} step
 * @returns {string}
 */
export function printStep({ kind, name, conditions }) {
  const escaped = [...name].map((char, index) =>
    SPECIAL.includes(char) && !(char === "\\" && name[index + 1] === "*") ? `\\${char}` : char
  ).join("");
  return `${kind}:${escaped}${conditions.trim() === "" ? "" : `[${conditions.trim()}]`}`;
}

/**
 * The steps of a funnel's text; what is none is left out.
 * @param {string} text
 * @returns {Step[]}
 */
export function parseSteps(text) {
  return splitItems(text).map(parseStep).filter((step) => step !== null);
}

/** Units of a span of time, and how often the smaller goes into it. */
export const UNITS = /** @type {const} */ (["second", "minute", "hour", "day", "week"]);

/** @typedef {(typeof UNITS)[number]} SpanUnit */
/** @typedef {{ count: number, unit: SpanUnit }} Span */

/**
 * @param {string} text such as `1 day`
 * @returns {Span | null}
 */
export function parseSpan(text) {
  const match = /^(\d{1,6}) ?([a-z]+?)s?$/.exec(text.trim());
  const unit = UNITS.find((name) => name === match?.[2]);
  return match && unit ? { count: Number(match[1]), unit } : null;
}

/**
 * @param {Span} span
 * @returns {string}
 */
export function printSpan({ count, unit }) {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/**
 * A sequence as rows: each step with what must hold between it and the one before.
 * @typedef {object} Link
 * @property {Step} step
 * @property {Span | null} within
 * @property {Step | null} without
 */

/**
 * The rows of a sequence's text.
 * @param {string} text
 * @returns {Link[]}
 */
export function parseSequence(text) {
  /** @type {Link[]} */
  const links = [];
  /** @type {Omit<Link, "step">} */
  let between = { within: null, without: null };
  for (const item of splitItems(text)) {
    const step = parseStep(item);
    if (step) {
      links.push({ step, ...between });
      between = { within: null, without: null };
    } else if (item.startsWith("within ")) {
      between = { ...between, within: parseSpan(item.slice(7)) };
    } else if (item.startsWith("without ")) {
      between = { ...between, without: parseStep(item.slice(8)) };
    }
  }
  return links;
}

/**
 * @param {readonly Link[]} links
 * @returns {string}
 */
export function printSequence(links) {
  return links.flatMap(({ step, within, without }, index) => [
    ...(index > 0 && within ? [`within ${printSpan(within)}`] : []),
    ...(index > 0 && without ? [`without ${printStep(without)}`] : []),
    printStep(step),
  ]).join(",");
}

/** Dimensions of the kinds of steps. */
export const DIMENSION_OF = { page: "page", event: "name", goal: "goal" };

/**
 * The filter that keeps the events of a step, without its conditions on properties.
 * @param {Step} step
 * @returns {import("./filter.js").Condition}
 */
export function conditionOf({ kind, name }) {
  const dimension = DIMENSION_OF[kind];
  if (kind !== "page" || !name.replaceAll("\\*", "").includes("*")) {
    return { op: "is", dimension, values: [name.replaceAll("\\*", "*")] };
  }
  const pattern = name.split(/(\\\*|\*\*|\*)/).map((part) =>
    part === "**"
      ? ".*"
      : part === "*"
      ? "[^/]*"
      : (part === "\\*" ? "*" : part).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  ).join("");
  return { op: "matches", dimension, values: [`^${pattern}$`] };
}
