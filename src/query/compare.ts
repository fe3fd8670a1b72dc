// The comparison of two ranges: the earlier values of the rows of an answer, and the change of each
// value since then.
import { bucketsOf, type Range } from "../core/period.ts";
import { type Answer, type AnswerRow, emptyValues, type Value } from "./answer.ts";
import { type MetricName, metricOf } from "./metrics.ts";
import { isIntervalName } from "./parse.ts";
import type { Query } from "./query.ts";

/**
 * The row of an earlier range for each of the given rows of a query: a bucket of time has that of
 * its place, others that of their keys. Undefined where that range has no such bucket.
 */
export async function earlierRows(
  query: Query,
  range: Range,
  rows: readonly AnswerRow[],
  ask: (query: Query) => Promise<Answer>,
): Promise<(AnswerRow | undefined)[]> {
  const moved = keysInRange(query, range);
  const wanted = rows.map(({ keys }) => moved(keys));
  const there = wanted.filter((keys) => keys !== null);
  const isSplit = query.dimensions.length > 0;
  if (isSplit && there.length === 0) return wanted.map(() => undefined);
  const found = await ask({
    ...query,
    range,
    order: [],
    search: null,
    offset: 0,
    ...(isSplit ? { rows: there, limit: there.length } : {}),
  });
  const byKeys = new Map(found.rows.map(({ keys, values }) => [JSON.stringify(keys), values]));
  return wanted.map((keys) =>
    keys === null ? undefined : {
      keys,
      values: byKeys.get(JSON.stringify(keys)) ?? emptyValues(query.metrics),
    }
  );
}

/** The keys of a row in another range: a bucket by its place, null where that range has none. */
function keysInRange(
  { range, zone, weekStart, dimensions }: Query,
  other: Range,
): (keys: AnswerRow["keys"]) => AnswerRow["keys"] | null {
  const moves = dimensions.map((ref) => {
    if (!isIntervalName(ref)) return undefined;
    const there = bucketsOf(other, ref, zone, weekStart);
    const here = bucketsOf(range, ref, zone, weekStart);
    return new Map(here.map(({ key }, place) => [key, there[place]?.key]));
  });
  return (keys) => {
    const moved = keys.flatMap((key, index) => {
      const move = moves[index];
      return move && typeof key === "number" ? move.get(key) ?? [] : key;
    });
    return moved.length === keys.length ? moved : null;
  };
}

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
