// The source of a visit by name, from its referrer. Campaign values are not considered here:
// queries interpret them, by the tables of channels.
import { REFERRER_CHARS_REMEMBERED, REFERRERS_MAX } from "../../core/limits.ts";
import { LruCache } from "../../core/lru_cache.ts";
import { comparableHost, coversHost } from "../../net/host.ts";
import { sourceOfHost } from "../../reference/sources.ts";
import { referrerOf, referrerUrl } from "./url.ts";

/** What a referrer says, whatever the site. */
export interface Referrer {
  /** As it is stored; null for what is no address of a page or an app. */
  readonly stored: string | null;
  readonly host: string | null;
  /** The name of the source its host belongs to, else the host unchanged (`www.` too). */
  readonly source: string | null;
}

/** The source of a referrer; null for the site's own hosts, as `coversHost` takes them. */
export function sourceOf({ host, source }: Referrer, ownHosts: readonly string[]): string | null {
  return host === null || coversHost(ownHosts, host) ? null : source;
}

/** Reads referrers and remembers the answers, at most `remembered` of them. */
export class Referrers {
  readonly #stripQuery: boolean;
  readonly #recent: LruCache<string, Referrer>;

  /** `stripQuery` is whether referrers are stored without their query. */
  constructor(
    { stripQuery, remembered = REFERRERS_MAX }: {
      readonly stripQuery: boolean;
      readonly remembered?: number;
    },
  ) {
    this.#stripQuery = stripQuery;
    this.#recent = new LruCache(remembered);
  }

  /** Number of answers remembered. */
  get size(): number {
    return this.#recent.size;
  }

  /** What a referrer says. Long ones are read each time. */
  read(text: string): Referrer {
    if (text.length > REFERRER_CHARS_REMEMBERED) return this.#read(text);
    const known = this.#recent.get(text);
    if (known) return known;
    const read = this.#read(text);
    this.#recent.set(text, read);
    return read;
  }

  #read(text: string): Referrer {
    const url = referrerUrl(text);
    const host = url && comparableHost(url.hostname);
    return {
      stored: referrerOf(text, { stripQuery: this.#stripQuery }),
      host,
      source: host === null ? null : sourceOfHost(host)?.name ?? host,
    };
  }
}
