// The rule of what may name a site; the same for every door by which a name comes in.
import { SITE_ID_CHARS_MAX } from "./limits.ts";

/** What is wrong with a site id, as the end of a sentence; null when nothing is. */
export function faultOfSiteId(text: string): string | null {
  if (text === "") return "it is empty";
  if (text.length > SITE_ID_CHARS_MAX) return `it is longer than ${SITE_ID_CHARS_MAX} characters`;
  if (!/^[A-Za-z0-9.\-_:]+$/.test(text)) return "only A–Z a–z 0–9 . - _ : are allowed";
  if (text.includes("..")) return "two dots in a row are not allowed";
  return null;
}
