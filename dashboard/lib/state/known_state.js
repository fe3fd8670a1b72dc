// What nobody knows of a state: names in the URL of no metric, no dimension and no report,
// questions why of no filter, and an interval that is too narrow. Loaded where there are names.
import { isDate } from "../../grammar/days.js";
import { parseFilters } from "../../grammar/filter.js";
import { BUCKETS_MAX } from "../../grammar/limits.js";
import { lengthOf, periodNamed } from "../period.js";
import { CONVERSIONS } from "../headline.js";
import { dimensionOf } from "./schema.js";
import { DEFAULT_STATE } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Unread} Unread */

/** The reports of the view `behaviour`. */
const REPORT = /^(funnel|retention|flow|sequence|visits)$/;

/** How many buckets a day has, of widths that may make too many. */
const BUCKETS_A_DAY = /** @type {Readonly<Record<string, number>>} */ ({ minute: 1440, hour: 24 });

/** A day whose year and months are the shortest. */
const SHORTEST = "2023-02-01";
const DAY_MS = 86_400_000;

/** The tab that is no dimension. */
const MAP = "map";

/**
 * The state without names that the schema does not have, which are named in `unread`; the state
 * itself where there are none, or no schema yet. What a site lacks is known all the same.
 * @param {State} state
 * @param {import("./schema.js").Schema} schema
 * @returns {State}
 */
export function knownState(state, schema) {
  if (schema.metrics.length === 0) return state;
  const isMetric = (/** @type {string} */ name) =>
    schema.metrics.some((metric) => metric.name === name);
  const isTab = (/** @type {string} */ name) =>
    name === MAP || dimensionOf(schema, name) !== undefined;
  const { metric, details, tabs, interval } = state;
  /** @type {Partial<State>} */
  const change = {
    ...(metric === CONVERSIONS || isMetric(metric) ? {} : { metric: DEFAULT_STATE.metric }),
    ...(details === "" || dimensionOf(schema, details) ? {} : { details: "" }),
    ...(tabs.every(isTab) ? {} : { tabs: tabs.filter(isTab) }),
    ...((BUCKETS_A_DAY[interval] ?? 0) * daysAtLeast(state) > BUCKETS_MAX ? { interval: "" } : {}),
  };
  const parts = /** @type {readonly ("metric" | "details" | "tabs" | "interval")[]} */ (
    Object.keys(change)
  );
  const unread = parts.map((part) => ({ part, name: part, value: String(state[part]) }));
  const known = parts.length === 0
    ? state
    : { ...state, ...change, unread: [...state.unread, ...unread] };
  return withoutOwn(known, (name, value) =>
    name === "why" && !isMetric(value) ||
    name === "why_of" && !parseFilters(value).value ||
    name === "report" && !REPORT.test(value));
}

/**
 * How many days the state is about at least. Where a site begins only the server knows: of all time
 * it says itself what is too much.
 * @param {State} state
 */
function daysAtLeast({ range, period }) {
  if (range && isDate(range.to)) return lengthOf(range);
  if (range) return (Date.parse(`${range.to}Z`) - Date.parse(`${range.from}Z`)) / DAY_MS;
  const days = periodNamed(period)?.range(SHORTEST);
  return days ? lengthOf(days) : 0;
}

/**
 * The state without some parameters of views, which are named in `unread`. With a part of a
 * question goes the rest: it would be another one.
 * @param {State} state
 * @param {(name: string, value: string) => boolean} isUnread
 * @returns {State}
 */
function withoutOwn(state, isUnread) {
  const all = Object.entries(state.own);
  const gone = all.filter(([name, value]) => isUnread(name, value));
  if (gone.length === 0) return state;
  const isQuestion = (/** @type {string} */ name) => name.startsWith("why");
  const kept = all.filter((one) =>
    !gone.includes(one) && !(isQuestion(one[0]) && gone.some(([name]) => isQuestion(name)))
  );
  /** @type {Unread[]} */
  const unread = gone.map(([name, value]) => ({ part: "own", name, value }));
  return { ...state, own: Object.fromEntries(kept), unread: [...state.unread, ...unread] };
}
