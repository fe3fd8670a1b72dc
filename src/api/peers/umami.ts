// Umami's reading API: who is signed in, the websites, and their statistics. A website is named by
// its UUID.
import { isStranger, mayReadSite, requireSite } from "../../auth/rights.ts";
import type { Access } from "../../core/access.ts";
import { AppError } from "../../core/errors.ts";
import { json } from "../../http/response.ts";
import type { Context, Handler, Route } from "../../http/route.ts";
import type { FormatParts } from "../../ingest/formats/format.ts";
import * as umami from "../../query/formats/umami/umami.ts";
import type { Query, Scope } from "../../query/query.ts";
import type { Runner } from "../../query/run.ts";
import { uuidOfSite, uuidOfText } from "../../sites/site_codes.ts";
import type { Sites } from "../../sites/sites.ts";
import { callerOf } from "../stats/caller.ts";
import { visitorsNow } from "../stats/stats_v1.ts";

type Ask = (query: Query) => ReturnType<ReturnType<Runner["context"]>["query"]>;
type SiteHandler = (asked: {
  readonly site: string;
  readonly context: Context;
  readonly scope: Scope;
  readonly ask: Ask;
}) => Promise<unknown>;

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The owner as that API shows it: there is one. */
export function umamiUser(username = "admin") {
  return { id: uuidOfText("owner"), username, role: "admin", isAdmin: true, teams: [] };
}

/** The routes of the reading API. */
export function umamiRoutes(
  runner: Runner,
  sites: Sites,
  { siteOfCode, siteIds }: FormatParts,
): Route[] {
  const row = (method: Route["method"], path: string, handle: Handler): Route => ({
    method,
    path: `/api/${path}`,
    right: "read",
    handle,
  });
  const siteOf = ({ params, access }: Context) => {
    const site = siteOfCode(params["website_id"] ?? "");
    if (site !== undefined) return requireSite(access, site);
    // Strangers learn nothing of which ids there are.
    requireSite(access, "none");
    throw new AppError("not_found", "Cannot find the website: no site has this id");
  };
  const ofSite = (path: string, handle: SiteHandler) =>
    row("GET", `websites/:website_id${path}`, async (context) => {
      const site = siteOf(context);
      const asker = { caller: callerOf(context), signal: context.signal };
      const { rules, nowUs } = await runner.rules(site, asker);
      const scope = umami.scopeOf(context.url.searchParams, site, nowUs, rules);
      (await runner.patternFaults(site, scope.filter, asker)).check();
      const ask: Ask = async (query) => {
        const { nowUs: _, ...key } = query;
        return await runner.cached(site, ["umami", key], ({ query: run }) => run(query), asker);
      };
      return json(await handle({ site, context, scope, ask }));
    });
  const website = (site: string, access: Access) => websiteOf(site, sites, isStranger(access));
  return [
    row("POST", "auth/verify", ({ access }) => json(umamiUser(nameOf(access)))),
    row("GET", "me", ({ access }) => json({ user: umamiUser(nameOf(access)) })),
    row("GET", "websites", ({ access }) => {
      const data = siteIds().filter((site) => mayReadSite(access, site)).sort()
        .map((site) => website(site, access));
      return json({ data, count: data.length, page: 1, pageSize: data.length });
    }),
    row("GET", "websites/:website_id", (context) => json(website(siteOf(context), context.access))),
    ofSite("/active", async ({ site, context }) => {
      const visitors = await visitorsNow(runner, site, context);
      return { visitors, x: visitors };
    }),
    ofSite("/daterange", async ({ site, context, scope }) => {
      const first = await runner.firstUs(site, { caller: callerOf(context) });
      const startDate = new Date((first ?? scope.nowUs) / 1000).toISOString();
      const endDate = new Date(scope.nowUs / 1000).toISOString();
      return { startDate, endDate, mindate: startDate, maxdate: endDate };
    }),
    ...reports(ofSite),
  ];
}

/** The routes of numbers. */
function reports(ofSite: (path: string, handle: SiteHandler) => Route): Route[] {
  return [
    ofSite("/stats", async ({ context, scope, ask }) => {
      const range = umami.rangeBefore(scope.range, context.url.searchParams);
      const [now, before] = await Promise.all([
        ask(umami.totalsQuery(scope)),
        ask(umami.totalsQuery({ ...scope, range })),
      ]);
      return { ...umami.totalsOf(now), comparison: umami.totalsOf(before) };
    }),
    ofSite("/pageviews", async ({ context: { url: { searchParams } }, scope, ask }) => {
      const unit = umami.unitOf(searchParams, scope.range);
      const series = async (one: Scope) =>
        umami.seriesOf(await ask(umami.seriesQuery(one, unit, false)), one, unit);
      const now = await series(scope);
      if (!searchParams.has("compare")) return now;
      const range = umami.rangeBefore(scope.range, searchParams);
      const compare = await series({ ...scope, range });
      return { ...now, compare };
    }),
    ofSite("/events/series", async ({ context, scope, ask }) => {
      const unit = umami.unitOf(context.url.searchParams, scope.range);
      return umami.eventSeriesOf(await ask(umami.seriesQuery(scope, unit, true)), scope, unit);
    }),
    ofSite("/metrics", async ({ context, scope, ask }) => {
      const query = umami.listQuery(context.url.searchParams, scope);
      return query === null ? [] : umami.listOf(await ask(query), query);
    }),
    ofSite("/values", async ({ context, scope, ask }) => {
      const query = umami.listQuery(context.url.searchParams, scope);
      if (query === null) return [];
      return umami.listOf(await ask(query), query).map(({ x }) => ({ value: x }));
    }),
  ];
}

function nameOf({ who }: Access): string {
  return who === "nobody" ? "view" : "admin";
}

/** A site as that API shows it, under the UUID of its pages; to strangers not since when. */
function websiteOf(site: string, sites: Sites, isHidden: boolean) {
  const declared = isHidden ? null : sites.declared(site);
  const { aliases, name } = sites.settings(site);
  return {
    id: aliases.find((alias) => UUID.test(alias)) ?? uuidOfSite(site),
    name: name ?? site,
    domain: site,
    shareId: null,
    createdAt: declared ? new Date(declared.created_at).toISOString() : null,
  };
}
