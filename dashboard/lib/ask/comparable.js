// Answers whose comparison lacks data say so in their meta: their changes are not shown, and what
// was before the data is unknown.
import { minuteOf } from "../period.js";

/** @typedef {Readonly<Record<string, number | null>>} Values */
/** @typedef {{ change?: Values | null, comparison?: { bucket?: string } | null }} Changed */
/** @typedef {import("./answers.js").OverviewAnswer["meta"]} Meta */

/**
 * The same answer; with each change unknown where the site's data begins within the earlier range,
 * and the buckets of that range unknown that end before.
 * @template T
 * @param {T} answer
 * @returns {T}
 */
export function comparable(answer) {
  const { meta, results } = /** @type {{ meta?: Meta, results?: unknown }} */ (answer ?? {});
  if (meta?.data_from === undefined) return answer;
  const rows = Array.isArray(results) ? { results: withGaps(results.map(unknown), meta) } : {};
  return { ...unknown(answer), ...rows };
}

/**
 * @param {readonly Changed[]} rows
 * @param {NonNullable<Meta>} meta
 * @returns {readonly Changed[]}
 */
function withGaps(rows, { data_from: from = "", comparison_range: earlier, range }) {
  const begin = minuteOf(Date.parse(from), range.timezone);
  return rows.map((row, index) => {
    const { bucket, ...values } = row.comparison ?? {};
    if (bucket === undefined) return row;
    const next = rows[index + 1]?.comparison?.bucket?.slice(0, begin.length);
    const isUnknown = next ? next <= begin.slice(0, next.length) : from >= (earlier?.to ?? "");
    return isUnknown ? { ...row, comparison: { ...nulls(values), bucket } } : row;
  });
}

/**
 * @template T
 * @param {T} row
 * @returns {T}
 */
function unknown(row) {
  const { change } = /** @type {Changed} */ (row);
  if (!change) return row;
  return { ...row, change: nulls(change) };
}

/** @param {object} values */
function nulls(values) {
  return Object.fromEntries(Object.keys(values).map((name) => [name, null]));
}
