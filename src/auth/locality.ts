// Whether a client runs on this machine: only then may it administer before there is a password.
// In doubt it counts as remote.
import { isLoopback, isNear } from "../net/ranges.ts";
import { hostOf, originOf } from "./origin.ts";

/** Where a request came from: the connected peer, and the client behind trusted proxies. */
export interface Caller {
  readonly peer: string;
  readonly address: string;
}

/** `proxied`: a proxy passed the request on and hid where it came from. */
export type Locality = "local" | "remote" | "proxied";

const LOOPBACK_NAME = /^(localhost|[a-z0-9-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Headers that proxies add and direct clients do not send. */
const PROXY_HEADERS = [
  "forwarded",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-server",
  "x-real-ip",
  "cf-connecting-ip",
  "true-client-ip",
] as const;

/**
 * Where a client is. It is local only if its connection, its address and the requested host are of
 * this machine, and no proxy is in between.
 */
export function localityOf(request: Request, { peer, address }: Caller): Locality {
  if (!isLoopback(peer) || !isLoopback(address) || !isLoopbackHost(request)) return "remote";
  if (isForwarded(request)) return "remote";
  return hasReplacedHost(request) ? "proxied" : "local";
}

/** Whether a header tells that a proxy passed the request on. */
export function isForwarded({ headers }: Pick<Request, "headers">): boolean {
  return PROXY_HEADERS.some((name) => headers.has(name));
}

/** Whether the client is on this machine or in a private network, and no proxy is in between. */
export function isNearby(request: Pick<Request, "headers">, peer: string): boolean {
  return isNear(peer) && !isForwarded(request);
}

/**
 * Whether Host is a loopback name. Under DNS rebinding, and behind a proxy on this machine that
 * serves a public name, it is another one.
 */
export function isLoopbackHost(request: Request): boolean {
  return LOOPBACK_NAME.test(hostOf(request).replace(/:\d+$/, "").replace(/\.$/, ""));
}

/** Whether a browser sends a same-origin request from a page whose host is not a loopback name. */
function hasReplacedHost({ headers }: Request): boolean {
  if (headers.get("sec-fetch-site") !== "same-origin") return false;
  const page = headers.get("origin") ?? headers.get("referer");
  const origin = page === null ? null : originOf(page);
  return origin !== null && !LOOPBACK_NAME.test(new URL(origin).hostname);
}
