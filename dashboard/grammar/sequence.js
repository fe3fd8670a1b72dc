// Sequences in words: `page:/pricing,within 1 hour,without page:/help,event:signup`. Between two
// steps may stand `within SPAN` (at most), `not before SPAN` (at least), `immediately` (no other
// event between) and `without STEP` (no such event between).
import { STEPS_MAX } from "./limits.js";
import { shorten } from "./parsed.js";
import { parseSpan, printSpan } from "./span.js";
import { parseStep, printStep, splitItems } from "./steps.js";

/** @typedef {import("./steps.js").Step} Step */
/** @typedef {import("./steps.js").WrittenStep} WrittenStep */
/** @typedef {import("./span.js").Span} Span */

/**
 * What must hold between a step and the one before.
 * @template {Step} [S=Step]
 * @typedef {object} Between
 * @property {Span | null} within
 * @property {Span | null} notBefore
 * @property {boolean} immediately
 * @property {readonly S[]} without
 */

/**
 * A step with what must hold since the one before.
 * @template {Step} [S=Step]
 * @typedef {Between<S> & { step: S }} Link
 */

/**
 * @template T
 * @typedef {import("./parsed.js").Parsed<T>} Parsed
 */

/**
 * No condition between two steps.
 * @type {Between<WrittenStep>}
 */
export const ANYTHING = { within: null, notBefore: null, immediately: false, without: [] };

/**
 * The steps of a sequence, each with what must hold since the one before.
 * @param {string} text
 * @returns {Parsed<Link<WrittenStep>[]>}
 */
export function parseSequence(text) {
  /** @type {Link<WrittenStep>[]} */
  const links = [];
  let between = ANYTHING;
  for (const item of splitItems(text)) {
    const isBetween = /^((within|not before|without)\s|immediately$)/.test(item);
    if (isBetween && links.length === 0) {
      return { fault: `"${shorten(item)}" stands before any step` };
    }
    const { value, fault } = isBetween ? parseBetween(item, between) : parseStep(item);
    if (fault !== undefined) return { fault };
    if ("kind" in value) {
      links.push({ step: value, ...between });
      between = ANYTHING;
    } else between = value;
  }
  if (between !== ANYTHING) return { fault: "it ends with a condition instead of a step" };
  const count = links.reduce((sum, { without }) => sum + without.length, links.length);
  return links.length < 2 || count > STEPS_MAX
    ? { fault: `${links.length} steps where 2 to ${STEPS_MAX} are possible` }
    : { value: links };
}

/**
 * @param {string} item
 * @param {Between<WrittenStep>} between
 * @returns {Parsed<Between<WrittenStep>>}
 */
function parseBetween(item, between) {
  const [, word, rest = ""] = /^(within|not before|without)\s+([^]*)$/.exec(item) ?? [];
  if (word === undefined) return { value: { ...between, immediately: true } };
  if (word === "without") {
    const { value, fault } = parseStep(rest);
    return fault === undefined
      ? { value: { ...between, without: [...between.without, value] } }
      : { fault };
  }
  const { value, fault } = parseSpan(rest);
  if (fault !== undefined) return { fault };
  return { value: { ...between, [word === "within" ? "within" : "notBefore"]: value } };
}

/**
 * The text of a sequence. Conditions before the first step are left out.
 * @param {readonly Link[]} links
 * @returns {string}
 */
export function printSequence(links) {
  return links.flatMap(({ step, ...between }, index) => [
    ...(index > 0 ? printBetween(between) : []),
    printStep(step),
  ]).join(",");
}

/** @param {Between} between */
function printBetween({ within, notBefore, immediately, without }) {
  return [
    ...(within ? [`within ${printSpan(within)}`] : []),
    ...(notBefore ? [`not before ${printSpan(notBefore)}`] : []),
    ...(immediately ? ["immediately"] : []),
    ...without.map((step) => `without ${printStep(step)}`),
  ];
}
