// The numbers of all sites of the overview: cards tell theirs, and the others are asked for behind
// them, one after the other.
import { ApiError, withParams } from "../../lib/ask/api.js";
import { connectionLost, useConnectionLost } from "../../lib/ask/connection.js";
import { askReport } from "../../lib/ask/view.js";
import { useEffect, useState } from "../../lib/html.js";

/** @typedef {{ visitors: number, pageviews: number }} Sums */
/** @typedef {import("../../lib/ask/answers.js").OverviewAnswer} OverviewAnswer */
/** @typedef {ReturnType<typeof makeSums>} AllSums */

/** Cards on the screen ask first. */
const AFTER_MS = 500;
/** Attempts at a site whose answer the server is too busy for. */
const ATTEMPTS = 5;
const BUSY = [429, 503];

/** The numbers of sites, which are told one by one: hundreds of cards are not drawn for each. */
export function makeSums() {
  /** @type {Map<string, Sums>} */
  const bySite = new Map();
  let changed = () => {};
  return {
    bySite,
    onChange: (/** @type {() => void} */ listener) => void (changed = listener),
    tell: (/** @type {string} */ site, /** @type {Sums} */ own) => {
      bySite.set(site, own);
      changed();
    },
    clear: () => {
      bySite.clear();
      changed();
    },
  };
}

/**
 * Asks for the numbers that no card has told.
 * @param {AllSums} sums
 * @param {readonly string[]} ids
 * @param {string} period
 * @returns {ReadonlyMap<string, Sums> | null} all numbers, once each has been asked for
 */
export function useAllSums(sums, ids, period) {
  const lost = useConnectionLost();
  const key = [period, ...ids].join("\n");
  const [asked, setAsked] = useState({ key: "", all: new Map(sums.bySite) });
  useEffect(() => {
    if (lost) return;
    const abort = new AbortController();
    const { signal } = abort;
    rest(AFTER_MS, signal)
      .then(() => fill(sums, { ids, period, signal }))
      .then(
        () => signal.aborted || setAsked({ key, all: new Map(sums.bySite) }),
        (error) => {
          if (!signal.aborted && error instanceof ApiError) connectionLost();
        },
      );
    return () => abort.abort();
  }, [key, lost]);
  return asked.key === key ? asked.all : null;
}

/**
 * Rejects on abort, and where the server cannot be reached.
 * @param {AllSums} sums
 * @param {{ ids: readonly string[], period: string, signal: AbortSignal }} options
 */
async function fill(sums, { ids, period, signal }) {
  for (const site_id of ids) {
    if (sums.bySite.has(site_id)) continue;
    const path = withParams("api/stats/main", { site_id, period });
    const answer = await patiently(path, signal);
    // Its card may have told newer ones.
    if (!answer || signal.aborted || sums.bySite.has(site_id)) continue;
    sums.tell(site_id, { visitors: answer.unique_visitors, pageviews: answer.total_pageviews });
  }
}

/**
 * The answer, or null where there is none: its card says why.
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<OverviewAnswer | null>}
 */
async function patiently(path, signal) {
  for (let attempt = 1;; attempt++) {
    try {
      return /** @type {OverviewAnswer} */ (await askReport(path, { signal, last: true }));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0) throw error;
      if (!BUSY.includes(error.status) || attempt === ATTEMPTS) return null;
      await rest(Math.max(1, error.retryAfterSecs) * 1000, signal);
    }
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function rest(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}
