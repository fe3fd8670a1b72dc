// The router: reads the state from the URL and writes changes back.
import { useCallback, useEffect, useState } from "../html.js";
import { later } from "../modules.js";
import { parseState, printState } from "./state.js";

/** @typedef {import("./state.js").State} State */

/** Parameters with names that the schema has, that a view has, or that may not fit the period. */
const NAMED = /[?&](metric|tabs|details|why|report|interval)=/;
const loadKnown = later(() => import("./known_state.js"));

/**
 * The state after a change. A change of site resets filters and tabs; what could not be read is
 * forgotten where something else was chosen.
 * @param {State} before
 * @param {Partial<State>} change
 * @returns {State}
 */
function changed(before, change) {
  // A range takes the place of a period.
  const chosen = { ...change, ...(change.range === undefined ? {} : { period: "" }) };
  const unread = before.unread.filter(({ part }) => chosen[part] === undefined);
  const after = { ...before, unread, ...change };
  if (change.site === undefined || change.site === before.site) return after;
  const view = change.view ?? (before.view === "sites" ? "" : before.view);
  return { ...after, view, filters: [], tabs: [], details: "", own: {}, unread: [], ...change };
}

/**
 * The state in the URL, and how to change both.
 * @param {import("./schema.js").Schema} schema
 */
export function useUrlState(schema) {
  const [state, setState] = useState(() => parseState(location.search));
  useEffect(() => {
    if (!NAMED.test(location.search)) return;
    loadKnown().then(({ knownState }) => setState((now) => knownState(now, schema)), () => {});
  }, [schema, state]);
  useEffect(() => {
    const onPop = () => setState(parseState(location.search));
    addEventListener("popstate", onPop);
    return () => removeEventListener("popstate", onPop);
  }, []);
  const navigate = useCallback(
    (/** @type {Partial<State>} */ change, { replace = false } = {}) =>
      setState((before) => {
        const after = changed(before, change);
        const search = printState(after);
        if (search !== printState(before)) {
          const address = search || location.pathname;
          if (replace) history.replaceState(null, "", address);
          else history.pushState(null, "", address);
          if (after.view !== before.view) scrollTo(0, 0);
        }
        return after;
      }),
    [],
  );
  return { state, navigate };
}
