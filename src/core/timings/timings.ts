// How long work takes, by kind and label: histograms for /metrics, and spans of traces. The tracer
// is missing unless tracing is switched on; without it an observation is one addition.

/** Kinds of work, and what they are labelled by; null for none. */
export const WORK = {
  request: { by: "route", doc: "Requests until their answer began, by route." },
  question: { by: "report", doc: "Reports that were computed, by report." },
  commit: { by: null, doc: "Commits of events to the journal." },
  flush: { by: null, doc: "Flushes of hot events to Parquet." },
} as const satisfies Record<string, { readonly by: string | null; readonly doc: string }>;

/** Name of a kind of work. */
export type WorkKind = keyof typeof WORK;

/** Upper bounds of the buckets, in seconds; a last one has no bound. */
export const BOUNDS_SECS = [
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  30,
] as const;

/** Runs work in a context of traces. */
export type InContext = <T>(work: () => T) => T;

/** Makes spans of work; one that begins within another is its child. */
export interface Tracer {
  /** Runs work as a span. An empty label is one that is told later, or none. */
  span<T>(kind: WorkKind, label: string, work: () => Promise<T>): Promise<T>;
  /** Labels the span of this kind that runs. */
  label(kind: WorkKind, label: string): void;
  /** The context now, for work that is done for many callers at once. */
  context(): InContext;
}

/** What was observed under one label. */
export interface Histogram {
  readonly label: string;
  /** How many took at most as long as each bound, and then all. */
  readonly upTo: readonly number[];
  readonly sumSecs: number;
}

interface Counts {
  readonly buckets: number[];
  sumMs: number;
}

/** Labels beyond these are one: routes and reports are few. */
const LABELS_MAX = 500;

/** Counts how long work took. */
export class Timings {
  /** Undefined where tracing is off. */
  readonly tracer: Tracer | undefined;
  readonly #counts = new Map<WorkKind, Map<string, Counts>>();

  /** Responses by status. */
  readonly responses: Record<string, number> = {};

  constructor(tracer?: Tracer) {
    this.tracer = tracer;
  }

  /** Runs work, and notes how long it took, also where it fails. */
  async timed<T>(
    kind: WorkKind,
    label: string,
    clock: { uptimeMs(): number },
    work: () => Promise<T>,
  ): Promise<T> {
    const startedMs = clock.uptimeMs();
    try {
      return await (this.tracer ? this.tracer.span(kind, label, work) : work());
    } finally {
      this.observe(kind, label, clock.uptimeMs() - startedMs);
    }
  }

  /** Notes that a piece of work has just ended. */
  observe(kind: WorkKind, label: string, ms: number): void {
    let labels = this.#counts.get(kind);
    if (!labels) this.#counts.set(kind, labels = new Map());
    const name = labels.has(label) || labels.size < LABELS_MAX ? label : "(other)";
    let counts = labels.get(name);
    if (!counts) {
      counts = { buckets: Array(BOUNDS_SECS.length + 1).fill(0), sumMs: 0 };
      labels.set(name, counts);
    }
    const found = BOUNDS_SECS.findIndex((bound) => ms <= bound * 1000);
    const bucket = found === -1 ? BOUNDS_SECS.length : found;
    counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1;
    counts.sumMs += ms;
  }

  /** Counts a response. */
  answered(status: number): void {
    this.responses[status] = (this.responses[status] ?? 0) + 1;
  }

  /** What was observed of a kind, by label. */
  histograms(kind: WorkKind): Histogram[] {
    return [...this.#counts.get(kind) ?? []].map(([label, { buckets, sumMs }]) => {
      let all = 0;
      return { label, upTo: buckets.map((count) => all += count), sumSecs: sumMs / 1000 };
    });
  }
}
