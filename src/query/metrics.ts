// What can be counted: aggregates over matching events or over matching visits, and the metrics
// made of them. A ratio is always derived again from its aggregates, never averaged.
import { raw, type Sql, sql } from "../core/sql.ts";

/** What an aggregate is computed over. */
export type Of = "event" | "visit";

/**
 * One aggregate. `expr` sees the row `r`: a matching event, or a visit that is `counted` or not;
 * `viaVisits` sees visits with counts of their events. Where visitors are counted, both are taken
 * of each visitor and then summed.
 */
export interface Aggregate {
  readonly of: Of;
  readonly expr: Sql;
  /** The same from visits that carry `range_pageviews` and `range_events`. */
  readonly viaVisits?: Sql;
  /** Needs the visit's own numbers: `duration_us`, `pageviews`, `is_bounce`, `is_engaged`. */
  readonly ofVisitNumbers?: true;
  /** Needs each event's place in its visit: `stay_us`, `page_depth`, `is_exit`. */
  readonly steps?: true;
}

const IS_PAGEVIEW = sql`r.event_name = 'pageview'`;

/** Every aggregate by name. */
export const AGGREGATES = {
  visitors: {
    of: "event",
    expr: sql`1`,
    viaVisits: sql`max(r.range_events > 0)::integer`,
  },
  pageviews: {
    of: "event",
    expr: sql`count(*) filter (where ${IS_PAGEVIEW})`,
    viaVisits: sql`coalesce(sum(r.range_pageviews), 0)::bigint`,
  },
  events: {
    of: "event",
    expr: sql`count(*)`,
    viaVisits: sql`coalesce(sum(r.range_events), 0)::bigint`,
  },
  exits: { of: "event", expr: sql`count(*) filter (where r.is_exit)`, steps: true },
  page_us: {
    of: "event",
    expr: sql`coalesce(sum(r.stay_us) filter (where ${IS_PAGEVIEW}), 0)::bigint`,
    steps: true,
  },
  page_times: {
    of: "event",
    expr: sql`count(r.stay_us) filter (where ${IS_PAGEVIEW})`,
    steps: true,
  },
  depth_sum: {
    of: "event",
    expr: sql`coalesce(sum(r.page_depth), 0)::bigint`,
    steps: true,
  },
  depths: { of: "event", expr: sql`count(r.page_depth)`, steps: true },
  visits: { of: "visit", expr: sql`count(*) filter (where r.counted)` },
  bounces: {
    of: "visit",
    expr: sql`count(*) filter (where r.counted and r.is_bounce)`,
    ofVisitNumbers: true,
  },
  visit_us: {
    of: "visit",
    expr: sql`coalesce(sum(r.duration_us) filter (where r.counted), 0)::bigint`,
    ofVisitNumbers: true,
  },
  visit_pageviews: {
    of: "visit",
    expr: sql`coalesce(sum(r.pageviews) filter (where r.counted), 0)::bigint`,
    ofVisitNumbers: true,
  },
  engaged_visits: {
    of: "visit",
    expr: sql`count(*) filter (where r.counted and r.is_engaged)`,
    ofVisitNumbers: true,
  },
} as const satisfies Record<string, Aggregate>;

/** Name of an aggregate. */
export type AggregateName = keyof typeof AGGREGATES;

/** What a metric's value is. `money` is a list of `{currency, value}`. */
export type Unit = "count" | "ratio" | "number" | "seconds" | "money";

/** One metric. */
export interface Metric {
  readonly label: string;
  readonly unit: Unit;
  readonly needs: readonly AggregateName[];
  /** Whose visitors the ratio is of: the query's, or the query's without its goals. */
  readonly base?: "query" | "goalless" | "goalless_group";
  readonly money?: "sum" | "mean";
  /** The value from columns named like the aggregates (and `base_visitors`). */
  readonly derived: Sql;
  /** The value where nothing was counted. */
  readonly empty: 0 | null;
  /** Digits after the point where a person reads it, of a ratio as a percentage. */
  readonly decimals: 0 | 2;
  /** Where it makes sense: anywhere, or where rows are pages, or in queries with goals. */
  readonly appliesTo: "all" | "pages" | "goals";
  /** Whether more is better (1), worse (-1) or neither (0). */
  readonly better: 1 | -1 | 0;
  readonly doc: string;
}

function counted(name: AggregateName, label: string, doc: string): Metric {
  return {
    label,
    unit: "count",
    needs: [name],
    derived: raw(name),
    empty: 0,
    decimals: 0,
    appliesTo: "all",
    better: 1,
    doc,
  };
}

/** Every metric by name. */
export const METRICS = {
  visitors: counted("visitors", "Visitors", "distinct visitor ids among the events"),
  visits: counted("visits", "Visits", "visits that start in the range and have a matching event"),
  engaged_visits: counted(
    "engaged_visits",
    "Engaged visits",
    "visits with 10 s of visible time, a second pageview or a scroll past half of a page",
  ),
  pageviews: counted("pageviews", "Pageviews", "events named `pageview`"),
  events: counted("events", "Events", "pageviews and custom events"),
  views_per_visit: {
    label: "Views per visit",
    unit: "number",
    needs: ["visit_pageviews", "visits"],
    derived: sql`visit_pageviews / nullif(visits, 0)`,
    empty: null,
    decimals: 2,
    appliesTo: "all",
    better: 1,
    doc: "pageviews of the visits ÷ visits; `pages_per_visit` of `main` is the same",
  },
  bounce_rate: {
    label: "Bounce rate",
    unit: "ratio",
    needs: ["bounces", "visits"],
    derived: sql`bounces / nullif(visits, 0)`,
    empty: null,
    decimals: 0,
    appliesTo: "all",
    better: -1,
    doc: "visits of one pageview and no other interactive event ÷ visits, 0 to 1",
  },
  visit_duration: {
    label: "Visit duration",
    unit: "seconds",
    needs: ["visit_us", "visits"],
    derived: sql`visit_us / 1000000 / nullif(visits, 0)`,
    empty: null,
    decimals: 0,
    appliesTo: "all",
    better: 1,
    doc: "from the first event to the last event or engagement, averaged over all visits, seconds",
  },
  time_on_page: {
    label: "Time on page",
    unit: "seconds",
    needs: ["page_us", "page_times"],
    derived: sql`page_us / 1000000 / nullif(page_times, 0)`,
    empty: null,
    decimals: 0,
    appliesTo: "pages",
    better: 1,
    doc: "how long pageviews were visible, where that is known, else up to the next event of the " +
      "visit; averaged where there is either, seconds",
  },
  scroll_depth: {
    label: "Scroll depth",
    unit: "number",
    needs: ["depth_sum", "depths"],
    derived: sql`depth_sum / nullif(depths, 0)`,
    empty: null,
    decimals: 0,
    appliesTo: "pages",
    better: 1,
    doc:
      "how far down a page was seen at most in a visit, averaged over visits and pages, 0 to 100",
  },
  exit_rate: {
    label: "Exit rate",
    unit: "ratio",
    needs: ["exits", "pageviews"],
    derived: sql`exits / nullif(pageviews, 0)`,
    empty: null,
    decimals: 0,
    appliesTo: "pages",
    better: -1,
    doc: "pageviews that were the last of their visit ÷ pageviews, 0 to 1",
  },
  percentage: {
    label: "Share of visitors",
    unit: "ratio",
    needs: ["visitors"],
    base: "query",
    derived: sql`visitors / nullif(base_question, 0)`,
    empty: null,
    decimals: 2,
    appliesTo: "all",
    better: 0,
    doc: "visitors of the row ÷ visitors of the whole query, 0 to 1",
  },
  conversion_rate: {
    label: "Conversion rate",
    unit: "ratio",
    needs: ["visitors"],
    base: "goalless",
    derived: sql`visitors / nullif(base_goalless, 0)`,
    empty: null,
    decimals: 2,
    appliesTo: "goals",
    better: 1,
    doc: "visitors of the row ÷ visitors of the query without its goals, 0 to 1",
  },
  group_conversion_rate: {
    label: "Conversion rate of the group",
    unit: "ratio",
    needs: ["visitors"],
    base: "goalless_group",
    derived: sql`visitors / nullif(base_goalless_group, 0)`,
    empty: null,
    decimals: 2,
    appliesTo: "goals",
    better: 1,
    doc: "visitors of the row ÷ visitors of the same row without the query's goals, 0 to 1",
  },
  total_revenue: {
    label: "Revenue",
    unit: "money",
    needs: [],
    money: "sum",
    derived: sql`total_revenue`,
    empty: null,
    decimals: 2,
    appliesTo: "all",
    better: 1,
    doc: "sum of the events' revenue, by currency",
  },
  average_revenue: {
    label: "Average revenue",
    unit: "money",
    needs: [],
    money: "mean",
    derived: sql`average_revenue`,
    empty: null,
    decimals: 2,
    appliesTo: "all",
    better: 1,
    doc: "mean of the events' revenue, by currency",
  },
} as const satisfies Record<string, Metric>;

/** Name of a metric. */
export type MetricName = keyof typeof METRICS;

/** Whether the name is a metric. */
export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

/** The row of a metric. */
export function metricOf(name: MetricName): Metric {
  return METRICS[name];
}
