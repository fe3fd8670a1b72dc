// A world under the test's control: time moves by `advance`, chance is seeded, the log is a list.
// Files are real: DuckDB and SQLite are never pretended.
import type { Clock, Files, LogLevel, Random, System } from "../../src/core/types.ts";
import { realSystem } from "../../src/runtime/system.ts";

/** Something that is due; again and again where it has a period. */
interface FakeTimer {
  atMs: number;
  readonly everyMs: number | null;
  readonly run: () => void;
}

/** A clock that stands still until it is advanced; timers fire in order of their time. */
export class FakeClock implements Clock {
  #nowMs: number;
  /** How far the wall clock was set forward or back. */
  #jumpedMs = 0;
  #timers: FakeTimer[] = [];

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs + this.#jumpedMs;
  }

  uptimeMs(): number {
    return this.#nowMs;
  }

  /** Sets the wall clock forward or back; no timer fires. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }

  every(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, everyMs: ms, run };
    this.#timers.push(timer);
    return () => this.#remove(timer);
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, everyMs: null, run };
    this.#timers.push(timer);
    return () => this.#remove(timer);
  }

  turn(): Promise<void> {
    return Promise.resolve();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#remove(timer);
        resolve();
      };
      const timer = { atMs: this.#nowMs + ms, everyMs: null, run: end };
      this.#timers.push(timer);
      if (signal?.aborted) end();
      signal?.addEventListener("abort", end);
    });
  }

  /** Moves time on, firing what falls due. */
  advance(ms: number): void {
    const until = this.#nowMs + ms;
    for (;;) {
      const due = this.#next();
      if (!due || due.atMs > until) break;
      this.#nowMs = due.atMs;
      if (due.everyMs === null) this.#remove(due);
      else due.atMs += due.everyMs;
      due.run();
    }
    this.#nowMs = until;
  }

  /** The first timer that falls due; a day has a hundred thousand. */
  #next(): FakeTimer | undefined {
    let next: FakeTimer | undefined;
    for (const timer of this.#timers) if (!next || timer.atMs < next.atMs) next = timer;
    return next;
  }

  #remove(timer: unknown): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
}

/** One line the code under test logged. */
export interface LoggedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A System of a fake clock, seeded chance, real files, and a log that can be read. */
export interface FakeSystem extends System {
  readonly clock: FakeClock;
  readonly lines: LoggedLine[];
}

/** A world that starts at `nowMs` (2024-01-15 12:00 UTC unless said otherwise). */
export function fakeSystem(
  { nowMs = Date.UTC(2024, 0, 15, 12), seed = 1, files }: {
    nowMs?: number;
    seed?: number;
    files?: Files;
  } = {},
): FakeSystem {
  const lines: LoggedLine[] = [];
  return {
    clock: new FakeClock(nowMs),
    random: seededRandom(seed),
    files: files ?? realSystem({ format: "text", levelMin: "error" }).files,
    log: (level, message, fields = {}) => lines.push({ level, message, fields }),
    lines,
  };
}

/** Random bytes that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
  return {
    bytes: (count) => Uint8Array.from({ length: count }, next),
    uuid() {
      const hex = this.bytes(16).toHex();
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${
        hex.slice(20, 32)
      }`;
    },
  };
}
