// The rule for site ids, the same wherever one is read.
import { SITE_ID_CHARS_MAX } from "./limits.ts";

/** What is wrong with a site id, as the end of a sentence; null when nothing is. */
export function faultOfSiteId(text: string): string | null {
  if (text === "") return "it is empty";
  if (text.length > SITE_ID_CHARS_MAX) return `it is longer than ${SITE_ID_CHARS_MAX} characters`;
  if (!/^[A-Za-z0-9.\-_:]+$/.test(text)) return "only A–Z a–z 0–9 . - _ : are allowed";
  if (text.includes("..")) return "two dots in a row are not allowed";
  return null;
}
