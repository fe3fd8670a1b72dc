// Runs periodic jobs. A job never overlaps itself; a failed run is logged and counted, and the next
// one comes at its usual time. One that meets a pause of DuckDB has not failed: it runs again soon.
// Stopping waits for running jobs.
import { SECOND_MS } from "../core/durations.ts";
import { messageOf } from "../core/errors.ts";
import type { Clock, Log } from "../core/types.ts";
import { PauseError } from "../storage/duckdb/faults.ts";

/** After a pause it is tried so soon again. */
const PAUSE_MS = SECOND_MS;

/** One periodic job. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  readonly run: () => Promise<void>;
  /** Runs once at start, too. */
  readonly atStart?: boolean;
}

/** Runs a table of jobs. */
export class Jobs {
  /** Runs that failed since the start, by name of the job. */
  readonly failures: Record<string, number> = {};
  readonly #jobs: readonly Job[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #running = new Map<string, Promise<void>>();
  /** Ends what waits to run again soon. */
  readonly #waiting = new Map<string, () => void>();
  #stops: (() => void)[] = [];

  constructor(jobs: readonly Job[], clock: Clock, log: Log) {
    this.#jobs = jobs;
    this.#clock = clock;
    this.#log = log;
  }

  /** Starts every job; each runs first after its own interval, unless it says otherwise. */
  start(): void {
    for (const job of this.#jobs) if (job.atStart) this.#begin(job);
    this.#stops = this.#jobs.map((job) => this.#clock.every(job.everyMs, () => this.#begin(job)));
  }

  /** Starts no further run; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const stop of [...this.#stops, ...this.#waiting.values()]) stop();
    this.#stops = [];
    this.#waiting.clear();
    await Promise.all(this.#running.values());
  }

  #begin(job: Job): void {
    if (this.#running.has(job.name)) return;
    const run = job.run().catch((error) => {
      if (error instanceof PauseError) return this.#beginSoon(job);
      this.failures[job.name] = (this.failures[job.name] ?? 0) + 1;
      this.#log("error", `Job failed: ${messageOf(error)}`, { job: job.name });
    }).finally(() => this.#running.delete(job.name));
    this.#running.set(job.name, run);
  }

  #beginSoon(job: Job): void {
    this.#log("debug", "Job waits: DuckDB is opened again", { job: job.name });
    // None are left once the jobs are stopped.
    if (this.#stops.length === 0) return;
    this.#waiting.get(job.name)?.();
    this.#waiting.set(job.name, this.#clock.after(PAUSE_MS, () => this.#begin(job)));
  }
}
