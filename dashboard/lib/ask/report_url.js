// The URL of a report from the state of the page.
import { withParams } from "./api.js";
import { printFilters } from "../../grammar/filter.js";
import { boundsOf, intervalsFor, lengthOf, periodNamed, usualOf } from "../period.js";

/** @typedef {Pick<import("../state/context.js").App, "site" | "state">} Asked */

/**
 * @typedef {object} Options
 * @property {boolean} [compare] whether the earlier range is asked for, where one is chosen
 * @property {readonly import("../../grammar/filter.js").Filter[]} [also] added to those shown
 */

/**
 * Path and parameters of a report for the current site, period and filters.
 * @param {Asked} app
 * @param {string} report
 * @param {import("./api.js").Params} [more]
 * @param {Options} [options]
 * @returns {string | null} null while no site is known
 */
export function reportUrl(app, report, more = {}, { compare = false, also = [] } = {}) {
  const { site, state } = app;
  if (site.site_id === "") return null;
  return withParams(`api/stats/${report}`, {
    site_id: site.site_id,
    ...spanOf(state),
    filters: printFilters([...state.filters, ...also]),
    ...(compare ? comparisonOf(state) : {}),
    ...more,
  });
}

/** @param {import("../state/state.js").State} state */
function spanOf({ range, period }) {
  if (!range) return { period };
  const { start, end } = boundsOf(range);
  return { start_date: start, end_date: end };
}

/** @param {import("../state/state.js").State} state */
function comparisonOf({ compare, weekdays, whole, before }) {
  if (compare === "") return {};
  const bounds = before ? boundsOf(before) : null;
  return {
    compare,
    match_weekday: weekdays ? "true" : null,
    compare_full: whole ? "true" : null,
    compare_start: bounds?.start,
    compare_end: bounds?.end,
  };
}

/**
 * First and last day of the period; null if only the server knows them.
 * @param {Pick<import("../state/context.js").App, "state" | "today">} app
 * @returns {import("../period.js").Range | null}
 */
export function daysOf({ state, today }) {
  return state.range ?? periodNamed(state.period)?.range(today) ?? null;
}

/** Assumed length of a period whose days only the server knows. */
const DAYS_UNKNOWN = 365;

/**
 * The bucket widths to choose from, narrowest first, and the one that the server uses by default.
 * @param {Pick<import("../state/context.js").App, "schema" | "state" | "today">} app
 * @returns {{ choices: readonly string[], usual: string }}
 */
export function intervalChoices({ schema, state, today }) {
  const days = daysOf({ state, today });
  const choices = intervalsFor(days ? lengthOf(days) : DAYS_UNKNOWN, schema.intervals);
  const usual = state.range
    ? usualOf(state.range)
    : schema.periods.find(({ name }) => name === state.period)?.interval;
  return { choices, usual: usual ?? "" };
}

/**
 * The bucket widths that the reader chooses from, and the one that is drawn.
 * @typedef {{ choices: readonly string[], value: string }} Widths
 */

/** @type {{ state: import("../state/state.js").State, widths: Widths } | null} */
let offered = null;

/**
 * Call with what the chart draws and offers, of which only the server's answer tells.
 * @param {import("../state/state.js").State} state
 * @param {Widths} widths
 */
export function noteWidths(state, widths) {
  offered = { state, widths };
}

/**
 * The widths of the chart; as far as they are known without it where there is none.
 * @param {Pick<import("../state/context.js").App, "schema" | "state" | "today">} app
 * @returns {Widths}
 */
export function widthsOf(app) {
  if (offered?.state === app.state) return offered.widths;
  const { choices, usual } = intervalChoices(app);
  return { choices, value: app.state.interval || usual };
}

/**
 * The bucket width to ask for: the chosen one, or empty for the server's own. Of a single day it
 * would make one bucket.
 * @param {Pick<import("../state/state.js").State, "interval" | "range">} state
 * @returns {string}
 */
export function intervalOf({ interval, range }) {
  return interval || (range?.from === range?.to ? range && usualOf(range) : "") || "";
}
