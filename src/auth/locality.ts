// Whether a client sits at this very machine: only then may it administer before there is a
// password. What is doubtful counts as far away.
import { isLoopback } from "../net/address.ts";
import { hostOf, originOf } from "./origin.ts";

/** Where a request came from: the connected peer, and the client behind trusted proxies. */
export interface Caller {
  readonly peer: string;
  readonly address: string;
}

/** `masked`: a proxy passed the request on as if it came from here. */
export type Locality = "here" | "far" | "masked";

const LOOPBACK_NAME = /^(localhost|[a-z0-9-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** What proxies add to a request, and no client that asks by itself. */
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
 * Where a client sits: at this machine only by its connection, its address and the name it asked
 * for, and without a proxy in between.
 */
export function localityOf(request: Request, { peer, address }: Caller): Locality {
  if (!isLoopback(peer) || !isLoopback(address) || !isLoopbackHost(request)) return "far";
  if (PROXY_HEADERS.some((name) => request.headers.has(name))) return "far";
  return hasLostItsHost(request) ? "masked" : "here";
}

/**
 * Whether Host is a name of this very machine. A page elsewhere whose name was made to point to
 * 127.0.0.1, and a proxy on this machine that serves a public name, carry that name instead.
 */
export function isLoopbackHost(request: Request): boolean {
  return LOOPBACK_NAME.test(hostOf(request).replace(/:\d+$/, "").replace(/\.$/, ""));
}

/** A browser says that it asks the server its page came from, and names that another than Host. */
function hasLostItsHost({ headers }: Request): boolean {
  if (headers.get("sec-fetch-site") !== "same-origin") return false;
  const page = headers.get("origin") ?? headers.get("referer");
  const origin = page === null ? null : originOf(page);
  return origin !== null && !LOOPBACK_NAME.test(new URL(origin).hostname);
}
