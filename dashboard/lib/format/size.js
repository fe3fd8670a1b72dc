// Sizes of files in words.

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];

/**
 * 12345678 → 12 MB.
 * @param {number} bytes
 * @param {string} locale
 */
export function sizeWords(bytes, locale) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[step] ?? "byte",
    maximumSignificantDigits: 3,
  }).format(bytes / 1000 ** step);
}
