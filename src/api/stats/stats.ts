// GET /api/stats/…: from a request to a report's answer as JSON. It computes nothing.
import { requireSite } from "../../auth/rights.ts";
import { AppError } from "../../core/errors.ts";
import { json } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { Params } from "../../query/params.ts";
import type { Report } from "../../query/reports/report.ts";
import { BREAKDOWNS } from "../../query/reports/breakdowns.ts";
import { REPORTS } from "../../query/reports/reports.ts";
import { siteOf } from "../../query/parse.ts";
import type { Runner } from "../../query/run.ts";
import { exportResponse } from "./export.ts";

/** The routes of the statistics. */
export function statsRoutes(runner: Runner): Route[] {
  const reports = Object.entries<Report>(REPORTS).filter(([name]) => name !== "export");
  return [
    ...reports.map(([name, report]) =>
      statsRoute(name, (context) => answer(runner, name, report, context))
    ),
    {
      ...statsRoute("export", (context) => exportResponse(runner, context)),
      streams: true,
    },
    statsRoute("breakdown/:name", (context) => {
      const name = context.params["name"] ?? "";
      if (!Object.hasOwn(BREAKDOWNS, name)) {
        throw new AppError(
          "not_found",
          `Cannot find this breakdown: it is not one of ${Object.keys(BREAKDOWNS).join(", ")}`,
        );
      }
      const report = BREAKDOWNS[name as keyof typeof BREAKDOWNS];
      return answer(runner, `breakdown/${name}`, report, context);
    }),
  ];
}

function statsRoute(path: string, handle: (context: Context) => Promise<Response>): Route {
  return { method: "GET", path: `/api/stats/${path}`, right: "read", handle };
}

async function answer(
  runner: Runner,
  name: string,
  report: Report,
  context: Context,
): Promise<Response> {
  const params = new Params(context.url.searchParams);
  const level = name === "visits" ? "visits" : "totals";
  const site = requireSite(context.access, siteOf(params), level);
  if (runner.explains && params.text("explain") === "1") {
    return json(await runner.explain(report, site, params, context.signal));
  }
  return json(await runner.answer(name, report, site, params, context.signal));
}
