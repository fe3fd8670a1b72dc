// GoatCounter's reading API: the user, the sites, and their statistics. The site is told by the
// host that the request was sent to; where there is one site only, it is that.
import { mayReadSite, requireSite } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { json, JSON_HEADERS } from "../../http/response.ts";
import type { Context, Handler, Route } from "../../http/route.ts";
import { WrittenAnswers } from "../../http/written_answers.ts";
import type { FormatParts } from "../../ingest/formats/format.ts";
import { siteOfRequest } from "../../ingest/formats/goatcounter.ts";
import { type Answer, numberOf } from "../../query/answer.ts";
import * as goat from "../../query/formats/goatcounter/goatcounter.ts";
import type { SiteRules } from "../../query/parse.ts";
import type { Query, Scope } from "../../query/query.ts";
import type { Runner } from "../../query/run.ts";
import type { Sites } from "../../sites/sites.ts";
import { callerOf } from "../stats/caller.ts";

interface Asked {
  readonly params: URLSearchParams;
  readonly path: Context["params"];
  readonly scope: Scope;
  readonly rules: SiteRules;
  ask(query: Query): Promise<Answer>;
}

/** Requests per second that its clients are told; keys have a rate of their own here. */
const RATE_HEADERS = {
  "x-rate-limit-limit": "4",
  "x-rate-limit-remaining": "4",
  "x-rate-limit-reset": "1",
};
const PATHS_MAX = 1000;
/** What is not there: its clients are told so. */
const MISSING: readonly (readonly [Route["method"], string])[] = [
  ["POST", "export"],
  ["GET", "export/:id"],
  ["GET", "export/:id/download"],
  ["PUT", "sites"],
  ["GET", "sites/:id"],
  ["POST", "sites/:id"],
  ["PATCH", "sites/:id"],
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
      const scope = goat.scopeOf(params, site, nowUs, rules);
      const { nowUs: _, ...key } = scope;
      const named = goat.LIST_PARAMS.map((name) => params.get(name));
      // Making and writing an answer of ten years takes longer than its queries: it is kept whole.
      const shown = await runner.cached(
        site,
        ["goat", path, context.params, key, named],
        ({ query: ask }) => answer({ params, path: context.params, scope, rules, ask }),
        asker,
      );
      const writing = { form: "json", text: () => JSON.stringify(shown) };
      const headers = { ...JSON_HEADERS, ...RATE_HEADERS };
      return written.response(shown, writing, context.request, headers);
    });
  const shown = (site: string) => siteShown(site, sites);
  return [
    row(
      "me",
      ({ access }) => json({ user: { id: 1, access: { all: access.who } } }, 200, RATE_HEADERS),
    ),
    row("sites", ({ access }) => {
      const all = parts.siteIds().filter((site) => mayReadSite(access, site)).sort().map(shown);
      return json({ sites: all }, 200, RATE_HEADERS);
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

/** The pages of the range, most visited first. */
async function pagesOf({ scope, ask }: Asked): Promise<string[]> {
  const query = goat.listQuery(new URLSearchParams(), scope, "page");
  const { rows } = await ask({ ...query, limit: PATHS_MAX });
  return rows.map(({ keys: [path] }) => String(path));
}

async function pathsOf(asked: Asked) {
  const limit = goat.limitOf(asked.params);
  const after = Number(asked.params.get("after") ?? 0);
  const pages = await pagesOf(asked);
  const titles = goat.titlesOf(await asked.ask(goat.titlesQuery(asked.scope, pages)));
  const all = pages.map((path) => ({
    id: goat.pathId(path),
    path,
    title: titles.get(path) ?? "",
    event: false,
  }))
    .sort((a, b) => a.id - b.id).filter(({ id }) => id > after);
  return { paths: all.slice(0, limit), more: all.length > limit };
}

async function totalOf({ scope, ask }: Asked) {
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

async function hitsOf({ params, scope, ask }: Asked) {
  const list = await ask(goat.listQuery(params, scope, "page"));
  const limit = goat.pagesLimit(params, scope);
  const rows = list.rows.slice(0, limit);
  const pages = rows.map(({ keys }) => String(keys[0]));
  const [hours, days, named] = await Promise.all([
    ask(goat.seriesQuery(scope, "hour", pages)),
    ask(goat.seriesQuery(scope, "day", pages)),
    ask(goat.titlesQuery(scope, pages)),
  ]);
  const titles = goat.titlesOf(named);
  const hits = rows.map(({ values }, index) => {
    const path = pages[index] ?? "";
    const own = ({ keys }: Answer["rows"][number]) => keys[0] === path;
    const stats = goat.daysOf(hours.rows.filter(own), days.rows.filter(own), scope, 1);
    return {
      count: numberOf(values, "visitors"),
      path_id: goat.pathId(path),
      path,
      event: false,
      title: titles.get(path) ?? "",
      max: Math.max(0, ...stats.flatMap(({ hourly }) => hourly)),
      stats,
    };
  });
  const total = hits.reduce((sum, { count }) => sum + count, 0);
  return { hits, total, more: list.rows.length > limit };
}

async function refsOf(asked: Asked) {
  const { params, scope, rules, ask, path } = asked;
  const page = (await pagesOf(asked)).find((key) => String(goat.pathId(key)) === path["path_id"]);
  if (page === undefined) {
    throw new AppError("not_found", "Cannot find the path: no page has this id");
  }
  const own = goat.ofPage(scope, page, rules);
  const { stats, more } = goat.listOf(
    await ask(goat.listQuery(params, own, "referrer_source")),
    params,
  );
  return { refs: stats.map((one) => ({ ...one, ref_scheme: one.name === "" ? "o" : "h" })), more };
}

/** One value of a list in its parts. */
async function detailOf({ params, path, scope, rules, ask }: Asked) {
  const { name = "", id = "" } = path;
  const found = Object.hasOwn(goat.DETAILS, name) ? goat.DETAILS[name] : undefined;
  if (found === undefined) throw new AppError("not_found", "Cannot find parts of this list");
  const [whole, part] = found;
  const own = goat.ofValue(scope, whole, id, rules);
  return goat.listOf(await ask(goat.listQuery(params, own, part)), params);
}

async function listOf({ params, path, scope, ask }: Asked) {
  const name = path["name"] ?? "";
  const dimension = Object.hasOwn(goat.LISTS, name) ? goat.LISTS[name] : undefined;
  if (dimension === undefined) throw new AppError("not_found", "Cannot find this list");
  if (dimension === null) return { stats: [], more: false };
  return goat.listOf(await ask(goat.listQuery(params, scope, dimension)), params);
}
