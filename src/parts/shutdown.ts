// Ends the work of a running program within the time the owner allows.
import { messageOf } from "../core/errors.ts";
import type { Clock, System } from "../core/types.ts";
import type { Storage } from "../storage/open.ts";
import type { Parts } from "./parts.ts";

/** How long to wait for interrupted queries. */
const CLOSE_MS_MAX = 5000;

/** Writes hot events to Parquet and ends the jobs, within the time the owner allows. */
export async function finishWork(
  { clock, log }: System,
  { config, jobs, buffer, drops, storage, backups }: Parts,
): Promise<void> {
  const work = async () => {
    await buffer.drain();
    await jobs.stop();
    await drops.flush();
    await storage.flusher.flushLargest();
    await backups.idle();
  };
  try {
    if (await finishesWithin(clock, config.shutdown_timeout_secs * 1000, work())) return;
    log("warn", "Stopped before all hot events were in Parquet: they stay in the journal");
  } catch (error) {
    log("error", `Shutdown failed: ${messageOf(error)}`);
  }
}

/**
 * Closes storage, or leaves it open where a query ignores its interruption: what was accepted is
 * safe in either case, and the process exits normally.
 */
export async function closeStorage({ clock, log }: System, storage: Storage): Promise<void> {
  if (await finishesWithin(clock, CLOSE_MS_MAX, storage.close())) return;
  log("warn", "Stopped while a query was still running");
}

/** Whether work ends in time. Rejects when it fails in that time. */
async function finishesWithin(clock: Clock, ms: number, work: Promise<void>): Promise<boolean> {
  const ended = new AbortController();
  const late = clock.sleep(ms, ended.signal).then(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    ended.abort();
  }
}
