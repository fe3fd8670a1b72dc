// Asking from within a panel: a hook that holds the answer to the question last put, aborts what
// is no longer asked, and keeps what stood there meanwhile.
import { ApiError, ask } from "./api.js";
import { useApp } from "../state/context.js";
import { useCallback, useEffect, useState } from "../html.js";
import { Semaphore } from "./semaphore.js";

/** Reports the server computes for this page at once: one more only makes all of them late. */
const reports = new Semaphore(2);

/**
 * `data` may still answer the question before: then `stale` is true.
 * @template T
 * @typedef {object} Answer
 * @property {T | null} data
 * @property {ApiError | null} fault
 * @property {boolean} stale
 * @property {() => void} retry asks again, as if for the first time
 * @property {() => void} refresh asks again behind what is there
 */

/**
 * Asks `path` now, whenever it changes, and on every tick of the page. Null asks nothing. Reports
 * take turns; `last` is for one far down the page.
 * @template T
 * @param {string | null} path
 * @param {{ last?: boolean }} [options]
 * @returns {Answer<T>}
 */
export function useAnswer(path, { last = false } = {}) {
  const { tick, expired } = useApp();
  const [attempt, setAttempt] = useState(0);
  const [held, setHeld] = useState(
    /** @type {{ path: string | null, data: T | null, fault: ApiError | null }} */ (
      { path: null, data: null, fault: null }
    ),
  );
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    const { signal } = abort;
    const answer = path.startsWith("api/stats/")
      ? reports.run(() => ask(path, { signal }), { signal, last })
      : ask(path, { signal });
    answer.then(
      (data) => setHeld({ path, data: /** @type {T} */ (data), fault: null }),
      (error) => {
        if (signal.aborted) return;
        const fault = error instanceof ApiError ? error : new ApiError(0, String(error));
        if (fault.status === 401) expired();
        // A refresh that fails leaves the answer that is there.
        setHeld((before) =>
          before.path === path && before.data !== null ? before : { path, data: null, fault }
        );
      },
    );
    return () => abort.abort();
  }, [path, tick, attempt]);
  const retry = useCallback(() => {
    setHeld({ path: null, data: null, fault: null });
    setAttempt((count) => count + 1);
  }, []);
  const refresh = useCallback(() => setAttempt((count) => count + 1), []);
  const current = held.path === path;
  const fault = current ? held.fault : null;
  return { data: held.data, fault, stale: !current, retry, refresh };
}
