// Whether a client runs on this machine: only then may it administer before there is a password.
// In doubt it counts as remote.
import { isForwarded } from "../net/proxies.ts";
import { isLoopback, isNear } from "../net/ranges.ts";
import { hostOf, originOf } from "./origin.ts";

/** Where a request came from: the connected peer, and the client behind trusted proxies. */
export interface Caller {
  readonly peer: string;
  readonly address: string;
}

/** `proxied`: a proxy forwarded the request without the client's address. */
export type Locality = "local" | "remote" | "proxied";

const LOOPBACK_NAME = /^(localhost|[a-z0-9-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Where a client is. It is local only if its connection, its address and the requested host are of
 * this machine, and no proxy is in between. A proxy that adds no header and replaces Host still
 * closes its connections (HTTP/1.0, or nginx without `keepalive`): such a client is remote.
 */
export function localityOf(request: Request, { peer, address }: Caller): Locality {
  if (!isLoopback(peer) || !isLoopback(address) || !isLoopbackHost(request)) return "remote";
  if (isForwarded(request.headers) || closesConnection(request)) return "remote";
  return hasReplacedHost(request) ? "proxied" : "local";
}

function closesConnection({ headers }: Request): boolean {
  return /(^|,)\s*close\s*(,|$)/i.test(headers.get("connection") ?? "");
}

/** Whether the client is on this machine or in a private network, and no proxy is in between. */
export function isNearby({ headers }: Pick<Request, "headers">, peer: string): boolean {
  return isNear(peer) && !isForwarded(headers);
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
