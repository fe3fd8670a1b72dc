// The refresh counter of the page: rises every minute while the page is visible, and when it
// becomes visible again after longer.
import { useEffect, useState } from "../html.js";

/** Age at which answers that include now are refreshed. */
export const TICK_MS = 60_000;

/** @returns {number} */
export function useRefreshTick() {
  const [tick, setTick] = useState(0);
  useEffect(() => {
    let last = Date.now();
    const look = () => {
      if (document.hidden || Date.now() - last < TICK_MS) return;
      last = Date.now();
      setTick((count) => count + 1);
    };
    const timer = setInterval(look, 5000);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return tick;
}
