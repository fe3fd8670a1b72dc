// GET /api/stats/export: the days of a range as an attachment, CSV or JSON.
import { requireSite } from "../../auth/rights.ts";
import type { Context } from "../../http/route.ts";
import { csvOfDays, EXPORT, type ExportDay } from "../../query/reports/export.ts";
import { Params } from "../../query/params.ts";
import { siteOf } from "../../query/parse.ts";
import type { Runner } from "../../query/run.ts";
import { compressed } from "../../http/compression.ts";

const FORMATS = ["csv", "json"] as const;

/** Answers an export. Throws `bad_request` for a format that is neither csv nor json. */
export async function exportResponse(runner: Runner, context: Context): Promise<Response> {
  const params = new Params(context.url.searchParams);
  const site = requireSite(context.access, siteOf(params));
  const format = params.choice("format", FORMATS, "csv");
  const answer = await runner.answer("export", EXPORT, site, params, context.signal);
  const days = answer as readonly ExportDay[];
  const body = format === "csv" ? csvOfDays(days) : JSON.stringify(days);
  const response = new Response(body, {
    headers: {
      "content-type": format === "csv" ? "text/csv; charset=utf-8" : "application/json",
      "content-disposition": `attachment; filename="export.${format}"`,
      "cache-control": "no-store",
    },
  });
  return await compressed(response, context.request);
}
