// Suggestions while somebody types: asked of the server a moment after the last key, and only
// the answer to the last question counts.
import { ask } from "./api.js";
import { useEffect, useState } from "../html.js";

/** Pause after a key before the server is asked. */
const PAUSE_MS = 180;

/**
 * The rows the path answers; those before stay until then.
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
