// The keyboard shortcuts that change the state, on every page.
import { PERIODS } from "../../lib/period.js";
import { nextInterval, stepOf } from "./period_choice.js";

/**
 * The action of each key.
 * @param {import("../../lib/state/context.js").App} app
 * @returns {Record<string, () => void>}
 */
export function shortcutsOf(app) {
  const { navigate, sites, state, schema } = app;
  const step = (/** @type {-1 | 1} */ direction) => () => {
    const change = stepOf(app, direction);
    if (change) navigate(change);
  };
  const first = schema.comparisons[0]?.name ?? "";
  return {
    ...Object.fromEntries(PERIODS.map(({ key, name }) => [
      key,
      () => navigate({ period: name, range: null, interval: "" }),
    ])),
    ...Object.fromEntries(
      sites.slice(0, 9).map(({ site_id }, index) => [
        `${index + 1}`,
        () => navigate({ site: site_id }),
      ]),
    ),
    r: () => navigate({ view: state.view === "realtime" ? "" : "realtime" }),
    b: () => navigate({ view: state.view === "behaviour" ? "" : "behaviour" }),
    i: () => navigate(nextInterval(app)),
    x: () => navigate({ compare: state.compare === "" ? first : "", weekdays: true, before: null }),
    ArrowLeft: step(-1),
    ArrowRight: step(1),
    Escape: () => navigate({ filters: [], details: "" }),
  };
}
