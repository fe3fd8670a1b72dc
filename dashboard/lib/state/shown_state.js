// What the page shows while the server can't be reached: period, filters and so on of the numbers
// that are known, so that no heading tells of others. What was chosen since follows.

/** @typedef {import("./state.js").State} State */

/**
 * The parts of the state that make the question of all reports.
 * @satisfies {readonly (keyof State)[]}
 */
const ASKED = /** @type {const} */ ([
  "period",
  "range",
  "compare",
  "weekdays",
  "whole",
  "before",
  "interval",
  "metric",
  "filters",
]);

/**
 * The last state of which a report has come.
 * @type {{ state: State, site: string } | null}
 */
let answered = null;

/**
 * Call with every answer of a report.
 * @param {State} state
 * @param {string} site
 */
export function noteAnswered(state, site) {
  answered = { state, site };
}

/**
 * The state with the question that was answered last for the site and the view, where the server
 * can't be reached; else the state itself.
 * @param {State} state
 * @param {string} site
 * @param {boolean} lost
 * @returns {State}
 */
export function shownState(state, site, lost) {
  const known = lost && answered?.site === site && answered.state.view === state.view
    ? answered.state
    : state;
  const isSame = (/** @type {typeof ASKED[number]} */ name) =>
    JSON.stringify(known[name]) === JSON.stringify(state[name]);
  if (ASKED.every(isSame)) return state;
  return { ...state, ...Object.fromEntries(ASKED.map((name) => [name, known[name]])) };
}
