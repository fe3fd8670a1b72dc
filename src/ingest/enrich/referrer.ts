// The source of a visit by name, from its referrer. Campaign values are not considered here:
// queries interpret them, by the tables of channels.
import { sourceOfHost } from "../../reference/sources.ts";
import { comparableHost, referrerUrl } from "./url.ts";

function withoutWww(host: string): string {
  return host.startsWith("www.") ? host.slice(4) : host;
}

/**
 * The name of the source a referrer belongs to, else its host unchanged (`www.` too). Null for
 * the own site, with or without `www.`, and for what is no address of a page or an app. `hostname`
 * is the host of the page where it is known.
 */
export function sourceOf(
  { referrer, hostname }: { readonly referrer: string | null; readonly hostname: string | null },
): string | null {
  const url = referrer === null ? null : referrerUrl(referrer);
  const host = url && comparableHost(url.hostname);
  if (!host) return null;
  const own = hostname === null ? null : comparableHost(hostname);
  if (own !== null && withoutWww(host) === withoutWww(own)) return null;
  return sourceOfHost(host)?.name ?? host;
}
