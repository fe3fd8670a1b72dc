// Sites by the codes that other programs' clients name them with: each site has a UUID, made from
// its id, beside those that its owner gave it.
import { createHash } from "node:crypto";
import { siteKey } from "../core/site_id.ts";

/** The UUID of a site: always the same for the same id. */
export function uuidOfSite(site: string): string {
  return uuidOfText(`site ${siteKey(site)}`);
}

/** A UUID made from a text, of version 8. */
export function uuidOfText(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = (Number.parseInt(hex.charAt(16), 16) & 3 | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join("-");
}

/** Where sites are known from. */
export interface CodeSources {
  /** Every site with events, declared or listed. */
  readonly ids: () => readonly string[];
  /** The site that has this for another name. */
  readonly ofAlias: (name: string) => string | undefined;
}

/** Finds sites by their codes. */
export class SiteCodes {
  readonly #sources: CodeSources;
  #byUuid = new Map<string, string>();
  #count = 0;

  constructor(sources: CodeSources) {
    this.#sources = sources;
  }

  /** The site with this code or other name; undefined where there is none. */
  siteOf(code: string): string | undefined {
    const name = code.toLowerCase();
    return this.#sources.ofAlias(name) ?? this.#byUuid.get(name) ?? this.#searched(name);
  }

  /** Looks again where there are more sites than before. */
  #searched(uuid: string): string | undefined {
    const ids = this.#sources.ids();
    if (ids.length !== this.#count) {
      this.#byUuid = new Map(ids.map((id) => [uuidOfSite(id), id]));
      this.#count = ids.length;
    }
    return this.#byUuid.get(uuid);
  }
}
