// The question why a number changed, as a part of the state: a metric, and the filters of the row
// that it is of.
import { parseFilters, printFilters } from "../grammar/filter.js";

/** @typedef {Pick<import("./state/context.js").App, "state" | "navigate">} Asked */

/**
 * The question that the state asks, or null.
 * @param {import("./state/state.js").State} state
 */
export function whyOf({ own, compare }) {
  const metric = own["why"];
  if (metric === undefined || compare === "") return null;
  const text = own["why_of"] ?? "";
  return { metric, text, also: parseFilters(text).value ?? [] };
}

/**
 * Opens the answer.
 * @param {Asked} app
 * @param {string} metric
 * @param {readonly import("../grammar/filter.js").Filter[]} [also]
 */
export function openWhy({ state, navigate }, metric, also = []) {
  const of = printFilters(also);
  navigate({ own: { ...state.own, why: metric, ...(of === "" ? {} : { why_of: of }) } });
}

/**
 * The rest of the state without the question.
 * @param {import("./state/state.js").State} state
 */
export function withoutWhy({ own: { why: _, why_of: __, ...own } }) {
  return { own };
}

/** @param {Asked} app */
export function closeWhy({ state, navigate }) {
  navigate(withoutWhy(state));
}
