// What the page shows, as a value that lives in the URL: URL → state → URL. Pure: it reads no
// window and no clock. Whatever it cannot read falls back to the default.
import { DEFAULT_PERIOD, isDay, lengthOf, PERIODS, RANGE_DAYS_MAX } from "./period.js";

/**
 * `range` is set for custom days and then wins over `period`.
 * @typedef {object} State
 * @property {string} site empty: the first one
 * @property {import("./period.js").PeriodName} period
 * @property {import("./period.js").Range | null} range
 * @property {string} metric what the chart shows
 */

/** @type {State} */
export const DEFAULT_STATE = {
  site: "",
  period: DEFAULT_PERIOD,
  range: null,
  metric: "visitors",
};

/**
 * Reads the query part of a URL.
 * @param {string} search
 * @returns {State}
 */
export function parseState(search) {
  const params = new URLSearchParams(search);
  const period = PERIODS.find(({ name }) => name === params.get("period"))?.name;
  const metric = params.get("metric") ?? "";
  return {
    site: params.get("site") ?? DEFAULT_STATE.site,
    period: period ?? DEFAULT_STATE.period,
    range: parseRange(params.get("from") ?? "", params.get("to") ?? ""),
    metric: /^[a-z_]{1,40}$/.test(metric) ? metric : DEFAULT_STATE.metric,
  };
}

/**
 * @param {string} from
 * @param {string} to
 * @returns {import("./period.js").Range | null}
 */
function parseRange(from, to) {
  if (!isDay(from) || !isDay(to) || from > to) return null;
  return lengthOf({ from, to }) <= RANGE_DAYS_MAX ? { from, to } : null;
}

/**
 * The query part of a state, `?` included, or empty text where all is default. The same state
 * always gives the same text.
 * @param {State} state
 * @returns {string}
 */
export function printState(state) {
  const params = new URLSearchParams();
  if (state.site !== DEFAULT_STATE.site) params.set("site", state.site);
  if (state.range) {
    params.set("from", state.range.from);
    params.set("to", state.range.to);
  } else if (state.period !== DEFAULT_STATE.period) {
    params.set("period", state.period);
  }
  if (state.metric !== DEFAULT_STATE.metric) params.set("metric", state.metric);
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
