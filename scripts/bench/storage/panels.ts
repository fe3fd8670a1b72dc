// The panels of a dashboard as it asks for them, and for each the best plain SQL over the same
// events, for the benchmarks that compare the two.
import type { REPORTS } from "../../../src/query/reports/reports.ts";
import { raw, type Sql } from "../../../src/core/sql.ts";
import { literal } from "../../../src/storage/parquet/schema.ts";

/** A question as the dashboard asks it, and the best plain SQL for it. */
export interface Panel {
  readonly label: string;
  readonly report: keyof typeof REPORTS;
  readonly params: string;
  /** Over the relation `e`. */
  readonly sql: string;
}

const HEADLINE = "visitors,visits,pageviews,views_per_visit,bounce_rate,visit_duration";

/** One pass over the events in the order of each visitor, as for any count of visits. */
const HEADLINE_SQL = `
  select count(distinct visitor_id), count(*) as visits, sum(views), avg(views),
    avg((views = 1 and events = 1)::int), avg(epoch(length))
  from (
    select visitor_id, count(*) as events, count(*) filter (where event_name = 'pageview') as views,
      max(timestamp) - min(timestamp) as length
    from (
      select visitor_id, event_name, timestamp, sum(begins::int) over (
        partition by visitor_id order by timestamp rows unbounded preceding
      ) as visit
      from (
        select visitor_id, event_name, timestamp, coalesce(timestamp - lag(timestamp) over (
          partition by visitor_id order by timestamp
        ) > interval 30 minute, true) as begins
        from e
      )
    )
    group by visitor_id, visit
  )`;

const breakdownSql = (column: string) => `
  select ${column}, count(distinct visitor_id) as visitors,
    count(*) filter (where event_name = 'pageview') as views
  from e group by 1 order by 2 desc limit 10`;

const breakdown = (dimension: string, column: string): Omit<Panel, "label"> => ({
  report: "query",
  params: `metrics=visitors,pageviews&dimensions=${dimension}&limit=10`,
  sql: breakdownSql(column),
});

/** What a label ends with, the filter of the question, and the same as a condition in SQL. */
export const FILTERS = [
  ["", "", ""],
  [", one country", "&filters=is(country,AA)", "country_code = 'AA'"],
  [", one source", "&filters=is(source,Google)", "referrer_source = 'Google'"],
  [", one page", "&filters=is(page,/blog/0)", "pathname = '/blog/0'"],
] as const;

/** Every panel. */
export const PANELS: readonly Panel[] = [
  { label: "headline", report: "query", params: `metrics=${HEADLINE}`, sql: HEADLINE_SQL },
  {
    label: "series",
    report: "query",
    params: "metrics=visitors,pageviews&dimensions=day",
    sql: breakdownSql("date_trunc('day', timestamp)").replace("2 desc limit 10", "1"),
  },
  { label: "pages", ...breakdown("page", "pathname") },
  { label: "sources", ...breakdown("source", "referrer_source") },
  { label: "countries", ...breakdown("country", "country_code") },
  { label: "sessions", report: "sessions", params: "", sql: HEADLINE_SQL },
];

/** The plain SQL of a panel over the events below a folder, from one date to before another. */
export function plainSql(
  panel: Pick<Panel, "sql">,
  { dataDir, from, to, condition }: {
    readonly dataDir: string;
    readonly from: string;
    readonly to: string;
    readonly condition: string;
  },
): Sql {
  return raw(`with e as (
    select visitor_id, event_name, timestamp, pathname, country_code, referrer_source
    from read_parquet(${literal(`${dataDir}/events/*/*/*.parquet`).text})
    where timestamp >= '${from}' and timestamp < '${to}' and ${condition || "true"}
  ) ${panel.sql}`);
}

/** Reports that no short SQL stands for. */
export const BEHAVIOR = [
  { report: "retention", params: "weeks=4" },
  { report: "funnel", params: "steps=page:/blog/0,page:/blog/1,event:signup&window=1 day" },
  { report: "flow", params: "page=/blog/0" },
  { report: "sequences", params: "steps=page:/blog/0,event:signup" },
] as const;
