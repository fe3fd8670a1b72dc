// Visitors and pageviews by one dimension: six lists, each grouped by the events' own column.
import { AppError } from "../../core/errors.ts";
import { type Answer, type AnswerRow, emptyValues, numberOf } from "../answer.ts";
import { changesOf } from "../compare.ts";
import type { DimensionName } from "../dimensions.ts";
import type { MetricName } from "../metrics.ts";
import { type Query, queryOf, type ReportRequest } from "../query.ts";
import {
  defineReport,
  type QueryContext,
  type Report,
  type WithComparison,
  withRange,
} from "./report.ts";

/** Dimension of each breakdown by its name in the path. */
export const BREAKDOWN_DIMENSIONS = {
  pages: "page",
  sources: "referrer_source",
  browsers: "browser",
  os: "os",
  devices: "device",
  countries: "country",
} as const satisfies Record<string, DimensionName>;

/** Name of a breakdown. */
export type BreakdownName = keyof typeof BREAKDOWN_DIMENSIONS;

/** A row of the answer. */
export type BreakdownRow = WithComparison<Counts> & { readonly value: string };

interface Counts {
  readonly visitors: number;
  readonly pageviews: number;
}

/** The answer; with `detail=true` an object with the total number of rows. */
export type BreakdownAnswer =
  | readonly BreakdownRow[]
  | { readonly results: readonly BreakdownRow[]; readonly total: number };

/** The text for a missing value. */
const UNKNOWN = "(unknown)";
const METRICS_OF_BREAKDOWN: readonly MetricName[] = ["visitors", "pageviews"];

function breakdownQuery(request: ReportRequest, dimension: DimensionName): Query {
  return queryOf(request, {
    metrics: METRICS_OF_BREAKDOWN,
    dimensions: [dimension],
    ownColumns: true,
    missing: UNKNOWN,
    order: [{ by: "visitors", direction: "desc" }],
    limit: request.limit,
    offset: request.offset,
  });
}

/** A report that lists the values of one dimension. */
function breakdown(label: string, dimension: DimensionName): Report {
  return defineReport({
    label,
    doc: `visitors and pageviews by ${dimension}`,
    heavy: false,
    params: {
      detail: { required: false, doc: "true: an object of results and their total number" },
    },
    parse: (params) => params.flag("detail"),
    run: async (request, detail, context): Promise<BreakdownAnswer> => {
      const answer = await context.query(breakdownQuery(request, dimension));
      const before = request.comparison
        ? await earlier(request, dimension, answer, context)
        : undefined;
      const results = answer.rows.map(({ keys, values }): BreakdownRow => {
        const row = { value: String(keys[0]), ...counts(values) };
        const old = before?.get(row.value) ?? emptyValues(METRICS_OF_BREAKDOWN);
        return before
          ? {
            ...row,
            comparison: counts(old),
            change: changesOf(METRICS_OF_BREAKDOWN, values, old),
          }
          : row;
      });
      return detail ? { results, total: answer.total } : results;
    },
  });
}

function counts(values: AnswerRow["values"]): Counts {
  return { visitors: numberOf(values, "visitors"), pageviews: numberOf(values, "pageviews") };
}

/** The values of the same rows in the range to compare with. */
async function earlier(
  request: ReportRequest,
  dimension: DimensionName,
  answer: Answer,
  context: QueryContext,
): Promise<Map<string, AnswerRow["values"]>> {
  const only = answer.rows.map(({ keys }) => String(keys[0]));
  const scope = withRange(request, request.comparison ?? request.range);
  const { rows } = await context.query({
    ...breakdownQuery(scope, dimension),
    only,
    limit: Math.max(1, only.length),
    offset: 0,
  });
  return new Map(rows.map(({ keys, values }) => [String(keys[0]), values]));
}

/** `GET /api/stats/breakdown/:name`, a row for each name. */
export const BREAKDOWNS = {
  pages: breakdown("Pages", BREAKDOWN_DIMENSIONS.pages),
  sources: breakdown("Sources", BREAKDOWN_DIMENSIONS.sources),
  browsers: breakdown("Browsers", BREAKDOWN_DIMENSIONS.browsers),
  os: breakdown("Systems", BREAKDOWN_DIMENSIONS.os),
  devices: breakdown("Devices", BREAKDOWN_DIMENSIONS.devices),
  countries: breakdown("Countries", BREAKDOWN_DIMENSIONS.countries),
} as const satisfies Record<BreakdownName, Report>;

/** The breakdown of a name. Throws `not_found`. */
export function breakdownNamed(name: string): Report {
  const found = Object.entries(BREAKDOWNS).find(([known]) => known === name);
  if (found) return found[1];
  throw new AppError(
    "not_found",
    `Cannot find this breakdown: it is not one of ${Object.keys(BREAKDOWNS).join(", ")}`,
  );
}
