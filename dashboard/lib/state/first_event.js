// Whether a site still waits for its first event. If the list of sites does not say so, it requests
// the numbers of all time, again every few seconds.
import { ask, withParams } from "../ask/api.js";
import { useConnectionLost } from "../ask/connection.js";
import { useCallback, useEffect, useState } from "../html.js";

/** Time between two checks for the first event. */
const WAIT_MS = 2000;

/**
 * @typedef {object} FirstEvent
 * @property {boolean} waiting
 * @property {(site: string) => void} recheckFirstEvent call when the numbers of a site are all zero
 */

/**
 * @param {import("./context.js").Site} site
 * @param {boolean} looking whether new sites are looked for, too
 * @param {() => Promise<void>} reload asks for the list of sites again
 * @returns {FirstEvent}
 */
export function useFirstEvent(site, looking, reload) {
  const [never, setNever] = useState("");
  const lost = useConnectionLost();
  const id = site.site_id;
  const recheckFirstEvent = useCallback((/** @type {string} */ doubted) => {
    hasEvents(doubted).then((has) => has || setNever(doubted), () => {});
  }, []);
  const waiting = id === "" || site.has_events === false || never === id;
  useEffect(() => {
    if (!waiting && !looking || lost) return;
    const look = () => {
      if (document.hidden) return;
      reload();
      if (never === id && id !== "") {
        hasEvents(id).then((has) => has && setNever(""), () => {});
      }
    };
    const timer = setInterval(look, WAIT_MS);
    return () => clearInterval(timer);
  }, [waiting, looking, lost, never, id]);
  return { waiting, recheckFirstEvent };
}

/**
 * @param {string} site
 * @returns {Promise<boolean>}
 */
async function hasEvents(site) {
  const path = withParams("api/stats/main", { site_id: site, period: "all" });
  const main = /** @type {Record<string, number>} */ (await ask(path));
  return (main["unique_visitors"] ?? 0) > 0;
}
