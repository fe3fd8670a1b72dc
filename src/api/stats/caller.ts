// The caller of a statistics request, for the budget of query time, and the site of a body.
import { isStranger, requireSite } from "../../auth/rights.ts";
import type { ReadLevel } from "../../core/access.ts";
import { AppError } from "../../core/errors.ts";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import type { Context } from "../../http/route.ts";
import { rateLimitKey } from "../../net/address.ts";
import { type Caller, OWNER } from "../../query/budget/turns.ts";

/** The caller of a request: one that may see more than public sites is an owner. */
export function callerOf(
  { access, guardedAddress }: Pick<Context, "access" | "guardedAddress">,
): Caller {
  if (access.who === "nobody") {
    const key = rateLimitKey(guardedAddress);
    return { kind: "stranger", key, isPublicOnly: isStranger(access) };
  }
  return access.who === "key" ? { kind: "owner", key: "key" } : OWNER;
}

/** The site that a body names, if the caller may read it so closely. Throws as `requireSite`. */
export function siteOfBody(
  { site_id }: Readonly<Record<string, unknown>>,
  { access }: Pick<Context, "access">,
  level: ReadLevel,
): string {
  const site = typeof site_id === "string" ? asciiSiteId(site_id) : "";
  const fault = typeof site_id === "string" ? faultOfSiteId(site) : "it is no text";
  if (fault !== null) {
    throw new AppError("bad_request", `Cannot query: site_id: ${fault}`, {}, "site_id");
  }
  return requireSite(access, site, level);
}
