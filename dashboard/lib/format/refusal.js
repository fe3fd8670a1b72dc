// Refusals of the server in the reader's language.
import { ApiError } from "../ask/api.js";

/** Texts by the status of an answer, of which there is one for each kind of refusal. */
const TEXTS = /** @type {const} */ ({
  0: "refusal_offline",
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
const FIELDS = /** @type {const} */ ({
  currency: "dimension_currency",
  dimension: "filter_dimension",
  dimensions: "filter_dimension",
  event: "dimension_name",
  filters: "filters",
  interval: "interval",
  metric: "metric",
  metrics: "metric",
  min_revenue: "goal_revenue",
  name: "name",
  props: "goal_props",
  sequence: "steps",
  steps: "steps",
  window: "funnel_window",
});

/** Where the next fault begins: each names its place. */
const NEXT = /; (?=(?:Cannot [^:;]*|[\w.-]+(?:\[\d+\])?): )/;
/** What a number may be. */
const BOUNDS = / from (-?[\d.]+) to (-?[\d.]+)$/;
/** Names of values that are numbers in texts. */
const NUMBERS = new Set(["n", "max", "low", "high"]);
/** What a fault opens with: what could not be done, and the field or the parameter. */
const OPENING = /^(?:Cannot (?:(?:read|use) ([a-z_]+)|[^:]*): )?(?:([a-z_]+): )?/;

/** What stays as it is until somebody acts, however often it is asked again; of all languages. */
const LASTING = /** @type {const} */ ([
  [/: the lake's file (?<file>\S+) of (?<dates>\S+) is gone or damaged;/, "fault_lake_file"],
  [
    /: the lake's files of (?<dates>.+?) cannot be read \((?:.*\(erasure (?<number>\d+)\)$)?/s,
    "fault_lake_left",
  ],
]);

/** @type {readonly import("./said.js").Known[]} */
let said = [];

/**
 * From now on, what the server says is told by these texts where one fits.
 * @param {readonly import("./said.js").Known[]} known
 */
export function tellBy(known) {
  said = known;
}

/**
 * What went wrong, where no waiting helps though the status says so; null else.
 * @param {ApiError} error
 * @param {import("./text.js").Translate} t
 * @returns {string | null}
 */
export function lastingOf({ status, message }, t) {
  if (status !== 503) return null;
  for (const [pattern, key] of LASTING) {
    const { file = "", dates = "", number = "" } = pattern.exec(message)?.groups ?? {};
    if (dates === "") continue;
    const text = t(key, { file, dates });
    return number === "" ? text : t("fault_lake_erasure", { text, number });
  }
  return null;
}

/**
 * What went wrong, in words. The server's own words are English: in other languages the kind of
 * the refusal, the field, and what was found; where there is no text for that, the server's words.
 * @param {unknown} error
 * @param {import("./text.js").Translate} t
 * @returns {string}
 */
export function refusalOf(error, t) {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const { status, message } = error;
  const lasting = lastingOf(error, t);
  if (lasting !== null) return lasting;
  const key = Object.hasOwn(TEXTS, status)
    ? TEXTS[/** @type {keyof typeof TEXTS} */ (status)]
    : "refusal_other";
  if (status === 0 || message === `HTTP ${status}`) return t(key);
  if (t("language_tag") === "en") {
    return message.replace(
      BOUNDS,
      (_, low, high) => ` from ${counted(low, t)} to ${counted(high, t)}`,
    );
  }
  // Some refusals name the field in their words alone.
  const field = error.field || (/^Cannot [^:]*: ([a-z_]+): /.exec(message)?.[1] ?? "");
  const reason = reasonOf(message, field);
  const found = foundIn(reason, status, t);
  const about = [field === "" ? [] : fieldText(field, t), found ?? []].flat().join(", ");
  const text = about === "" ? t(key) : t("colon", { name: t(key), text: about });
  const isTold = found !== null || TOLD.has(status);
  return isTold ? text : t("refusal_said", { text, said: reason });
}

/**
 * What was found in the reader's language, of each fault that is told, those after the first with
 * their fields; null where there is no text for one.
 * @param {string} reason
 * @param {number} status
 * @param {import("./text.js").Translate} t
 */
function foundIn(reason, status, t) {
  const faults = reason.split(NEXT);
  const all = faults.map((one, at) => {
    const [opening, parameter, named] = OPENING.exec(one) ?? [""];
    const field = named ?? parameter;
    const found = foundOnce(one.slice(opening.length), status, t);
    return at === 0 || !found || !field ? found : `${fieldText(field, t)}, ${found}`;
  });
  if (!all.includes(null)) return all.join("; ");
  const isOne = all.every((found) => found === null) && !reason.includes("; Cannot ");
  return isOne ? foundOnce(reason, status, t) : null;
}

/**
 * @param {string} reason
 * @param {number} status
 * @param {import("./text.js").Translate} t
 */
function foundOnce(reason, status, t) {
  const [, low, high] = BOUNDS.exec(reason) ?? [];
  if (low && high) return t("refusal_range", { low: counted(low, t), high: counted(high, t) });
  const taken = status === 409 ? /"([^"]+)"/.exec(reason)?.[1] : undefined;
  if (taken !== undefined) return taken;
  for (const [pattern, key, ...names] of said) {
    const parts = pattern.exec(reason);
    if (!parts) continue;
    return t(
      key,
      Object.fromEntries(names.map((name, at) => [name, valueText(name, parts[at + 1] ?? "", t)])),
    );
  }
  return null;
}

/**
 * What a text names: of an interval its name, numbers and quotes as the language writes them, else
 * what the server wrote.
 * @param {string} name
 * @param {string} value
 * @param {import("./text.js").Translate} t
 */
function valueText(name, value, t) {
  if (NUMBERS.has(name)) return counted(value, t);
  if (name === "texts") {
    return value.replace(/"([^"]*)"/g, (_, text) => t("quoted", { text }));
  }
  if (name !== "interval") return value;
  const key = /** @type {import("./text.js").Key} */ (`interval_${value}`);
  return t(key) === key ? value : t(key);
}

/**
 * A number with the separators of the language.
 * @param {string} digits
 * @param {import("./text.js").Translate} t
 */
function counted(digits, t) {
  return new Intl.NumberFormat(t("language_tag")).format(Number(digits));
}

/**
 * What the server found, without what it tried.
 * @param {string} message
 * @param {string} field
 */
function reasonOf(message, field) {
  const reason = message.replace(/^Cannot [^:]*: /, "");
  return field !== "" && reason.startsWith(`${field}: `) ? reason.slice(field.length + 2) : reason;
}

/**
 * The name of a field as its form shows it; one without a text is shown as it is written.
 * @param {string} field
 * @param {import("./text.js").Translate} t
 */
function fieldText(field, t) {
  const own = Object.hasOwn(FIELDS, field)
    ? [FIELDS[/** @type {keyof typeof FIELDS} */ (field)]]
    : [];
  const kinds = ["setting", "dimension"].map((kind) => [kind, field].join("_"));
  // Not every text is there: those of settings are where their form is.
  const known = /** @type {import("./text.js").Key[]} */ ([...own, ...kinds]);
  return known.map((key) => [key, t(key)]).find(([key, text]) => text !== key)?.[1] ?? field;
}
