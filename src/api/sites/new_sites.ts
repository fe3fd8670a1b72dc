// /api/new-sites: the sites that nobody declared, and an owner's decisions about many of them.
import { AppError } from "../../core/errors.ts";
import { API_BODY_BYTES_MAX, DECIDED_SITES_MAX } from "../../core/limits.ts";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import type { Clock } from "../../core/types.ts";
import { readJsonObject } from "../../http/body.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import type { NewSites } from "../../sites/new_sites.ts";
import { SITE_DECISIONS, type SiteDecision } from "../../storage/state/ops/proposed_ops.ts";

/** Routes that list new sites, and accept, refuse or delete them. */
export function newSiteRoutes(newSites: NewSites, clock: Clock): Route[] {
  const path = "/api/new-sites";
  return [
    { method: "GET", path, right: "admin", handle: async () => json(await shown(newSites)) },
    {
      method: "POST",
      path,
      right: "admin",
      handle: async ({ request }) => {
        const body = await readJsonObject(request, clock, API_BODY_BYTES_MAX);
        await newSites.decide(decisionOf(body), sitesOf(body));
        return json(await shown(newSites));
      },
    },
  ];
}

async function shown(newSites: NewSites) {
  const { proposed, ...rest } = await newSites.list();
  return {
    proposed: proposed.map(({ site_id, events, first_at, last_at }) => ({
      site_id,
      events,
      first_at: new Date(first_at).toISOString(),
      last_at: new Date(last_at).toISOString(),
    })),
    ...rest,
  };
}

function decisionOf({ decision }: Readonly<Record<string, unknown>>): SiteDecision {
  const found = SITE_DECISIONS.find((one) => one === decision);
  if (found !== undefined) return found;
  throw new AppError(
    "bad_request",
    `Cannot decide: decision: it is not one of ${SITE_DECISIONS.join(", ")}`,
  );
}

function sitesOf({ sites }: Readonly<Record<string, unknown>>): readonly string[] {
  if (!Array.isArray(sites) || sites.length === 0 || sites.length > DECIDED_SITES_MAX) {
    throw new AppError(
      "bad_request",
      `Cannot decide: sites: it is not a list of 1 to ${DECIDED_SITES_MAX} site ids`,
    );
  }
  return sites.map((given: unknown) => {
    const site = typeof given === "string" ? asciiSiteId(given) : "";
    const fault = typeof given === "string" ? faultOfSiteId(site) : "it is not a string";
    if (fault === null) return site;
    throw new AppError("bad_request", `Cannot decide: sites: ${fault}`);
  });
}
