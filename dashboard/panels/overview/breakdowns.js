// The breakdown panels in page order, with the dimensions of each from the schema.

/** @typedef {import("../../lib/state/schema.js").Dimension} Dimension */

/**
 * @typedef {object} BreakdownPanel
 * @property {string} id the name on the wire of its first breakdown
 * @property {import("../../lib/format/text.js").Key} title
 * @property {(dimension: Dimension) => boolean} takes
 * @property {(dimension: Dimension) => boolean} [apart] which stand in a list behind the others
 * @property {import("../../lib/format/text.js").Key} [apartTitle]
 * @property {boolean} [narrow]
 * @property {boolean} [map] whether there is a map, too
 */

/** @type {readonly BreakdownPanel[]} */
export const BREAKDOWNS = [
  {
    id: "pages",
    title: "pages",
    takes: ({ group }) => group === "pages",
    apart: ({ name }) => name.endsWith("hostname"),
    apartTitle: "hostnames",
  },
  {
    id: "sources",
    title: "sources",
    takes: ({ group }) => group === "sources" || group === "campaigns",
    apart: ({ group, name }) => group === "campaigns" || name === "referrer_source",
    apartTitle: "more",
  },
  {
    id: "countries",
    title: "locations",
    takes: ({ group }) => group === "locations",
    map: true,
  },
  {
    id: "devices",
    title: "devices",
    narrow: true,
    takes: ({ group, name }) => group === "devices" && !/^(browser|os)/.test(name),
  },
  {
    id: "browsers",
    title: "browsers",
    narrow: true,
    takes: ({ group, name }) => group === "devices" && name.startsWith("browser"),
  },
  {
    id: "os",
    title: "oses",
    narrow: true,
    takes: ({ group, name }) => group === "devices" && name.startsWith("os"),
  },
];

/**
 * The second metric of a breakdown, by its dimension.
 * @param {Dimension} dimension
 * @returns {string}
 */
export function secondMetricOf({ group, name }) {
  if (group === "events") return "events";
  return /^(entry|exit)_/.test(name) ? "visits" : "pageviews";
}
