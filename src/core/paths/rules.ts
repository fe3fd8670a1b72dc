// Path rules of a site: which spellings of a page are one page. They are applied to every event
// that comes in, and on the owner's word to those that are stored.
import { URL_CHARS_MAX } from "../limits.ts";
import { quoted } from "../text.ts";
import { normalPath, writtenPath } from "./normal_form.ts";

/** What is done with the slash at the end of a path. */
export const TRAILING_SLASH = ["keep", "remove", "add"] as const;

/**
 * A pattern of whole paths and what is stored for them. In `from`, `*` is any segment, `#` one of
 * digits, and `**` at the end all that follow. In `to`, `*` and `#` keep the segment at their
 * place, which is the same in `from`, and `**` at the end all that `**` stands for.
 */
export interface PathMask {
  readonly from: string;
  readonly to: string;
}

/** The path rules of a site; what is missing changes nothing. */
export interface PathRules {
  readonly trailing_slash?: (typeof TRAILING_SLASH)[number];
  /** Names of files that stand for their folder: `index.html`. */
  readonly default_documents?: readonly string[];
  readonly lowercase?: boolean;
  /** Parameters of the query that belong to the page, in this order. */
  readonly query_parameters?: readonly string[];
  /** The first whose `from` matches applies. */
  readonly masks?: readonly PathMask[];
}

/** Changes a stored path, with or without a query; the same again for what it has changed. */
export type PathRewrite = (path: string) => string;

const KEYS = ["trailing_slash", "default_documents", "lowercase", "query_parameters", "masks"];
const NAMES_MAX = 20;
const NAME_CHARS_MAX = 100;
export const PATH_MASKS_MAX = 50;
/** Masks that change each other's results are applied so often; a path that goes on is left. */
const ROUNDS_MAX = 20;

type Mask = { readonly from: readonly string[]; readonly to: readonly string[] };

/** Whether the rules change no path. */
export function isWithoutRules(rules: PathRules): boolean {
  const { trailing_slash = "keep", default_documents, lowercase, query_parameters, masks } = rules;
  const lists = [default_documents, query_parameters, masks];
  return trailing_slash === "keep" && lowercase !== true &&
    lists.every((list) => list === undefined || list.length === 0);
}

/** The rules of sites as functions, each made once: changed settings are another object. */
export class PathRewrites {
  readonly #made = new WeakMap<PathRules, PathRewrite>();

  /** The function of some rules; null where they change nothing. */
  of(rules: PathRules): PathRewrite | null {
    if (isWithoutRules(rules)) return null;
    const rewrite = this.#made.get(rules) ?? pathRewrite(rules);
    this.#made.set(rules, rewrite);
    return rewrite;
  }
}

/** The rules as one function. */
export function pathRewrite(rules: PathRules): PathRewrite {
  const { lowercase = false, query_parameters = [] } = rules;
  const masks = (rules.masks ?? []).map((mask) => readMask(mask, lowercase));
  const folded = (path: string) => foldedPath(path, rules);
  return (text) => {
    const at = text.indexOf("?");
    const path = at < 0 ? text : text.slice(0, at);
    const query = at < 0 ? "" : keptQuery(text.slice(at + 1), query_parameters);
    return masked(folded(path), masks, folded) + query;
  };
}

/** The path with masks applied until none changes it; as it is where that has no end. */
function masked(path: string, masks: readonly Mask[], folded: PathRewrite): string {
  let current = path;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const next = folded(maskedOnce(current, masks));
    if (next === current) return current;
    current = next;
  }
  return path;
}

function foldedPath(path: string, rules: PathRules): string {
  const { trailing_slash = "keep", default_documents = [], lowercase = false } = rules;
  let folded = lowercase ? normalPath(path.toLowerCase()) : path;
  for (;;) {
    const last = folded.slice(folded.lastIndexOf("/") + 1);
    if (last !== "" && default_documents.includes(last)) folded = folded.slice(0, -last.length);
    else if (trailing_slash === "remove" && /.\/$/.test(folded)) folded = folded.slice(0, -1);
    else if (trailing_slash === "add" && last !== "" && !last.includes(".")) folded += "/";
    else return folded || "/";
  }
}

function readMask({ from, to }: PathMask, lowercase: boolean): Mask {
  const segments = (text: string) =>
    withoutSlashes(text).split("/").map((segment) =>
      isWildcard(segment) ? segment : literalSegment(segment, lowercase)
    );
  return { from: segments(from), to: segments(to) };
}

function literalSegment(text: string, lowercase: boolean): string {
  const normal = writtenPath(text);
  return lowercase ? normalPath(normal.toLowerCase()) : normal;
}

function withoutSlashes(path: string): string {
  return path.replace(/^\//, "").replace(/\/$/, "");
}

function isWildcard(segment: string | undefined): boolean {
  return segment === "*" || segment === "#" || segment === "**";
}

function maskedOnce(path: string, masks: readonly Mask[]): string {
  const segments = withoutSlashes(path).split("/");
  const mask = masks.find(({ from }) => matches(segments, from));
  if (!mask) return path;
  const target = mask.to.flatMap((segment, index) => {
    if (segment === "**") return segments.slice(mask.from.length - 1);
    return [isWildcard(segment) ? segments[index] ?? "" : segment];
  });
  const end = path.endsWith("/") && path !== "/" ? "/" : "";
  return `/${target.join("/")}${end}`;
}

function matches(segments: readonly string[], from: readonly string[]): boolean {
  const isOpen = from.at(-1) === "**";
  if (isOpen ? segments.length < from.length : segments.length !== from.length) return false;
  return from.every((wanted, index) => {
    const segment = segments[index] ?? "";
    if (wanted === "**") return true;
    if (wanted === "*") return segment !== "";
    return wanted === "#" ? /^[0-9]+$/.test(segment) : segment === wanted;
  });
}

/** `?page=2` with the kept parameters in their order, or nothing. */
function keptQuery(query: string, names: readonly string[]): string {
  if (names.length === 0 || query === "") return "";
  const pairs = query.split("&").map((pair) => {
    const at = pair.indexOf("=");
    const spaced = pair.replaceAll("+", "%20");
    return at < 1
      ? { name: "", text: "" }
      : { name: writtenPath(spaced.slice(0, at)), text: writtenPath(spaced.slice(at + 1)) };
  });
  const kept = names.flatMap((name) =>
    pairs.filter((pair) => pair.name === writtenPath(name) && pair.text !== "")
      .map((pair) => `${pair.name}=${pair.text}`)
  );
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** What is wrong with rules that somebody sent, or null. */
export function faultOfPathRules(value: unknown): string | null {
  if (!isObject(value)) return `no object of ${KEYS.join(", ")}`;
  const unknown = Object.keys(value).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) return `no object of ${KEYS.join(", ")}: ${unknown} is none of them`;
  const { trailing_slash, default_documents, lowercase, query_parameters, masks } = value;
  if (trailing_slash !== undefined && !TRAILING_SLASH.some((one) => one === trailing_slash)) {
    return `wrong in trailing_slash: not one of ${TRAILING_SLASH.join(", ")}`;
  }
  if (lowercase !== undefined && typeof lowercase !== "boolean") {
    return "wrong in lowercase: neither true nor false";
  }
  return faultOfNames("default_documents", default_documents, /^[^/?#\s\p{Cc}]+$/u) ??
    faultOfNames("query_parameters", query_parameters, /^[^/?#&=\s\p{Cc}]+$/u) ??
    (masks === undefined ? null : faultOfMasks(masks, value));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function faultOfNames(key: string, value: unknown, name: RegExp): string | null {
  if (value === undefined) return null;
  if (!Array.isArray(value) || value.length > NAMES_MAX) {
    return `wrong in ${key}: no list of at most ${NAMES_MAX} names without spaces and slashes`;
  }
  const wrong = value.filter((one) =>
    typeof one !== "string" || one.length > NAME_CHARS_MAX || !name.test(one)
  );
  return wrong.length === 0
    ? null
    : `wrong in ${key}, ${quoted(wrong)}: no name without spaces and slashes`;
}

function faultOfMasks(masks: unknown, rules: Readonly<Record<string, unknown>>): string | null {
  if (!Array.isArray(masks) || masks.length > PATH_MASKS_MAX) {
    return `wrong in masks: no list of at most ${PATH_MASKS_MAX}`;
  }
  for (const [index, mask] of (masks as readonly unknown[]).entries()) {
    const fault = isObject(mask) ? faultOfMask(mask) : "it is no object of from and to";
    if (fault !== null) return `wrong in masks: number ${index + 1}: ${fault}`;
  }
  return faultOfCycle(rules as PathRules);
}

function faultOfMask({ from, to, ...rest }: Readonly<Record<string, unknown>>): string | null {
  if (!isPattern(from) || !isPattern(to) || Object.keys(rest).length > 0) {
    return "it has no from and to that begin with a slash and have neither ? nor spaces";
  }
  const pattern = withoutSlashes(from).split("/");
  const target = withoutSlashes(to).split("/");
  const early = [pattern, target].some((segments) => segments.slice(0, -1).includes("**"));
  if (early) return `** is not at the end of ${from} and ${to}`;
  const isKept = target.every((segment, index) => {
    if (segment === "**") return pattern.at(-1) === "**";
    return !isWildcard(segment) || pattern[index] === segment;
  });
  return isKept ? null : `a wildcard of ${to} has none at its place in ${from}`;
}

function isPattern(text: unknown): text is string {
  return typeof text === "string" && text.length <= URL_CHARS_MAX &&
    /^\/[^?\s\p{Cc}]*$/u.test(text);
}

/** Masks whose results go on being changed. */
function faultOfCycle(rules: PathRules): string | null {
  const samples: Readonly<Record<string, string>> = { "*": "x", "#": "1", "**": "x/y" };
  const masks = (rules.masks ?? []).map((mask) => readMask(mask, rules.lowercase ?? false));
  const folded = (path: string) => foldedPath(path, rules);
  for (const { from } of masks) {
    const sample = folded(`/${from.map((segment) => samples[segment] ?? segment).join("/")}`);
    const once = folded(maskedOnce(sample, masks));
    if (once !== sample && masked(sample, masks, folded) === sample) {
      return `wrong in masks: the result for ${sample} is changed again without end`;
    }
  }
  return null;
}
