// /api/sql: statements of owners over the events and visits of one site. How they run and what they
// may read is in query/explore.
import { AppError } from "../../core/errors.ts";
import { API_BODY_BYTES_MAX, SQL_JSON_ROWS_MAX } from "../../core/limits.ts";
import type { Clock } from "../../core/types.ts";
import { readJsonObject } from "../../http/body.ts";
import { incompleteHeader, json, JSON_HEADERS } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import {
  type Explore,
  SQL_FORMATS,
  type SqlAnswer,
  type SqlFormat,
} from "../../query/explore/explore.ts";
import { EXPLORE_TABLES } from "../../query/explore/tables.ts";
import { siteOfBody } from "./caller.ts";

/** Header of a file that lacks rows: there are more than were asked for. */
export const TRUNCATED_HEADER = "x-truncated";

const ROWS_DEFAULT = 1000;
const MEDIA_TYPES: Readonly<Record<SqlFormat, string>> = {
  json: "application/json",
  csv: "text/csv; charset=utf-8",
  parquet: "application/vnd.apache.parquet",
};

/** The routes; without `explore` they say that SQL is off. */
export function sqlRoutes(
  explore: Explore | null,
  clock: Clock,
  isKnown: (site: string) => boolean,
  rowsMax: number,
): Route[] {
  return [
    {
      method: "GET",
      path: "/api/sql",
      right: "admin",
      handle: () =>
        json({
          enabled: explore !== null,
          max_rows: rowsMax,
          tables: Object.entries(EXPLORE_TABLES).map(([name, columns]) => ({ name, columns })),
        }),
    },
    {
      method: "POST",
      path: "/api/sql",
      right: "admin",
      streams: true,
      handle: async (context) => {
        const body = await readJsonObject(context.request, clock, API_BODY_BYTES_MAX);
        const question = readQuestion(body, rowsMax);
        const site = siteOfBody(body, context, "visits");
        if (!isKnown(site)) {
          throw new AppError("not_found", `Cannot find the site: there is none called ${site}`);
        }
        if (!explore) {
          throw new AppError("forbidden", "Cannot run SQL: sql_enabled is false on this server");
        }
        const { signal, log, onStream } = context;
        const answer = await explore.ask(site, { ...question, signal });
        // Never the statement: it may hold what its author looks for.
        log("info", "SQL answered", { site_id: site, rows: answer.rows, format: question.format });
        if (question.format !== "json") onStream?.(null);
        return responseOf(answer, question.format);
      },
    },
  ];
}

function responseOf(answer: SqlAnswer, format: SqlFormat): Response {
  const { content, columns, isCut, incompleteDates } = answer;
  const headers = {
    ...JSON_HEADERS,
    ...incompleteHeader(incompleteDates),
    "content-type": MEDIA_TYPES[format],
    ...(isCut ? { [TRUNCATED_HEADER]: "true" } : {}),
  };
  if (content instanceof ReadableStream) {
    const name = `attachment; filename="answer.${format}"`;
    return new Response(content, { headers: { ...headers, "content-disposition": name } });
  }
  const text = `{"columns":${JSON.stringify(columns)},"rows":[${content.join(",")}],` +
    `"truncated":${isCut}}`;
  return new Response(text, { headers });
}

function readQuestion(body: Readonly<Record<string, unknown>>, rowsMax: number) {
  const { query, format = "json", limit } = body;
  const unknown = Object.keys(body).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) throw refuse(unknown, `it is not one of ${FIELDS.join(", ")}`);
  if (typeof query !== "string" || query.trim() === "") throw refuse("query", "it is no text");
  const known = SQL_FORMATS.find((one) => one === format);
  if (!known) throw refuse("format", `it is not one of ${SQL_FORMATS.join(", ")}`);
  const max = known === "json" ? Math.min(rowsMax, SQL_JSON_ROWS_MAX) : rowsMax;
  const byDefault = known === "json" ? Math.min(max, ROWS_DEFAULT) : max;
  const rows = limit === undefined ? byDefault : limit;
  if (typeof rows !== "number" || !Number.isInteger(rows) || rows < 1 || rows > max) {
    throw refuse("limit", `it is not a whole number of 1 to ${max}`);
  }
  return { text: query, format: known, rows };
}

const FIELDS = ["site_id", "query", "format", "limit"];

function refuse(field: string, found: string): AppError {
  return new AppError("bad_request", `Cannot run the statement: ${field}: ${found}`, {}, field);
}
