// The comparison of two ranges: the change of each value since the earlier one.
import type { AnswerRow, Value } from "./answer.ts";
import { type MetricName, metricOf } from "./metrics.ts";

/**
 * The change of a value: as a share of the earlier one (0.25 is a quarter more), for ratios the
 * difference. Null if it is undefined.
 */
export function changeOf(unit: string, now: number | null, before: number | null): number | null {
  if (now === null || before === null) return null;
  if (unit === "ratio") return now - before;
  return before === 0 ? null : (now - before) / before;
}

/** The change of each metric. Money changes where there is one currency, the same in both. */
export function changesOf(
  metrics: readonly MetricName[],
  now: AnswerRow["values"],
  before: AnswerRow["values"],
): Record<string, number | null> {
  return Object.fromEntries(metrics.map((name) => {
    const [a, b] = [plain(now[name]), plain(before[name])];
    const same = a?.currency === b?.currency;
    return [name, same ? changeOf(metricOf(name).unit, a?.value ?? null, b?.value ?? null) : null];
  }));
}

function plain(value: Value | undefined): { currency: string; value: number } | null {
  if (typeof value === "number") return { currency: "", value };
  if (value === null || value === undefined) return null;
  const [only] = value;
  return only && value.length === 1 ? only : null;
}
