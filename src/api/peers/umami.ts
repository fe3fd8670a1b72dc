// Umami's reading API: who is signed in, the websites, and their statistics. A website is named by
// its UUID.
import { isStranger, mayReadSite, requireSite } from "../../auth/rights.ts";
import type { Access } from "../../core/access.ts";
import { AppError } from "../../core/errors.ts";
import { json, JSON_HEADERS } from "../../http/response.ts";
import type { Context, Handler, Route } from "../../http/route.ts";
import { WrittenAnswers } from "../../http/written_answers.ts";
import type { FormatParts } from "../../ingest/formats/format.ts";
import { umamiError } from "../../ingest/formats/umami.ts";
import * as data from "../../query/formats/umami/event_data.ts";
import * as umami from "../../query/formats/umami/umami.ts";
import * as visits from "../../query/formats/umami/visits.ts";
import type { Scope } from "../../query/query.ts";
import type { QueryContext } from "../../query/reports/report.ts";
import type { Runner } from "../../query/run.ts";
import { uuidOfSite, uuidOfText } from "../../sites/site_codes.ts";
import type { Sites } from "../../sites/sites.ts";
import { callerOf } from "../stats/caller.ts";
import { eventDataRoutes, type NowHandler, type SiteHandler } from "./umami_event_data.ts";
import { umamiVisitRoutes } from "./umami_visits.ts";
import { visitorsNow } from "../stats/stats_v1.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Clients require a time where nobody wrote down when, and none of what strangers may not know. */
const UNKNOWN_SINCE = new Date(0).toISOString();

/** The owner as that API shows it: there is one. */
export function umamiUser(username = "admin") {
  const id = uuidOfText("owner");
  return { id, username, role: "admin", createdAt: UNKNOWN_SINCE, isAdmin: true, teams: [] };
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
  const written = new WrittenAnswers();
  const scopeOf = async (context: Context) => {
    const site = siteOf(context);
    const asker = { caller: callerOf(context), signal: context.signal };
    const { rules, nowUs } = await runner.rules(site, asker);
    const scope = umami.scopeOf(context.url.searchParams, site, nowUs, rules);
    (await runner.patternFaults(site, scope.filter, asker)).check();
    return { site, scope, asker };
  };
  const ofNow = (path: string, handle: NowHandler) =>
    row("GET", `websites/:website_id${path}`, async (context) => {
      const { site, scope } = await scopeOf(context);
      return json(await handle({ site, context, scope }));
    });
  const ofSite = (path: string, handle: SiteHandler) =>
    row("GET", `websites/:website_id${path}`, async (context) => {
      const { site, scope, asker } = await scopeOf(context);
      const { nowUs: _, ...key } = scope;
      const params = context.url.searchParams;
      const named = umami.ANSWER_PARAMS.map((name) => params.get(name));
      // Making and writing a long series takes longer than its query: it is kept whole.
      const shown = await runner.cached(
        site,
        ["umami", path, key, named],
        ({ query: ask, matching }) => handle({ params, scope, ask, matching }),
        asker,
      );
      const writing = { form: "json", text: () => JSON.stringify(shown) };
      return written.response(shown, writing, context.request, JSON_HEADERS);
    });
  const website = (site: string, access: Access) => websiteOf(site, sites, isStranger(access));
  const listed: Handler = ({ access, url }) => {
    const all = siteIds().filter((site) => mayReadSite(access, site)).sort()
      .map((site) => website(site, access));
    return paged(all.filter(isFound(url.searchParams)), url.searchParams);
  };
  const all = [
    row("POST", "auth/verify", ({ access }) => json(umamiUser(signedIn(access)))),
    row("GET", "me", ({ access }) => json({ user: umamiUser(signedIn(access)) })),
    row("GET", "websites", listed),
    row("GET", "websites/:website_id", (context) => json(website(siteOf(context), context.access))),
    ...accountRoutes(row, listed),
    ...umamiVisitRoutes(runner, async (context) => ({ ...await scopeOf(context), context })),
    ...numbersOfNow(runner, ofNow),
    ...reports(ofSite),
    ...eventDataRoutes(ofSite, ofNow),
    heartbeat(),
  ];
  return all.map((route) => ({ ...route, errorBody: umamiError }));
}

/** Asked by watchers of a server, and by clients before they sign in. */
function heartbeat(): Route {
  const handle = () => json({ ok: true });
  return { method: "GET", path: "/api/heartbeat", right: "public", handle };
}

/** The one user's own: its websites; there are no teams. */
function accountRoutes(
  row: (method: Route["method"], path: string, handle: Handler) => Route,
  listed: Handler,
): Route[] {
  const requireOwner = ({ params }: Context) => {
    if (params["user_id"] === umamiUser().id) return;
    throw new AppError("not_found", "Cannot find the user: there is one, of /api/me");
  };
  return [
    row("GET", "me/websites", listed),
    row("GET", "me/teams", () => paged([])),
    row("GET", "teams", () => paged([])),
    row("GET", "users/:user_id", (context) => {
      requireOwner(context);
      return json(umamiUser(nameOf(context.access)));
    }),
    row("GET", "users/:user_id/websites", (context) => {
      requireOwner(context);
      return listed(context);
    }),
    row("GET", "users/:user_id/teams", (context) => {
      requireOwner(context);
      return paged([]);
    }),
  ];
}

/** Whether the name or the domain has the text of `search`, which older clients call `query`. */
function isFound(params: URLSearchParams): (website: Website) => boolean {
  const text = (params.get("search") ?? params.get("query") ?? "").toLowerCase();
  return ({ name, domain }) => [name, domain].some((one) => one.toLowerCase().includes(text));
}

/** All in one page, unless `pageSize` asks for pages. */
function paged(all: readonly unknown[], params = new URLSearchParams()): Response {
  const count = all.length;
  if (!params.has("pageSize") && !params.has("page")) {
    return json({ data: all, count, page: 1, pageSize: count });
  }
  const { page, pageSize } = visits.pageOf(params);
  const data = all.slice((page - 1) * pageSize, page * pageSize);
  return json({ data, count, page, pageSize });
}

/** What depends on the time of the request alone. */
function numbersOfNow(
  runner: Runner,
  ofNow: (path: string, handle: NowHandler) => Route,
): Route[] {
  return [
    ofNow("/active", async ({ site, context }) => {
      const visitors = await visitorsNow(runner, site, context);
      return { visitors, x: visitors };
    }),
    ofNow("/daterange", async ({ site, context, scope }) => {
      const first = await runner.firstUs(site, { caller: callerOf(context) });
      const startDate = new Date((first ?? scope.nowUs) / 1000).toISOString();
      const endDate = new Date(scope.nowUs / 1000).toISOString();
      return { startDate, endDate, mindate: startDate, maxdate: endDate };
    }),
  ];
}

/** The routes of numbers. */
function reports(ofSite: (path: string, handle: SiteHandler) => Route): Route[] {
  return [
    ofSite("/stats", async ({ params, scope, ask }) => {
      const range = umami.earlierRange(scope, params);
      const [now, before] = await Promise.all([
        ask(umami.totalsQuery(scope)),
        ask(umami.totalsQuery({ ...scope, range })),
      ]);
      return { ...umami.totalsOf(now), comparison: umami.totalsOf(before) };
    }),
    ofSite("/pageviews", async ({ params, scope, ask }) => {
      const series = async (one: Scope) => {
        const years = umami.yearsOf(params, one);
        if (years) return umami.yearSeriesOf(await yearly(years, false, ask), years);
        const unit = umami.unitOf(params, scope.range);
        return umami.seriesOf(await ask(umami.seriesQuery(one, unit, false)), one, unit);
      };
      const now = await series(scope);
      if (!params.has("compare")) return now;
      const range = umami.earlierRange(scope, params);
      const compare = await series({ ...scope, range });
      return { ...now, compare };
    }),
    ofSite("/events/series", async ({ params, scope, ask }) => {
      const years = umami.yearsOf(params, scope);
      if (years) return umami.yearEventSeriesOf(await yearly(years, true, ask), years);
      const unit = umami.unitOf(params, scope.range);
      return umami.eventSeriesOf(await ask(umami.seriesQuery(scope, unit, true)), scope, unit);
    }),
    ofSite("/events/stats", async ({ params, scope, ask }) => {
      const totals = async (one: Scope) => {
        const [all, names] = umami.eventTotalsQueries(one);
        const [sum, byName] = await Promise.all([ask(all), ask(names)]);
        return umami.eventTotalsOf(sum, byName.total);
      };
      const range = umami.earlierRange(scope, params);
      const [now, comparison] = await Promise.all([totals(scope), totals({ ...scope, range })]);
      return { data: { ...now, comparison } };
    }),
    ofSite("/metrics", listOf),
    ofSite("/values", async (asked) => (await listOf(asked)).map(({ x }) => ({ value: x }))),
    ofSite(
      "/metrics/expanded",
      async ({ params, scope, ask }) =>
        umami.expandedOf(await ask(umami.expandedQuery(params, scope))),
    ),
  ];
}

function yearly(years: readonly Scope[], byName: boolean, ask: QueryContext["query"]) {
  return Promise.all(years.map((year) => ask(umami.yearQuery(year, byName))));
}

/** The list of one type. */
async function listOf({ params, scope, ask, matching }: Parameters<SiteHandler>[0]) {
  if (!umami.isQueryList(params)) {
    const query = umami.listQuery(params, scope);
    return umami.listOf(await ask(query), query);
  }
  const search = params.get("search") ?? "";
  const page = umami.pageOf(params);
  const request = data.requestOf(scope);
  const rows = await matching(
    request,
    data.QUERY_COLUMNS,
    (events) => data.queriesSql(events, search, page),
  );
  return data.queriesOf(rows);
}

/** The name of who is signed in; strangers that may see a public site are not. */
function signedIn(access: Access): string {
  if (!isStranger(access)) return nameOf(access);
  throw new AppError("unauthorized", "Cannot name the user: the token is missing or unknown");
}

function nameOf({ who }: Access): string {
  return who === "nobody" ? "view" : "admin";
}

type Website = ReturnType<typeof websiteOf>;

/** A site as that API shows it, under the UUID of its pages; to strangers not since when. */
function websiteOf(site: string, sites: Sites, isHidden: boolean) {
  const declared = isHidden ? null : sites.declared(site);
  const { aliases, name } = sites.settings(site);
  const createdAt = declared ? new Date(declared.created_at).toISOString() : UNKNOWN_SINCE;
  const { id: userId, username } = umamiUser();
  return {
    id: aliases.find((alias) => UUID.test(alias)) ?? uuidOfSite(site),
    name: name ?? site,
    domain: site,
    shareId: null,
    resetAt: null,
    userId,
    teamId: null,
    user: { id: userId, username },
    createdAt,
    updatedAt: createdAt,
    deletedAt: null,
  };
}
