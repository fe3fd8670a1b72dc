// Suggestions while typing: requested shortly after the last key; only the answer to the latest
// request is used.
import { ask } from "./api.js";
import { useEffect, useState } from "../html.js";

/** Delay between a key and the request. */
const PAUSE_MS = 180;

/**
 * The rows of the answer; the previous rows stay until it arrives.
 * @template T
 * @param {string | null} path null asks nothing
 * @returns {readonly T[]}
 */
export function useSuggestions(path) {
  const [rows, setRows] = useState(/** @type {readonly T[]} */ ([]));
  useEffect(() => {
    if (path === null) return setRows([]);
    const abort = new AbortController();
    const timer = setTimeout(() => {
      ask(path, { signal: abort.signal }).then(
        (answer) => setRows(/** @type {readonly T[]} */ (answer)),
        () => abort.signal.aborted || setRows([]),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [path]);
  return rows;
}
