// Values of a dimension that occur in the range, for the pickers of the dashboard.
import { FILTER_VALUE_CHARS_MAX } from "../../../dashboard/grammar/limits.js";
import { raw, sql } from "../../core/sql.ts";
import { numberOf } from "../answer.ts";
import type { DimensionRef } from "../dimensions.ts";
import type { Params } from "../params.ts";
import { dimensionsParam, isIntervalName } from "../parse.ts";
import { queryOf, type ReportRequest } from "../query.ts";
import { defineReport, type QueryContext } from "./report.ts";

/** The word that asks for keys of custom properties instead of values. */
const KEYS_OF_PROPS = "props";

/** The answer: values, or keys of custom properties. */
export type ValuesAnswer = readonly { readonly value: string; readonly visitors: number }[];

interface ValuesParams {
  /** Null asks for the keys of custom properties. */
  readonly dimension: DimensionRef | null;
  readonly text: string | null;
}

function parseValues(params: Params): ValuesParams {
  const name = params.text("dimension");
  const text = params.text("text") ?? null;
  if (text !== null && text.length > FILTER_VALUE_CHARS_MAX) {
    params.fault(`Cannot read text: it is longer than ${FILTER_VALUE_CHARS_MAX} characters`);
  }
  if (name === undefined) params.fault("Cannot answer: dimension is missing");
  if (name === undefined || name === KEYS_OF_PROPS) return { dimension: null, text };
  const [dimension] = dimensionsParam(params, "dimension", 1);
  if (dimension !== undefined && isIntervalName(dimension)) {
    params.fault(
      `Cannot use dimension: ${dimension} is a bucket of time, no filter takes its values`,
    );
  }
  return { dimension: dimension ?? null, text };
}

/** The keys of custom properties that contain a text, those of most visitors first. */
export async function keysOfProps(
  request: ReportRequest,
  text: string | null,
  context: QueryContext,
): Promise<ValuesAnswer> {
  const named = text === null ? raw("") : sql`\nwhere contains(lower(value), lower(${text}))`;
  const rows = await context.propKeys(
    request,
    (keys) =>
      sql`select value, sum(visitors)::bigint as visitors
from ${keys}${named}
group by value having sum(visitors) > 0
order by visitors desc, value
limit ${request.limit} offset ${request.offset}`,
  );
  return rows.map((row) => ({ value: String(row["value"]), visitors: Number(row["visitors"]) }));
}

/** `GET /api/stats/values`. */
export const VALUES = defineReport({
  label: "Values",
  doc: "values of a dimension, those of most visitors first",
  heavy: false,
  params: {
    dimension: { required: true, doc: "a dimension, or `props` for the keys of custom properties" },
    text: { required: false, doc: "only values that contain this text, in any case" },
  },
  parse: parseValues,
  run: async (request, { dimension, text }, context): Promise<ValuesAnswer> => {
    if (dimension === null) return await keysOfProps(request, text, context);
    const { rows } = await context.query(queryOf(request, {
      metrics: ["visitors"],
      dimensions: [dimension],
      search: text,
      order: [{ by: "visitors", direction: "desc" }],
      limit: request.limit,
      offset: request.offset,
    }));
    return rows.map(({ keys, values }) => ({
      value: String(keys[0]),
      visitors: numberOf(values, "visitors"),
    }));
  },
});
