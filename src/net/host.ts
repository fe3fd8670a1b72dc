// Names of hosts as they are compared: the one rule for the hosts of pages, referrers and origins,
// for lists of hosts and for names of sites. Nothing here throws.
import { asciiHost } from "../../dashboard/grammar/host_name.js";
import { isLoopback } from "./ranges.ts";

/**
 * A host as it is compared and stored: in punycode, without the dot that may end it; null when
 * empty.
 */
export function comparableHost(hostname: string): string | null {
  const host = (asciiHost(decoded(hostname)) ?? hostname).toLowerCase();
  return (host.endsWith(".") ? host.slice(0, -1) : host) || null;
}

/** A URL of a scheme of its own has its host's letters percent-encoded. */
function decoded(hostname: string): string {
  if (!hostname.includes("%")) return hostname;
  try {
    const name = decodeURIComponent(hostname);
    return /[^\0-\x7f]/.test(name) ? name : hostname;
  } catch {
    return hostname;
  }
}

/** The host without `www.` before it. `www.com` is a name of its own. */
export function withoutWww(host: string): string {
  return /^www\..+\../.test(host) ? host.slice(4) : host;
}

/** A host in lower case and what differs from it by `www.` before it alone. */
export function hostNames(host: string): readonly string[] {
  const bare = withoutWww(host);
  return bare === host ? [host, `www.${host}`] : [host, bare];
}

/** The host that the name of a site stands for: names may carry a port. */
export function hostOfSite(site: string): string {
  return site.toLowerCase().replace(/:\d*$/, "");
}

/**
 * Whether one of the names covers the host. A name covers itself with and without `www.`, and
 * `*.example.com` covers `example.com` and everything below it. All are in lower case.
 */
export function coversHost(names: readonly string[], host: string): boolean {
  const bare = withoutWww(host);
  return names.some((name) => {
    if (!name.startsWith("*.")) return name === host || withoutWww(name) === bare;
    return name.slice(2) === host || host.endsWith(name.slice(1));
  });
}

/** Whether the host is the machine itself: `localhost`, what is below it, loopback addresses. */
export function isLocalHost(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  // Most are names: nothing else ends so.
  if (!/[\d\s\]]$/.test(host) && !host.includes(":")) return false;
  const address = host.replace(/^\[(.*)\]$/, "$1");
  return isLoopback(address) || address === "0.0.0.0" || address === "::";
}
