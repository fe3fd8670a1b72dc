// Which panels of the overview are shown in this browser, and in which order.
import { preference, setPreference } from "./preferences.js";

/** @typedef {{ order: readonly string[], hidden: readonly string[] }} Arrangement */

/**
 * What was chosen, for the panels that there are; new ones stand where they do by default.
 * @param {readonly string[]} known
 * @returns {Arrangement}
 */
export function arrangementOf(known) {
  const [order = "", hidden = ""] = (preference("panels") ?? "").split(";");
  const named = order.split(",").filter((id) => known.includes(id));
  return {
    order: [...named, ...known.filter((id) => !named.includes(id))],
    hidden: hidden.split(",").filter((id) => known.includes(id)),
  };
}

/** @param {Arrangement} arrangement */
export function keepArrangement({ order, hidden }) {
  setPreference("panels", `${order.join(",")};${hidden.join(",")}`);
}
