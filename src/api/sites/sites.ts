// /api/sites: the sites and their settings. Goals and the like are in site_items.ts.
import { isStranger, mayReadSite, requireSite } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { json } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import type { Clock } from "../../core/types.ts";
import { differInCase, type NewSites } from "../../sites/new_sites.ts";
import { settingsSeenByAll } from "../../sites/settings.ts";
import { ownRange } from "../../net/address.ts";
import { uuidOfSite } from "../../sites/site_codes.ts";
import type { SiteNames } from "../../sites/site_names.ts";
import type { Sites } from "../../sites/sites.ts";
import type { Reader } from "../../storage/reader.ts";
import { readJsonObject } from "../../http/body.ts";

/** Ids of all sites: with events, declared, or configured. Those that differ in case are one. */
export function siteIdsOf(
  reader: Pick<Reader, "sites">,
  names: Pick<SiteNames, "idOf">,
  sites: Pick<Sites, "declaredIds">,
  { site_ids }: { readonly site_ids: readonly string[] },
): string[] {
  const others = [...sites.declaredIds(), ...site_ids];
  return [...new Set([...reader.sites(), ...others.map((site) => names.idOf(site))])].sort();
}

/**
 * A site for its owner, or what strangers may know of a public one. The owner is told the address
 * of the request, as `ignored_addresses` would have it.
 */
function shown(sites: Sites, site_id: string, { access, address }: Context) {
  if (isStranger(access)) {
    return { site_id, ...settingsSeenByAll(sites.settings(site_id)) };
  }
  const declared = sites.declared(site_id);
  const { ignored_addresses, ...settings } = sites.settings(site_id);
  const isAdmin = access.rights.has("admin");
  return {
    site_id,
    website_id: uuidOfSite(site_id),
    ...settings,
    created_at: declared ? new Date(declared.created_at).toISOString() : null,
    ...(isAdmin ? { ignored_addresses, your_address: ownRange(address) } : {}),
  };
}

/** Those of some sites that the caller may read; owners are told how many events they have. */
function listed(sites: Sites, reader: Reader, ids: readonly string[], context: Context) {
  const readable = ids.filter((id) => mayReadSite(context.access, id));
  const waiting = isStranger(context.access) ? null : reader.waitingEvents();
  return readable.map((id) => ({
    ...shown(sites, id, context),
    ...(waiting && {
      stored_events: reader.storedEvents(id),
      waiting_events: waiting.get(id) ?? 0,
    }),
  }));
}

/**
 * The site of a path, if the caller may read it. Throws `bad_request`, `unauthorized` or
 * `forbidden`.
 */
export function siteOfPath({ params, access }: Context): string {
  const site = asciiSiteId(params["site_id"] ?? "");
  const fault = faultOfSiteId(site);
  if (fault !== null) throw new AppError("bad_request", `Cannot read site_id: ${fault}`);
  return requireSite(access, site);
}

/** Erases every event of a site. */
export type EraseSite = (site: string) => Promise<unknown>;

/** Routes that list sites, add them, and read, change and delete one. */
export function siteRoutes(
  sites: Sites,
  names: SiteNames,
  reader: Reader,
  eraseSite: EraseSite,
  newSites: Pick<NewSites, "declared" | "deleted">,
  clock: Clock,
  settings: { readonly site_ids: readonly string[] },
): Route[] {
  const ids = () => siteIdsOf(reader, names, sites, settings);
  const existing = (context: Context): string => {
    const site = siteOfPath(context);
    if (reader.hasSite(site) || names.isDeclared(site)) return site;
    throw new AppError("not_found", `Cannot find the site: there is none called ${site}`);
  };
  const path = "/api/sites/:site_id";
  return [
    {
      method: "GET",
      path: "/api/sites",
      right: "read",
      handle: (context) => json(listed(sites, reader, ids(), context)),
    },
    {
      method: "POST",
      path: "/api/sites",
      right: "admin",
      handle: async (context) => {
        const site = await addSite(sites, names, await readJsonObject(context.request, clock));
        await newSites.declared(site);
        return json(shown(sites, site, context), 201);
      },
    },
    {
      method: "GET",
      path,
      right: "read",
      handle: (context) => json(shown(sites, existing(context), context)),
    },
    {
      method: "PATCH",
      path,
      right: "admin",
      handle: async (context) => {
        const site = existing(context);
        await sites.put(site, await readJsonObject(context.request, clock));
        return json(shown(sites, site, context));
      },
    },
    {
      method: "DELETE",
      path,
      right: "admin",
      handle: async (context) => {
        const site = existing(context);
        const several = names.idsOf(site);
        if (several.length > 1) throw differInCase("delete the site", several);
        await dropSite(sites, reader, eraseSite, site, isErased(context.url));
        await newSites.deleted(site);
        return json({ status: "deleted" });
      },
    },
  ];
}

/** Declares a site; resolves with the id under which it is known. */
async function addSite(
  sites: Sites,
  names: SiteNames,
  { site_id, ...settings }: Readonly<Record<string, unknown>>,
): Promise<string> {
  const given = typeof site_id === "string" ? asciiSiteId(site_id) : "";
  const fault = typeof site_id === "string" ? faultOfSiteId(given) : "it is not a string";
  if (fault !== null) {
    throw new AppError("bad_request", `Cannot add the site: site_id: ${fault}`);
  }
  if (sites.declared(given)) {
    throw new AppError("conflict", `Cannot add the site: ${given} exists already`);
  }
  const site = names.idOf(given);
  await sites.put(site, settings);
  return site;
}

function isErased({ searchParams }: URL): boolean {
  const events = searchParams.get("events");
  if (events === null || events === "erase") return events !== null;
  throw new AppError("bad_request", "Cannot read events: it is not erase");
}

/** Deletes a site. If it has events, they must be erased with it. */
export async function dropSite(
  sites: Sites,
  reader: Pick<Reader, "sites">,
  eraseSite: EraseSite,
  site: string,
  isErased: boolean,
): Promise<void> {
  if (reader.sites().includes(site) && !isErased) {
    throw new AppError(
      "conflict",
      "Cannot delete the site: it has events; events=erase deletes them permanently",
    );
  }
  // Without events, too: an import may be about to add some.
  await eraseSite(site);
  await sites.drop(site);
}
