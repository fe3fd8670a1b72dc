// Rules for text that came from outside, the same wherever one is stored: no control characters,
// and a word in the place of e-mail addresses and, where the owner wants it, of tokens and ids.
import type { Event } from "./event.ts";
import { CAMPAIGN_CHARS_MAX, JSON_DEPTH_MAX } from "./limits.ts";

const CONTROL = /\p{Cc}/u;
const CONTROLS = /\p{Cc}+/gu;

/** The text without C0 and C1 control characters, NUL and DEL included. */
export function withoutControls(text: string): string {
  return CONTROL.test(text) ? text.replace(CONTROLS, "") : text;
}

/** The same of text that has lines. */
export function linesWithoutControls(text: string): string {
  return text.replaceAll("\t", "  ").split("\n").map(withoutControls).join("\n");
}

const QUOTED_CHARS_MAX = 60;
const QUOTED_MAX = 3;

/**
 * Values as a refusal names them: each in quotes and cut, the first few of many. A text without
 * quotes in it, so that who reads the refusal finds where one ends.
 */
export function quoted(values: readonly unknown[]): string {
  const all = values.slice(0, QUOTED_MAX).map((value) => {
    const text = withoutControls(typeof value === "string" ? value : JSON.stringify(value) ?? "");
    const chars = [...text.replaceAll('"', "'")];
    return `"${chars.slice(0, QUOTED_CHARS_MAX).join("")}${
      chars.length > QUOTED_CHARS_MAX ? "…" : ""
    }"`;
  });
  return [...all, ...(values.length > QUOTED_MAX ? ["…"] : [])].join(", ");
}

/** A shorter text is parsed at once, however it is nested. */
const LONG_JSON_CHARS = 4096;

/** Whether JSON is nested deeper than anybody writes it: it takes a hundred times as long. */
export function isDeepJson(json: string): boolean {
  if (json.length <= LONG_JSON_CHARS) return false;
  let depth = 0;
  let isText = false;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') isText = !isText;
    else if (isText) at += char === "\\" ? 1 : 0;
    else if (char === "[" || char === "{") depth++;
    else if (char === "]" || char === "}") depth--;
    if (depth > JSON_DEPTH_MAX) return true;
  }
  return false;
}

/**
 * Valid JSON with each text in it, keys included, as `change` gives it. What is not changed stays
 * as it was written, numbers of many digits included.
 */
export function changeJsonTexts(json: string, change: (text: string) => string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, (token) => {
    const text = token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
    const changed = change(text);
    return changed === text ? token : JSON.stringify(changed);
  });
}

/** A parsed JSON value with `change` applied to each text in it, keys included. */
export function changeTexts<T>(value: T, change: (text: string) => string): T {
  return changedTexts(value, change) as T;
}

function changedTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one: unknown) => changedTexts(one, change));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [change(key), changedTexts(one, change)]),
  );
}

/** What is masked. */
export interface Masks {
  readonly emails: boolean;
  readonly tokens: boolean;
}

/** Replaces an e-mail address: no longer than the shortest one. */
export const EMAIL_MASK = "(mail)";
/** Replaces a token or an id. */
export const TOKEN_MASK = "(token)";

/** The texts of an event that are masked. */
export const MASKED_COLUMNS = [
  "event_name",
  "pathname",
  "referrer",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_content",
  "utm_term",
  "source_tag",
  "title",
  "props",
] as const satisfies readonly (keyof Event)[];

/** Between name and host: plain or full-width, and percent-encoded once or more often. */
const AT = /[@\uff20]|%(?:25)*(?:40|ef%(?:25)*bc%(?:25)*a0)/gi;
const MAY_HOLD_AT = /[@\uff20]|40|a0/i;
const NAME_CHAR = /[\p{L}\p{N}._%+!#$'*^`{|}~-]/u;
/** Longest name and longest host of an address that are looked at. */
const NAME_CHARS_MAX = 128;
const HOST_CHARS_MAX = 255;
/** A host with a top-level domain of letters, at the start of a text; parts may be encoded. */
const LABEL = "(?:[\\p{L}\\p{N}_-]|%(?:25)*[89a-f][0-9a-f]){1,63}";
const DOT = "(?:\\.|%(?:25)*2e)";
const HOST = new RegExp(
  `^${LABEL}(?:${DOT}${LABEL}){0,8}${DOT}(?:xn--[a-z0-9-]{1,59}|\\p{L}{2,63})`,
  "iu",
);
/**
 * What may be left of a host at the end of a text that was cut to its limit. The cut removes up to
 * one escaped character more.
 */
const CUT_HOST = new RegExp(`^(?:${LABEL}${DOT})*(?:${LABEL})?$`, "iu");
const CUT_CHARS_MIN = CAMPAIGN_CHARS_MAX - "%F0%9F%A6%86".length;
/** Pictures for dense screens are called so: logo@2x.png. */
const DENSITY = /^\dx\.(?:avif|gif|ico|jpe?g|png|svg|webp)(?![\p{L}\p{N}.-])/iu;

/** The text with e-mail addresses replaced. The time it takes grows with its length alone. */
export function withoutEmails(text: string): string {
  if (!MAY_HOLD_AT.test(text)) return text;
  let masked = "";
  let done = 0;
  for (const { 0: at, index } of text.matchAll(AT)) {
    if (index < done) continue;
    const from = index + at.length;
    const rest = text.slice(from, from + HOST_CHARS_MAX);
    const host = HOST.exec(rest)?.[0] ?? cutHost(text, rest);
    if (host === undefined || DENSITY.test(host)) continue;
    const start = nameStart(text, index, done);
    if (start === index) continue;
    masked += text.slice(done, start) + EMAIL_MASK;
    done = from + host.length;
  }
  return done === 0 ? text : masked + text.slice(done);
}

/** What is left of a host where the text was cut within it. */
function cutHost(text: string, rest: string): string | undefined {
  return text.length >= CUT_CHARS_MIN && text.endsWith(rest) ? CUT_HOST.exec(rest)?.[0] : undefined;
}

function nameStart(text: string, end: number, least: number): number {
  let start = end;
  const first = Math.max(least, end - NAME_CHARS_MAX);
  while (start > first && NAME_CHAR.test(text[start - 1] ?? "")) start--;
  return start;
}

const TOKEN_OR_ID = /[A-Za-z0-9_-]{9,}/g;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The text with long tokens and ids replaced. Words joined by hyphens are none. */
export function withoutTokens(text: string): string {
  return text.replace(TOKEN_OR_ID, (run) => isToken(run) ? TOKEN_MASK : run);
}

function isToken(run: string): boolean {
  if (/^\d+$/.test(run) || UUID.test(run)) return true;
  const hasDigit = /\d/.test(run);
  if (/^[A-Za-z0-9]{20,}$/.test(run)) return hasDigit && /[A-Za-z]/.test(run);
  return run.length >= 24 && hasDigit && /[a-z]/.test(run) && /[A-Z]/.test(run);
}

/** A text of one of MASKED_COLUMNS, masked. Of JSON that can be read, the texts in it. */
export function maskText(
  column: (typeof MASKED_COLUMNS)[number],
  text: string,
  masks: Masks,
): string {
  const mask = (part: string) => {
    const named = masks.emails ? withoutEmails(part) : part;
    return masks.tokens ? withoutTokens(named) : named;
  };
  return column === "props" && isJson(text) ? changeJsonTexts(text, mask) : mask(text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Most texts cannot hold an address, and this is quickly seen; in JSON an escape may hide it. */
function mayHoldEmail(text: string): boolean {
  return MAY_HOLD_AT.test(text) || text.includes("\\");
}

/** The event with its texts masked; the event itself where there is nothing to mask. */
export function maskEvent(event: Event, masks: Masks): Event {
  if (!masks.emails && !masks.tokens) return event;
  let masked = event;
  for (const column of MASKED_COLUMNS) {
    const text = event[column];
    if (text === null || !masks.tokens && !mayHoldEmail(text)) continue;
    const without = maskText(column, text, masks);
    if (without !== text) masked = { ...masked, [column]: without };
  }
  return masked;
}
