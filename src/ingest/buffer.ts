// Group commit: events of many waiting requests go to the journal in one transaction, and each
// request learns that its events are on disk. Nothing is kept in memory after that.
import { AppError, messageOf } from "../core/errors.ts";
import type { Event } from "../core/event.ts";
import { COMMIT_EVENTS_MAX, QUEUE_EVENTS_MAX } from "../core/limits.ts";
import type { InContext, Tracer } from "../core/timings/timings.ts";
import type { Log } from "../core/types.ts";
import type { ImportMark } from "../storage/state/ops/import_ops.ts";

/** Writes a batch: all of it is on disk when this resolves, none of it when this rejects. */
export type Append = (
  events: readonly Event[],
  imports: readonly ImportMark[],
) => Promise<void>;

/** Told once: null where the events are on disk, else why none of them is kept. Never throws. */
export type Settle = (refusal: AppError | null) => void;

interface Waiting {
  readonly events: readonly Event[];
  readonly imports: readonly ImportMark[];
  readonly settle: Settle;
  /** Of the trace that the request is of. */
  readonly inContext: InContext | undefined;
}

const NO_IMPORTS: readonly ImportMark[] = [];

const RETRY_SECS = "2";
const PROBE_MS = 10_000;
const BELIEVED_MS = 10_000;

/** The bounded queue in front of the journal. */
export class Buffer {
  /** Events accepted, and commits that failed, since the start. */
  readonly counts = { accepted: 0, commitFailures: 0 };
  readonly #append: Append;
  readonly #log: Log;
  readonly #eventsMax: number;
  readonly #tracer: Tracer | undefined;
  #waiting: Waiting[] = [];
  #waitingEvents = 0;
  #committing: Promise<void> | undefined;
  #failing = false;
  #probedMs = -Infinity;
  #failedMs: number | null = null;
  #probing: Promise<void> = Promise.resolve();

  /** `eventsMax` may wait. A commit is of the trace of its first request. */
  constructor(
    append: Append,
    log: Log,
    { eventsMax = QUEUE_EVENTS_MAX, tracer }: {
      readonly eventsMax?: number;
      readonly tracer?: Tracer | undefined;
    } = {},
  ) {
    this.#append = append;
    this.#log = log;
    this.#eventsMax = eventsMax;
    this.#tracer = tracer;
  }

  /** Events waiting for the journal. */
  get size(): number {
    return this.#waitingEvents;
  }

  /** Whether the last commit failed: the disk refuses. */
  get failing(): boolean {
    return this.#failing;
  }

  /**
   * Resolves when the events are on disk, all of them. Rejects with `unavailable` when the queue
   * is full or the disk refuses: then none of them is kept. The import they are of, if any, is
   * remembered in the same transaction.
   */
  accept(events: readonly Event[], imports: readonly ImportMark[] = NO_IMPORTS): Promise<void> {
    return new Promise((resolve, reject) =>
      this.add(events, (refusal) => refusal === null ? resolve() : reject(refusal), imports)
    );
  }

  /** The same without a promise, for requests in masses. */
  add(events: readonly Event[], settle: Settle, imports: readonly ImportMark[] = NO_IMPORTS): void {
    if (this.#waitingEvents + events.length > this.#eventsMax) {
      return settle(refused("too many events wait to be written"));
    }
    this.#waiting.push({ events, imports, settle, inContext: this.#tracer?.context() });
    this.#waitingEvents += events.length;
    this.#committing ??= this.#commitAll();
  }

  /**
   * Tries whether the disk keeps events, with `write`, where no commit tells: at most once in some
   * seconds however many ask. Never rejects.
   */
  probe(write: () => Promise<unknown>, nowMs: number): Promise<void> {
    if (this.#committing || Math.abs(nowMs - this.#probedMs) < PROBE_MS) return this.#probing;
    this.#probedMs = nowMs;
    // A small write may go through where events do not: it takes a while to be believed.
    if (this.#failing) this.#failedMs ??= nowMs;
    this.#probing = write().then(
      () => {
        if (nowMs - (this.#failedMs ?? -Infinity) >= BELIEVED_MS) this.#recovered();
      },
      (error) => {
        this.#failed(error);
        this.#failedMs = nowMs;
      },
    );
    return this.#probing;
  }

  /** Resolves when the queue is empty. */
  async drain(): Promise<void> {
    while (this.#committing) await this.#committing;
  }

  async #commitAll(): Promise<void> {
    // Events that arrive in the same turn of the event loop share the first commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const events: Event[] = [];
      const imports: ImportMark[] = [];
      for (const waiting of batch) {
        for (const event of waiting.events) events.push(event);
        for (const mark of waiting.imports) imports.push(mark);
      }
      try {
        const append = () => this.#append(events, imports);
        await (batch[0]?.inContext?.(append) ?? append());
        this.#recovered();
        this.counts.accepted += events.length;
        for (const { settle } of batch) settle(null);
      } catch (error) {
        this.#failed(error);
        for (const { settle } of batch) settle(refused("the disk refuses to keep it"));
      }
      this.#waitingEvents -= events.length;
    }
    this.#committing = undefined;
  }

  #takeBatch(): Waiting[] {
    let count = 0;
    let events = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && events + waiting.events.length > COMMIT_EVENTS_MAX) break;
      events += waiting.events.length;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #failed(error: unknown): void {
    this.counts.commitFailures++;
    if (!this.#failing) {
      this.#log("error", `Journal commit failed: ${messageOf(error)}`);
    }
    this.#failing = true;
  }

  #recovered(): void {
    if (this.#failing) this.#log("info", "Journal commits succeed again");
    this.#failing = false;
    this.#failedMs = null;
  }
}

function refused(why: string): AppError {
  return new AppError("unavailable", `Cannot accept the event now: ${why}`, {
    "retry-after": RETRY_SECS,
  });
}
