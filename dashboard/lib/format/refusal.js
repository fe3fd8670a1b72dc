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

/**
 * What went wrong, in words. The server's own words are English: they follow where they say more.
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
  return t("language_tag") === "en" ? said : `${t(key)} (${said})`;
}
