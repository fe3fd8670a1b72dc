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

/** Statuses that tell all there is to know. */
const TOLD = new Set([401, 408, 429, 503]);

/** Texts of parameters and fields that are no settings of a site. */
const FIELDS = /** @type {const} */ ({ filters: "filters", name: "name" });

/**
 * What went wrong, in words. The server's own words are English: in other languages the kind of
 * the refusal, the field, and the bounds or the text that it quotes; what has none of these is
 * followed by the server's words.
 * @param {unknown} error
 * @param {import("./text.js").Translate} t
 * @returns {string}
 */
export function refusalOf(error, t) {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const { status, field, message: said } = error;
  const key = Object.hasOwn(TEXTS, status)
    ? TEXTS[/** @type {keyof typeof TEXTS} */ (status)]
    : "refusal_other";
  if (status === 0 || said === `HTTP ${status}`) return t(key);
  if (t("language_tag") === "en") return said;
  const named = field === "" ? [] : [fieldText(field, t)];
  const bounds = / from (-?[\d.]+) to (-?[\d.]+)$/.exec(said);
  const taken = status === 409 ? /"([^"]+)"/.exec(said)?.[1] : undefined;
  const known = bounds
    ? [t("refusal_range", { low: bounds[1] ?? "", high: bounds[2] ?? "" })]
    : taken === undefined
    ? []
    : [taken];
  const about = [...named, ...known].join(", ");
  const text = about === "" ? t(key) : `${t(key)}: ${about}`;
  const isTold = known.length > 0 || TOLD.has(status);
  return isTold ? text : t("refusal_said", { text, said: reasonOf(said, field) });
}

/**
 * What the server found, without what it tried.
 * @param {string} said
 * @param {string} field
 */
function reasonOf(said, field) {
  const reason = said.replace(/^Cannot [^:]*: /, "");
  return field !== "" && reason.startsWith(`${field}: `) ? reason.slice(field.length + 2) : reason;
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
