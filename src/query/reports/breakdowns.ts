// Visitors and pageviews by one dimension: the contract's six lists, each grouped by the events'
// own column.
import { type Answer, type AnswerRow, emptyValues, numberOf } from "../answer.ts";
import { changesOf } from "../compare.ts";
import type { DimensionName } from "../dimensions.ts";
import type { MetricName } from "../metrics.ts";
import { type Asked, type Query, queryOf } from "../query.ts";
import { about, defineReport, type Report, type Tools } from "./report.ts";

/** Dimension of each breakdown by its name in the path. */
export const BREAKDOWN_DIMENSIONS = {
  pages: "page",
  sources: "source",
  browsers: "browser",
  os: "os",
  devices: "device",
  countries: "country",
} as const satisfies Record<string, DimensionName>;

/** Name of a breakdown. */
export type BreakdownName = keyof typeof BREAKDOWN_DIMENSIONS;

/** What the contract calls a value that is not there. */
const UNKNOWN = "(unknown)";
const METRICS_OF_BREAKDOWN: readonly MetricName[] = ["visitors", "pageviews"];

function breakdownQuery(asked: Asked, dimension: DimensionName): Query {
  return queryOf(asked, {
    metrics: METRICS_OF_BREAKDOWN,
    dimensions: [dimension],
    ownColumns: true,
    missing: UNKNOWN,
    order: [{ by: "visitors", direction: "desc" }],
    limit: asked.limit,
    offset: asked.offset,
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
    run: async (asked, detail, tools) => {
      const answer = await tools.ask(breakdownQuery(asked, dimension));
      const before = asked.comparison ? await earlier(asked, dimension, answer, tools) : undefined;
      const results = answer.rows.map(({ keys, values }) => {
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

function counts(values: AnswerRow["values"]) {
  return { visitors: numberOf(values, "visitors"), pageviews: numberOf(values, "pageviews") };
}

/** The values of the same rows in the range to compare with. */
async function earlier(
  asked: Asked,
  dimension: DimensionName,
  answer: Answer,
  tools: Tools,
): Promise<Map<string, AnswerRow["values"]>> {
  const only = answer.rows.map(({ keys }) => String(keys[0]));
  const scope = about(asked, asked.comparison ?? asked.range);
  const { rows } = await tools.ask({
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
