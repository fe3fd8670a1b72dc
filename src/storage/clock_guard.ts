// Compares the wall clock with the times on record and with the time the process has run. While
// the two are days apart the clock is in doubt, and nothing that deletes by age may act on it.
import { DAY_MS, HOUR_MS } from "../core/durations.ts";
import type { Clock, Log } from "../core/types.ts";
import type { Store } from "./state/store.ts";

/** A clock further from what is expected is in doubt. */
export const CLOCK_FAR_MS = 3 * DAY_MS;
/** A clock in doubt that has run this long without another jump is trusted. */
const CONSISTENT_MS = DAY_MS;
/** Events keep the time from before a jump for this long at most. */
const HELD_MS_MAX = HOUR_MS;
/** A clock without any record may still be set right this long after the first start. */
const UNPROVEN_MS = HOUR_MS;
const RECORD_EVERY_MS = HOUR_MS;
const DOUBT_RECORD_EVERY_MS = 10 * 60_000;

/** Where the owner's confirmation is kept until the server reads it. */
export const CLOCK_ALLOWED = "clock_allowed_ms";
const CLOCK_SEEN = "clock_seen_ms";
const CLOCK_DOUBT = "clock_doubt";
const LAST_START = "last_start_ms";
const LAST_FLUSH = "last_flush_ms";
const NEWEST_EVENT = "newest_event_us";

/** A wall time and the uptime at which it held. */
interface Anchor {
  readonly wallMs: number;
  readonly uptimeMs: number;
}

interface Doubt extends Anchor {
  /** Consistent running time of earlier processes. */
  readonly earlierMs: number;
  /** Whether the clock jumped while this process ran. */
  readonly isJump: boolean;
}

/** Judges the wall clock. */
export class ClockGuard {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The last time that was trusted. */
  #anchor: Anchor;
  #doubt: Doubt | null = null;
  /** Until then a jump is the first setting of a clock that nothing on record confirms. */
  #provenFromMs: number;
  #recordedMs = -Infinity;
  #isDoubtRecorded = false;
  /** Whether a doubt has ended that `confirm` has not reported yet. */
  #isRegained = false;
  /** Whether the records are of another clock than the one that is trusted now. */
  #isOutdated = false;

  private constructor(
    store: Store,
    clock: Clock,
    log: Log,
    anchor: Anchor,
    provenFromMs: number,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#anchor = anchor;
    this.#provenFromMs = provenFromMs;
  }

  /** Compares the clock with the records of earlier runs and records this start. */
  static async open(store: Store, clock: Clock, log: Log): Promise<ClockGuard> {
    const read = async (name: string) => Number(await store.run("getMeta", name) ?? 0);
    const runs = [await read(LAST_START), await read(LAST_FLUSH), await read(CLOCK_SEEN)];
    const now = { wallMs: clock.nowMs(), uptimeMs: clock.uptimeMs() };
    const isFirst = runs.every((ms) => ms === 0);
    const newestMs = isFirst ? 0 : await read(NEWEST_EVENT) / 1000;
    const anchor = isFirst ? now : { ...now, wallMs: Math.max(...runs, newestMs) };
    const provenFromMs = isFirst ? now.uptimeMs + UNPROVEN_MS : now.uptimeMs;
    const guard = new ClockGuard(store, clock, log, anchor, provenFromMs);
    if (!isFirst) await guard.#continueDoubt(now);
    await guard.confirm();
    if (guard.trusts()) await store.run("setMeta", { name: LAST_START, value: text(now.wallMs) });
    return guard;
  }

  /** Whether the clock may decide what is old enough to be deleted. */
  trusts(): boolean {
    const wallMs = this.#clock.nowMs();
    const uptimeMs = this.#clock.uptimeMs();
    const now = { wallMs, uptimeMs };
    const agrees = isNear(this.#anchor, now);
    if (this.#doubt === null) {
      if (agrees || uptimeMs < this.#provenFromMs) this.#trust(now);
      else this.#begin(now, { isJump: true, earlierMs: 0 });
      return this.#doubt === null;
    }
    if (agrees || this.#consistentMs(now) >= CONSISTENT_MS) {
      this.#log("info", "The clock is trusted again");
      this.#trust(now);
    } else if (!isNear(this.#doubt, now)) {
      this.#begin(now, { isJump: this.#doubt.isJump, earlierMs: 0 });
    }
    return this.#doubt === null;
  }

  /** The time of an event that arrives now: for an hour after a jump the one it would have been. */
  eventMs(): number {
    if (this.trusts()) return this.#clock.nowMs();
    const doubt = this.#doubt;
    const uptimeMs = this.#clock.uptimeMs();
    if (doubt?.isJump && uptimeMs - doubt.uptimeMs < HELD_MS_MAX) {
      return this.#anchor.wallMs + uptimeMs - this.#anchor.uptimeMs;
    }
    return this.#clock.nowMs();
  }

  /** Now, for the records; null while the clock is in doubt. */
  recordMs(): number | null {
    return this.trusts() ? this.#clock.nowMs() : null;
  }

  /**
   * Reads the owner's confirmation and writes the records, each minute. Tells whether a doubt ended
   * since the last call. Rejects with the store's error.
   */
  async confirm(): Promise<boolean> {
    await this.#takeWord();
    if (this.trusts()) await this.#record();
    else await this.#recordDoubt();
    const isRegained = this.#isRegained && this.#doubt === null;
    this.#isRegained = false;
    return isRegained;
  }

  async #record(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    if (this.#isOutdated) {
      for (const name of [LAST_START, LAST_FLUSH, NEWEST_EVENT]) {
        await this.#store.run("setMeta", { name, value: name === LAST_START ? text(nowMs) : "0" });
      }
      this.#isOutdated = false;
      this.#recordedMs = -Infinity;
    }
    if (this.#isDoubtRecorded) {
      await this.#store.run("setMeta", { name: CLOCK_DOUBT, value: "" });
      this.#isDoubtRecorded = false;
    }
    if (Math.abs(nowMs - this.#recordedMs) < RECORD_EVERY_MS) return;
    await this.#store.run("setMeta", { name: CLOCK_SEEN, value: text(nowMs) });
    this.#recordedMs = nowMs;
  }

  /** Goes on with the doubt of an earlier process, or begins one. */
  async #continueDoubt(now: Anchor): Promise<void> {
    const known = parseDoubt(await this.#store.run("getMeta", CLOCK_DOUBT));
    this.#isDoubtRecorded = known !== null;
    if (isNear(this.#anchor, now)) return;
    const isSame = known !== null && Math.abs(now.wallMs - known.wallMs) <= CLOCK_FAR_MS;
    this.#begin(now, { isJump: false, earlierMs: isSame ? known.consistentMs : 0 });
  }

  async #takeWord(): Promise<void> {
    const word = Number(await this.#store.run("getMeta", CLOCK_ALLOWED) ?? 0);
    if (word === 0) return;
    await this.#store.run("setMeta", { name: CLOCK_ALLOWED, value: "0" });
    const wallMs = this.#clock.nowMs();
    if (Math.abs(wallMs - word) > CLOCK_FAR_MS) return;
    if (this.#doubt !== null) this.#log("info", "The clock is trusted: the owner confirmed it");
    this.#trust({ wallMs, uptimeMs: this.#clock.uptimeMs() });
  }

  async #recordDoubt(): Promise<void> {
    const now = { wallMs: this.#clock.nowMs(), uptimeMs: this.#clock.uptimeMs() };
    const isDue = Math.abs(now.wallMs - this.#recordedMs) >= DOUBT_RECORD_EVERY_MS;
    if (this.#isDoubtRecorded && !isDue) return;
    const value = JSON.stringify({ wallMs: now.wallMs, consistentMs: this.#consistentMs(now) });
    await this.#store.run("setMeta", { name: CLOCK_DOUBT, value });
    this.#isDoubtRecorded = true;
    this.#recordedMs = now.wallMs;
  }

  #trust(now: Anchor): void {
    if (this.#doubt !== null) this.#isRegained = true;
    if (!isNear(this.#anchor, now)) this.#isOutdated = true;
    this.#doubt = null;
    this.#anchor = now;
  }

  #begin(now: Anchor, kind: Pick<Doubt, "isJump" | "earlierMs">): void {
    this.#doubt = { ...now, ...kind };
    this.#log("warn", "The clock is in doubt: nothing expires until it is trusted", {
      clock: isoOf(now.wallMs),
      expected: isoOf(this.#anchor.wallMs + now.uptimeMs - this.#anchor.uptimeMs),
      hint: "set the clock right, or run mallard expiry allow; it is trusted after a day",
    });
  }

  #consistentMs(now: Anchor): number {
    return this.#doubt === null ? 0 : this.#doubt.earlierMs + now.uptimeMs - this.#doubt.uptimeMs;
  }
}

/** Whether the wall clock has moved about as far as the process has run. */
function isNear(anchor: Anchor, now: Anchor): boolean {
  const expectedMs = anchor.wallMs + now.uptimeMs - anchor.uptimeMs;
  return Math.abs(now.wallMs - expectedMs) <= CLOCK_FAR_MS;
}

function parseDoubt(value: string | null): { wallMs: number; consistentMs: number } | null {
  if (value === null || value === "") return null;
  const { wallMs, consistentMs } = JSON.parse(value) as Readonly<Record<string, unknown>>;
  return { wallMs: Number(wallMs), consistentMs: Number(consistentMs) };
}

function text(ms: number): string {
  return String(Math.floor(ms));
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
