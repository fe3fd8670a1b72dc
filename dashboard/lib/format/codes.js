// Search among values that are codes, by what is shown in their place.

/**
 * Whether the values of a dimension are codes: a search is for what is shown instead.
 * @param {string} dimension
 */
export function isCoded(dimension) {
  return /^(channel|country|language|device|day_of_week|hour_of_day)$/.test(dimension);
}

/**
 * The rows whose label contains a text, or whose code it is; see `plain()`.
 * @template {{ readonly value: string }} Row
 * @param {readonly Row[]} rows
 * @param {string} text
 * @param {(value: string) => string} write
 * @returns {readonly Row[]}
 */
export function codesFound(rows, text, write) {
  const wanted = plain(text);
  if (wanted === "") return rows;
  return rows.filter(({ value }) =>
    plain(write(value)).includes(wanted) || plain(value) === wanted
  );
}

/**
 * A text as it is compared: without accents and spaces, in lower case.
 * @param {string} text
 */
export function plain(text) {
  return text.normalize("NFKD").replace(/[\p{M}\s]/gu, "").toLowerCase();
}
