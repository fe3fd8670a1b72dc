// The source of a visit by name, from its referrer. Campaign values are not considered here:
// queries interpret them, by the tables of channels.
import { comparableHost, coversHost } from "../../net/host.ts";
import { sourceOfHost } from "../../reference/sources.ts";
import { referrerUrl } from "./url.ts";

/**
 * The name of the source a referrer belongs to, else its host unchanged (`www.` too). Null for
 * the site's own hosts, and for what is no address of a page or an app.
 */
export function sourceOf(
  { referrer, ownHosts }: {
    readonly referrer: string | null;
    /** As `coversHost` takes them. */
    readonly ownHosts: readonly string[];
  },
): string | null {
  const url = referrer === null ? null : referrerUrl(referrer);
  const host = url && comparableHost(url.hostname);
  if (!host || coversHost(ownHosts, host)) return null;
  return sourceOfHost(host)?.name ?? host;
}
