// The words of the SQL page, which are fetched with it.
import { texts } from "../../texts/sql/en.js";
import { later } from "../modules.js";
import { makeTranslate } from "./text.js";

/** @typedef {keyof typeof texts} SqlKey */
/**
 * The words; `columnOf` tells what a column of a table means, "" where only the server knows.
 * @typedef {((key: SqlKey, values?: Record<string, string | number>) => string) & {
 *   columnOf: (name: string) => string,
 * }} SqlWords
 */

/**
 * The words in a language that has a catalogue.
 * @param {string} language
 * @returns {Promise<SqlWords>}
 */
export async function loadSqlWords(language) {
  const url = new URL(`../../texts/sql/${language}.js`, import.meta.url).href;
  /** @type {{ texts: typeof texts, columns?: Readonly<Record<string, string>> }} */
  const { texts: own, columns = {} } = language === "en"
    ? { texts }
    : await later(() => import(url))();
  const translate = makeTranslate(language, own, texts);
  /** @type {(key: SqlKey, values?: Record<string, string | number>) => string} */
  const words = (key, values) =>
    translate(/** @type {import("./text.js").Key} */ (/** @type {unknown} */ (key)), values);
  return Object.assign(words, {
    columnOf: (/** @type {string} */ name) =>
      Object.hasOwn(columns, name) ? columns[name] ?? "" : "",
  });
}
