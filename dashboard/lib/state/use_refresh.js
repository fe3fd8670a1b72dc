// The pulse of the page: a number that rises each minute while somebody looks, and when they come
// back after longer.
import { useEffect, useState } from "../html.js";

/** Time after which answers that include now are old. */
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
