// The rows of a query as values: keys by dimension and numbers by metric. Reports fill gaps and
// give them their shape.
import type { Row } from "../storage/duckdb.ts";
import { type MetricName, metricOf } from "./metrics.ts";
import type { Query } from "./query.ts";

/** An amount in one currency. */
export interface Money {
  readonly currency: string;
  readonly value: number;
}

/** A metric's value: null where it is undefined. */
export type Value = number | null | readonly Money[];

/** One row of an answer. */
export interface AnswerRow {
  /** One per dimension: a text, or the key of a bucket. */
  readonly keys: readonly (string | number)[];
  readonly values: Readonly<Partial<Record<MetricName, Value>>>;
}

/** The answer of a query. `total` counts the rows before limit and offset. */
export interface Answer {
  readonly rows: readonly AnswerRow[];
  readonly total: number;
}

/** Reads the rows of `buildQuery`'s statement. */
export function answerOf(query: Query, rows: readonly Row[]): Answer {
  return {
    rows: rows.map((row) => ({
      keys: query.dimensions.map((_, index) => keyOf(row[`k${index}`])),
      values: valuesOf(query, row),
    })),
    total: Number(rows[0]?.["total_rows"] ?? 0),
  };
}

function keyOf(value: Row[string] | undefined): string | number {
  return typeof value === "number" ? value : String(value ?? "");
}

function valuesOf(query: Query, row: Row): AnswerRow["values"] {
  const values: Partial<Record<MetricName, Value>> = {};
  for (const name of query.metrics) {
    const metric = metricOf(name);
    if (metric.money) values[name] = moneyOf(row["money"], metric.money);
    else values[name] = typeof row[name] === "number" ? row[name] : metric.empty;
  }
  return values;
}

interface CurrencySum {
  readonly currency: string;
  readonly cents: number;
  readonly count: number;
}

function moneyOf(text: Row[string] | undefined, what: "sum" | "mean"): Money[] {
  if (typeof text !== "string") return [];
  return (JSON.parse(text) as CurrencySum[]).map(({ currency, cents, count }) => ({
    currency,
    value: what === "sum" ? cents / 100 : Math.round(cents / count) / 100,
  }));
}

/** A number of an answer; what is null counts as `otherwise`. */
export function numberOf(values: AnswerRow["values"], name: MetricName, otherwise = 0): number {
  const value = values[name];
  return typeof value === "number" ? value : otherwise;
}

/** Values where nothing was counted. */
export function emptyValues(metrics: readonly MetricName[]): AnswerRow["values"] {
  return Object.fromEntries(
    metrics.map((name) => [name, metricOf(name).money ? [] : metricOf(name).empty]),
  );
}

/** The answer of a query about an empty range. */
export function emptyAnswer(query: Query): Answer {
  if (query.dimensions.length > 0) return { rows: [], total: 0 };
  const row = { keys: [], values: emptyValues(query.metrics) };
  return { rows: query.offset === 0 ? [row] : [], total: 1 };
}
