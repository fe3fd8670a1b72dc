// The translated texts and number formats in the reader's language.
import { texts } from "../../texts/en.js";
import { preference } from "../state/preferences.js";
import { makeFormat } from "./format.js";
import { chooseLanguage, makeTranslate } from "./text.js";

/** @typedef {Pick<import("../state/context.js").App, "t" | "format">} Words */

/**
 * Texts of the preferred language; fetched unless it is English.
 * @returns {Promise<Words>}
 */
export async function loadWords() {
  const chosen = preference("language");
  // Prefer the browser's regional variant of the chosen language: en-GB rather than en.
  const flavours = navigator.languages.filter((tag) => tag.split("-")[0] === chosen);
  const wanted = chosen ? [...flavours, chosen] : navigator.languages;
  const language = chooseLanguage(wanted);
  const catalogue = language === "en"
    ? texts
    : (await import(new URL(`../../texts/${language}.js`, import.meta.url).href)).texts;
  document.documentElement.lang = language;
  return {
    t: makeTranslate(language, catalogue, texts),
    format: makeFormat(wanted[0] ?? language),
  };
}
