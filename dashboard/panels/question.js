// What the panels ask: the state of the page as the parameters of a report.
import { withParams } from "../lib/api.js";
import { addDays, rangeOf } from "../lib/period.js";

/** @typedef {Pick<import("../lib/context.js").App, "site" | "state" | "today">} Asked */

/**
 * Path and parameters of a report about the site and the period being shown.
 * @param {Asked} app
 * @param {string} report
 * @param {import("../lib/api.js").Params} [more]
 * @returns {string | null} null while no site is known
 */
export function questionOf({ site, state }, report, more = {}) {
  if (site.site_id === "") return null;
  const span = state.range
    ? { start_date: state.range.from, end_date: addDays(state.range.to, 1) }
    : { period: state.period };
  return withParams(`api/stats/${report}`, { site_id: site.site_id, ...span, ...more });
}

/**
 * First and last day being shown.
 * @param {Asked} app
 * @returns {import("../lib/period.js").Range}
 */
export function daysOf({ state, today }) {
  return state.range ?? rangeOf(state.period, today);
}
