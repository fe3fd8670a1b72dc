// The client's address behind trusted proxies. It must not store or log any.
import { CDN_RANGES } from "../reference/cdn_ranges.ts";
import { type Address, parseAddress } from "./address.ts";
import { AddressRanges, LOOPBACK, PRIVATE } from "./ranges.ts";

/** Names for ranges in `trusted_proxies`. */
const NAMED_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: LOOPBACK,
  private: PRIVATE,
  ...CDN_RANGES,
};

/** The names of ranges, for messages. */
export const RANGE_NAMES: readonly string[] = Object.keys(NAMED_RANGES);

/** The default of `trusted_proxies`: loopback and private ranges. */
export const TRUSTED_PROXIES_DEFAULT: readonly string[] = ["loopback", "private"];

/**
 * The proxies whose forwarding headers are trusted: addresses, CIDR ranges, the words `loopback`
 * and `private`, or names of CDNs. An empty list trusts nobody. Throws RangeError naming a bad one.
 */
export function trustedProxies(list: readonly string[] = TRUSTED_PROXIES_DEFAULT): AddressRanges {
  return new AddressRanges(list.flatMap((entry) => {
    const name = entry.trim().toLowerCase();
    return Object.hasOwn(NAMED_RANGES, name) ? NAMED_RANGES[name] ?? [] : [entry];
  }));
}

/**
 * Those of the trusted proxies that are named as such. The word `private` names none: a container's
 * gateway is private as well, and passes on what strangers write. It is believed for counting
 * visitors, but not where access is guarded.
 */
export function namedProxies(list: readonly string[] = TRUSTED_PROXIES_DEFAULT): AddressRanges {
  return trustedProxies(list.filter((entry) => entry.trim().toLowerCase() !== "private"));
}

/**
 * Headers that proxies and content delivery networks add, and direct clients do not send. They only
 * say that a request was passed on: which of them are believed is another matter.
 */
const FORWARDING_HEADER = new RegExp(
  "^(via|forwarded(-.*)?|x-forwarded(-.*)?|x-original(-.*)?|x-proxy(-.*)?|x-arr(-.*)?|x-scheme|" +
    "cf-.*|cdn-.*|cloudfront-.*|x-amz-cf-.*|x-amzn-.*|x-azure-.*|x-fd-.*|x-envoy-.*|" +
    "fastly-.*|x-varnish|akamai-.*|x-akamai-.*|x-appengine-.*|x-cloud-trace-context|" +
    "x-vercel-.*|fly-.*|x-nf-.*|x-sucuri-.*|x-haproxy-.*|" +
    "(.*-)?(client|connecting|real|remote)-?(ip|addr|address))$",
);

/** Whether a header shows that a proxy passed the request on. */
export function isForwarded(headers: Headers): boolean {
  for (const name of headers.keys()) if (FORWARDING_HEADER.test(name)) return true;
  return false;
}

/** From the right, over trusted hops, to the first that is not. Ends early at an invalid entry. */
function walk(forwarded: string, from: Address, trusted: AddressRanges): Address {
  let client = from;
  for (let end = forwarded.length; end >= 0;) {
    const comma = end === 0 ? -1 : forwarded.lastIndexOf(",", end - 1);
    const entry = forwarded.slice(comma + 1, end).trim();
    end = comma;
    if (entry === "") continue;
    const hop = parseAddress(entry);
    if (!hop) return client;
    client = hop;
    if (!trusted.has(hop)) return client;
  }
  return client;
}

/**
 * The client's address in canonical text. Only if the connected `peer` is a trusted proxy is
 * X-Forwarded-For used, or in its absence X-Real-IP. A peer without an address (a Unix socket) is
 * returned as it is.
 */
export function clientAddress(
  peer: string,
  headers: Headers,
  trusted: AddressRanges,
  direct = parseAddress(peer),
): string {
  if (!direct) return peer;
  if (!trusted.has(direct)) return direct.text;
  const forwarded = headers.get("x-forwarded-for")?.trim();
  if (forwarded) return walk(forwarded, direct, trusted).text;
  return (parseAddress(headers.get("x-real-ip") ?? "") ?? direct).text;
}

/** `clientAddress` for many requests: those of one proxy follow each other. */
export function clientAddressReader(
  trusted: AddressRanges,
): (peer: string, headers: Headers) => string {
  let last: { readonly peer: string; readonly parsed: Address | null } | undefined;
  return (peer, headers) => {
    if (last?.peer !== peer) last = { peer, parsed: parseAddress(peer) };
    return clientAddress(peer, headers, trusted, last.parsed);
  };
}

/** The client's address as a sender with an API key names it: the first of X-Forwarded-For. */
export function forwardedAddress(headers: Headers): string | null {
  const [first = ""] = (headers.get("x-forwarded-for") ?? "").split(",");
  return parseAddress(first.trim())?.text ?? null;
}
