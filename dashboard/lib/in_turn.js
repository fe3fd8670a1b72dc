// Work that can wait, one piece a frame, so that none of it makes a frame late.

/** @type {Set<() => void>} */
const waiting = new Set();

/**
 * Does a piece of work in one of the next frames. Returns what takes it back.
 * @param {() => void} work
 * @returns {() => void}
 */
export function inTurn(work) {
  if (waiting.size === 0) requestAnimationFrame(next);
  waiting.add(work);
  return () => void waiting.delete(work);
}

function next() {
  const [work] = waiting;
  if (!work) return;
  waiting.delete(work);
  work();
  if (waiting.size > 0) requestAnimationFrame(next);
}
