// Visits as three numbers, and with detail=true how their lengths are spread, where
// they begin and where they end.
import { join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Row } from "../../storage/duckdb.ts";
import { emptyValues, numberOf } from "../answer.ts";
import { compared, count } from "./behavioral.ts";
import { metaOf } from "../meta.ts";
import { planOf } from "../sql/plan.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { Relations } from "../sql/relations.ts";
import { defineReport, type QueryContext, type WithComparison, withRange } from "./report.ts";

/** The three numbers. */
export interface Sessions {
  readonly total_sessions: number;
  readonly avg_session_duration_secs: number;
  readonly avg_pages_per_session: number;
}

/** Visits between two bounds, the upper one exclusive; null has no end. */
export interface Spread {
  readonly from: number;
  readonly to: number | null;
  readonly visits: number;
}

/** What detail=true adds. */
export interface SessionsDetail extends Sessions {
  readonly median_duration_secs: number | null;
  readonly p90_duration_secs: number | null;
  readonly median_pages: number | null;
  /** By whole seconds. */
  readonly durations: readonly Spread[];
  /** By pageviews. */
  readonly pages: readonly Spread[];
  readonly entries: readonly { page: string; visits: number; bounces: number }[];
  readonly exits: readonly { page: string; visits: number }[];
}

/** The answer; the details with `detail=true`. */
export type SessionsAnswer = WithComparison<Sessions> | WithComparison<SessionsDetail>;

const DURATIONS_SECS = [0, 10, 30, 60, 180, 600, 1800, 3600] as const;
const PAGES = [0, 1, 2, 3, 4, 5, 6, 11, 21] as const;

async function querySessions(request: ReportRequest, context: QueryContext): Promise<Sessions> {
  const metrics = ["visits", "visit_duration", "views_per_visit"] as const;
  const rows = context.engine.name === "off"
    ? []
    : (await context.query(queryOf(request, { metrics }))).rows;
  const values = rows[0]?.values ?? emptyValues(metrics);
  return {
    total_sessions: numberOf(values, "visits"),
    avg_session_duration_secs: numberOf(values, "visit_duration"),
    avg_pages_per_session: numberOf(values, "views_per_visit"),
  };
}

async function queryDetail(request: ReportRequest, context: QueryContext): Promise<SessionsDetail> {
  const sessions = await querySessions(request, context);
  const isEmpty = context.engine.name === "off" || request.range.fromUs >= request.range.toUs;
  const query = queryOf(request, {
    metrics: ["visits", "visit_duration"],
    dimensions: ["entry_page", "exit_page"],
  });
  const plan = planOf(query);
  const rows = isEmpty ? [] : await context.rows(plan.span, (events, engagements) => {
    const relations = new Relations({ ...query, engagements }, plan, events);
    const visits = relations.matchingVisits(query.dimensions);
    return sql`${relations.with}, visits as materialized (${visits})
      ${spreadSql(request.limit)}`;
  });
  return { ...sessions, ...shapeSpread(rows) };
}

/** Rows of kind, name, place, visits, bounces, median, p90 over the relation `visits`. */
function spreadSql(limit: number): Sql {
  const top = (kind: string, key: Sql) =>
    sql`select ${kind}, page, place, visits, bounces, null, null
      from (
        select ${key} as page, count(*) as visits, count(*) filter (where is_bounce) as bounces,
          row_number() over (order by count(*) desc, ${key}) as place
        from visits group by ${key}
      )
      where place <= ${limit}`;
  const parts = [
    sql`select 'duration' as kind, null::varchar as name, 0 as place, count(*) as visits,
      0 as bounces, quantile_cont(duration_us, 0.5) / 1e6 as median,
      quantile_cont(duration_us, 0.9) / 1e6 as p90 from visits`,
    sql`select 'page', null, 0, count(*), 0, quantile_cont(pageviews, 0.5), null from visits`,
    classesSql("durations", raw("duration_us // 1000000"), DURATIONS_SECS),
    classesSql("pages", raw("pageviews"), PAGES),
    top("entries", raw("k0")),
    top("exits", raw("k1")),
  ];
  return sql`${join(parts, "\n      union all\n      ")} order by kind, place`;
}

/** How many visits are in each class; `place` is the number of the class. */
function classesSql(kind: string, value: Sql, from: readonly number[]): Sql {
  const cases = from.slice(1).map((next, index) => sql`when ${value} < ${next} then ${index}`);
  return sql`select ${kind}, null, place, count(*), 0, null, null
      from (select case ${join(cases, " ")} else ${from.length - 1} end as place from visits)
      group by place`;
}

function shapeSpread(rows: readonly Row[]): Omit<SessionsDetail, keyof Sessions> {
  const of = (kind: string) => rows.filter((row) => row["kind"] === kind);
  const number = (kind: string, name: string): number | null => {
    const value = of(kind)[0]?.[name];
    return typeof value === "number" ? value : null;
  };
  const classes = (kind: string, from: readonly number[]): Spread[] =>
    from.map((bound, index) => ({
      from: bound,
      to: from[index + 1] ?? null,
      visits: count(of(kind).find((row) => row["place"] === index)?.["visits"]),
    }));
  const pages = (kind: string) =>
    of(kind).map((row) => ({
      page: String(row["name"]),
      visits: count(row["visits"]),
      bounces: count(row["bounces"]),
    }));
  return {
    median_duration_secs: number("duration", "median"),
    p90_duration_secs: number("duration", "p90"),
    median_pages: number("page", "median"),
    durations: classes("durations", DURATIONS_SECS),
    pages: classes("pages", PAGES),
    entries: pages("entries"),
    exits: pages("exits").map(({ page, visits }) => ({ page, visits })),
  };
}

/** `GET /api/stats/sessions`. */
export const SESSIONS = defineReport({
  label: "Sessions",
  doc: "visits that start in the range, their mean duration and pages",
  heavy: false,
  params: {
    detail: { required: false, doc: "true: also how lengths are spread, entry and exit pages" },
  },
  parse: (params) => params.flag("detail"),
  run: async (request, detail, context): Promise<SessionsAnswer> => {
    const compute = (scope: ReportRequest): Promise<Sessions> =>
      detail ? queryDetail(scope, context) : querySessions(scope, context);
    const now = await compute(request);
    if (!request.comparison) return now;
    const before = await compute(withRange(request, request.comparison));
    const units = {
      total_sessions: "count",
      avg_session_duration_secs: "seconds",
      avg_pages_per_session: "number",
    };
    return { ...compared(now, before, units), meta: metaOf(request) };
  },
});
