// The body of a request as JSON, for the formats that send events as JSON.
import { isDeepJson } from "../../core/text.ts";
import { type Checked, refuse } from "../payload.ts";

/** Made once: they keep nothing between two texts. The one that refuses nothing is the faster. */
const LENIENT = new TextDecoder();
const STRICT = new TextDecoder("utf-8", { fatal: true });
/** What the lenient one writes for bytes that are no UTF-8; a text may hold it itself. */
const REPLACEMENT = "\ufffd";

/** Parses a body. Never throws. */
export function parseJson(bytes: Uint8Array): Checked<unknown> {
  try {
    const text = decoded(bytes);
    if (isDeepJson(text)) return refuse("unprocessable", "Cannot read the body: it is too deep");
    return { value: JSON.parse(text) };
  } catch {
    return refuse("unprocessable", "Cannot read the body: it is not JSON");
  }
}

/** Throws where the bytes are no UTF-8. */
function decoded(bytes: Uint8Array): string {
  const text = LENIENT.decode(bytes);
  return text.includes(REPLACEMENT) ? STRICT.decode(bytes) : text;
}

/** A JSON object, or null for any other value. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Readonly<Record<string, unknown>>;
}
