// Waiting for work, and not for longer than a while.
import type { Clock } from "../types.ts";

/** Whether work ends in time; it goes on where it does not. Rejects where it fails in that time. */
export async function endsWithin(
  clock: Pick<Clock, "sleep">,
  ms: number,
  work: Promise<unknown>,
): Promise<boolean> {
  const ended = new AbortController();
  const late = clock.sleep(ms, ended.signal).then(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    ended.abort();
  }
}
