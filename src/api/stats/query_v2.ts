// POST /api/v2/query: the one endpoint of Plausible's Stats API v2, over the same engine.
import { requireSite } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { json } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { API_BODY_BYTES_MAX } from "../../core/limits.ts";
import { faultOfSiteId } from "../../core/site_id.ts";
import type { Clock } from "../../core/types.ts";
import type { Runner } from "../../query/run.ts";
import { parseV2, shapeV2, type V2Query } from "../../query/formats/plausible_v2/plausible_v2.ts";
import { readJsonObject } from "../../http/body.ts";

/** The route of queries. */
export function queryV2Routes(runner: Runner, clock: Clock): Route[] {
  return [{
    method: "POST",
    path: "/api/v2/query",
    right: "read",
    handle: async (context) => {
      const body = await readJsonObject(context.request, clock, API_BODY_BYTES_MAX);
      const question = await questionOf(runner, body, siteOfBody(body, context));
      const { query } = question;
      const { nowUs: _, ...rest } = query;
      const answer = await runner.cached(
        query.site,
        ["v2", rest],
        (tools) => tools.ask(query),
        false,
        context.signal,
      );
      return json(shapeV2(question, answer));
    },
  }];
}

function siteOfBody(body: Readonly<Record<string, unknown>>, { access }: Context): string {
  const { site_id } = body;
  const fault = typeof site_id === "string" ? faultOfSiteId(site_id) : "it is no text";
  if (typeof site_id !== "string" || fault !== null) {
    throw new AppError("bad_request", `Cannot query: site_id: ${fault}`);
  }
  return requireSite(access, site_id);
}

async function questionOf(
  runner: Runner,
  body: Readonly<Record<string, unknown>>,
  site: string,
): Promise<V2Query> {
  const { rules, nowUs } = await runner.rules(site);
  const firstUs = body["date_range"] === "all" ? await runner.firstUs(site) : null;
  const question = parseV2(body, site, nowUs, { ...rules, firstUs });
  if (!("query" in question)) {
    throw new AppError("bad_request", `Cannot query: ${question.join("; ")}`);
  }
  const faults = await runner.patternFaults(site, question.query.filter);
  if (faults.length > 0) throw new AppError("bad_request", faults.join("; "));
  return question;
}
