// Whether changes are within noise: what the server says of the numbers at the top, and what
// follows from it for a row. The method is told in docs/definitions.md.
import { createContext, useContext } from "../html.js";

/** @typedef {import("./answers.js").ChangesAnswer["metrics"]} Verdicts */

/** The verdicts of the headline numbers; empty while they are not known. */
export const NoiseContext = createContext(/** @type {Verdicts} */ ({}));

/** @returns {Verdicts} */
export const useNoise = () => useContext(NoiseContext);

/** The quantile 97.5 % of the normal distribution. */
const NORMAL = 1.959964;

/**
 * Whether the change of the visitors of a row is within noise: as independent visits vary, and with
 * its part of what all visitors vary beyond that. Undefined while that is not known.
 * @param {Verdicts} verdicts
 * @param {number} now
 * @param {number} before
 * @returns {boolean | undefined}
 */
export function isRowNoise({ visitors }, now, before) {
  if (!visitors) return undefined;
  const part = (now + before) / Math.max(1, visitors.now + visitors.before);
  const variance = now + before + (visitors.extra ?? 0) * part ** 2;
  return Math.abs(now - before) <= NORMAL * Math.sqrt(variance);
}
