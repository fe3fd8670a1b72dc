// Statements in SQL and their answers: types, the request of a file, and what of an answer can be
// drawn.
import { addressOf, errorOf } from "./api.js";

/** @typedef {{ name: string, type: string }} AnswerColumn */
/** @typedef {Readonly<Record<string, unknown>>} AnswerRow */

/**
 * @typedef {object} SqlAnswer
 * @property {readonly AnswerColumn[]} columns
 * @property {readonly AnswerRow[]} rows
 * @property {boolean} truncated
 */

/**
 * @typedef {object} SqlTable
 * @property {string} name
 * @property {readonly (AnswerColumn & { doc: string })[]} columns
 */

/**
 * @typedef {object} SqlServer
 * @property {boolean} enabled
 * @property {readonly SqlTable[]} tables
 */

/** A statement that is kept with a site. */
/** @typedef {{ id: number, name: string, query: string }} SavedQuery */

const NUMBER = /^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DOUBLE|FLOAT|DECIMAL\(\d+,\d+\))$/;
const TIME = /^(?:DATE|TIME)/;

/**
 * Whether values of a type are numbers.
 * @param {string} type
 */
export function isNumeric(type) {
  return NUMBER.test(type);
}

/**
 * A value as text; null where there is none.
 * @param {unknown} value
 * @returns {string | null}
 */
export function textOf(value) {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/**
 * The columns that a chart can show: those of numbers, over the labels of the first column.
 * @param {readonly AnswerColumn[]} columns
 * @returns {readonly string[]}
 */
export function chartable(columns) {
  return columns.slice(1).filter(({ type }) => isNumeric(type)).map(({ name }) => name);
}

/**
 * The labels and values of a column, in the order of time where the first column is one.
 * @param {SqlAnswer} answer
 * @param {string} column
 */
export function courseOf({ columns, rows }, column) {
  const [first] = columns;
  const label = (/** @type {AnswerRow} */ row) => textOf(row[first?.name ?? ""]) ?? "";
  const ordered = first && TIME.test(first.type)
    ? rows.toSorted((a, b) => label(a) < label(b) ? -1 : 1)
    : rows;
  return {
    labels: ordered.map(label),
    values: ordered.map((row) => {
      const value = row[column];
      return typeof value === "number" ? value : null;
    }),
  };
}

/**
 * The answer to a statement as a file. Rejects with ApiError.
 * @param {{ site_id: string, query: string, format: "csv" | "parquet" }} body
 * @returns {Promise<Blob>}
 */
export async function askFile(body) {
  const response = await fetch(addressOf("api/sql"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });
  if (response.ok) return await response.blob();
  const said = await response.json().catch(() => null);
  throw errorOf(response.status, said, response.headers.get("retry-after"));
}
