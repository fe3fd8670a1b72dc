// The export: one row per day of the range, as CSV or JSON.
import { csvCell } from "../../../dashboard/grammar/csv.js";
import type { Range } from "../../core/period.ts";
import { sql } from "../../core/sql.ts";
import { bucketKey } from "../sql/buckets.ts";
import { numberOf } from "../answer.ts";
import type { ReportRequest } from "../query.ts";
import { defineReport, type QueryContext } from "./report.ts";
import { pointsOf } from "./timeseries.ts";

/** One day of the answer. */
export interface ExportDay {
  readonly date: string;
  readonly visitors: number;
  readonly pageviews: number;
  readonly top_page: string;
  readonly top_source: string;
}

const UNKNOWN = "(unknown)";

/** Per day the value with the most events; ties go to the first in order of value. */
async function topOfDays(
  request: ReportRequest,
  column: "pathname" | "referrer_source",
  context: QueryContext,
): Promise<Map<number, string>> {
  const rows = await context.matching(request, ["timestamp", column], (events) => {
    const day = bucketKey("day", sql`epoch_us(timestamp)`, request);
    const value = column === "pathname" ? sql`pathname` : sql`referrer_source`;
    return sql`with counted as (
  select ${day} as day, coalesce(${value}, ${UNKNOWN}) as value, count(*) as events
  from ${events}
  group by all
)
select day, value from counted
qualify row_number() over (partition by day order by events desc, value) = 1`;
  });
  return new Map(rows.map((row) => [Number(row["day"]), String(row["value"])]));
}

/** `GET /api/stats/export`. */
export const EXPORT = defineReport({
  label: "Export",
  doc: "per day visitors, pageviews, top page and top source",
  heavy: false,
  formats: {
    csv: { contentType: "text/csv; charset=utf-8", write: csvOfDays },
    json: { contentType: "application/json", write: (days) => JSON.stringify(days) },
  },
  streams: true,
  interval: "day",
  params: {
    format: { required: false, doc: "csv (default) or json" },
    bom: { required: false, doc: "true: CSV begins with a byte order mark, for Excel" },
  },
  parse: () => null,
  run: async (request, _, context): Promise<readonly ExportDay[]> => {
    const daily: ReportRequest = { ...request, interval: "day", comparison: null };
    if (isEmpty(daily.range)) return [];
    const points = await pointsOf(daily, ["visitors", "pageviews"], context);
    const pages = await topOfDays(daily, "pathname", context);
    const sources = await topOfDays(daily, "referrer_source", context);
    return points.map(({ bucket, values }) => ({
      date: bucket.label,
      visitors: numberOf(values, "visitors"),
      pageviews: numberOf(values, "pageviews"),
      top_page: pages.get(bucket.key) ?? "",
      top_source: sources.get(bucket.key) ?? "",
    }));
  },
});

function isEmpty(range: Range): boolean {
  return range.fromUs >= range.toUs;
}

const CSV_COLUMNS = ["date", "visitors", "pageviews", "top_page", "top_source"] as const;

/** The days as CSV (RFC 4180), safe to open in a spreadsheet. */
export function csvOfDays(days: readonly ExportDay[]): string {
  const lines = days.map((day) => CSV_COLUMNS.map((name) => csvCell(day[name])).join(","));
  return [CSV_COLUMNS.join(","), ...lines].map((line) => `${line}\n`).join("");
}
