// POST /api/v2/query: the one endpoint of Plausible's Stats API v2.
import { API_BODY_BYTES_MAX, STRANGER_QUESTION_BYTES_MAX } from "../../core/limits.ts";
import type { Clock } from "../../core/types.ts";
import { readJsonObject } from "../../http/body.ts";
import { incompleteHeader, JSON_HEADERS } from "../../http/response.ts";
import type { Context, Route } from "../../http/route.ts";
import { WrittenAnswers } from "../../http/written_answers.ts";
import { earlierRows } from "../../query/compare.ts";
import * as plausible from "../../query/formats/plausible_v2/plausible_v2.ts";
import { callerOf, siteOfBody } from "./caller.ts";
import type { QueryContext } from "../../query/reports/report.ts";
import type { Runner } from "../../query/run.ts";

/** The route of queries. */
export function queryV2Routes(runner: Runner, clock: Clock): Route[] {
  const written = new WrittenAnswers();
  return [{
    method: "POST",
    path: "/api/v2/query",
    right: "read",
    asks: true,
    handle: async (context) => {
      // Reading it is nobody's turn yet.
      const bytesMax = callerOf(context).kind === "stranger"
        ? STRANGER_QUESTION_BYTES_MAX
        : API_BODY_BYTES_MAX;
      const body = await readJsonObject(context.request, clock, bytesMax);
      const { request, answer, headers } = await askV2(
        runner,
        body,
        siteOfBody(body, context, "totals"),
        context,
      );
      const text = () =>
        JSON.stringify(plausible.write(request, answer, runner.importedMeta(answer)));
      const sent = { ...JSON_HEADERS, ...headers };
      return written.response(answer, { form: "v2", text }, context.request, sent);
    },
  }];
}

/** Asks what a body asks of a site. Throws `bad_request` with every fault. */
export async function askV2(
  runner: Runner,
  body: Readonly<Record<string, unknown>>,
  site: string,
  context: Pick<Context, "access" | "guardedAddress" | "signal">,
) {
  const request = await readRequest(runner, body, site, context);
  const { nowUs: _, ...key } = request.query;
  const answer = await runner.cached(
    request.query.site,
    // What an answer is written by is in its key, so that each is written once.
    ["v2", key, request.comparison, request.echo, request.include],
    ({ query }) => answerOf(request, query),
    { caller: callerOf(context), signal: context.signal },
  );
  return { request, answer, headers: incompleteHeader(runner.incompleteDates(answer)) };
}

async function answerOf(
  { query, comparison }: plausible.V2Request,
  ask: QueryContext["query"],
): Promise<plausible.V2Answer> {
  const answer = await ask(query);
  const before = comparison && await earlierRows(query, comparison, answer.rows, ask);
  return { answer, before };
}

/** Reads a body. Throws `bad_request` with every fault. */
async function readRequest(
  runner: Runner,
  body: Readonly<Record<string, unknown>>,
  site: string,
  context: Pick<Context, "access" | "guardedAddress" | "signal">,
): Promise<plausible.V2Request> {
  const asker = { caller: callerOf(context), signal: context.signal };
  const { rules, nowUs } = await runner.rules(site, asker);
  const firstUs = body["date_range"] === "all" ? await runner.firstUs(site, asker) : null;
  const request = plausible.read(body, site, nowUs, { ...rules, firstUs });
  (await runner.patternFaults(site, request.query.filter, asker)).check();
  return request;
}
