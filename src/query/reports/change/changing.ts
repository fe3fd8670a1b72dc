// The numbers whose change can be explained, and what each is made of.
import type { AggregateName, MetricName } from "../../metrics.ts";

/** What a metric is made of: a count of one aggregate, or a ratio of two. */
export interface Changing {
  readonly above: AggregateName;
  /** Null for a count. */
  readonly below: AggregateName | null;
  /** How many of `above` are one of the metric's unit. */
  readonly perUnit: number;
}

const count = (above: AggregateName): Changing => ({ above, below: null, perUnit: 1 });
const ofVisits = (above: AggregateName, perUnit = 1): Changing => ({
  above,
  below: "visits",
  perUnit,
});

/** Metrics that are explained by visits, each counted once. */
export const CHANGING = {
  visitors: count("visitors"),
  visits: count("visits"),
  pageviews: count("pageviews"),
  events: count("events"),
  views_per_visit: ofVisits("visit_pageviews"),
  bounce_rate: ofVisits("bounces"),
  visit_duration: ofVisits("visit_us", 1e6),
} as const satisfies Partial<Record<MetricName, Changing>>;

/** Their names. */
export const CHANGING_NAMES = Object.keys(CHANGING) as (keyof typeof CHANGING)[];

/** Every metric whose change can be explained. */
export const EXPLAINED_NAMES = [...CHANGING_NAMES, "conversion_rate", "total_revenue"] as const;

/** Name of such a metric. */
export type ExplainedName = typeof EXPLAINED_NAMES[number];
