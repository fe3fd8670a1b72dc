// The realtime stream of a site (server-sent events); closed while the page is hidden, the
// server can't be reached, or the login has ended.
import { addressOf, withParams } from "./api.js";
import { useConnectionLost, whenReached } from "./connection.js";
import { whenDrawn } from "./view.js";
import { useEffect, useState } from "../html.js";
import { useApp } from "../state/context.js";

/** @typedef {import("./answers.js").RealtimeAnswer} Live */
/** @typedef {Live["pages"][number]} LiveRow */

/**
 * The latest numbers; null before the first. `lost` is true while the connection is lost.
 * @param {string} site empty: no stream
 * @param {string} filters in the URL form
 * @returns {{ live: Live | null, lost: boolean }}
 */
export function useLive(site, filters) {
  const [live, setLive] = useState(/** @type {Live | null} */ (null));
  const [lost, setLost] = useState(false);
  const { locked } = useApp();
  const away = useConnectionLost() || locked;
  useEffect(() => () => setLive(null), [site, filters]);
  useEffect(() => {
    if (site === "" || away) return;
    /** @type {EventSource | null} */
    let stream = null;
    const close = () => {
      stream?.close();
      stream = null;
    };
    const look = () => {
      if (document.hidden) return close();
      if (stream && stream.readyState !== EventSource.CLOSED) return;
      stream = new EventSource(
        addressOf(withParams("api/stats/live", { site_id: site, filters })),
      );
      stream.addEventListener("realtime", (event) => {
        setLive(JSON.parse(event.data));
        setLost(false);
      });
      stream.addEventListener("error", () => {
        setLost(true);
        // A browser would try again every few seconds for ever.
        void whenReached();
      });
    };
    let isLeft = false;
    void whenDrawn().then(() => isLeft || look());
    // Browsers do not reconnect a refused stream, so this does.
    const timer = setInterval(look, 15_000);
    document.addEventListener("visibilitychange", look);
    return () => {
      isLeft = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      close();
    };
  }, [site, filters, away]);
  return { live, lost: lost || away };
}
