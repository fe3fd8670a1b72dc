// Umami's lists of single sessions and events, for sites whose owner allows lists of visits.
import { requireSite } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { json } from "../../http/response.ts";
import type { Context, Handler, Route } from "../../http/route.ts";
import * as list from "../../query/formats/umami/visits.ts";
import type { Scope } from "../../query/query.ts";
import type { QueryContext } from "../../query/reports/report.ts";
import { queryVisits, requireListed } from "../../query/reports/visit_list.ts";
import type { Runner } from "../../query/run.ts";
import { callerOf } from "../stats/caller.ts";

/** A request whose website and scope are read. */
export interface SiteRequest {
  readonly site: string;
  readonly scope: Scope;
  readonly context: Context;
}

type ReadRequest = (context: Context) => Promise<SiteRequest>;

interface Asked extends SiteRequest {
  readonly website: string;
  readonly params: URLSearchParams;
  readonly ask: QueryContext;
}

/** The routes of sessions and events; those of single ones need a login or a key. */
export function umamiVisitRoutes(runner: Runner, read: ReadRequest): Route[] {
  const row = (path: string, answer: (asked: Asked) => Promise<unknown>, isOpen = false): Route => {
    const handle: Handler = async (context) => {
      const request = await read(context);
      const { site, scope } = request;
      if (!isOpen) requireSite(context.access, site, "visits");
      const params = context.url.searchParams;
      const { nowUs: _, ...key } = scope;
      const named = ["page", "pageSize", "search"].map((name) => params.get(name));
      const website = context.params["website_id"] ?? "";
      const shown = await runner.cached(
        site,
        ["umami", path, context.params, key, named],
        (ask) => answer({ ...request, website, params, ask }),
        { caller: callerOf(context), signal: context.signal, heavy: true },
      );
      return json(shown);
    };
    const whole = `/api/websites/:website_id/${path}`;
    return { method: "GET", path: whole, right: "read", asks: true, handle };
  };
  return [
    row("sessions", sessions),
    row("sessions/stats", totals, true),
    row("sessions/:session_id", async (asked) => list.sessionOf(await one(asked), asked.website)),
    row("sessions/:session_id/activity", async (asked) => list.activityOf(await one(asked))),
    row("events", events),
  ];
}

async function sessions({ params, scope, website, ask }: Asked) {
  const { page, pageSize } = list.pageOf(params);
  const { visits, total } = await queryVisits(list.requestOf(scope, page, pageSize), ask);
  const data = visits.map((visit) => list.sessionOf(visit, website));
  return { data, count: total, page, pageSize };
}

async function totals({ scope, ask }: Asked) {
  const [all, countries] = list.sessionTotalsQueries(scope);
  const [sum, byCountry] = await Promise.all([ask.query(all), ask.query(countries)]);
  return list.sessionTotalsOf(sum, byCountry.total);
}

/** The visit of a session's id. Throws `not_found`. */
async function one({ context, scope, ask }: Asked) {
  const id = context.params["session_id"] ?? "";
  const range = list.rangeOfSession(id);
  const { visits } = range === null
    ? { visits: [] }
    : await queryVisits(list.requestOf({ ...scope, range, filter: null }, 1, 100), ask);
  const found = visits.find((visit) => list.sessionIdOf(visit) === id);
  if (found) return found;
  throw new AppError("not_found", "Cannot find the session: the website has none with this id");
}

async function events({ params, scope, website, ask }: Asked) {
  requireListed(ask);
  const { page, pageSize } = list.pageOf(params);
  const request = list.requestOf(scope, page, pageSize);
  const search = params.get("search") ?? "";
  const rows = await ask.matching(
    request,
    list.EVENT_FIELDS,
    (found) => list.eventsSql(found, search, request),
  );
  const data = rows.filter(({ us }) => us !== null).map((event) => list.eventOf(event, website));
  return { data, count: Number(rows[0]?.["total"] ?? 0), page, pageSize };
}
