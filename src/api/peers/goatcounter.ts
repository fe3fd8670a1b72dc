// GoatCounter's reading API: the user, the sites, and their statistics. The site is told by the
// host that the request was sent to; where there is one site only, it is that.
import { mayReadSite, requireSite } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { json, JSON_HEADERS } from "../../http/response.ts";
import type { Access } from "../../core/access.ts";
import type { Context, Handler, Route } from "../../http/route.ts";
import { WrittenAnswers } from "../../http/written_answers.ts";
import type { FormatParts } from "../../ingest/formats/format.ts";
import { siteOfRequest } from "../../ingest/formats/goatcounter.ts";
import { numberOf } from "../../query/answer.ts";
import * as goat from "../../query/formats/goatcounter/goatcounter.ts";
import type { Runner } from "../../query/run.ts";
import type { Sites } from "../../sites/sites.ts";
import { callerOf } from "../stats/caller.ts";
import { type Asked, hitsOf, included, pathsOf, refsOf } from "./goatcounter_paths.ts";

/** What a caller has left of its rate, in that API's headers; none where there is no limit. */
function rateHeaders({ rateLeft }: Access): Record<string, string> {
  if (!rateLeft) return {};
  const { limit, left, resetSecs } = rateLeft();
  return {
    "x-rate-limit-limit": String(limit),
    "x-rate-limit-remaining": String(left),
    "x-rate-limit-reset": String(resetSecs),
  };
}

/** What is not there: its clients are told so. */
const MISSING: readonly (readonly [Route["method"], string])[] = [
  ["GET", "export"],
  ["POST", "export"],
  ["GET", "export/:id"],
  ["GET", "export/:id/download"],
  ["PUT", "sites"],
  ["GET", "sites/:id"],
  ["POST", "sites/:id"],
  ["PATCH", "sites/:id"],
  ["DELETE", "sites/:id"],
];

/** The routes of the reading API. */
export function goatCounterRoutes(runner: Runner, sites: Sites, parts: FormatParts): Route[] {
  const row = (path: string, handle: Handler): Route => ({
    method: "GET",
    path: `/api/v0/${path}`,
    right: "read",
    handle,
  });
  const written = new WrittenAnswers();
  const ofSite = (path: string, answer: (asked: Asked) => Promise<unknown>) =>
    row(path, async (context) => {
      const site = siteOf(context, parts);
      const params = context.url.searchParams;
      const asker = { caller: callerOf(context), signal: context.signal };
      const { rules, nowUs } = await runner.rules(site, asker);
      // All paths are listed where no range is named.
      const scopeOf = path === "paths" ? goat.counterScope : goat.scopeOf;
      const scope = scopeOf(params, site, nowUs, rules);
      const { nowUs: _, ...key } = scope;
      const named = goat.LIST_PARAMS.map((name) => params.getAll(name));
      // Making and writing an answer of ten years takes longer than its queries: it is kept whole.
      const shown = await runner.cached(
        site,
        ["goat", path, context.params, key, named],
        ({ query: ask }) => answer({ params, path: context.params, scope, rules, ask }),
        asker,
      );
      const writing = { form: "json", text: () => JSON.stringify(shown) };
      const headers = { ...JSON_HEADERS, ...rateHeaders(context.access) };
      return written.response(shown, writing, context.request, headers);
    });
  const shown = (site: string) => siteShown(site, sites);
  return [
    row(
      "me",
      ({ access }) =>
        json({ user: { id: 1, access: { all: access.who } } }, 200, rateHeaders(access)),
    ),
    row("sites", ({ access }) => {
      const all = parts.siteIds().filter((site) => mayReadSite(access, site)).sort().map(shown);
      return json({ sites: all }, 200, rateHeaders(access));
    }),
    ofSite("paths", pathsOf),
    ofSite("stats/total", totalOf),
    ofSite("stats/hits", hitsOf),
    ofSite("stats/hits/:path_id", refsOf),
    ofSite("stats/:name", listOf),
    ofSite("stats/:name/:id", detailOf),
    ...MISSING.map(([method, path]): Route => ({
      ...row(path, () => {
        throw new AppError(
          "not_found",
          `Cannot answer ${path}: see /api/sites, /api/keys and GET /api/stats/export`,
        );
      }),
      method,
      right: method === "GET" ? "read" : "admin",
      refuses: true,
    })),
  ];
}

function siteOf({ request, url, access }: Context, parts: FormatParts): string {
  const named = url.searchParams.get("site_id");
  const [only, another] = parts.siteIds().filter((site) => mayReadSite(access, site));
  const found = named ?? siteOfRequest(request.headers, parts) ??
    (another === undefined ? only : undefined);
  if (found !== undefined) return requireSite(access, found);
  throw new AppError("not_found", "Cannot find the site: add this host to a site's aliases");
}

function siteShown(site: string, sites: Sites) {
  const { aliases } = sites.settings(site);
  const code = aliases.find((alias) => !alias.includes(".")) ?? site;
  return { id: goat.pathId(site), code, cname: site, state: "a" };
}

async function totalOf(asked: Asked) {
  const { ask } = asked;
  const scope = await included(asked);
  const [total, hours, days] = await Promise.all([
    ask(goat.totalQuery(scope)),
    ask(goat.seriesQuery(scope, "hour")),
    ask(goat.seriesQuery(scope, "day")),
  ]);
  const values = total.rows[0]?.values ?? {};
  return {
    total: numberOf(values, "visitors"),
    total_events: numberOf(values, "events") - numberOf(values, "pageviews"),
    total_utc: numberOf(values, "visitors"),
    stats: goat.daysOf(hours.rows, days.rows, scope, 0),
  };
}

/** One value of a list in its parts. */
async function detailOf(asked: Asked) {
  const { params, path, rules, ask } = asked;
  const { name = "", id = "" } = path;
  const found = Object.hasOwn(goat.DETAILS, name) ? goat.DETAILS[name] : undefined;
  if (found === undefined) throw new AppError("not_found", "Cannot find parts of this list");
  const [whole, part] = found;
  const own = goat.ofValue(await included(asked), whole, id, rules);
  return goat.listOf(await ask(goat.listQuery(params, own, part)), params, part);
}

async function listOf(asked: Asked) {
  const { params, path, ask } = asked;
  const name = path["name"] ?? "";
  const dimension = Object.hasOwn(goat.LISTS, name) ? goat.LISTS[name] : undefined;
  if (dimension === undefined) throw new AppError("not_found", "Cannot find this list");
  const list = await ask(goat.listQuery(params, await included(asked), dimension));
  return goat.listOf(list, params, dimension);
}
