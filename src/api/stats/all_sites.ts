// GET /api/stats/sites: the numbers of every site that the caller may read, a page of them.
import { PERIOD_DEFAULT } from "../../../dashboard/grammar/period.js";
import { mayReadSite } from "../../auth/rights.ts";
import { SITES_MAX, SITES_PAGE_DEFAULT } from "../../core/limits.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import type { AllSites, SiteNumbers, SiteSums } from "../../query/all_sites/all_sites.ts";
import { changeOf } from "../../query/compare.ts";
import { Params } from "../../query/params.ts";
import type { SiteSettings } from "../../sites/settings.ts";
import { callerOf } from "./caller.ts";

/** What the numbers of a site depend on: the parameters that reports have, too. */
const OF_REPORTS = [
  "period",
  "start_date",
  "end_date",
  "timezone",
  "compare",
  "compare_full",
  "match_weekday",
] as const;

const SORTS = ["name", "visitors", "pageviews"] as const;

/** The parameters of the route, and what they mean. */
export const SITES_PARAMS = {
  period: `as of one site, but for all; ${PERIOD_DEFAULT} when missing`,
  start_date: "as of one site",
  end_date: "as of one site",
  timezone: "as of one site; each site's own when missing",
  compare: "previous_period or year_over_year",
  compare_full: "as of one site",
  match_weekday: "as of one site",
  search: "only sites whose id or name contains this",
  sort: `one of ${SORTS.join(", ")}; the most first, names from A`,
  limit: `sites, 1 to ${SITES_MAX}; ${SITES_PAGE_DEFAULT} when missing`,
  offset: "sites to skip",
} as const;

/** A site with its change since the range before. */
export type ShownSite = SiteNumbers & {
  readonly change: Record<keyof SiteSums, number | null> | null;
};

/** The answer: what was found, added up, and a page of it. */
export interface SitesAnswer {
  readonly total: SiteSums & { readonly sites: number };
  readonly sites: readonly ShownSite[];
}

/** The route. `ids` gives all sites, sorted. */
export function allSitesRoutes(
  allSites: AllSites,
  sites: { readonly settings: (id: string) => Pick<SiteSettings, "name"> },
  ids: () => readonly string[],
): Route[] {
  return [{
    method: "GET",
    path: "/api/stats/sites",
    right: "read",
    asks: true,
    handle: async (context) => {
      const params = new Params(context.url.searchParams);
      const limit = params.integer("limit", {
        min: 1,
        max: SITES_MAX,
        default: SITES_PAGE_DEFAULT,
      });
      const offset = params.integer("offset", { min: 0, max: SITES_MAX, default: 0 });
      const sort = params.choice("sort", SORTS, "name");
      const search = params.text("search")?.trim().toLowerCase() ?? "";
      const asked = askedOf(params);
      params.check();
      const nameOf = (id: string) => sites.settings(id).name ?? "";
      const found = ids().filter((id) =>
        mayReadSite(context.access, id) && `${id} ${nameOf(id)}`.toLowerCase().includes(search)
      );
      const asker = { caller: callerOf(context), signal: context.signal };
      const all = await allSites.numbersOf(found, asked, asker);
      const sum = (name: keyof SiteSums) => all.reduce((total, one) => total + one[name], 0);
      const sorted = sort === "name" ? all : all.toSorted((a, b) => b[sort] - a[sort]);
      const answer: SitesAnswer = {
        total: { sites: all.length, visitors: sum("visitors"), pageviews: sum("pageviews") },
        sites: sorted.slice(offset, offset + limit).map(shown),
      };
      return json(answer);
    },
  }];
}

/** The parameters of reports among those of a request. Notes faults. */
function askedOf(params: Params): URLSearchParams {
  const asked = new URLSearchParams();
  for (const name of OF_REPORTS) {
    const text = params.text(name);
    if (text !== undefined) asked.set(name, text);
  }
  if (asked.get("period") === "all") {
    params.fault("Cannot use period: all is not the same time for every site");
  }
  if (asked.get("compare") === "custom") {
    params.fault("Cannot use compare: custom is for one site");
  }
  return asked;
}

function shown(site: SiteNumbers): ShownSite {
  const { comparison } = site;
  const change = (name: keyof SiteSums) =>
    changeOf("count", site[name], comparison?.[name] ?? null);
  return {
    ...site,
    change: comparison && { visitors: change("visitors"), pageviews: change("pageviews") },
  };
}
