// Work that can wait, one piece a frame, so that none of it makes a frame late.

/** @typedef {Set<() => void>} Works */

/** What is on the screen or near it, before anything else. */
const soon = /** @type {Works} */ (new Set());
const later = /** @type {Works} */ (new Set());

/**
 * Does a piece of work in one of the next frames. Returns what takes it back.
 * @param {() => void} work
 * @param {{ first?: boolean }} [options] whether it comes before all that is not
 * @returns {() => void}
 */
export function inTurn(work, { first = false } = {}) {
  const waiting = first ? soon : later;
  if (soon.size + later.size === 0) requestAnimationFrame(next);
  waiting.add(work);
  return () => void waiting.delete(work);
}

function next() {
  const waiting = soon.size > 0 ? soon : later;
  const [work] = waiting;
  if (!work) return;
  waiting.delete(work);
  work();
  if (soon.size + later.size > 0) requestAnimationFrame(next);
}
