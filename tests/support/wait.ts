// Waiting for what happens by itself: a condition that becomes true, or a turn of the event loop.

const POLL_MS = 2;
/** About a minute: more than any condition takes on a busy machine. */
const TRIES_MAX = 30_000;

/** Resolves when `condition` holds. Rejects with `what` when it does not come true. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`Waited in vain: ${what}`);
}

/** Resolves in a later turn of the event loop, after the work that is ready now. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
