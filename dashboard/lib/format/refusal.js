// Refusals of the server in the reader's language.
import { ApiError } from "../ask/api.js";

/** Texts by the status of an answer, of which there is one for each kind of refusal. */
const TEXTS = /** @type {const} */ ({
  0: "fault_hint_offline",
  400: "refusal_bad_request",
  401: "refusal_unauthorized",
  403: "refusal_forbidden",
  404: "refusal_not_found",
  408: "refusal_timeout",
  409: "refusal_conflict",
  413: "refusal_too_large",
  422: "refusal_unprocessable",
  429: "fault_hint_busy",
  503: "fault_hint_busy",
});

/** Texts of parameters and fields that are no settings of a site. */
const FIELDS = /** @type {const} */ ({ filters: "filters", name: "name" });

/**
 * What went wrong, in words. The server's own words are English: in other languages the kind of
 * the refusal, what was wrong, and the texts that it quotes.
 * @param {unknown} error
 * @param {import("./text.js").Translate} t
 * @returns {string}
 */
export function refusalOf(error, t) {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const key = Object.hasOwn(TEXTS, error.status)
    ? TEXTS[/** @type {keyof typeof TEXTS} */ (error.status)]
    : "refusal_other";
  const said = error.message;
  if (error.status === 0 || said === `HTTP ${error.status}`) return t(key);
  if (t("language_tag") === "en") return said;
  const quoted = /"([^"]+)"/.exec(said)?.[1];
  const about = [
    ...(error.field === "" ? [] : [fieldText(error.field, t)]),
    ...(quoted === undefined ? [] : [quoted]),
  ];
  return [t(key), about.join(", ")].filter((text) => text !== "").join(": ");
}

/**
 * The name of a field as its form shows it; one without a text is shown as it is written.
 * @param {string} field
 * @param {import("./text.js").Translate} t
 */
function fieldText(field, t) {
  // The texts of settings are there where their form is.
  const known = Object.hasOwn(FIELDS, field)
    ? FIELDS[/** @type {keyof typeof FIELDS} */ (field)]
    : /** @type {import("./text.js").Key} */ (["setting", field].join("_"));
  const text = t(known);
  return text === known ? field : text;
}
