// The translated texts and number formats in the reader's language.
import { texts } from "../../texts/en.js";
import { later, loadModule } from "../modules.js";
import { preference } from "../state/preferences.js";
import { makeFormat } from "./format.js";
import { chooseLanguage, makeTranslate } from "./text.js";

/** @typedef {Pick<import("../state/context.js").App, "t" | "format">} Words */
/** @typedef {import("./text.js").Catalogue} Catalogue */

/** The texts that are there; those of other pages join them. */
const catalogue = /** @type {Record<string, Catalogue[string]>} */ ({ ...texts });
let language = chooseLanguage([]);
/** @type {Promise<void> | null} */
let pageWords = null;

/**
 * Texts of the preferred language; fetched unless it is English. Those of English where they can't
 * be fetched, until the server is back.
 * @returns {Promise<Words>}
 */
export async function loadWords() {
  const chosen = preference("language");
  // Prefer the browser's regional variant of the chosen language: en-GB rather than en.
  const flavours = navigator.languages.filter((tag) => tag.split("-")[0] === chosen);
  const wanted = chosen ? [...flavours, chosen] : navigator.languages;
  language = chooseLanguage(wanted);
  if (language !== "en") {
    const own = language;
    await join("", own).catch(() => {
      language = "en";
      loadModule(() => join("", own)).then(() => location.reload(), () => {});
    });
  }
  document.documentElement.lang = language;
  const locale = wanted[0] ?? language;
  return {
    t: makeTranslate(language, catalogue, texts, locale),
    format: makeFormat(locale),
  };
}

/**
 * Loads the words of pages, those of refusals among them. Throws when they cannot be fetched; the
 * next call tries again.
 * @returns {Promise<void>}
 */
export function loadPageWords() {
  pageWords ??= joinPages().catch((error) => {
    pageWords = null;
    throw error;
  });
  return pageWords;
}

/**
 * Loads a page that has words of its own together with these.
 * @template {object} T
 * @param {() => Promise<T>} load
 * @returns {() => Promise<T>}
 */
export function withPageWords(load) {
  const again = later(load);
  return async () => {
    const [module] = await Promise.all([again(), loadPageWords()]);
    return module;
  };
}

const loadSaid = later(() => import("./said.js"));
const loadRefusals = later(() => import("./refusal.js"));

/** Readers of English get the server's own words. */
async function joinPages() {
  const said = language === "en" ? null : Promise.all([loadSaid(), loadRefusals()]);
  await join("pages/");
  const [known, refusals] = await said ?? [];
  if (known) refusals?.tellBy(known.SAID);
}

/**
 * @param {"" | "pages/"} folder
 * @param {string} [of]
 */
async function join(folder, of = language) {
  const url = new URL(`../../texts/${folder}${of}.js`, import.meta.url).href;
  Object.assign(catalogue, (await later(() => import(url))()).texts);
}
