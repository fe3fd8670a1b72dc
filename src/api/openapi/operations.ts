// What the description of the API says of single routes beyond what their rows say: a summary, the
// parameters of the query, the body, and how they answer. A route without a row here is described
// by its method, path and right alone.
import { SITES_PARAMS } from "../stats/all_sites.ts";
import { SCHEMA_PARAMS } from "../stats/schema.ts";
import { SITE_FIELDS } from "./answers.ts";
import { object, type Schema, text } from "./schema.ts";

/** What is said of one operation. */
export interface Operation {
  readonly summary: string;
  /** Parameters of the query by name: what they mean; `*` begins that of a required one. */
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Schema;
  /** The status of success, where it is not 200. */
  readonly success?: readonly number[];
  /** What a success answers, where it is not JSON; null for no body. */
  readonly produces?: string | readonly string[] | null;
  /** What the body of a request is, where it is not JSON. */
  readonly consumes?: string;
}

const EVENT = object({
  d: text("site"),
  n: text("name: pageview or a custom one"),
  u: text("URL of the page, or its path"),
  r: text("URL of the referrer"),
  w: { type: "number", description: "width of the screen in pixels" },
  p: { type: ["object", "string"], description: "custom properties" },
  ra: { type: ["number", "string"], description: "amount of revenue" },
  rc: text("currency of the revenue, ISO 4217"),
}, ["d", "n", "u"]);

const EVENT_QUERY = {
  d: "*site",
  n: "name of the event; pageview when missing",
  u: "*URL of the page, or its path",
  r: "URL of the referrer",
  w: "width of the screen in pixels",
  p: "custom properties as JSON",
};

const PASSWORD = object({ password: text("the password") });

/** Bodies of what a site's owner defines, by the last part of the path. */
const ITEMS: Readonly<Record<string, readonly [one: string, many: string, body: Schema]>> = {
  goals: [
    "a goal",
    "goals",
    object({
      name: text("a name"),
      page: text("path of a page; * stands for any text"),
      event: text("name of an event"),
      props: { type: "object", description: "custom properties and their values" },
      min_revenue: { type: "number", description: "the least amount" },
      currency: text("currency of min_revenue"),
    }, ["name"]),
  ],
  segments: [
    "a segment",
    "segments",
    object({
      name: text("a name"),
      filters: { type: ["string", "array"], description: "as the parameter filters" },
    }),
  ],
  funnels: [
    "a funnel",
    "funnels",
    object({
      name: text("a name"),
      steps: text("as the parameter steps"),
      window: text("a span like 1 day"),
      order: { enum: ["in_order", "any_order", "consecutive"] },
    }, ["name", "steps"]),
  ],
  queries: [
    "an SQL query",
    "saved SQL queries",
    object({ name: text("a name"), query: text("as the field query of POST /api/sql") }),
  ],
  annotations: [
    "an annotation",
    "annotations",
    object({
      date: text("YYYY-MM-DD or YYYY-MM-DDTHH:MM"),
      text: text("what happened"),
      public: { type: "boolean" },
    }, ["date", "text"]),
  ],
};

const ITEM_OPERATIONS: Readonly<Record<string, Operation>> = Object.fromEntries(
  Object.entries(ITEMS).flatMap(([name, [one, many, body]]): [string, Operation][] => {
    const path = `/api/sites/:site_id/${name}`;
    return [
      [`GET ${path}`, { summary: `List ${many} of a site` }],
      [`POST ${path}`, { summary: `Define ${one}`, body, success: [201] }],
      [`PATCH ${path}/:id`, {
        summary: `Change ${one}; null removes a field`,
        body: { ...body, required: [] },
      }],
      [`DELETE ${path}/:id`, { summary: `Delete ${one}` }],
    ];
  }),
);

/** Operations by method and path. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...ITEM_OPERATIONS,
  "POST /api/event": {
    summary: "Count an event; 202 once it is on disk",
    body: EVENT,
    success: [200, 202],
    produces: null,
  },
  "GET /api/event": {
    summary: "Count an event by an image",
    query: EVENT_QUERY,
    produces: "image/gif",
  },
  "POST /api/auth/setup": {
    summary: "Set the first password",
    body: object({ password: text("the password"), token: text("the token of the log") }, [
      "password",
    ]),
  },
  "POST /api/auth/login": { summary: "Log in", body: PASSWORD },
  "POST /api/auth/logout": { summary: "Log out" },
  "GET /api/auth/status": { summary: "Whether a password is set and the caller is logged in" },
  "GET /api/keys": { summary: "List API keys" },
  "POST /api/keys": {
    summary: "Create an API key; it is shown this once",
    body: object({ name: text("a name"), scope: { enum: ["ReadOnly", "Admin"] } }),
    success: [201],
  },
  "DELETE /api/keys/:key_hash": { summary: "Revoke an API key" },
  "GET /api/sites": { summary: "List sites" },
  "POST /api/sites": {
    summary: "Declare a site",
    body: object({ site_id: text("the site"), ...SITE_FIELDS }, ["site_id"]),
    success: [201],
  },
  "GET /api/sites/:site_id": { summary: "The settings of a site" },
  "PATCH /api/sites/:site_id": {
    summary: "Change settings of a site",
    body: object(SITE_FIELDS, []),
  },
  "DELETE /api/sites/:site_id": {
    summary: "Delete a site",
    query: { events: "erase: with its events" },
  },
  "GET /api/sql": { summary: "The tables of SQL with their columns, and its limits" },
  "POST /api/sql": {
    summary: "Run one SELECT over the events and visits of a site",
    body: object({
      site_id: text("the site"),
      query: text("one SELECT in DuckDB's SQL"),
      format: { enum: ["json", "csv", "parquet"], description: "json when missing" },
      limit: { type: "integer", minimum: 1, description: "rows of the answer at most" },
    }, ["site_id", "query"]),
    produces: ["application/json", "text/csv", "application/vnd.apache.parquet"],
  },
  "GET /api/sites/:site_id/export": {
    summary: "The events of a site as one file",
    query: {
      format: "parquet (default), csv, ndjson, goatcounter, umami",
      start_date: "first day YYYY-MM-DD",
      end_date: "last day, included",
      bom: "1: CSV begins with a byte order mark",
    },
    produces: "application/vnd.apache.parquet",
  },
  "GET /api/sites/:site_id/path-rules": { summary: "The path rules of a site" },
  "POST /api/sites/:site_id/path-rules/preview": {
    summary: "What rules would do to the pages of the last days",
    body: { type: "object" },
  },
  "POST /api/sites/:site_id/path-rules/history": {
    summary: "Apply the rules to stored events, confirm or undo that",
    body: object({ action: text("what to do") }),
    success: [200, 202],
  },
  "GET /api/new-sites": { summary: "Sites that events came for and nobody declared" },
  "POST /api/new-sites": {
    summary: "Decide about such sites",
    body: object({
      decision: text("what becomes of them"),
      sites: { type: "array", items: { type: "string" } },
    }),
  },
  "GET /api/imports": { summary: "List imports" },
  "POST /api/imports": {
    summary: "Import the files of another program",
    query: { site_id: "*the site", name: "name of the file" },
    consumes: "application/octet-stream",
    success: [202],
  },
  "GET /api/imports/:id": { summary: "The state of an import" },
  "GET /api/imports/:id/rejects": {
    summary: "The rows that an import could not take",
    produces: "text/csv",
  },
  "DELETE /api/imports/:id": { summary: "Undo an import", success: [202] },
  "DELETE /api/gdpr/erase": {
    summary: "Erase the events of some days of a site",
    query: { site_id: "*the site", start_date: "*first day", end_date: "*last day" },
  },
  "GET /api/gdpr/erasures": { summary: "The record of erasures" },
  "GET /api/gdpr/erasures/:id": { summary: "How far servers over a lake are with an erasure" },
  "POST /api/import": {
    summary: "Take past events, one JSON object a line",
    consumes: "application/x-ndjson",
    body: EVENT,
  },
  "GET /api/backup": { summary: "The state of backups" },
  "POST /api/backup": { summary: "Begin a backup", success: [202] },
  "GET /api/doctor": { summary: "What is wrong with the installation, and what to do" },
  "GET /api/doctor/seen": {
    summary: "Takes the doctor's own request back",
    query: { nonce: "its number" },
    success: [204],
    produces: null,
  },
  "GET /api/schema": {
    summary: "Metrics, dimensions, operators, periods and reports",
    query: SCHEMA_PARAMS,
    success: [200, 304],
  },
  "GET /api/openapi.json": { summary: "This description", success: [200, 304] },
  "GET /api/docs": { summary: "This description as a page", produces: "text/html" },
  "GET /api/stats/live": {
    summary: "Realtime numbers as a stream of server-sent events",
    query: { site_id: "*the site" },
    produces: "text/event-stream",
  },
  "GET /api/stats/sites": { summary: "The numbers of all sites", query: SITES_PARAMS },
  "GET /api/stats/view": {
    summary: "Several reports in one answer",
    query: { site_id: "*the site", parts: "*JSON: a list of [report, parameters]" },
    produces: "application/x-ndjson",
  },
  "POST /api/v2/query": {
    summary: "A query in Plausible's language",
    body: object({
      site_id: text("the site"),
      metrics: { type: "array", items: { type: "string" } },
      date_range: { type: ["string", "array"] },
    }),
  },
  "GET /": { summary: "The dashboard", produces: "text/html" },
  "GET /mallard.js": { summary: "The tracker", produces: "text/javascript" },
  "GET /mallard_modules.js": {
    summary: "What the tracker loads for data-modules",
    produces: "text/javascript",
  },
  "GET /script.js": { summary: "Serves Umami's tag", produces: "text/javascript" },
  "GET /count.js": { summary: "Serves GoatCounter's tag", produces: "text/javascript" },
  "GET /js/:name": { summary: "Serves Plausible's tag", produces: "text/javascript" },
  "GET /robots.txt": { summary: "Keeps robots out", produces: "text/plain" },
  "GET /.well-known/security.txt": { summary: "Whom to tell of a fault", produces: "text/plain" },
  "GET /health": { summary: "Whether the process answers", produces: "text/plain" },
  "GET /health/ready": { summary: "Whether events can be kept", produces: "text/plain" },
  "GET /health/accepting": { summary: "Whether events are taken", produces: "text/plain" },
  "GET /health/detailed": { summary: "The state of the server" },
  "GET /metrics": { summary: "Metrics for Prometheus", produces: "text/plain" },
  "GET /privacy": { summary: "What is stored, for visitors", produces: "text/html" },
};
