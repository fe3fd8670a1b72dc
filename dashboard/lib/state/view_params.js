// URL parameters of a single view, in addition to those of the page.
import { useApp } from "./context.js";

/** @typedef {Readonly<Record<string, string>>} Own */

/**
 * The parameters, and a function that changes some; an empty text removes one.
 * @returns {{ own: Own, setViewParam: (change: Own) => void }}
 */
export function useViewParams() {
  const { state, navigate } = useApp();
  const setViewParam = (/** @type {Own} */ change) => {
    const all = Object.entries({ ...state.own, ...change }).filter(([, value]) => value !== "");
    navigate({ own: Object.fromEntries(all) });
  };
  return { own: state.own, setViewParam };
}
