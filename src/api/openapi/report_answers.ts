// What every report answers, as JSON schemas. A report without a row here does not compile.
import { INTERVALS } from "../../../dashboard/grammar/period.js";
import { METRICS } from "../../query/metrics.ts";
import type { REPORTS } from "../../query/reports/reports.ts";
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
  SHARE,
  TEXT,
  withMore,
} from "./schema.ts";

const CHANGES = nullable(map(nullable(NUMBER)));
const RANGE = { from: INSTANT, to: INSTANT };
const ZONED_RANGE = object({ ...RANGE, timezone: TEXT });

const IMPORTED = { import: TEXT, label: TEXT, from: DATE, to: DATE, days: COUNT };
const META = withMore({ range: ZONED_RANGE, interval: oneOf(INTERVALS) }, {
  comparison_range: object(RANGE),
  data_from: INSTANT,
  notes: list(object({ code: TEXT, text: TEXT })),
  imported: list(object({ ...IMPORTED, metrics: list(TEXT) })),
  left_out: list(withMore({ ...IMPORTED, reason: TEXT, text: TEXT }, { metrics: list(TEXT) })),
});

/** The fields, and the same of the earlier range where one was asked for. */
function compared(fields: Fields, more: Fields = {}): Schema {
  const comparison = nullable(object(fields));
  return withMore(fields, { comparison, change: CHANGES, ...more, meta: META });
}

const MONEY = list(object({ currency: TEXT, value: NUMBER }));

/** Values of metrics by their names; those that were asked for. */
const METRIC_VALUES: Fields = Object.fromEntries(
  Object.entries<{ readonly money?: unknown; readonly doc: string }>(METRICS).map((
    [name, { money, doc }],
  ) => [name, { ...money ? MONEY : nullable(NUMBER), description: doc }]),
);

const COUNTS = { visitors: COUNT, pageviews: COUNT };
const SESSIONS = {
  total_sessions: COUNT,
  avg_session_duration_secs: NUMBER,
  avg_pages_per_session: NUMBER,
};
const SPREAD = list(object({ from: NUMBER, to: nullable(NUMBER), visits: COUNT }));
const JUDGED = { difference: NUMBER, low: NUMBER, high: NUMBER, within_noise: FLAG };
const JUDGEMENT = nullable(object(JUDGED));
const SEQUENCE = { converting_visitors: COUNT, total_visitors: COUNT, conversion_rate: SHARE };
const TOP = list(object({ value: TEXT, ...COUNTS }));
const NUMBERS = list(nullable(NUMBER));

const PERCENTILE = nullable(NUMBER);
const VITAL = object({
  samples: COUNT,
  p50: PERCENTILE,
  p75: PERCENTILE,
  p95: PERCENTILE,
  rating: nullable(TEXT),
  good: COUNT,
  needs_improvement: COUNT,
  poor: COUNT,
});
const VITALS = object({ lcp: VITAL, inp: VITAL, cls: VITAL, fcp: VITAL, ttfb: VITAL });

const FUNNEL_STEP = object({
  step: COUNT,
  name: TEXT,
  visitors: COUNT,
  rate_from_first: SHARE,
  rate_from_previous: SHARE,
  dropped: COUNT,
  median_secs: nullable(NUMBER),
  p90_secs: nullable(NUMBER),
  went_to: list(object({ page: nullable(TEXT), visitors: COUNT })),
});

const FUNNEL_DETAIL = compared({
  order: TEXT,
  window_secs: NUMBER,
  beyond_ids: FLAG,
  visitors: COUNT,
  converted: COUNT,
  conversion_rate: SHARE,
  steps: list(FUNNEL_STEP),
  by: nullable(TEXT),
  values: list(object({ value: TEXT, visitors: list(COUNT), conversion_rate: SHARE })),
}, { verdicts: list(JUDGEMENT) });

const RETENTION_DETAIL = object({
  cohorts: TEXT,
  count: COUNT,
  first: nullable(TEXT),
  again: nullable(TEXT),
  visitor_id_days: COUNT,
  lasting_ids: FLAG,
  id_changes: list(object({ at: TEXT, days: COUNT })),
  identity: TEXT,
  rates: NUMBERS,
  rows: list(object({
    cohort_date: DATE,
    size: COUNT,
    returned: NUMBERS,
    rates: NUMBERS,
    missing: list(nullable(TEXT)),
  })),
});

const COHORT = { cohort_date: DATE, retained: list(FLAG), size: COUNT, returned: list(COUNT) };

const FLOW_NODES = list({ $ref: "#/components/schemas/FlowNode" });
const FLOW_TREE = object({
  page: nullable(TEXT),
  event: nullable(TEXT),
  direction: TEXT,
  depth: COUNT,
  count_by: oneOf(["visits", "visitors"]),
  total: COUNT,
  others: COUNT,
  children: FLOW_NODES,
});

const BREAKDOWN_ROWS = list(
  withMore({ value: TEXT, ...COUNTS }, { comparison: nullable(object(COUNTS)), change: CHANGES }),
);

const VISIT = object({
  started_at: INSTANT,
  duration_secs: NUMBER,
  pageviews: COUNT,
  source: TEXT,
  country: TEXT,
  device: TEXT,
  browser: TEXT,
  os: TEXT,
  steps: list(
    object({ at: INSTANT, kind: oneOf(["page", "event"]), name: TEXT, page: TEXT }),
  ),
});

const QUERY_ROW = withMore({ dimensions: list(TEXT), metrics: object(METRIC_VALUES, []) }, {
  comparison: object({ ...METRIC_VALUES, bucket: TEXT }, []),
  change: CHANGES,
});

const VERDICT = nullable(
  withMore({ ...JUDGED, now: NUMBER, before: NUMBER }, { extra: NUMBER, currency: TEXT }),
);
const WHY_ROW = withMore({
  ...JUDGED,
  dimension: TEXT,
  value: TEXT,
  now: nullable(NUMBER),
  before: nullable(NUMBER),
  share: nullable(NUMBER),
  expected_share: NUMBER,
}, { rate: NUMBER, mix: NUMBER, weight_now: NUMBER, weight_before: NUMBER });

/** Schemas that answers refer to by name. */
export const SHARED_SCHEMAS: Readonly<Record<string, Schema>> = {
  FlowNode: object({
    kind: oneOf(["page", "event", "end"]),
    name: nullable(TEXT),
    count: COUNT,
    children: FLOW_NODES,
    others: COUNT,
  }),
};

/** The answer of `breakdown/:name`, which all breakdowns share. */
export const BREAKDOWN_ANSWER = either(
  BREAKDOWN_ROWS,
  object({ results: BREAKDOWN_ROWS, total: COUNT }),
);

/** The answers of reports by their names. */
export const REPORT_ANSWERS = {
  main: compared({
    unique_visitors: COUNT,
    total_pageviews: COUNT,
    bounce_rate: SHARE,
    avg_visit_duration_secs: NUMBER,
    pages_per_visit: NUMBER,
  }),
  timeseries: list(compared({ date: TEXT, ...COUNTS })),
  sessions: either(
    compared({
      ...SESSIONS,
      median_duration_secs: nullable(NUMBER),
      p90_duration_secs: nullable(NUMBER),
      median_pages: nullable(NUMBER),
      durations: SPREAD,
      pages: SPREAD,
      entries: list(object({ page: TEXT, visits: COUNT, bounces: COUNT })),
      exits: list(object({ page: TEXT, visits: COUNT })),
    }),
    compared(SESSIONS),
  ),
  visits: object({ visits: list(VISIT), total: COUNT }),
  funnel: either(list(compared({ step: COUNT, visitors: COUNT })), FUNNEL_DETAIL),
  retention: either(list(compared(COHORT)), RETENTION_DETAIL),
  sequences: either(
    compared({
      ...SEQUENCE,
      sequence: TEXT,
      steps: list(TEXT),
      began_visitors: COUNT,
      rate_of_began: SHARE,
      matches: COUNT,
    }, { verdicts: object({ conversion_rate: JUDGEMENT, rate_of_began: JUDGEMENT }) }),
    compared(SEQUENCE),
  ),
  flow: either(list(compared({ next_page: TEXT, visitors: COUNT })), FLOW_TREE),
  export: list(object({ date: DATE, ...COUNTS, top_page: TEXT, top_source: TEXT })),
  query: withMore({ results: list(QUERY_ROW), total: COUNT, range: ZONED_RANGE, meta: META }, {
    comparison_range: object(RANGE),
  }),
  values: list(object({ value: TEXT, visitors: COUNT })),
  realtime: object({
    visitors_5: COUNT,
    visitors_30: COUNT,
    per_minute: list(object({ minute: TEXT, ...COUNTS })),
    pages: TOP,
    sources: TOP,
    countries: TOP,
  }),
  why: withMore({ metric: TEXT, total: VERDICT, results: list(WHY_ROW), meta: META }, {
    currency: TEXT,
  }),
  changes: object({ metrics: map(VERDICT) }),
  vitals: object({
    vitals: VITALS,
    rows: list(object({ value: TEXT, loads: COUNT, vitals: VITALS })),
  }),
  bots: object({
    from: DATE,
    to: DATE,
    robots: list(object({ name: TEXT, kind: TEXT, count: COUNT })),
    dropped: list(object({ reason: TEXT, count: COUNT })),
    fields: list(object({ notice: TEXT, count: COUNT })),
  }),
} as const satisfies Record<keyof typeof REPORTS, Schema>;
