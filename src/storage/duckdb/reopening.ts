// Opens DuckDB again after a fault of its own, and fills the hot tier from the journal. Meanwhile
// events are accepted, and statistics are refused with 503.
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../core/durations.ts";
import { messageOf } from "../../core/errors.ts";
import { LruCache } from "../../core/lru_cache.ts";
import type { Clock, Log } from "../../core/types.ts";
import type { Db } from "../duckdb.ts";
import { cut } from "./faults.ts";

/** The pause before an attempt doubles with each fault of the last hour, up to a minute. */
const PAUSE_MS_MAX = MINUTE_MS;
/** A statement that DuckDB failed on so often within an hour is refused for an hour. */
const FAULTS_OF_STATEMENT_MAX = 2;
const STATEMENTS_KNOWN = 50;

const LOGGED_CHARS_MAX = 4000;

/** Faults and openings since the start. */
export interface ReopeningCounts {
  faults: number;
  reopened: number;
}

/** Watches a DuckDB. */
export class Reopening {
  readonly counts: ReopeningCounts = { faults: 0, reopened: 0 };
  readonly #db: Db;
  readonly #fill: () => Promise<void>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stopping = new AbortController();
  readonly #statements = new LruCache<string, readonly number[]>(STATEMENTS_KNOWN);
  #faultsMs: number[] = [];
  #running: Promise<void> | null = null;

  /** `fill` opens it by `db.reopen()` and fills it, while nothing else changes what is stored. */
  constructor(db: Db, fill: () => Promise<void>, clock: Clock, log: Log) {
    this.#db = db;
    this.#fill = fill;
    this.#clock = clock;
    this.#log = log;
    db.watch({
      failed: (reason) => this.#failed(reason),
      failedOn: (statement) => this.#failedOn(statement),
      isBanned: (statement) => this.#isBanned(statement),
    });
  }

  /** Whether DuckDB has failed and does not answer yet. */
  get isUnderWay(): boolean {
    return this.#running !== null;
  }

  /** Begins no further attempt. */
  stop(): void {
    this.#stopping.abort();
  }

  #failed(reason: string): void {
    const nowMs = this.#clock.uptimeMs();
    this.counts.faults++;
    this.#faultsMs = [...this.#recent(this.#faultsMs), nowMs];
    this.#log("error", "DuckDB has failed: it is opened again", {
      reason: cut(reason, LOGGED_CHARS_MAX),
    });
    this.#running ??= this.#run();
  }

  #failedOn(statement: string): void {
    const key = keyOf(statement);
    const recent = this.#recent(this.#statements.get(key) ?? []);
    this.#statements.set(key, [...recent, this.#clock.uptimeMs()]);
    const isBanned = this.#isBanned(statement);
    this.#log("error", `DuckDB has failed on a statement${isBanned ? ": it is refused now" : ""}`, {
      statement: cut(statement, LOGGED_CHARS_MAX),
    });
  }

  async #run(): Promise<void> {
    for (let attempt = 0;; attempt++) {
      const pauseMs = this.#pauseMs(attempt);
      if (pauseMs > 0) await this.#clock.sleep(pauseMs, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      try {
        await this.#fill();
        if (this.#db.hasFailed) continue;
        this.#running = null;
        this.counts.reopened++;
        this.#log("info", "Opened DuckDB again and filled it from the journal");
        return;
      } catch (error) {
        if (this.#db.isClosing) return;
        this.#log("error", "Cannot open DuckDB again yet", { reason: messageOf(error) });
      }
    }
  }

  /** None before the first attempt after the first fault of an hour. */
  #pauseMs(attempt: number): number {
    const doublings = this.#faultsMs.length - 1 + attempt;
    return doublings === 0 ? 0 : Math.min(PAUSE_MS_MAX, SECOND_MS * 2 ** (doublings - 1));
  }

  #isBanned(statement: string): boolean {
    if (this.#statements.size === 0) return false;
    const times = this.#recent(this.#statements.get(keyOf(statement)) ?? []);
    return times.length >= FAULTS_OF_STATEMENT_MAX;
  }

  /** What was within the last hour. */
  #recent(times: readonly number[]): number[] {
    const nowMs = this.#clock.uptimeMs();
    return times.filter((ms) => nowMs - ms < HOUR_MS);
  }
}

/** A statement as text but for its numbers: those of hot tables change. */
function keyOf(statement: string): string {
  return statement.replace(/\d+/g, "");
}
