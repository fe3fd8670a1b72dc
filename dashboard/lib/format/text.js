// Translated texts. Pure: takes catalogues, returns texts.

/**
 * The texts of the first view, and those that are fetched with other pages.
 * @typedef {import("../../texts/en.js").Key | import("../../texts/pages/en.js").Key} Key
 */
/** @typedef {string | { readonly one: string, readonly other: string }} Entry */
/** @typedef {{ readonly [key: string]: Entry }} Catalogue */
/** @typedef {(key: Key, values?: Record<string, string | number>) => string} Translate */

/** The languages that have a catalogue. The first is the complete one. */
export const LANGUAGES = /** @type {const} */ (["en", "de", "fr", "es"]);

/** @typedef {(typeof LANGUAGES)[number]} Language */

/**
 * The best catalogue for a reader's languages.
 * @param {readonly string[]} wanted language tags, the favourite first
 * @returns {Language}
 */
export function chooseLanguage(wanted) {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0];
    const found = LANGUAGES.find((language) => language === base);
    if (found) return found;
  }
  return LANGUAGES[0];
}

/** What stands beside a space in French: no line ends there. */
const FRENCH_MARKS = / (?=[:;?!»])|(?<=«) /g;

/**
 * A function from key to text. `{name}` in a text becomes the value of that name; where a text has
 * the forms `one` and `other`, the value `n` chooses. A key the catalogue lacks comes from `spare`.
 * @param {string} language
 * @param {Catalogue} catalogue
 * @param {Catalogue} spare
 * @param {string} [locale] how numbers are written
 * @returns {Translate}
 */
export function makeTranslate(language, catalogue, spare, locale = language) {
  const rules = new Intl.PluralRules(language);
  const written = (/** @type {string | number} */ value) =>
    typeof value === "number" ? value.toLocaleString(locale) : value;
  return (key, values = {}) => {
    const entry = catalogue[key] ?? spare[key] ?? key;
    const form = typeof entry === "string"
      ? entry
      : rules.select(Number(values["n"])) === "one"
      ? entry.one
      : entry.other;
    const text = language === "fr" ? form.replace(FRENCH_MARKS, "\u00a0") : form;
    return text.replace(
      /\{(\w+)\}/g,
      (/** @type {string} */ whole, /** @type {string} */ name) => written(values[name] ?? whole),
    );
  };
}
