// Notices forwarding headers from a peer that `trusted_proxies` does not name, and says which line
// to add. It keeps one line, and the address of no visitor.
import { CDN_RANGES } from "../reference/cdn_ranges.ts";
import type { Log } from "../core/types.ts";
import { parseAddress } from "./address.ts";
import { AddressRanges, isNear } from "./ranges.ts";

const CDNS = Object.entries(CDN_RANGES).map(([name, list]) => ({
  name,
  ranges: new AddressRanges(list),
}));

const NEAR = "A peer that trusted_proxies does not name sends X-Forwarded-For or X-Real-IP: " +
  "visitors are counted by it, but logins and anonymous requests behind it are limited as one";
const CDN =
  "A content delivery network that trusted_proxies does not name sends X-Forwarded-For: " +
  "it is ignored, and its visitors are counted as few";

/** The first such peer is logged and kept; later ones are not looked at. */
export class UnnamedProxies {
  readonly #log: Log;
  readonly #list: readonly string[];
  readonly #named: AddressRanges;
  #line: string | null = null;
  /** The peer that was last found to be named: most requests come from the same. */
  #lastNamed: string | null = null;

  constructor(log: Log, list: readonly string[], named: AddressRanges) {
    this.#log = log;
    this.#list = list;
    this.#named = named;
  }

  /** The line for the settings file that names the proxy; null while none was noticed. */
  get line(): string | null {
    return this.#line;
  }

  /** Looks at a request, until one came from an unnamed proxy. */
  notice(peer: string, headers: Headers): void {
    if (this.#line !== null || peer === this.#lastNamed) return;
    if (headers.get("x-forwarded-for") === null && headers.get("x-real-ip") === null) return;
    const address = parseAddress(peer);
    if (address === null) return;
    if (this.#named.has(address)) {
      this.#lastNamed = peer;
      return;
    }
    const cdn = CDNS.find(({ ranges }) => ranges.has(address))?.name;
    if (cdn === undefined && !isNear(peer)) return;
    const names = [...this.#list, cdn ?? address.text].map((name) => `"${name}"`);
    this.#line = `trusted_proxies = [${names.join(", ")}]`;
    this.#log("warn", cdn === undefined ? NEAR : CDN, { add: this.#line });
  }
}
