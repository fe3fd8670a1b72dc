// Remembers what was read from the addresses of pages: most events are of pages seen before.
import { PAGE_CHARS_REMEMBERED, PAGES_MAX } from "../../core/limits.ts";
import { LruCache } from "../../core/lru_cache.ts";
import { type Page, pageOf } from "./url.ts";

/** Reads addresses of pages and remembers the answers, at most `remembered` of them. */
export class Pages {
  readonly #recent: LruCache<string, Page>;

  constructor(options: { readonly remembered?: number } = {}) {
    this.#recent = new LruCache(options.remembered ?? PAGES_MAX);
  }

  /** Number of answers remembered. */
  get size(): number {
    return this.#recent.size;
  }

  /** As `pageOf`. Long ones and those with a query or a fragment are read each time. */
  read(url: string): Page {
    if (url.length > PAGE_CHARS_REMEMBERED || /[?#]/.test(url)) return pageOf(url);
    const known = this.#recent.get(url);
    if (known) return known;
    const page = pageOf(url);
    this.#recent.set(url, page);
    return page;
  }
}
