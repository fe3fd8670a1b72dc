// GET /api/stats/…: from a request to a report's answer. It knows no report; who may read one and
// its formats are in the report's row.
import { BOM } from "../../../dashboard/grammar/csv.js";
import { requireSite } from "../../auth/rights.ts";
import { incompleteHeader, json, JSON_HEADERS } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { WrittenAnswers } from "../../http/written_answers.ts";
import { type Meta, metaHeaders } from "../../query/meta.ts";
import { Params } from "../../query/params.ts";
import { siteOf } from "../../query/parse.ts";
import { callerOf } from "./caller.ts";
import { breakdownNamed } from "../../query/reports/breakdowns.ts";
import type { Report } from "../../query/reports/report.ts";
import { REPORTS } from "../../query/reports/reports.ts";
import type { Runner } from "../../query/run.ts";

/** A route for each report, and one for the breakdowns. */
export function statsRoutes(runner: Runner): Route[] {
  const written = new WrittenAnswers();
  return [
    ...Object.entries<Report>(REPORTS).map(([name, report]): Route => ({
      ...statsRoute(name, (context) => respond(runner, written, name, report, context)),
      ...(report.streams ? { streams: true } : {}),
    })),
    statsRoute("breakdown/:name", (context) => {
      const name = context.params["name"] ?? "";
      return respond(runner, written, `breakdown/${name}`, breakdownNamed(name), context);
    }),
  ];
}

function statsRoute(path: string, handle: Route["handle"]): Route {
  return { method: "GET", path: `/api/stats/${path}`, right: "read", asks: true, handle };
}

async function respond(
  runner: Runner,
  written: WrittenAnswers,
  name: string,
  report: Report,
  context: Context,
): Promise<Response> {
  const params = new Params(context.url.searchParams);
  const site = requireSite(context.access, siteOf(params), report.access);
  const asker = { caller: callerOf(context), signal: context.signal };
  if (runner.explains && params.text("explain") === "1") {
    return json(await runner.explain(report, site, params, asker));
  }
  const ask = () => runner.answerWithMeta(name, report, site, params, asker);
  return report.formats
    ? await download(runner, written, name, report.formats, params, ask, context.request)
    : sendAnswer(runner, written, await ask(), context.request);
}

/** An answer and what is to be said of its request. */
interface Told {
  readonly answer: unknown;
  readonly meta: Meta;
  /** Of before this time nothing of other servers is missing; null where there are none. */
  readonly behindSince: string | null;
}

/** An answer as it is sent, with its headers. */
export interface Sent {
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * An answer that lacks a file in quarantine says so: its dates, and as an object a field. So does
 * one that may lack the newest events of other servers.
 */
export function sentOf(runner: Runner, { answer, meta, behindSince }: Told): Sent {
  const dates = runner.incompleteDates(answer);
  const headers = { ...metaHeaders(meta), ...incompleteHeader(dates) };
  const said = {
    ...dates.length > 0 ? { incomplete_dates: dates } : {},
    ...behindSince === null ? {} : { behind_since: behindSince },
  };
  const isObject = typeof answer === "object" && answer !== null && !Array.isArray(answer);
  const body = Object.keys(said).length > 0 && isObject ? { ...answer, ...said } : answer;
  return { body, headers };
}

function sendAnswer(
  runner: Runner,
  written: WrittenAnswers,
  told: Told,
  request: Request,
): Response {
  const { body, headers } = sentOf(runner, told);
  const writing = { form: "json", text: () => JSON.stringify(body) };
  // What is said of the moment is not kept.
  const kept = told.behindSince === null ? told.answer : body;
  return written.response(kept, writing, request, { ...JSON_HEADERS, ...headers });
}

/** The answer as a file in the format that `format` names. */
async function download(
  runner: Runner,
  written: WrittenAnswers,
  name: string,
  formats: NonNullable<Report["formats"]>,
  params: Params,
  ask: () => Promise<Told>,
  request: Request,
): Promise<Response> {
  const names = Object.keys(formats);
  const format = params.choice("format", names, names[0] ?? "");
  const bom = params.flag("bom") && format === "csv" ? BOM : "";
  const { answer, meta } = await ask();
  const row = formats[format];
  const headers = {
    "content-type": row?.contentType ?? "application/json",
    "content-disposition": `attachment; filename="${name}.${format}"`,
    "cache-control": "no-store",
    ...metaHeaders(meta),
    ...incompleteHeader(runner.incompleteDates(answer)),
  };
  const writing = { form: bom + format, text: () => bom + (row?.write(answer) ?? "") };
  return written.response(answer, writing, request, headers);
}
