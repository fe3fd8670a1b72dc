// The body of a request as JSON, for the formats that send events as JSON.
import { isDeepJson } from "../../core/text.ts";
import { type Checked, refuse } from "../payload.ts";

/** Made once: it keeps nothing between two texts. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Parses a body. Never throws. */
export function parseJson(bytes: Uint8Array): Checked<unknown> {
  try {
    const text = UTF8.decode(bytes);
    if (isDeepJson(text)) return refuse("unprocessable", "Cannot read the body: it is too deep");
    return { value: JSON.parse(text) };
  } catch {
    return refuse("unprocessable", "Cannot read the body: it is not JSON");
  }
}

/** A JSON object, or null for any other value. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return value as Readonly<Record<string, unknown>>;
}
