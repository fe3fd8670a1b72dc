// The description of the API in OpenAPI 3.1, from the rows of its routes and reports. Pure.
import type { Right } from "../../core/access.ts";
import { ERRORS } from "../../core/errors.ts";
import type { Route } from "../../http/route.ts";
import { BREAKDOWNS } from "../../query/reports/breakdowns.ts";
import { COMMON_PARAMS } from "../../query/parse.ts";
import type { Report } from "../../query/reports/report.ts";
import { REPORTS } from "../../query/reports/reports.ts";
import { ANSWERS, OTHER_PROGRAMS } from "./answers.ts";
import { type Operation, OPERATIONS } from "./operations.ts";
import { BREAKDOWN_ANSWER, REPORT_ANSWERS, SHARED_SCHEMAS } from "./report_answers.ts";
import type { Schema } from "./schema.ts";

/** A row of the route table, as far as it is described. */
export type DescribedRoute = Pick<Route, "method" | "path" | "right" | "streams" | "errorBody">;

/** A described API. */
export interface OpenApi {
  readonly openapi: "3.1.0";
  readonly info: Schema;
  readonly servers: readonly Schema[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: Schema;
}

/** One operation as OpenAPI has it. */
export interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Schema;
  readonly responses: Readonly<Record<string, Schema>>;
  readonly security: readonly Schema[];
}

/** A parameter of a path or a query. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description: string;
  readonly schema: Schema;
}

/** Refusals of any route, by the right it needs. */
const REFUSALS: Readonly<Record<Right, readonly number[]>> = {
  public: [400, 404, 503],
  ingest: [400, 403, 404, 413, 415, 422, 429, 503],
  read: [400, 401, 403, 404, 422, 429, 503],
  admin: [400, 401, 403, 404, 409, 422, 429, 503],
};

/** Refusals of routes with a body. */
const BODY_REFUSALS = [408, 409, 413, 415, 422] as const;
/** Passwords are set and asked for without a login. */
const LOGIN_REFUSALS = [401, 403, 409, 429] as const;

const CREDENTIALS: readonly Schema[] = [{ bearer: [] }, { key: [] }, { session: [] }];

const MEANINGS: ReadonlyMap<number, string> = new Map(
  Object.entries(ERRORS).map(([name, status]) => [status, name.replaceAll("_", " ")]),
);

/** Describes routes below a base path. */
export function describe(routes: readonly DescribedRoute[], basePath: string): OpenApi {
  const paths: Record<string, Record<string, Described>> = {};
  for (const route of routes) {
    if (route.method === "OPTIONS" || route.path.startsWith("/assets/")) continue;
    const path = route.path.replace(/:(\w+)\+?/g, "{$1}");
    const methods = paths[path] ??= {};
    methods[route.method.toLowerCase()] = described(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Mallard Metrics",
      version: "1",
      description: "Statistics, sites and operation of a Mallard Metrics server. Further " +
        "parameters of reports are in /api/schema.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: basePath === "" ? "/" : basePath }],
    paths,
    components: {
      schemas: { Error: ERROR_SCHEMA, NestedError: NESTED_ERROR_SCHEMA, ...SHARED_SCHEMAS },
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "an API key, mm_…" },
        key: { type: "apiKey", in: "header", name: "X-API-Key" },
        session: { type: "apiKey", in: "cookie", name: "mm_session" },
      },
    },
  };
}

const ERROR_SCHEMA: Schema = {
  type: "object",
  required: ["error"],
  properties: {
    error: { type: "string", description: "what was tried, colon, what was found" },
    code: { enum: [...Object.keys(ERRORS), "internal"], description: "kind of the refusal" },
    field: { type: "string", description: "the first parameter or field that is wrong" },
  },
};

/** Errors as another program tells them. */
const NESTED_ERROR_SCHEMA: Schema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["message", "code", "status"],
      properties: {
        message: { type: "string", description: "what was tried, colon, what was found" },
        code: { type: "string", description: "kind of the refusal" },
        status: { type: "integer", description: "the status of the response" },
      },
    },
  },
};

function described(route: DescribedRoute): Described {
  const { method, path, right } = route;
  const operation = operationOf(route);
  const hasBody = method !== "GET" && method !== "DELETE" || operation.body !== undefined;
  return {
    operationId: [method.toLowerCase(), ...path.split(/\W+/).filter((part) => part !== "")]
      .join("_"),
    summary: operation.summary,
    tags: [tagOf(path)],
    parameters: [...pathParameters(path), ...queryParameters(operation)],
    ...hasBody ? { requestBody: requestBody(operation) } : {},
    responses: responsesOf(route, operation, hasBody),
    security: right === "read" || right === "admin" ? CREDENTIALS : [],
  };
}

/** What is known of a route: its own row, that of its report, or nothing but its name. */
function operationOf({ method, path }: DescribedRoute): Operation {
  const own = OPERATIONS[`${method} ${path}`];
  if (own) return own;
  const name = path.replace("/api/stats/", "");
  if (method === "GET" && Object.hasOwn(REPORTS, name)) {
    const report: Report = REPORTS[name as keyof typeof REPORTS];
    const types = Object.values(report.formats ?? {}).map(({ contentType }) => contentType);
    return {
      summary: report.doc,
      query: { ...commonQuery(), ...reportQuery(report) },
      ...types.length === 0 ? {} : { produces: types },
    };
  }
  if (path === "/api/stats/breakdown/:name") {
    return {
      summary: `Visitors and pageviews by one of ${Object.keys(BREAKDOWNS).join(", ")}`,
      query: commonQuery(),
    };
  }
  return { summary: `${method} ${path}` };
}

function commonQuery(): Record<string, string> {
  const { site_id, ...rest } = COMMON_PARAMS;
  return { site_id: `*${site_id}`, ...rest };
}

function reportQuery({ params, formats }: Report): Record<string, string> {
  const own = Object.entries(params).map((
    [name, { required, doc }],
  ) => [name, required ? `*${doc}` : doc]);
  const format = formats ? { format: `one of ${Object.keys(formats).join(", ")}` } : {};
  return { ...format, ...Object.fromEntries(own) };
}

function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    description: name.replaceAll("_", " "),
    schema: { type: "string", minLength: 1 },
  }));
}

function queryParameters({ query = {} }: Operation): Parameter[] {
  return Object.entries(query).map(([name, doc]) => ({
    name,
    in: "query",
    required: doc.startsWith("*"),
    description: doc.replace(/^\*/, ""),
    schema: { type: "string" },
  }));
}

function requestBody({ body, consumes = "application/json" }: Operation): Schema {
  const schema = body ?? {};
  return { required: body !== undefined, content: { [consumes]: { schema } } };
}

function responsesOf(
  route: DescribedRoute,
  { success = [200], produces = "application/json" }: Operation,
  hasBody: boolean,
): Record<string, Schema> {
  const { right, path } = route;
  const types = produces === null ? [] : [produces].flat();
  const bodies = Object.fromEntries(types.map((type) => [type, { schema: answerOf(route, type) }]));
  const content = types.length === 0 ? {} : { content: bodies };
  const made = success.map((status) =>
    [status, { description: "success", ...status === 304 ? {} : content }] as const
  );
  const refusals = new Set([
    ...REFUSALS[right],
    ...hasBody ? BODY_REFUSALS : [],
    ...path.startsWith("/api/auth/") || path === "/metrics" ? LOGIN_REFUSALS : [],
  ]);
  const error = { $ref: `#/components/schemas/${route.errorBody ? "NestedError" : "Error"}` };
  const refused = [...refusals].sort().map((status) =>
    [status, {
      description: MEANINGS.get(status) ?? "refused",
      content: { "application/json": { schema: error } },
    }] as const
  );
  return Object.fromEntries([...made, ...refused]);
}

/** What a success answers in one of its types. */
function answerOf({ method, path }: DescribedRoute, type: string): Schema {
  if (!type.startsWith("application/json")) return { type: "string" };
  const name = path.replace("/api/stats/", "");
  if (method === "GET" && Object.hasOwn(REPORTS, name)) {
    return REPORT_ANSWERS[name as keyof typeof REPORTS];
  }
  if (path === "/api/stats/breakdown/:name") return BREAKDOWN_ANSWER;
  return ANSWERS[`${method} ${path}`] ?? OTHER_PROGRAMS;
}

/** The group of a path: for whom it is. */
function tagOf(path: string): string {
  if (/^\/api\/(v\d|websites|send|batch|me|auth\/verify)|^\/count/.test(path)) {
    return "other programs";
  }
  const [, first = "", second = ""] = path.split("/");
  return first === "api" ? second.split(".")[0] ?? "" : "operation";
}
