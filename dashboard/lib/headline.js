// Which numbers stand at the top of the overview: those of the site, of a goal or of pages, by the
// filters.
import { isCondition } from "../grammar/filter.js";
import { reportUrl } from "./ask/report_url.js";
import { createContext, useContext } from "./html.js";

/** @typedef {"site" | "goal" | "pages"} Kind */

/** The metric that is a list of amounts. */
export const MONEY = "total_revenue";

/** Conversions as the metric of the chart: events of any goal. */
export const CONVERSIONS = "conversions";
const EVENTS = "events";
const VISITORS = "visitors";
const OF_GOALS = [{ op: "is_set", dimension: "goal", values: [] }];

/**
 * What is asked for the metric of the chart.
 * @param {string} chosen
 * @returns {{ metric: string, also: readonly import("../grammar/filter.js").Filter[] }}
 */
export const askedOf = (chosen) =>
  chosen === CONVERSIONS ? { metric: EVENTS, also: OF_GOALS } : { metric: chosen, also: [] };

/**
 * Numbers of a range, and those of the range to compare with.
 * @typedef {object} Numbers
 * @property {Values} metrics
 * @property {Values} [comparison]
 * @property {Readonly<Record<string, number | null>>} [change]
 */
/** @typedef {Readonly<Record<string, import("./format/format.js").Value>>} Values */

/** The metrics of a headline about a site, a goal, and pages; `why` where a change is explained. */
export const HEADLINES = /** @type {const} */ ({
  site: [
    { metric: "visitors", why: true },
    { metric: "visits", why: true },
    { metric: "pageviews", why: true },
    { metric: "views_per_visit", why: true },
    { metric: "bounce_rate", why: true },
    { metric: "visit_duration", why: true },
  ],
  goal: [
    { metric: "visitors", why: true },
    { metric: "events", why: true },
    { metric: "conversion_rate", why: true },
    { metric: MONEY, why: true },
  ],
  pages: [
    { metric: "visitors", why: true },
    { metric: "pageviews", why: true },
    { metric: "time_on_page", why: false },
    { metric: "scroll_depth", why: false },
    { metric: "exit_rate", why: false },
    { metric: "engaged_visits", why: false },
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
 * @param {Kind} kind
 * @returns {readonly string[]}
 */
export const metricsOf = (kind) => HEADLINES[kind].map(({ metric }) => metric);

/** What a headline about a goal calls its counts. */
const OF_GOALS_NAMES = /** @type {const} */ ({
  visitors: "goal_unique",
  events: "goal_conversions",
});

/**
 * What the tile of a metric says, and the chart of it.
 * @param {Kind} kind
 * @param {string} metric of a tile or of the chart
 * @param {Pick<import("./state/context.js").App, "t" | "name">} app
 */
export function tileLabel(kind, metric, { t, name }) {
  if (metric === CONVERSIONS) return t("goal_conversions");
  const ofGoal = kind === "goal" && (metric === "visitors" || metric === "events");
  return ofGoal ? t(OF_GOALS_NAMES[metric]) : name("metric", metric);
}

/**
 * The metric of the chart: the chosen one, or visitors where it has no tile in this headline.
 * @param {Kind} kind
 * @param {string} chosen
 * @param {string | undefined} last the metric of the tile that is not always there, revenue or
 *   conversions; empty for none, undefined while it is not known
 * @returns {string}
 */
export function chartedOf(kind, chosen, last) {
  if (metricsOf(kind).some((metric) => metric === chosen && metric !== MONEY)) return chosen;
  // The conversions of a goal have a tile of their own.
  if (kind === "goal" && chosen === CONVERSIONS) return EVENTS;
  const canHave = kind !== "pages" && (chosen === MONEY || chosen === CONVERSIONS);
  return canHave && (last === undefined || last === chosen) ? chosen : VISITORS;
}

/**
 * Where the numbers of a headline are asked for.
 * @param {import("./ask/report_url.js").Asked} app
 * @param {Kind} kind
 */
export const headlineUrl = (app, kind) =>
  reportUrl(app, "query", { metrics: metricsOf(kind).join(",") }, { compare: true });

/**
 * Where it is asked whether metrics changed more than by chance.
 * @param {import("./ask/report_url.js").Asked} app
 * @param {readonly string[]} metrics
 * @param {readonly import("../grammar/filter.js").Filter[]} [also]
 */
export const changesUrl = (app, metrics, also = []) =>
  app.state.compare === ""
    ? null
    : reportUrl(app, "changes", { metrics: metrics.join(",") }, { compare: true, also });

/** Whether a goal with revenue is chosen: then every panel shows it. */
export const RevenueContext = createContext(false);

/** @returns {boolean} */
export const useRevenue = () => useContext(RevenueContext);

/**
 * Whether there is revenue among values.
 * @param {Values | undefined} values
 */
export function hasMoney(values) {
  const money = values?.[MONEY];
  return Array.isArray(money) && money.length > 0;
}
