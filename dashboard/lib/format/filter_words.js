// A filter in words, for chips and lists.
import { isCondition } from "../../grammar/filter.js";
import { dimensionOf } from "../state/schema.js";
import { labelOf } from "./labels.js";

/** @typedef {import("../../grammar/filter.js").Filter} Filter */
/** @typedef {Pick<import("../state/context.js").App, "t" | "name" | "schema" | "format">} Words */

/** Most values that a chip names. */
const VALUES_SHOWN = 3;

/**
 * @param {Filter} filter
 * @param {Words} words
 * @returns {{ subject: string[], verb: string, object: string }}
 */
export function filterWords(filter, words) {
  const { t, name } = words;
  if (isCondition(filter)) {
    const { op, dimension } = filter;
    return {
      subject: [name("dimension", dimension)],
      verb: name("operator", op),
      object: valueWords(filter, words),
    };
  }
  const parts = filter.of.map((part) => sentence(part, words));
  const joined = parts.join(` ${t(filter.op === "or" ? "or" : "and")} `);
  if (filter.op === "or" || filter.op === "and") return { subject: [], verb: "", object: joined };
  return { subject: [], verb: name("operator", filter.op), object: joined };
}

/**
 * @param {Filter} filter
 * @param {Words} words
 * @returns {string}
 */
export function sentence(filter, words) {
  const { subject, verb, object } = filterWords(filter, words);
  return [...subject, verb, object].filter((word) => word !== "").join(" ");
}

/**
 * The values of a condition.
 * @param {import("../../grammar/filter.js").Condition} condition
 * @param {Words} words
 * @returns {string}
 */
export function valueWords({ dimension, values }, words) {
  const { t, schema } = words;
  const row = dimensionOf(schema, dimension);
  const texts = values.slice(0, VALUES_SHOWN).map((value) =>
    row ? labelOf(row, value, words).text : value
  );
  const more = values.length - texts.length;
  return texts.join(` ${t("or")} `) + (more > 0 ? ` ${t("and_more", { n: more })}` : "");
}
