// The breakdown panels in their order on the page.

/**
 * @typedef {object} BreakdownPanel
 * @property {string} report the name on the wire
 * @property {import("../lib/text.js").Key} title
 * @property {import("../lib/text.js").Key} column what a row is
 */

/** @type {readonly BreakdownPanel[]} */
export const BREAKDOWNS = [
  { report: "pages", title: "pages", column: "page" },
  { report: "sources", title: "sources", column: "source" },
  { report: "countries", title: "countries", column: "country" },
  { report: "devices", title: "devices", column: "device" },
  { report: "browsers", title: "browsers", column: "browser" },
  { report: "os", title: "oses", column: "os" },
];
