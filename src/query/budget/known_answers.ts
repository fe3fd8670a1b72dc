// Answers of queries as a whole or by time that were computed a moment ago: reports of one view ask
// for the same numbers, or for some of them, again.
import { CACHE_CHARS_MAX } from "../../core/limits.ts";
import type { Clock } from "../../core/types.ts";
import type { Answer } from "../answer.ts";
import { AGGREGATES, type MetricName, metricOf } from "../metrics.ts";
import { isIntervalName } from "../parse.ts";
import type { Query } from "../query.ts";

/** Questions of which answers are kept, and answers of each; each has few rows. */
const QUESTIONS_MAX = 100;
const ANSWERS_MAX = 3;
const ROWS_MAX = 400;

interface Known {
  readonly metrics: ReadonlySet<MetricName>;
  readonly answer: Answer;
  readonly untilMs: number;
  /** Length of the question, and of the answer as JSON twice. */
  readonly chars: number;
}

/** Bounds of what is kept. */
export interface KnownOptions {
  readonly ttlMs: number;
  /** Characters of all questions and answers as JSON. */
  readonly charsMax?: number;
}

/** Answers by question. */
export class KnownAnswers {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #charsMax: number;
  /** Those that were kept last come last. */
  readonly #known = new Map<string, readonly Known[]>();
  #chars = 0;

  /** With `ttlMs` 0 it keeps nothing. */
  constructor(clock: Clock, { ttlMs, charsMax = CACHE_CHARS_MAX }: KnownOptions) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#charsMax = charsMax;
  }

  /** The answer of a query, if another one of `about` told all of its metrics, else null. */
  find(about: readonly unknown[], query: Query): Answer | null {
    if (!isWhole(query)) return null;
    const { metrics, limit } = query;
    const known = this.#of(keyOf(about, query)).find((one) =>
      metrics.every((name) => one.metrics.has(name)) && one.answer.rows.length <= limit
    );
    if (!known) return null;
    const { rows, total } = known.answer;
    const some = rows.map(({ keys, values }) => ({
      keys,
      values: Object.fromEntries(metrics.map((name) => [name, values[name] ?? null])),
    }));
    return { rows: some, total };
  }

  /** Keeps an answer. `about` says of which data and for whom it is. */
  keep(about: readonly unknown[], query: Query, answer: Answer): void {
    const { rows, total } = answer;
    if (this.#ttlMs <= 0 || !isWhole(query)) return;
    if (rows.length > ROWS_MAX || rows.length !== total) return;
    const key = keyOf(about, query);
    const metrics = new Set(query.metrics);
    const own: Known = {
      metrics,
      answer,
      untilMs: this.#clock.nowMs() + this.#ttlMs,
      chars: key.length + 2 * JSON.stringify(answer).length,
    };
    const others = this.#of(key).filter((one) => !one.metrics.isSubsetOf(metrics));
    this.#drop(key);
    const all = [own, ...others].slice(0, ANSWERS_MAX);
    this.#known.set(key, all);
    this.#chars += charsOf(all);
    this.#makeRoom();
  }

  /** Forgets everything, as after an erasure. */
  clear(): void {
    this.#known.clear();
    this.#chars = 0;
  }

  #of(key: string): readonly Known[] {
    const now = this.#clock.nowMs();
    return this.#known.get(key)?.filter(({ untilMs }) => untilMs > now) ?? [];
  }

  #drop(key: string): void {
    this.#chars -= charsOf(this.#known.get(key) ?? []);
    this.#known.delete(key);
  }

  /** Forgets what is too old, and of the rest what was kept first, where it is too much. */
  #makeRoom(): void {
    const now = this.#clock.nowMs();
    for (const [key, [newest]] of this.#known) {
      const isFull = this.#known.size > QUESTIONS_MAX || this.#chars > this.#charsMax;
      if (!isFull && newest && newest.untilMs > now) return;
      this.#drop(key);
    }
  }
}

function charsOf(answers: readonly Known[]): number {
  return answers.reduce((sum, { chars }) => sum + chars, 0);
}

/** Whether a query asks for one row, or for one for each bucket of time in their order. */
function isWhole({ metrics, dimensions, order, offset, search, only, rows, sums }: Query): boolean {
  const [time, ...others] = dimensions;
  const [first] = order;
  const inOrder = first === undefined || (first.by === time && first.direction === "asc");
  return offset === 0 && search === null && only === null && rows === null && !sums &&
    others.length === 0 && (time === undefined || (isIntervalName(time) && inOrder)) &&
    metrics.every((name) => metricOf(name).base === undefined);
}

/** Which rows there are depends on what the metrics are of. */
function keyOf(about: readonly unknown[], query: Query): string {
  const { metrics, nowUs: _, order: __, limit: ___, ...rest } = query;
  const needs = metrics.flatMap((name) => metricOf(name).needs).map((name) => AGGREGATES[name].of);
  const ofEvents = needs.includes("event");
  const ofMoney = !ofEvents && metrics.some((name) => metricOf(name).money !== undefined);
  return JSON.stringify([about, ofEvents, needs.includes("visit"), ofMoney, rest]);
}
