// Ends the work of a running program within the time the owner allows.
import { messageOf } from "../core/errors.ts";
import { endsWithin } from "../core/timings/within.ts";
import type { System } from "../core/types.ts";
import type { Storage } from "../storage/open.ts";
import type { Parts } from "./parts.ts";

/** How long to wait for interrupted queries, and over a lake until other servers know of it. */
const CLOSE_MS_MAX = 12_000;

/**
 * Ends the jobs and writes hot events to Parquet, within the time the owner allows, while more may
 * be accepted.
 */
export async function settle(system: System, { jobs, storage, ...parts }: Parts): Promise<void> {
  await within(system, parts.config, async () => {
    await jobs.stop();
    await storage.flusher.flushLargest();
  });
}

/** Ends all other work, in as much time, when no request comes any more. */
export async function finishWork(
  system: System,
  { config, buffer, drops, storage, backups }: Parts,
): Promise<void> {
  await within(system, config, async () => {
    await buffer.drain();
    await drops.flush();
    if (storage.hot.rows > 0) await storage.flusher.flushRest();
    await backups.idle();
  });
}

async function within(
  { clock, log }: System,
  config: Parts["config"],
  work: () => Promise<void>,
): Promise<void> {
  try {
    if (await endsWithin(clock, config.shutdown_timeout_secs * 1000, work())) return;
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
  if (await endsWithin(clock, CLOSE_MS_MAX, storage.close())) return;
  log("warn", "Stopped while a query was still running");
}
