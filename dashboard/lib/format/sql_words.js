// The words of the SQL page, which are fetched with it.
import { texts } from "../../texts/sql/en.js";
import { later } from "../modules.js";
import { makeTranslate } from "./text.js";

/** @typedef {keyof typeof texts} SqlKey */
/** @typedef {(key: SqlKey, values?: Record<string, string | number>) => string} SqlWords */

/**
 * The words in a language that has a catalogue.
 * @param {string} language
 * @returns {Promise<SqlWords>}
 */
export async function loadSqlWords(language) {
  const url = new URL(`../../texts/sql/${language}.js`, import.meta.url).href;
  const catalogue = language === "en" ? texts : (await later(() => import(url))()).texts;
  const translate = makeTranslate(language, catalogue, texts);
  return (key, values) =>
    translate(/** @type {import("./text.js").Key} */ (/** @type {unknown} */ (key)), values);
}
