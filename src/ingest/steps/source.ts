// Where a visit came from: the columns of the referrer, and what the page's address names.
import type { Event } from "../../core/event.ts";
import { comparableHost, coversHost, hostOfSite } from "../../net/host.ts";
import { sourceOf } from "../enrich/referrer.ts";
import type { Draft, StepContext } from "./draft.ts";

type PageSource = Pick<Event, "hostname" | "source_tag">;
type SourceColumns = Pick<Event, "referrer" | "referrer_source" | "source_tag">;

/** The columns of the source of an event on a page: the site's own hosts are none. */
export function sourceColumns(
  { payload: { referrer, site_id } }: Draft,
  { hostname, source_tag }: PageSource,
  { parts }: StepContext,
): SourceColumns {
  if (referrer === null && source_tag === null) {
    return { referrer: null, referrer_source: null, source_tag: null };
  }
  const names = [site_id, ...parts.policy.aliases(site_id)].map(hostOfSite);
  const ownHosts = [...names, ...parts.policy.hostnames(site_id)];
  if (hostname !== null) ownHosts.push(hostname);
  const read = referrer === null ? null : parts.referrers.read(referrer);
  const tagHost = source_tag?.includes(".") ? comparableHost(source_tag) : null;
  const isOwn = tagHost !== null && coversHost(ownHosts, tagHost);
  return {
    referrer: read?.stored ?? null,
    referrer_source: read && sourceOf(read, ownHosts),
    source_tag: isOwn ? null : source_tag,
  };
}
