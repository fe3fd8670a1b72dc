// Who is on the site now: the last 5 and 30 minutes, minute by minute, with the top pages, sources
// and countries of the last 30.
import { MINUTE_US } from "../../core/durations.ts";
import { bucketsOf, type Range } from "../../core/period.ts";
import { type Sql, sql } from "../../core/sql.ts";
import { emptyValues, numberOf } from "../answer.ts";
import type { DimensionName } from "../dimensions.ts";
import type { MetricName } from "../metrics.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { defineReport, type QueryContext, withRange } from "./report.ts";

interface Counts {
  readonly visitors: number;
  readonly pageviews: number;
}

type Top = readonly (Counts & { readonly value: string })[];

/** The answer. Lists are of the last 30 minutes. */
export interface RealtimeAnswer {
  readonly visitors_5: number;
  readonly visitors_30: number;
  readonly per_minute: readonly (Counts & { readonly minute: string })[];
  readonly pages: Top;
  readonly sources: Top;
  readonly countries: Top;
}

/** What is counted: up to now, and by the minute. */
interface Ranges {
  readonly five: Range;
  readonly thirty: Range;
  readonly minutes: Range;
}

/** Keys of the rows that are of no minute. */
const KEY_OF_FIVE = -5;
const KEY_OF_THIRTY = -30;
const METRICS_NOW: readonly MetricName[] = ["visitors", "pageviews"];
const TOP_ROWS = 10;

/** The minutes up to now, the running one included. */
function lastMinutes(request: ReportRequest, count: number): Range {
  const toUs = (Math.floor(request.nowUs / MINUTE_US) + 1) * MINUTE_US;
  return { fromUs: toUs - count * MINUTE_US, toUs, dates: null };
}

async function total(request: ReportRequest, range: Range, context: QueryContext): Promise<number> {
  const { rows } = await context.query(
    queryOf(withRange(request, range), { metrics: ["visitors"] }),
  );
  return numberOf(rows[0]?.values ?? {}, "visitors");
}

/** The first values of each dimension. */
async function tops(request: ReportRequest, context: QueryContext): Promise<readonly Top[]> {
  const top = (dimension: DimensionName) =>
    queryOf(request, {
      metrics: METRICS_NOW,
      dimensions: [dimension],
      order: [{ by: "visitors", direction: "desc" }],
      limit: TOP_ROWS,
    });
  const answers = await context.lists([top("page"), top("source"), top("country")]);
  return answers.map(({ rows }) =>
    rows.map(({ keys, values }) => ({
      value: String(keys[0]),
      visitors: numberOf(values, "visitors"),
      pageviews: numberOf(values, "pageviews"),
    }))
  );
}

async function minutes(request: ReportRequest, context: QueryContext) {
  const buckets = bucketsOf(request.range, "minute", request.zone, request.weekStart);
  const { rows } = await context.query(queryOf(request, {
    metrics: METRICS_NOW,
    dimensions: ["minute"],
    limit: buckets.length,
  }));
  const byKey = new Map(rows.map((row) => [row.keys[0], row.values]));
  return buckets.map(({ key, label }) => {
    const values = byKey.get(key) ?? emptyValues(METRICS_NOW);
    return {
      minute: label,
      visitors: numberOf(values, "visitors"),
      pageviews: numberOf(values, "pageviews"),
    };
  });
}

/** Visitors of two ranges, and visitors and pageviews of each minute of one. */
async function counts(request: ReportRequest, ranges: Ranges, context: QueryContext) {
  const { five, thirty, minutes: whole } = ranges;
  if (request.filter !== null) {
    const [visitors_5, visitors_30, per_minute] = await Promise.all([
      total(request, five, context),
      total(request, thirty, context),
      minutes(withRange(request, whole), context),
    ]);
    return { visitors_5, visitors_30, per_minute };
  }
  const span = {
    fromUs: Math.min(five.fromUs, thirty.fromUs, whole.fromUs),
    toUs: Math.max(five.toUs, thirty.toUs, whole.toUs),
  };
  const rows = await context.rows(span, (events) => statementOfCounts(events, ranges));
  const byKey = new Map(rows.map((row) => [row["key"], row]));
  const countAt = (key: unknown, of: "visitors" | "pageviews") =>
    Number(byKey.get(Number(key))?.[of] ?? 0);
  const buckets = bucketsOf(whole, "minute", request.zone, request.weekStart);
  return {
    visitors_5: countAt(KEY_OF_FIVE, "visitors"),
    visitors_30: countAt(KEY_OF_THIRTY, "visitors"),
    per_minute: buckets.map(({ key, label }) => ({
      minute: label,
      visitors: countAt(key, "visitors"),
      pageviews: countAt(key, "pageviews"),
    })),
  };
}

/** Rows of key (of a range, or the minute's first microsecond), visitors and pageviews. */
function statementOfCounts(events: Sql, { five, thirty, minutes }: Ranges): Sql {
  const within = ({ fromUs, toUs }: Range) => sql`us >= ${fromUs} and us < ${toUs}`;
  return sql`with seen as materialized (
  select epoch_us(timestamp) as us, hash(visitor_id) as visitor, event_name = 'pageview' as is_view
  from ${events}
)
select us // ${MINUTE_US} * ${MINUTE_US} as key, count(distinct visitor) as visitors,
  count(*) filter (is_view) as pageviews
from seen where ${within(minutes)} group by key
union all
select ${KEY_OF_FIVE}, count(distinct visitor), 0 from seen where ${within(five)}
union all
select ${KEY_OF_THIRTY}, count(distinct visitor), 0 from seen where ${within(thirty)}`;
}

/** `GET /api/stats/realtime`. The period is always that of the last 30 minutes. */
export const REALTIME = defineReport({
  label: "Realtime",
  doc: "visitors of the last 5 and 30 minutes, per minute, with top pages, sources, countries",
  heavy: false,
  freshness: "live",
  params: {},
  parse: () => null,
  run: async (request, _, context): Promise<RealtimeAnswer> => {
    const minutes = lastMinutes(request, 30);
    const toUs = request.nowUs + 1;
    const last = (count: number): Range => ({
      fromUs: request.nowUs - count * MINUTE_US,
      toUs,
      dates: null,
    });
    const ranges: Ranges = { five: last(5), thirty: last(30), minutes };
    const [found, [pages = [], sources = [], countries = []]] = await Promise.all([
      counts(request, ranges, context),
      tops(withRange(request, minutes), context),
    ]);
    return { ...found, pages, sources, countries };
  },
});
