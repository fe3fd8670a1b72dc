// Answers whose comparison lacks data say so in their meta: their changes are not shown.

/** @typedef {{ change?: Readonly<Record<string, number | null>> | null }} Changed */

/**
 * The same answer; with each change unknown where the site's data begins within the earlier range.
 * @template T
 * @param {T} answer
 * @returns {T}
 */
export function comparable(answer) {
  const known = /** @type {Changed & { meta?: { data_from?: string }, results?: unknown }} */ (
    answer ?? {}
  );
  if (known.meta?.data_from === undefined) return answer;
  const results = Array.isArray(known.results) ? { results: known.results.map(unknown) } : {};
  return { ...unknown(answer), ...results };
}

/**
 * @template T
 * @param {T} row
 * @returns {T}
 */
function unknown(row) {
  const { change } = /** @type {Changed} */ (row);
  if (!change) return row;
  return { ...row, change: Object.fromEntries(Object.keys(change).map((name) => [name, null])) };
}
