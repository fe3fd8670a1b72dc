// Whether the server can be reached: known to the whole page, and tried again with growing pauses
// while it can't.
import { addressOf } from "./api.js";
import { useEffect, useState } from "../html.js";

/** Pauses between two tries; the last one is kept. */
const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];

/** Time after which a try without any answer has failed. */
const PATIENCE_MS = 10_000;

/** @type {Set<(lost: boolean) => void>} */
const listeners = new Set();
let isLost = false;

/** Call when a request did not reach the server. */
export function connectionLost() {
  if (isLost) return;
  tell(true);
  void tryAgain(0);
}

/** Tries at once, for a reader who does not want to wait. */
export async function tryConnection() {
  if (await isReached()) tell(false);
}

/**
 * Call when something could not be fetched: resolves with false where the server answers, else
 * with true when it is back. The page says meanwhile that the connection is lost.
 * @returns {Promise<boolean>}
 */
export async function whenReached() {
  if (!isLost && await isReached()) return false;
  connectionLost();
  return await new Promise((resolve) => {
    const listener = (/** @type {boolean} */ lost) => {
      if (lost) return;
      listeners.delete(listener);
      resolve(true);
    };
    listeners.add(listener);
  });
}

/** @param {number} tries */
async function tryAgain(tries) {
  const pauseMs = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)];
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
  if (!isLost) return;
  if (!document.hidden && await isReached()) return tell(false);
  void tryAgain(tries + 1);
}

/**
 * Whether questions are answered; a server that can keep no events answers them, too. The address
 * is not the one that index.html preloads: that answer may be older.
 */
async function isReached() {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return await fetch(addressOf("api/auth/status?now"), { cache: "no-store", signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** @param {boolean} lost */
function tell(lost) {
  isLost = lost;
  for (const listener of listeners) listener(lost);
}

/** True while the server can't be reached. */
export function useConnectionLost() {
  const [lost, setLost] = useState(isLost);
  useEffect(() => {
    setLost(isLost);
    listeners.add(setLost);
    return () => void listeners.delete(setLost);
  }, []);
  return lost;
}
