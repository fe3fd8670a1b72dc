// What every parser of the grammar returns: the value that was read, or a fault. A fault says what
// is wrong with a text without naming the parameter or the field that holds it.

/**
 * @template T
 * @typedef {{ readonly value: T, readonly fault?: undefined }
 *   | { readonly value?: undefined, readonly fault: string }} Parsed
 */

/**
 * Applies a parser to each item. The first fault is the fault of the list.
 * @template T, P
 * @param {readonly T[]} items
 * @param {(item: T, index: number) => Parsed<P>} parse
 * @returns {Parsed<P[]>}
 */
export function parseEach(items, parse) {
  const values = [];
  for (const [index, item] of items.entries()) {
    const { value, fault } = parse(item, index);
    if (fault !== undefined) return { fault };
    values.push(value);
  }
  return { value: values };
}

/** Longest piece of a bad text that a fault repeats, unless the caller gives another. */
const QUOTED_CHARS_MAX = 60;

/**
 * A piece of a text as a fault may repeat it.
 * @param {string} text
 * @param {number} [charsMax]
 * @returns {string}
 */
export function shorten(text, charsMax = QUOTED_CHARS_MAX) {
  return text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
}
