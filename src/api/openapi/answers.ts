// What single routes answer where they succeed, as JSON schemas by method and path. Reports have
// theirs in report_answers.ts. Routes of other programs answer as those programs document.
import { SITE_SETTINGS } from "../../sites/settings.ts";
import {
  COUNT,
  DATE,
  either,
  type Fields,
  FLAG,
  INSTANT,
  list,
  map,
  nullable,
  NUMBER,
  object,
  oneOf,
  type Schema,
  TEXT,
  withMore,
} from "./schema.ts";

const ANY: Schema = {};
const SITE_SUMS = { visitors: COUNT, pageviews: COUNT };
const DELETED = object({ status: TEXT });

/** Kinds of JSON values by what `typeof` says of the default of a setting. */
function kindOf(value: unknown): Schema {
  if (Array.isArray(value)) return { type: "array", items: { type: "string" } };
  if (value === null) return {};
  return typeof value === "number" ? { type: "number" } : { type: typeof value };
}

/** The settings of a site by their names. */
export const SITE_FIELDS: Fields = Object.fromEntries(
  Object.entries<{ readonly byDefault: unknown; readonly doc: string }>(SITE_SETTINGS).map((
    [name, { byDefault, doc }],
  ) => [name, { ...kindOf(byDefault), description: doc }]),
);

const SITE = withMore({ site_id: TEXT, website_id: TEXT, created_at: nullable(INSTANT) }, {
  ...SITE_FIELDS,
  stored_events: COUNT,
  waiting_events: COUNT,
  your_address: nullable(TEXT),
});

const SHOWN_ITEM = { id: COUNT, created_at: INSTANT, updated_at: INSTANT };

/** Items of a site, by the last part of their path. */
const ITEMS: Readonly<Record<string, Schema>> = {
  goals: withMore({ ...SHOWN_ITEM, name: TEXT }, {
    page: TEXT,
    event: TEXT,
    props: map(TEXT),
    min_revenue: NUMBER,
    currency: TEXT,
  }),
  segments: object({ ...SHOWN_ITEM, name: TEXT, filters: ANY }),
  funnels: withMore({ ...SHOWN_ITEM, name: TEXT, steps: ANY }, { window: TEXT, order: TEXT }),
  queries: object({ ...SHOWN_ITEM, name: TEXT, query: TEXT }),
  annotations: withMore({ ...SHOWN_ITEM, date: TEXT, text: TEXT }, { public: FLAG }),
};

const BACKUP_STATE = object({
  backup_dir: nullable(TEXT),
  data_dir: TEXT,
  interval_hours: nullable(NUMBER),
  running_since: nullable(INSTANT),
  last: nullable({ type: "object" }),
  kept: list({ type: "object" }),
  guarded: nullable({ type: "object" }),
  fault: nullable(TEXT),
});

const IMPORT = withMore({
  id: TEXT,
  site_id: TEXT,
  state: TEXT,
  created_at: ANY,
  ended_at: ANY,
  days: ANY,
  dry_run: FLAG,
  report: { type: "object" },
}, { repeated: FLAG });

const NEW_SITES = object({
  proposed: list(object({ site_id: TEXT, events: COUNT, first_at: INSTANT, last_at: INSTANT })),
  refused: list(TEXT),
  undeclared: list(TEXT),
});

const KEY = { key_hash: TEXT, name: TEXT, scope: oneOf(["ReadOnly", "Admin"]) };
const NAMED = list(object({ name: TEXT, doc: TEXT }));
const PATH_RULES = object({
  path_rules: { type: "object" },
  history: nullable({ type: "object" }),
});

const ITEM_ANSWERS = Object.entries(ITEMS).flatMap(([name, item]): [string, Schema][] => {
  const path = `/api/sites/:site_id/${name}`;
  return [
    [`GET ${path}`, list(item)],
    [`POST ${path}`, item],
    [`PATCH ${path}/:id`, item],
    [`DELETE ${path}/:id`, DELETED],
  ];
});

const ERASED = withMore({
  status: oneOf(["erased", "dry_run"]),
  site_id: TEXT,
  start_date: DATE,
  end_date: DATE,
  db_records_deleted: COUNT,
  parquet_partitions_deleted: COUNT,
  events_deleted: COUNT,
}, { summed_days_deleted: COUNT, not_erased: list(TEXT), erasure_id: COUNT });

/** The answers by method and path. */
export const ANSWERS: Readonly<Record<string, Schema>> = {
  ...Object.fromEntries(ITEM_ANSWERS),
  "GET /api/sql": object({
    enabled: FLAG,
    max_rows: COUNT,
    tables: list(object({
      name: TEXT,
      columns: list(object({ name: TEXT, type: TEXT, doc: TEXT })),
    })),
  }),
  "POST /api/sql": object({
    columns: list(object({ name: TEXT, type: TEXT })),
    rows: list({ type: "object" }),
    truncated: FLAG,
  }),
  "POST /api/auth/setup": object({ token: TEXT }),
  "POST /api/auth/login": withMore({ token: TEXT }, { user: { type: "object" } }),
  "POST /api/auth/logout": DELETED,
  "GET /api/auth/status": object({
    setup_required: FLAG,
    authenticated: FLAG,
    rights: list(TEXT),
  }),
  "GET /api/keys": list(object({ ...KEY, created_at: nullable(INSTANT), revoked: FLAG })),
  "POST /api/keys": object({ ...KEY, key: TEXT }),
  "DELETE /api/keys/:key_hash": DELETED,
  "GET /api/stats/sites": object({
    total: object({ sites: COUNT, ...SITE_SUMS }),
    sites: list(withMore({
      site_id: TEXT,
      ...SITE_SUMS,
      comparison: nullable(object(SITE_SUMS)),
      change: nullable(object({ visitors: nullable(NUMBER), pageviews: nullable(NUMBER) })),
      series: list(COUNT),
    }, { within_noise: FLAG, data_from: INSTANT, incomplete_dates: list(DATE) })),
  }),
  "GET /api/sites": list(SITE),
  "POST /api/sites": SITE,
  "GET /api/sites/:site_id": SITE,
  "PATCH /api/sites/:site_id": SITE,
  "DELETE /api/sites/:site_id": DELETED,
  "GET /api/sites/:site_id/path-rules": PATH_RULES,
  "POST /api/sites/:site_id/path-rules/history": PATH_RULES,
  "POST /api/sites/:site_id/path-rules/preview": object({
    days: COUNT,
    pages_before: COUNT,
    pages_after: COUNT,
    pages_changed: COUNT,
    folded: list({ type: "object" }),
    is_partial: FLAG,
  }),
  "GET /api/new-sites": NEW_SITES,
  "POST /api/new-sites": NEW_SITES,
  "DELETE /api/gdpr/erase": ERASED,
  "GET /api/gdpr/erasures": list(withMore({ erased_at: INSTANT, site_id: TEXT }, {
    start_date: TEXT,
    end_date: TEXT,
    db_records_deleted: COUNT,
    parquet_partitions_deleted: COUNT,
    caller: TEXT,
  })),
  "GET /api/gdpr/erasures/:id": object({
    id: COUNT,
    status: oneOf(["erased", "waiting"]),
    site_id: TEXT,
    start_date: DATE,
    end_date: DATE,
    erased_at: INSTANT,
    done_by: list(TEXT),
    missing: list(object({ server: TEXT, flushed_at: nullable(INSTANT) })),
    unreadable_dates: list(DATE),
  }),
  "POST /api/import": withMore({
    accepted: COUNT,
    dropped: COUNT,
    notices: map(COUNT),
    rejected_count: COUNT,
    rejected: list(object({ line: COUNT, error: TEXT })),
  }, { repeated: FLAG }),
  "GET /api/imports": list(IMPORT),
  "POST /api/imports": IMPORT,
  "GET /api/imports/:id": IMPORT,
  "DELETE /api/imports/:id": { type: "object" },
  "GET /api/backup": BACKUP_STATE,
  "POST /api/backup": BACKUP_STATE,
  "GET /api/doctor": object({
    status: oneOf(["ok", "warn", "fail"]),
    findings: list(
      object({ check: TEXT, status: oneOf(["ok", "warn", "fail"]), found: TEXT, todo: TEXT }),
    ),
  }),
  "GET /api/schema": withMore({
    metrics: list(withMore({ name: TEXT, doc: TEXT }, {
      label: TEXT,
      unit: TEXT,
      better: ANY,
      empty: ANY,
      applies_to: ANY,
    })),
    dimensions: list(withMore({ name: TEXT, label: TEXT }, {
      group: TEXT,
      of: TEXT,
      missing: ANY,
      filter: FLAG,
      doc: TEXT,
    })),
    operators: list(withMore({ name: TEXT, doc: TEXT }, {
      label: TEXT,
      values: ANY,
      case_sensitive: FLAG,
    })),
    trees: NAMED,
    periods: list(withMore({ name: TEXT, doc: TEXT }, { label: TEXT, interval: TEXT })),
    period_default: TEXT,
    intervals: list(TEXT),
    comparisons: NAMED,
    channels: NAMED,
    params: NAMED,
    reports: list(withMore({ name: TEXT, path: TEXT, doc: TEXT, heavy: FLAG }, {
      label: TEXT,
      params: list({ type: "object" }),
    })),
    site_settings: list(withMore({ name: TEXT, doc: TEXT }, { default: ANY })),
  }, {}),
  "GET /api/openapi.json": object({
    openapi: TEXT,
    info: { type: "object" },
    servers: list({ type: "object" }),
    paths: { type: "object" },
    components: { type: "object" },
  }),
  "GET /health/detailed": withMore({ status: TEXT, version: TEXT }, {
    buffered_events: COUNT,
    degraded: list(TEXT),
  }),
};

/** What a route of another program answers: any JSON, or nothing. */
export const OTHER_PROGRAMS: Schema = either(
  { type: "object" },
  { type: "array" },
  { type: ["string", "number", "boolean", "null"] },
);
