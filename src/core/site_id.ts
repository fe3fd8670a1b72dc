// The rules for site ids, the same wherever one is read: which are allowed, and which are one site.
import { asciiHost } from "../../dashboard/grammar/host_name.js";
import { SITE_ID_CHARS_MAX } from "./limits.ts";

/** What is wrong with a site id, as the end of a sentence; null when nothing is. */
export function faultOfSiteId(text: string): string | null {
  if (text === "") return "it is empty";
  if (text.length > SITE_ID_CHARS_MAX) return `it is longer than ${SITE_ID_CHARS_MAX} characters`;
  if (!/^[A-Za-z0-9.\-_:]+$/.test(text)) return "only A–Z a–z 0–9 . - _ : are allowed";
  if (text.includes("..")) return "two dots in a row are not allowed";
  return null;
}

/** What the name of a folder, of 255 bytes at most, leaves for a site beside `site_id=`. */
const LAKE_BYTES_MAX = 247;

/** Whether the files of a site can be in a lake: the name of their folder has its whole id. */
export function fitsLake(site: string): boolean {
  return encodeURIComponent(site).length <= LAKE_BYTES_MAX;
}

/**
 * A site id as it is stored: a host's name with a dot and letters beyond ASCII becomes punycode.
 * Anything else stays as it is, allowed or not.
 */
export function asciiSiteId(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  const [, name = "", port = ""] = /^(.*?)(:\d+)?$/s.exec(text) ?? [];
  const host = asciiHost(name);
  return host?.includes(".") ? host + port : text;
}

/** What ids of one site have in common: they may differ in case. */
export function siteKey(site: string): string {
  return site.toLowerCase();
}

/** Site ids by what they have in common. */
export class SiteSpellings {
  readonly #byKey = new Map<string, readonly string[]>();

  constructor(sites: Iterable<string> = []) {
    for (const site of sites) this.add(site);
  }

  /** Adds an id; one that is there stays where it is. */
  add(site: string): void {
    const known = this.of(site);
    if (!known.includes(site)) this.#byKey.set(siteKey(site), [...known, site]);
  }

  /** Removes an id. */
  delete(site: string): void {
    const left = this.of(site).filter((one) => one !== site);
    if (left.length > 0) this.#byKey.set(siteKey(site), left);
    else this.#byKey.delete(siteKey(site));
  }

  /** The ids that are the same site as this one, in the order in which they were added. */
  of(site: string): readonly string[] {
    return this.#byKey.get(siteKey(site)) ?? [];
  }

  /** Whether an id is there in this very spelling. */
  has(site: string): boolean {
    return this.of(site).includes(site);
  }

  /** Every site that has several ids. */
  several(): (readonly string[])[] {
    return [...this.#byKey.values()].filter((ids) => ids.length > 1);
  }
}
