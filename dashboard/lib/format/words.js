// The words of the page in the reader's language, and how numbers and dates are written in it.
import { texts } from "../../texts/en.js";
import { preference } from "../state/preferences.js";
import { makeFormat } from "./format.js";
import { chooseLanguage, makeTranslate } from "./text.js";

/** @typedef {Pick<import("../state/context.js").App, "t" | "format">} Words */

/**
 * Words of the preferred language, which is fetched unless it is English.
 * @returns {Promise<Words>}
 */
export async function loadWords() {
  const chosen = preference("language");
  // Of a language chosen here the browser may know the region: en-GB rather than en.
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
