// The list of single visits, newest first: when, from where, with what, and their pages in order.
// Only for sites whose owner switched it on; it never tells a visitor's id.
import { AppError } from "../../core/errors.ts";
import { type Sql, sql } from "../../core/sql.ts";
import type { Row } from "../../storage/duckdb.ts";
import { count } from "./behavioral.ts";
import { planOf } from "../sql/plan.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { Relations } from "../sql/relations.ts";
import { defineReport, type QueryContext } from "./report.ts";

/** One event of a visit. */
export interface VisitStep {
  /** ISO time in UTC. */
  readonly at: string;
  readonly kind: "page" | "event";
  /** Path of the page, or name of the custom event. */
  readonly name: string;
  readonly page: string;
}

/** One visit. */
export interface ListedVisit {
  readonly started_at: string;
  readonly duration_secs: number;
  readonly pageviews: number;
  readonly source: string;
  readonly country: string;
  readonly device: string;
  readonly browser: string;
  readonly os: string;
  /** Its first events, in order. */
  readonly steps: readonly VisitStep[];
}

/** The answer: one page of the list, and how many visits there are. */
export interface VisitList {
  readonly visits: readonly ListedVisit[];
  readonly total: number;
}

const DIMENSIONS = ["source", "country", "device", "browser", "os"] as const;
const STEPS_MAX = 100;

/** Visits that start in the range, newest first. Throws where the site does not list them. */
export async function queryVisits(
  request: ReportRequest,
  context: QueryContext,
): Promise<VisitList> {
  requireListed(context);
  if (request.range.fromUs >= request.range.toUs) return { visits: [], total: 0 };
  const metrics = ["visits", "visit_duration"] as const;
  const query = queryOf(request, { metrics, dimensions: [...DIMENSIONS] });
  const plan = planOf(query);
  const rows = await context.rows(plan.span, (events, engagements) => {
    const relations = new Relations({ ...query, engagements }, plan, events);
    const matching = relations.matchingVisits(query.dimensions);
    // A filter of events and visits in one choice makes visits of their events.
    const visits = plan.split
      ? matching
      : sql`select * rename (visit_start_us as start_us) from (${matching})`;
    return visitsSql(visits, () => relations.with, request);
  });
  return {
    visits: rows.filter((row) => row["start_us"] !== null).map(shapeVisit),
    total: count(rows[0]?.["total"]),
  };
}

/** Throws where the site's owner has not allowed lists of single visits. */
export function requireListed({ listsVisits }: Pick<QueryContext, "listsVisits">): void {
  if (listsVisits) return;
  throw new AppError(
    "forbidden",
    "Cannot list single visits: the site's owner has not switched visit_list on",
  );
}

function visitsSql(
  visits: Sql,
  withRelations: () => Sql,
  { limit, offset }: Pick<ReportRequest, "limit" | "offset">,
): Sql {
  return sql`${withRelations()}, visits as materialized (${visits}),
    chosen as materialized (
      select visitor_id, start_us, duration_us, pageviews, k0, k1, k2, k3, k4
      from visits
      order by start_us desc, visitor_id
      limit ${limit} offset ${offset}
    ),
    steps as (
      select visitor_id, start_us, list({
          'us': epoch_us(e.timestamp), 'name': e.event_name, 'page': e.pathname
        }) as steps
      from chosen join all_events as e using (visitor_id)
      where epoch_us(e.timestamp) between start_us and start_us + duration_us
      group by visitor_id, start_us
    )
    select start_us, duration_us, pageviews, k0, k1, k2, k3, k4, total,
      to_json(list_sort(steps)[1:${STEPS_MAX}])::varchar as steps
    from (select count(*) as total from visits) as totals
    left join (chosen join steps using (visitor_id, start_us)) on true
    order by start_us desc, visitor_id`;
}

const isoTime = (us: number) => new Date(Math.floor(us / 1000)).toISOString();

function shapeVisit(row: Row): ListedVisit {
  const [source, country, device, browser, os] = DIMENSIONS.map((_, index) =>
    String(row[`k${index}`])
  ) as [string, string, string, string, string];
  const steps = JSON.parse(String(row["steps"])) as { us: number; name: string; page: string }[];
  return {
    started_at: isoTime(count(row["start_us"])),
    duration_secs: count(row["duration_us"]) / 1e6,
    pageviews: count(row["pageviews"]),
    source,
    country,
    device,
    browser,
    os,
    steps: steps.map(({ us, name, page }) => ({
      at: isoTime(us),
      kind: name === "pageview" ? "page" : "event",
      name: name === "pageview" ? page : name,
      page,
    })),
  };
}

/** `GET /api/stats/visits`. */
export const VISITS = defineReport({
  label: "Visits",
  doc: "single visits that start in the range, newest first, for sites that switch it on",
  access: "visits",
  heavy: true,
  params: {},
  parse: () => null,
  run: (request, _, context): Promise<VisitList> => queryVisits(request, context),
});
