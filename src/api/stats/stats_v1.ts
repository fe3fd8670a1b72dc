// GET /api/v1/stats/…: Plausible's Stats API v1.
import { requireSite } from "../../auth/rights.ts";
import { MINUTE_US } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import { json, JSON_HEADERS } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { WrittenAnswers } from "../../http/written_answers.ts";
import { numberOf } from "../../query/answer.ts";
import * as v1 from "../../query/formats/plausible_v1/plausible_v1.ts";
import * as v2 from "../../query/formats/plausible_v2/plausible_v2.ts";
import { queryOf } from "../../query/query.ts";
import type { Runner } from "../../query/run.ts";
import { callerOf } from "./caller.ts";
import { askV2 } from "./query_v2.ts";

const REPORTS: readonly v1.V1Report[] = ["aggregate", "timeseries", "breakdown"];
const REALTIME_MINUTES = 5;

/** The routes of v1. */
export function statsV1Routes(runner: Runner): Route[] {
  const written = new WrittenAnswers();
  return [
    ...REPORTS.map((report): Route => ({
      method: "GET",
      path: `/api/v1/stats/${report}`,
      right: "read",
      handle: (context) => answer(runner, written, report, context),
    })),
    {
      method: "GET",
      path: "/api/v1/stats/realtime/visitors",
      right: "read",
      handle: async (context) => json(await visitorsNow(runner, siteOf(context), context)),
    },
  ];
}

function siteOf({ url, access }: Context): string {
  const site = asciiSiteId(url.searchParams.get("site_id") ?? "");
  const fault = faultOfSiteId(site);
  if (fault !== null) throw new AppError("bad_request", `Cannot read site_id: ${fault}`);
  return requireSite(access, site);
}

async function answer(
  runner: Runner,
  written: WrittenAnswers,
  report: v1.V1Report,
  context: Context,
): Promise<Response> {
  const site = siteOf(context);
  const asker = { caller: callerOf(context), signal: context.signal };
  const { rules, nowUs } = await runner.rules(site, asker);
  const body = v1.bodyOf(report, context.url.searchParams, site, { nowUs, zone: rules.zone });
  const { request, answer, headers } = await askV2(runner, body, site, context);
  const text = () => {
    const shown = v2.write(request, answer);
    return JSON.stringify(v1.write(report, body, request.query.metrics, shown));
  };
  const writing = { form: `v1 ${report} ${JSON.stringify(body)}`, text };
  return written.response(answer, writing, context.request, { ...JSON_HEADERS, ...headers });
}

/** Visitors of the last minutes. */
export async function visitorsNow(
  runner: Runner,
  site: string,
  context: Context,
): Promise<number> {
  const asker = { caller: callerOf(context), signal: context.signal };
  const { rules, nowUs } = await runner.rules(site, asker);
  const toUs = (Math.floor(nowUs / MINUTE_US) + 1) * MINUTE_US;
  const range = { fromUs: toUs - REALTIME_MINUTES * MINUTE_US, toUs, dates: null };
  const query = queryOf({ ...rules, site, nowUs, range, filter: null }, { metrics: ["visitors"] });
  const { rows } = await runner.context(site, asker).query(query);
  return numberOf(rows[0]?.values ?? {}, "visitors");
}
