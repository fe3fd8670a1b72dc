// The findings of the health check in the reader's language. The server tells them in English, and
// a text for each kind of sentence says the same.
import { later } from "../../lib/modules.js";

/**
 * A finding in the reader's language; null where there is no text for it.
 * @typedef {(found: string) => string | null} DoctorWords
 */

/**
 * The words in a language that has a catalogue; English is the server's own.
 * @param {string} language
 * @returns {Promise<DoctorWords>}
 */
export async function loadDoctorWords(language) {
  if (language === "en") return (found) => found;
  const url = new URL(`../../texts/doctor/${language}.js`, import.meta.url).href;
  return makeDoctorWords((await later(() => import(url))()).texts, language);
}

/**
 * @param {Readonly<Record<string, string>>} texts by the words of the server. Names in braces stand
 *   for what differs; those of numbers are `n`, `n2` and so on
 * @param {string} locale how numbers are written
 * @returns {DoctorWords}
 */
export function makeDoctorWords(texts, locale) {
  const known = Object.entries(texts).map(([said, text]) => ({ pattern: patternOf(said), text }));
  return (found) => {
    for (const { pattern, text } of known) {
      const { groups } = pattern.exec(found) ?? {};
      if (groups === undefined) continue;
      return text.replace(/\{(\w+)\}/g, (_, /** @type {string} */ name) => {
        const value = groups[name] ?? "";
        return isNumber(name) ? Number(value).toLocaleString(locale) : value;
      });
    }
    return null;
  };
}

/** @param {string} name */
function isNumber(name) {
  return /^n\d?$/.test(name);
}

/**
 * What finds a sentence and what differs in it.
 * @param {string} said
 */
function patternOf(said) {
  const parts = said.split(/\{(\w+)\}/).map((part, at) =>
    at % 2 === 0
      ? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
      : `(?<${part}>${isNumber(part) ? "-?\\d+" : ".+?"})`
  );
  return new RegExp(`^${parts.join("")}(?<end>$)`, "s");
}
