// Waiting for what happens by itself: a condition that becomes true, or a turn of the event loop.

/** First it is looked often, then as seldom as what was waited until now allows. */
const POLL_MS = { first: 2, last: 50, shareOfWait: 0.1 } as const;
/** More than any condition takes on a busy machine. */
const WAIT_MS_MAX = 180_000;

/** Resolves when `condition` holds. Rejects with `what` when it does not come true. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const { first, last, shareOfWait } = POLL_MS;
  for (const from = performance.now(); performance.now() - from < WAIT_MS_MAX;) {
    if (await condition()) return;
    const pauseMs = Math.min(last, Math.max(first, shareOfWait * (performance.now() - from)));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error(`Waited in vain: ${what}`);
}

/** Resolves in a later turn of the event loop, after the work that is ready now. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
