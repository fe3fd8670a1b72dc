// Cells of CSV files (RFC 4180) that no spreadsheet reads as a formula, whatever it reads as the
// separator: some split at `;`, tab or `|`, and do not heed quotes inside what they split.

/** Stands before a CSV file for spreadsheets that would not read it as UTF-8 otherwise. */
export const BOM = "\ufeff";

/** Spaces of every kind, and what nobody sees: a spreadsheet may trim them. */
const SPACES = " \u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff";
/** What begins a formula, in full width, too: Chinese and Japanese spreadsheets take that. */
const STARTS = "=+@\uff1d\uff0b\uff20\uff0d-";

/** What may precede a formula: the start of a cell, or another separator, spaces and quotes. */
export const FORMULA = `(^|[;|\\t\\r\\n])([${SPACES}"']*[${STARTS}])`;

const FORMULAS = new RegExp(FORMULA, "g");

/**
 * One cell: a `'` before what a spreadsheet would read as a formula, quotes where needed. Only
 * texts can be formulas; nothing is an empty cell.
 * @param {unknown} value
 * @returns {string}
 */
export function csvCell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value === "number" ? text : withoutFormulas(text);
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {string} text */
function withoutFormulas(text) {
  const disarmed = text.replace(FORMULAS, "$1'$2");
  return /^[\t\r]/.test(disarmed) ? `'${disarmed}` : disarmed;
}
