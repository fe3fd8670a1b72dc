// Saves tables as files.
import { BOM, csvCell } from "../../grammar/csv.js";

/**
 * CSV of records, one line each. No cell is a formula to a spreadsheet.
 * @param {readonly string[]} columns
 * @param {readonly Record<string, unknown>[]} records
 * @returns {string}
 */
export function csvOf(columns, records) {
  const lines = records.map((record) => columns.map((column) => csvCell(record[column])).join(","));
  return [columns.map(csvCell).join(","), ...lines, ""].join("\r\n");
}

const TYPES = { csv: "text/csv", json: "application/json" };

/**
 * Saves a text as a file; CSV so that Excel reads it as UTF-8.
 * @param {string} name
 * @param {string} text
 * @param {keyof typeof TYPES} kind
 */
export function saveFile(name, text, kind) {
  saveBlob(
    name,
    new Blob([kind === "csv" ? BOM : "", text], { type: `${TYPES[kind]};charset=utf-8` }),
  );
}

/**
 * Saves a file under a name.
 * @param {string} name
 * @param {Blob} blob
 */
export function saveBlob(name, blob) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
