// The funnel in detail: rates, dropped visitors, times between steps, the pages that those who
// left went to, and the same by the values of a dimension.
import { join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import { columnsOfSteps, count, queryEvents, share, valueLabels } from "../behavioral.ts";
import type { DimensionRef } from "../../dimensions.ts";
import type { FunnelOrder, FunnelSpec } from "../../engine/engine.ts";
import type { ReportRequest } from "../../query.ts";
import { outlastsIds } from "../../../sites/id_life.ts";
import type { QueryContext } from "../report.ts";
import type { Step } from "../../steps.ts";

/** One step of a funnel. Rates are shares from 0 to 1. */
export interface FunnelStep {
  readonly step: number;
  readonly name: string;
  readonly visitors: number;
  readonly rate_from_first: number;
  readonly rate_from_previous: number;
  /** Visitors of the step before who did not come here; 0 at the first. */
  readonly dropped: number;
  /** Time since the step before, of those who came here; null at the first and for nobody. */
  readonly median_secs: number | null;
  readonly p90_secs: number | null;
  /** What those who came no further viewed next within the visit timeout; null: they left. */
  readonly went_to: readonly { readonly page: string | null; readonly visitors: number }[];
}

/** The answer of `detail=true`. */
export interface FunnelDetail {
  readonly order: FunnelOrder;
  readonly window_secs: number;
  /** Whether ids may change between a first step and a last one: those are not joined. */
  readonly beyond_ids: boolean;
  /** Visitors who began, and those who made every step. */
  readonly visitors: number;
  readonly converted: number;
  readonly conversion_rate: number;
  readonly steps: readonly FunnelStep[];
  readonly by: DimensionRef | null;
  /** Visitors at each step by the dimension's value at the first step. */
  readonly values: readonly {
    readonly value: string;
    readonly visitors: readonly number[];
    readonly conversion_rate: number;
  }[];
}

interface FunnelDetailParams {
  readonly steps: readonly Step[];
  readonly windowUs: number;
  readonly order: FunnelOrder;
  readonly by: DimensionRef | null;
}

/** Runs the statement and shapes its rows. */
export async function queryFunnelDetail(
  request: ReportRequest,
  params: FunnelDetailParams,
  spec: FunnelSpec,
  context: QueryContext,
): Promise<FunnelDetail> {
  const columns = columnsOfSteps(params.steps);
  const all = [...new Set([...columns, "event_name", "pathname"] as const)];
  const rows = await queryEvents(
    request,
    all,
    params.by && { ref: params.by, where: beginning(spec) },
    context,
    (events, keyed) => detailSql(events, keyed, spec, request, context),
  );
  return shapeDetail(request, params, rows, context);
}

/** What an event is that may begin an attempt. */
function beginning({ steps, order }: FunnelSpec): Sql {
  return sql`(${join(order === "any_order" ? steps : steps.slice(0, 1), " or ")})`;
}

/**
 * Rows of kind, step, value, visitors, median_us, p90_us: `reached` (visitors whose furthest step
 * it is), `time` (since the step before), `went` (value is a page or NULL), `by` (visitors is how
 * many of the value reached the step, place orders the values).
 */
export function detailSql(
  events: Sql,
  keyed: Sql | null,
  spec: FunnelSpec,
  { gapUs, limit }: Pick<ReportRequest, "gapUs" | "limit">,
  { engine }: Pick<QueryContext, "engine">,
): Sql {
  const last = raw(String(spec.steps.length));
  const parts = [
    sql`select 'reached' as kind, reached as step, null::varchar as value, count(*) as visitors,
      null::double as median_us, null::double as p90_us, 0 as place
    from attempts group by reached`,
    sql`select 'time', step, null, count(*), quantile_cont(took_us, 0.5),
      quantile_cont(took_us, 0.9), 0
    from (
      select unnest(range(2, reached + 1)) as step,
        unnest(list_transform(range(2, reached + 1),
          lambda place: step_us[place] - step_us[place - 1])) as took_us
      from attempts
    )
    group by step`,
    sql`select 'went', reached, page, visitors, null, null, place
    from (
      select reached, page, count(*) as visitors,
        row_number() over (partition by reached order by count(*) desc, page nulls last) as place
      from went group by reached, page
    )
    where place <= ${limit}`,
    ...(keyed ? [valuesSql(spec.steps.length, limit)] : []),
  ];
  return sql`${keyed ? raw(",") : raw("with")} attempts as materialized (
      select * from ${engine.funnelAttempts(events, spec)}
    ),
    went as (
      select attempts.visitor_id, reached,
        arg_min(pathname, {'us': epoch_us(timestamp), 'pathname': pathname}) as page
      from attempts
      left join ${events} as e on e.visitor_id = attempts.visitor_id
        and event_name = 'pageview' and epoch_us(timestamp) > done_us
        and epoch_us(timestamp) <= done_us + ${gapUs}
      where reached < ${last}
      group by attempts.visitor_id, reached
    )${keyed ? valuedSql(keyed) : raw("")}
    ${join(parts, "\n    union all\n    ")}
    order by kind, step, place, value`;
}

/** A row per visitor and value that the first step's event, or its visit, has. */
function valuedSql(keyed: Sql): Sql {
  return sql`,
    valued as (
      select distinct attempts.visitor_id, reached, v.value
      from attempts
      join ${keyed} as v on v.visitor_id = attempts.visitor_id and v.us = began_us
    )`;
}

function valuesSql(steps: number, limit: number): Sql {
  const counts = Array.from(
    { length: steps },
    (_, index) => sql`count(*) filter (where reached > ${raw(String(index))})`,
  );
  return sql`select 'by', unnest(range(1, ${raw(String(steps + 1))})), value::varchar,
      unnest(counts), null, null, place
    from (
      select value, [${join(counts)}] as counts,
        row_number() over (order by count(*) desc, value) as place
      from valued group by value
    )
    where place <= ${limit}`;
}

/** The answer from the rows; from none, that of a site without events. */
export function shapeDetail(
  request: ReportRequest,
  params: FunnelDetailParams,
  rows: readonly Row[],
  { idLife }: Pick<QueryContext, "idLife">,
): FunnelDetail {
  const of = (kind: string) => rows.filter((row) => row["kind"] === kind);
  const reached = params.steps.map((_, index) =>
    of("reached").reduce(
      (sum, row) => sum + (count(row["step"]) > index ? count(row["visitors"]) : 0),
      0,
    )
  );
  const first = reached[0] ?? 0;
  const converted = reached.at(-1) ?? 0;
  const seconds = (step: number, name: "median_us" | "p90_us") => {
    const value = of("time").find((row) => row["step"] === step)?.[name];
    return typeof value === "number" ? value / 1e6 : null;
  };
  return {
    order: params.order,
    window_secs: params.windowUs / 1e6,
    beyond_ids: outlastsIds(idLife, request.range, params.windowUs),
    visitors: first,
    converted,
    conversion_rate: share(converted, first),
    steps: params.steps.map(({ text }, index) => ({
      step: index + 1,
      name: text,
      visitors: reached[index] ?? 0,
      rate_from_first: share(reached[index] ?? 0, first),
      rate_from_previous: share(reached[index] ?? 0, reached[Math.max(index - 1, 0)] ?? 0),
      dropped: (reached[Math.max(index - 1, 0)] ?? 0) - (reached[index] ?? 0),
      median_secs: seconds(index + 1, "median_us"),
      p90_secs: seconds(index + 1, "p90_us"),
      went_to: of("went").filter((row) => row["step"] === index + 1).map((row) => ({
        page: typeof row["value"] === "string" ? row["value"] : null,
        visitors: count(row["visitors"]),
      })),
    })),
    by: params.by,
    values: params.by === null ? [] : shapeValues(request, params.by, of("by")),
  };
}

function shapeValues(
  request: ReportRequest,
  by: DimensionRef,
  rows: readonly Row[],
): FunnelDetail["values"] {
  const label = valueLabels(request, by);
  const values = new Map<number, { value: string; visitors: number[] }>();
  for (const row of rows) {
    const place = count(row["place"]);
    const entry = values.get(place) ?? { value: label(row["value"] ?? null), visitors: [] };
    entry.visitors.push(count(row["visitors"]));
    values.set(place, entry);
  }
  return [...values].sort(([a], [b]) => a - b).map(([, { value, visitors }]) => ({
    value,
    visitors,
    conversion_rate: share(visitors.at(-1) ?? 0, visitors[0] ?? 0),
  }));
}
