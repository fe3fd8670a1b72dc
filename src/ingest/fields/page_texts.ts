// What a page and a browser say of themselves in words: the title, and the language.
import { TITLE_CHARS_MAX } from "../../core/limits.ts";
import { withoutControls } from "../../core/text.ts";
import type { Notice } from "./notices.ts";

/** A language, a script that is not kept, and a country; what follows is not looked at. */
const LANGUAGE = /^([a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_]([a-z]{2}|[0-9]{3}))?(?![a-z0-9])/i;

/** The title of a page, cut to its limit; null where there is none. */
export function readTitle(value: unknown, note: (notice: Notice) => void): string | null {
  if (isAbsent(value)) return null;
  if (typeof value !== "string") {
    note("title_dropped");
    return null;
  }
  const text = withoutControls(value).trim().toWellFormed();
  if (text.length <= TITLE_CHARS_MAX) return text || null;
  const chars = [...text];
  if (chars.length <= TITLE_CHARS_MAX) return text;
  note("title_cut");
  return chars.slice(0, TITLE_CHARS_MAX).join("");
}

/**
 * A language tag (BCP 47), or the first of a list of them as in `Accept-Language`, as `de` or
 * `en-US`: finer parts tell more about a person than about a language.
 */
export function readLanguage(value: unknown, note: (notice: Notice) => void): string | null {
  if (isAbsent(value)) return null;
  const [, language, country] = typeof value === "string" ? LANGUAGE.exec(value.trim()) ?? [] : [];
  if (language === undefined) {
    if (value !== "*") note("language_dropped");
    return null;
  }
  const base = language.toLowerCase();
  return country === undefined ? base : `${base}-${country.toUpperCase()}`;
}

/** A flag that is not set is no title either. */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "" || value === false;
}
