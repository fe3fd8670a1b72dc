// The filter that keeps the events of a step. Pure.
import { pageMatch, pageRegex, plainName } from "../grammar/steps.js";

/** Dimensions of the kinds of steps. */
export const DIMENSION_OF = { page: "page", event: "name", goal: "goal" };

/**
 * The filter that keeps the events of a step, without its conditions on properties.
 * @param {import("../grammar/steps.js").Step} step
 * @returns {import("../grammar/filter.js").Condition}
 */
export function conditionOf({ kind, name }) {
  const dimension = DIMENSION_OF[kind];
  return kind === "page" && !("path" in pageMatch(name))
    ? { op: "matches", dimension, values: [`^${pageRegex(name)}$`] }
    : { op: "is", dimension, values: [plainName(name)] };
}
