// Where a visit came from: the columns of the referrer.
import type { Event } from "../../core/event.ts";
import { hostOfSite } from "../../net/host.ts";
import { sourceOf } from "../enrich/referrer.ts";
import type { Draft, StepContext } from "./draft.ts";

/** The columns of the referrer. `hostname` is the page's. */
export function sourceColumns(
  { payload: { referrer, site_id } }: Draft,
  hostname: string | null,
  { parts }: StepContext,
): Pick<Event, "referrer" | "referrer_source"> {
  if (referrer === null) return { referrer: null, referrer_source: null };
  const ownHosts = [hostOfSite(site_id), ...parts.policy.hostnames(site_id)];
  if (hostname !== null) ownHosts.push(hostname);
  const read = parts.referrers.read(referrer);
  return { referrer: read.stored, referrer_source: sourceOf(read, ownHosts) };
}
