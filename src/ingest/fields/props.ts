// The properties of an event: a JSON object as text. Of one that is too long, the properties that
// fit are kept as they were written.
import { PROPS_BYTES_MAX } from "../../core/limits.ts";
import { changeJsonTexts, isDeepJson, withoutControls } from "../../core/text.ts";
import type { Notice } from "./notices.ts";

const UTF8 = new TextEncoder();

/** Reads an object, or the JSON text of one. */
export function readProps(value: unknown, note: (notice: Notice) => void): string | null {
  if (value === undefined || value === null || value === "" || value === "null") return null;
  const json = typeof value === "string" ? value.toWellFormed() : JSON.stringify(value);
  if (!isJsonObject(json)) {
    note("props_dropped");
    return null;
  }
  const clean = changeJsonTexts(json, withoutControls);
  if (UTF8.encode(clean).byteLength <= PROPS_BYTES_MAX) return clean;
  const fitting = fittingEntries(clean);
  note(fitting === null ? "props_dropped" : "props_cut");
  return fitting;
}

function isJsonObject(text: string): boolean {
  if (isDeepJson(text)) return false;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

/** The object with its first properties that fit; null when none does. */
function fittingEntries(json: string): string | null {
  const kept: string[] = [];
  let bytes = "{}".length;
  for (const entry of entriesOf(json)) {
    const length = UTF8.encode(entry).byteLength + (kept.length > 0 ? 1 : 0);
    if (bytes + length > PROPS_BYTES_MAX) continue;
    bytes += length;
    kept.push(entry);
  }
  return kept.length > 0 ? `{${kept.join(",")}}` : null;
}

/** The `"key":value` pairs of a valid JSON object as they are written. */
function entriesOf(json: string): string[] {
  const entries: string[] = [];
  const first = json.indexOf("{") + 1;
  let from = first;
  let depth = 1;
  for (const { 0: token, index } of json.slice(first).matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const at = first + index;
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    if (depth === 0 || (depth === 1 && token === ",")) {
      entries.push(json.slice(from, at).trim());
      from = at + 1;
    }
    if (depth === 0) break;
  }
  return entries.filter((entry) => entry !== "");
}
