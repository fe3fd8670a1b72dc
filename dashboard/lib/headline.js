// Which numbers stand at the top of the overview: those of the site, of a goal or of pages, by the
// filters.
import { isCondition } from "../grammar/filter.js";
import { createContext, useContext } from "./html.js";

/** @typedef {"site" | "goal" | "pages"} Kind */

/** The metrics of a headline about a goal, and about pages. */
export const HEADLINES = /** @type {const} */ ({
  goal: ["visitors", "events", "conversion_rate", "total_revenue"],
  pages: ["visitors", "pageviews", "time_on_page", "scroll_depth", "exit_rate"],
});

const OPERATORS_OF_GOALS = ["is"];
const OPERATORS_OF_PAGES = ["is", "matches", "contains", "starts_with"];

/**
 * @param {readonly import("../grammar/filter.js").Filter[]} filters
 * @returns {Kind}
 */
export function headlineOf(filters) {
  const has = (/** @type {string} */ dimension, /** @type {readonly string[]} */ operators) =>
    filters.some((filter) =>
      isCondition(filter) && filter.dimension === dimension && operators.includes(filter.op)
    );
  if (has("goal", OPERATORS_OF_GOALS)) return "goal";
  return has("page", OPERATORS_OF_PAGES) ? "pages" : "site";
}

/** Whether a goal with revenue is chosen: then every panel shows it. */
export const RevenueContext = createContext(false);

/** @returns {boolean} */
export const useRevenue = () => useContext(RevenueContext);

/**
 * Whether there is revenue among values.
 * @param {Readonly<Record<string, import("./format/format.js").Value>> | undefined} values
 */
export function hasMoney(values) {
  const money = values?.["total_revenue"];
  return Array.isArray(money) && money.length > 0;
}
