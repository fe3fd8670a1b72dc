// Which numbers stand at the top of the overview: those of the site, of a goal or of pages, by the
// filters.
import { isCondition } from "../grammar/filter.js";
import { createContext, useContext } from "./html.js";

/** @typedef {"site" | "goal" | "pages"} Kind */

/** The metrics of a headline about a goal, and about pages. */
export const HEADLINES = /** @type {const} */ ({
  goal: [
    { metric: "visitors" },
    { metric: "events" },
    { metric: "conversion_rate" },
    { metric: "total_revenue" },
  ],
  pages: [
    { metric: "visitors" },
    { metric: "pageviews" },
    { metric: "time_on_page" },
    { metric: "scroll_depth" },
    { metric: "exit_rate" },
    { metric: "engaged_visits" },
  ],
});

/** Conditions that leave something out, or anything in, choose nothing. */
const CHOOSES_NOTHING = /_(not|set)$/;

/**
 * @param {readonly import("../grammar/filter.js").Filter[]} filters
 * @returns {Kind}
 */
export function headlineOf(filters) {
  const chooses = (/** @type {string} */ dimension) =>
    filters.some((filter) =>
      isCondition(filter) && filter.dimension === dimension && !CHOOSES_NOTHING.test(filter.op)
    );
  if (chooses("goal")) return "goal";
  return chooses("page") ? "pages" : "site";
}

/**
 * The metrics of a headline, as a list.
 * @param {keyof typeof HEADLINES} kind
 */
export const metricsOf = (kind) => HEADLINES[kind].map(({ metric }) => metric);

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
