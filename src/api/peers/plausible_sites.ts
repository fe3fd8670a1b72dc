// Plausible's Sites API: sites with their time zones, and goals; and its routes of health.
import { isStranger, mayReadSite, requireSite } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import type { Clock } from "../../core/types.ts";
import { readFormOrJson } from "../../http/form_body.ts";
import { json } from "../../http/response.ts";
import type { Context, Handler, Route } from "../../http/route.ts";
import { faultsOfGoal } from "../../sites/goals.ts";
import type { NewSites } from "../../sites/new_sites.ts";
import type { Item, Sites } from "../../sites/sites.ts";
import { unreadable } from "../../query/formats/params.ts";
import type { Runner } from "../../query/run.ts";
import { plausibleExtraRoutes, propertiesOf, type SiteRouteParts } from "./plausible_extras.ts";
import { paged } from "./plausible_pages.ts";

type Body = Readonly<Record<string, unknown>>;

/** Where the dashboard is: that API's links lead there. */
export interface DashboardPlace {
  readonly dashboard_origin: string | null;
  readonly base_path: string;
}

/**
 * The routes of sites and goals. `siteIds` are all that there are; `deleteSite` deletes one with
 * its events.
 */
export function plausibleSiteRoutes(
  sites: Sites,
  newSites: Pick<NewSites, "declared">,
  siteIds: () => readonly string[],
  deleteSite: (site: string) => Promise<void>,
  clock: Clock,
  runner: Runner,
  { dashboard_origin: origin, base_path: path }: DashboardPlace,
): Route[] {
  const row = (method: Route["method"], path: string, handle: Handler): Route => ({
    method,
    path: `/api/v1/sites${path}`,
    right: method === "GET" ? "read" : "admin",
    handle,
  });
  const bodyOf = ({ request }: Context) => readFormOrJson(request, clock);
  const shown = (site: string) => ({ domain: site, timezone: sites.settings(site).timezone });
  const existing = (name: unknown, context: Context): string => {
    const site = requireSite(context.access, nameOf(name, "site_id"));
    if (siteIds().includes(site)) return site;
    throw new AppError("not_found", `Cannot find the site: there is none called ${site}`);
  };
  const parts: SiteRouteParts = { row, bodyOf, existing };
  return [
    row("GET", "", ({ access, url }) => {
      const all = siteIds().filter((site) => mayReadSite(access, site)).sort();
      const { page, meta } = paged(all, (site) => site, url.searchParams);
      return json({ sites: page.map(shown), meta });
    }),
    row("POST", "", async (context) => {
      const { domain, timezone } = await bodyOf(context);
      const site = nameOf(domain, "domain");
      if (sites.declared(site)) throw unreadable("domain", `${site} exists already`);
      await sites.put(site, timezone === undefined ? {} : { timezone });
      await newSites.declared(site);
      return json(shown(site));
    }),
    row("GET", "/:site_id", async (context) => {
      const site = existing(context.params["site_id"], context);
      const custom_properties = await propertiesOf(runner, site, context);
      return json({ ...shown(site), custom_properties });
    }),
    row("PUT", "/:site_id", async (context) => {
      const site = existing(context.params["site_id"], context);
      const { domain = site, timezone } = await bodyOf(context);
      if (domain !== site) {
        throw unreadable("domain", "a site keeps its id; give it the other as an alias");
      }
      await sites.put(site, timezone === undefined ? {} : { timezone });
      return json(shown(site));
    }),
    row("DELETE", "/:site_id", async (context) => {
      await deleteSite(existing(context.params["site_id"], context));
      return json({ deleted: true });
    }),
    ...plausibleExtraRoutes(runner, sites, parts, { origin, path }),
    ...goalRoutes(sites, parts),
  ];
}

/** The routes of goals. */
function goalRoutes(sites: Sites, { row, bodyOf, existing }: SiteRouteParts): Route[] {
  return [
    row("GET", "/goals", (context) => {
      const params = context.url.searchParams;
      const site = existing(params.get("site_id"), context);
      // Strangers see no definitions of a public site.
      const goals = isStranger(context.access) ? [] : sites.items(site, "goal");
      const { page, meta } = paged(goals, ({ id }) => String(id), params);
      return json({ goals: page.map(goalShown), meta });
    }),
    row("PUT", "/goals", async (context) => {
      const body = await bodyOf(context);
      const site = existing(body["site_id"], context);
      return json({ domain: site, ...goalShown(await putGoal(sites, site, body)) });
    }),
    row("DELETE", "/goals/:id", async (context) => {
      const { site_id } = await bodyOf(context);
      const item = sites.item(existing(site_id, context), "goal", Number(context.params["id"]));
      if (!item) {
        throw new AppError("not_found", "Cannot find the goal: the site has none with this id");
      }
      await sites.remove(item);
      return json({ deleted: true });
    }),
  ];
}

function nameOf(value: unknown, name: string): string {
  const site = typeof value === "string" ? asciiSiteId(value) : "";
  const fault = typeof value === "string" ? faultOfSiteId(site) : "it is no text";
  if (fault !== null) throw unreadable(name, fault);
  return site;
}

/** The goal that a body names; one that is there already stays as it is. */
async function putGoal(sites: Sites, site: string, body: Body): Promise<Item> {
  const { goal_type, event_name, page_path, display_name, custom_props } = body;
  const isPage = goal_type === "page";
  if (!isPage && goal_type !== "event") {
    throw unreadable("goal_type", "it is neither event nor page");
  }
  const what = isPage ? page_path : event_name;
  const name = display_name ?? (isPage ? `Visit ${String(what)}` : what);
  const goal = {
    ...(isPage ? { page: what } : { event: what }),
    ...(custom_props === undefined ? {} : { props: custom_props }),
  };
  faultsOfGoal(goal).check("Cannot save the goal: ");
  if (typeof name !== "string" || name === "") throw unreadable("display_name", "it is no text");
  const known = sites.items(site, "goal").find((item) => item.name === name);
  return known ?? await sites.add(site, "goal", { name, body: goal });
}

function goalShown({ id, name, body }: Item) {
  const { page, event, props = {} } = body;
  return {
    id: String(id),
    display_name: name,
    goal_type: page === undefined ? "event" : "page",
    event_name: event ?? null,
    page_path: page ?? null,
    custom_props: props,
  };
}

/** Health, as its watchers ask for it: whether the server answers, and whether it keeps events. */
export function plausibleHealthRoutes(isAccepting: () => boolean): Route[] {
  const row = (path: string, handle: Handler): Route => ({
    method: "GET",
    path: `/api/${path}`,
    right: "public",
    handle,
  });
  const ready = () =>
    isAccepting()
      ? json({ status: "ok", postgres: "ok", clickhouse: "ok", sites_cache: "ok" })
      : json({ status: "error" }, 503);
  return [
    row("health", ready),
    row("system/health/live", () => json({ ok: true })),
    row("system/health/ready", ready),
  ];
}
