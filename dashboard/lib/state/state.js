// The state of the page as a value in the URL: URL → state → URL. Pure: reads no window and no
// clock. Unknown values fall back to the default, and are named in `unread`.
import { parseFilters, printFilters } from "../../grammar/filter.js";
import { INTERVALS, PERIOD_DEFAULT } from "../../grammar/period.js";
import { periodNamed, rangeBetween } from "../period.js";

/**
 * `range` is a custom range and overrides `period`. `tabs` are the selected dimensions of panels,
 * where not the first. `own` are parameters of views other than the overview.
 * @typedef {object} State
 * @property {string} view
 * @property {string} site empty: the first one
 * @property {string} period
 * @property {import("../period.js").Range | null} range
 * @property {string} compare name of a comparison, or empty
 * @property {boolean} weekdays whether an earlier range is moved to the same weekday
 * @property {boolean} whole whether a running period is compared with a whole earlier one
 * @property {import("../period.js").Range | null} before the custom range to compare with
 * @property {string} interval empty: as the server has it
 * @property {string} metric what the chart shows
 * @property {readonly import("../../grammar/filter.js").Filter[]} filters all of them hold
 * @property {readonly string[]} tabs
 * @property {string} details dimension of the table that is open in full, or empty
 * @property {Readonly<Record<string, string>>} own
 * @property {readonly Unread[]} unread what the URL says and nobody understands
 */

/**
 * A parameter of the URL, and the part of the state that it was meant for.
 * @typedef {{ part: keyof State, name: string, value: string }} Unread
 */

/** Views of the page; the first is the overview. */
export const VIEWS =
  /** @type {const} */ (["", "realtime", "behaviour", "sites", "settings", "sql"]);

/** @type {State} */
export const DEFAULT_STATE = {
  view: "",
  site: "",
  period: PERIOD_DEFAULT,
  range: null,
  compare: "previous_period",
  weekdays: true,
  whole: false,
  before: null,
  interval: "",
  metric: "visitors",
  filters: [],
  tabs: [],
  details: "",
  own: {},
  unread: [],
};

/** Names of the state's own parameters; any other belongs to `own`. */
const NAMES = new Set([
  "view",
  "site",
  "period",
  "from",
  "to",
  "compare",
  "weekdays",
  "whole",
  "before_from",
  "before_to",
  "interval",
  "metric",
  "filters",
  "tabs",
  "details",
]);

/** The comparisons, as the server names them. */
const COMPARISONS = ["previous_period", "year_over_year", "custom"];

/** The word for no comparison in the URL: without one there is the usual one. */
const NO_COMPARISON = "none";

/** Limits of the parameters of other views: number, length of name and value. */
const OWN_MAX = 20;
const OWN_NAME = /^[a-z_]{1,20}$/;
const OWN_CHARS_MAX = 4000;

const NAME = /^[a-z_0-9]{1,40}$/;
const DIMENSION = /^([a-z_]{1,40}|props:.{1,256})$/u;

/**
 * Parses the query string of a URL.
 * @param {string} search
 * @returns {State}
 */
export function parseState(search) {
  const params = new URLSearchParams(search);
  const text = (/** @type {string} */ name) => params.get(name) ?? "";
  const asked = [NO_COMPARISON, ...COMPARISONS].find((name) => name === text("compare")) ??
    DEFAULT_STATE.compare;
  const before = rangeBetween(text("before_from"), text("before_to"));
  const compare = asked === NO_COMPARISON
    ? ""
    : asked === "custom" && !before
    ? DEFAULT_STATE.compare
    : asked;
  const tabs = text("tabs").split(",").filter((tab) => DIMENSION.test(tab));
  const state = {
    view: VIEWS.find((view) => view === text("view")) ?? "",
    site: text("site"),
    period: periodNamed(text("period"))?.name ?? DEFAULT_STATE.period,
    range: rangeBetween(text("from"), text("to")),
    compare,
    weekdays: compare !== "" && text("weekdays") !== "0",
    whole: text("whole") === "1",
    before: compare === "custom" ? before : null,
    interval: INTERVALS.find((name) => name === text("interval")) ?? "",
    metric: NAME.test(text("metric")) ? text("metric") : DEFAULT_STATE.metric,
    filters: parseFilters(text("filters")).value ?? [],
    tabs: [...new Set(tabs)],
    details: DIMENSION.test(text("details")) ? text("details") : "",
    own: ownOf(params),
  };
  const unread = unreadOf(params, { ...state, before });
  const { why, ...own } = state.own;
  // Without a comparison there is no change to explain.
  return why === undefined || compare !== ""
    ? { ...state, unread }
    : { ...state, own, unread: [...unread, { part: "own", name: "why", value: why }] };
}

/** Parameters that are read whole or not at all, and the part of the state that each makes. */
const WHOLE = /** @type {const} */ ({
  view: "view",
  period: "period",
  from: "range",
  to: "range",
  before_from: "before",
  before_to: "before",
  compare: "compare",
  weekdays: "weekdays",
  whole: "whole",
  interval: "interval",
  metric: "metric",
  filters: "filters",
  tabs: "tabs",
  details: "details",
});

/**
 * The parameters of which nothing came into the state.
 * @param {URLSearchParams} params
 * @param {Omit<State, "unread">} state
 * @returns {readonly Unread[]}
 */
function unreadOf(params, state) {
  return Object.entries(WHOLE).flatMap(([name, part]) => {
    const value = params.get(name) ?? "";
    const made = state[part];
    const isRead = part === "period" || part === "metric"
      ? made === value
      : part === "compare"
      ? value === NO_COMPARISON || COMPARISONS.includes(value)
      : typeof made === "boolean"
      ? value === "0" || value === "1"
      : part === "tabs"
      ? value.split(",").every((tab) => tab === "" || DIMENSION.test(tab))
      : Array.isArray(made)
      ? made.length > 0
      : made !== null && made !== "";
    return value === "" || isRead ? [] : [{ part, name, value }];
  });
}

/** @param {URLSearchParams} params */
function ownOf(params) {
  const own = [...params].filter(([name, value]) =>
    !NAMES.has(name) && OWN_NAME.test(name) && value !== "" && value.length <= OWN_CHARS_MAX
  );
  return Object.fromEntries(own.slice(0, OWN_MAX));
}

/**
 * The query string of a state with its `?`; empty if all is default. Equal states give equal
 * texts. What could not be read stays in it.
 * @param {State} state
 * @returns {string}
 */
export function printState(state) {
  const { range, before } = state;
  const params = new URLSearchParams();
  const set = (/** @type {string} */ name, /** @type {string} */ value) =>
    value !== "" && params.set(name, value);
  set("view", state.view);
  set("site", state.site);
  if (!range && state.period !== DEFAULT_STATE.period) set("period", state.period);
  set("from", range?.from ?? "");
  set("to", range?.to ?? "");
  if (state.compare !== DEFAULT_STATE.compare) set("compare", state.compare || NO_COMPARISON);
  set("weekdays", state.compare !== "" && !state.weekdays ? "0" : "");
  set("whole", state.compare !== "" && state.whole ? "1" : "");
  set("before_from", state.compare === "custom" ? before?.from ?? "" : "");
  set("before_to", state.compare === "custom" ? before?.to ?? "" : "");
  set("interval", state.interval);
  if (state.metric !== DEFAULT_STATE.metric) set("metric", state.metric);
  set("filters", printFilters(state.filters));
  set("tabs", state.tabs.join(","));
  set("details", state.details);
  for (const name of Object.keys(state.own).sort()) set(name, state.own[name] ?? "");
  for (const { name, value } of state.unread) if (!params.has(name)) params.set(name, value);
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
