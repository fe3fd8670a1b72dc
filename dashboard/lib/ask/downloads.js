// Tables as files the reader keeps.

/**
 * CSV of records, one line each. A cell a spreadsheet would take for a formula is led by `'`.
 * @param {readonly string[]} columns
 * @param {readonly Record<string, unknown>[]} records
 * @returns {string}
 */
export function csvOf(columns, records) {
  const lines = records.map((record) => columns.map((column) => cellOf(record[column])).join(","));
  return [columns.map(cellOf).join(","), ...lines, ""].join("\r\n");
}

/** @param {unknown} value */
function cellOf(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const TYPES = { csv: "text/csv", json: "application/json" };

/**
 * Hands a text to the browser as a file to save.
 * @param {string} name
 * @param {string} text
 * @param {keyof typeof TYPES} kind
 */
export function saveFile(name, text, kind) {
  const url = URL.createObjectURL(new Blob([text], { type: `${TYPES[kind]};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
