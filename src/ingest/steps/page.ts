// The page of an event: whether its host is one of the site's.
import { coversHost } from "../../net/host.ts";
import { pageOf } from "../enrich/url.ts";
import type { Draft, Drop, StepContext } from "./draft.ts";

/** Drops events of pages on other hosts, where the owner lists the site's. */
export function checkHost({ payload }: Draft, { parts }: StepContext): Drop | null {
  const allowed = parts.policy.hostnames(payload.site_id);
  if (allowed.length === 0) return null;
  const { hostname } = pageOf(payload.url);
  if (hostname === null || coversHost(allowed, hostname)) return null;
  parts.drops.count({ site_id: payload.site_id, reason: "foreign_host" });
  return { dropped: "foreign_host" };
}
