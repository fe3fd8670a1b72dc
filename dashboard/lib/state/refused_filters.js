// Filters of the page that the server cannot read: told once for the whole page, as every report
// is refused for the same reason.
import { useEffect, useState } from "../html.js";

/** @typedef {import("../ask/api.js").ApiError} ApiError */
/** @typedef {{ filters: string, fault: ApiError }} Refused */

/** @type {Set<(refused: Refused | null) => void>} */
const listeners = new Set();
/** @type {Refused | null} */
let refused = null;

/**
 * Call with every fault of a report; others than of its filters are left alone.
 * @param {string} path
 * @param {ApiError} fault
 */
export function noteRefusal(path, fault) {
  if (fault.status !== 400 || fault.field !== "filters") return;
  refused = { filters: new URLSearchParams(path.split("?")[1]).get("filters") ?? "", fault };
  for (const listener of listeners) listener(refused);
}

/**
 * Why the server cannot read these filters, as they are printed; null where it can.
 * @param {string} filters
 * @returns {ApiError | null}
 */
export function useRefusal(filters) {
  const [known, setKnown] = useState(refused);
  useEffect(() => {
    setKnown(refused);
    listeners.add(setKnown);
    return () => void listeners.delete(setKnown);
  }, []);
  return filters !== "" && known?.filters === filters ? known.fault : null;
}
