// A hook for requests from a panel: holds the latest answer, aborts outdated requests, and keeps
// the old answer until the new one arrives.
import { ApiError, ask } from "./api.js";
import { useApp } from "../state/context.js";
import { comparable } from "./comparable.js";
import { connectionLost, useConnectionLost } from "./connection.js";
import { noteAnswered } from "../state/shown_state.js";
import { noteRefusal } from "../state/refused_filters.js";
import { useCallback, useEffect, useState } from "../html.js";
import { askReport } from "./view.js";

/** Answers that are kept for panels drawn again while the server can't be reached. */
const KEPT_MAX = 64;

/**
 * The latest answers by their path, the oldest first.
 * @type {Map<string, unknown>}
 */
const kept = new Map();

/**
 * @param {string} path
 * @param {unknown} data
 */
function keep(path, data) {
  kept.delete(path);
  kept.set(path, data);
  const [oldest] = kept.keys();
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
}

/**
 * `stale` is true while `data` is the answer to the previous request.
 * @template T
 * @typedef {object} Answer
 * @property {T | null} data
 * @property {ApiError | null} fault
 * @property {boolean} stale
 * @property {() => void} retry asks again, as if for the first time
 * @property {() => void} refresh asks again behind what is there
 */

/**
 * Requests `path` now, whenever it changes, and on every refresh of the page; null requests
 * nothing. Reports wait in a queue; `first` puts one at its front, `last` at its end. Without a
 * server, or a login, there is no answer but a known one to the same request.
 * @template T
 * @param {string | null} path
 * @param {{ first?: boolean, last?: boolean }} [options]
 * @returns {Answer<T>}
 */
export function useAnswer(path, { first = false, last = false } = {}) {
  const { tick, expired, locked, state, site } = useApp();
  const [attempt, setAttempt] = useState(0);
  const lost = useConnectionLost() || locked;
  const [held, setHeld] = useState(
    /** @type {{ path: string | null, data: T | null, fault: ApiError | null }} */ (
      { path: null, data: null, fault: null }
    ),
  );
  useEffect(() => {
    if (path === null || lost) return;
    const abort = new AbortController();
    const { signal } = abort;
    const answer = path.startsWith("api/stats/")
      ? askReport(path, { signal, first, last })
      : ask(path, { signal });
    answer.then(
      (answered) => {
        const data = comparable(/** @type {T} */ (answered));
        keep(path, data);
        if (path.startsWith("api/stats/")) noteAnswered(state, site.site_id);
        setHeld({ path, data, fault: null });
      },
      (error) => {
        if (signal.aborted) return;
        const fault = error instanceof ApiError ? error : new ApiError(0, String(error));
        if (fault.status === 401) expired();
        // The banner of the page says so, and the answer is asked for when the server is back.
        if (fault.status === 0) return connectionLost();
        noteRefusal(path, fault);
        // A failed refresh keeps the current answer.
        setHeld((before) =>
          before.path === path && before.data !== null ? before : { path, data: null, fault }
        );
      },
    );
    return () => abort.abort();
  }, [path, tick, attempt, lost]);
  const retry = useCallback(() => {
    setHeld({ path: null, data: null, fault: null });
    setAttempt((count) => count + 1);
  }, []);
  const refresh = useCallback(() => setAttempt((count) => count + 1), []);
  if (held.path === path) return { ...held, stale: false, retry, refresh };
  if (!lost) return { data: held.data, fault: null, stale: true, retry, refresh };
  const known = /** @type {T | undefined} */ (kept.get(path ?? ""));
  return { data: known ?? null, fault: null, stale: known === undefined, retry, refresh };
}
