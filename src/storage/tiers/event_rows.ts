// The only source of event rows: the events of one site in a range, from the files and the hot
// tables of one snapshot.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { EVENT_COLUMN_NAMES, utcDate } from "../../core/event.ts";
import type { Snapshot } from "./snapshot.ts";
import { literal, literalPath, typedColumns } from "../parquet/schema.ts";
import type { CatalogFile } from "../parquet/partition.ts";

/** A half-open span of time in microseconds since 1970 UTC. */
export interface SpanUs {
  readonly fromUs: number;
  readonly toUs: number;
}

/** The files that may hold events of one site and span. */
export function filesFor(snapshot: Snapshot, site: string, span: SpanUs): CatalogFile[] {
  const { first, last } = datesOf(span);
  return (snapshot.files.get(site) ?? []).filter(({ date }) => date >= first && date <= last);
}

/** The UTC dates of the first and the last moment of a span. */
export function datesOf({ fromUs, toUs }: SpanUs): { readonly first: string; last: string } {
  return { first: utcDate(fromUs), last: utcDate(Math.max(fromUs, toUs - 1)) };
}

/** Which rows are read: all of them, or those that are events, or engagements. */
export type RowKind = "all" | "events" | "engagements";

const OF_KIND: Readonly<Record<RowKind, Sql>> = {
  all: raw(""),
  events: raw(" where engaged_ms is null"),
  engagements: raw(" where engaged_ms is not null"),
};

/** A relation of the stored columns (but site_id, which is given) for one site and span. */
export function eventsFor(
  snapshot: Snapshot,
  eventsFolder: string,
  site: string,
  span: SpanUs,
  kind: RowKind = "all",
): Sql {
  const rows = rowsFor(snapshot, eventsFolder, site, span);
  return kind === "all" ? rows : sql`select * from (${rows})${OF_KIND[kind]}`;
}

/** The same of what is in no file yet, engagements included; any time. */
export function hotRowsFor({ hotTables }: Snapshot, site: string): Sql {
  const of = (table: string) => sql`select ${COLUMNS} from ${ident(table)} where site_id = ${site}`;
  return join(hotTables.map(of), "\n  union all\n  ");
}

function rowsFor(snapshot: Snapshot, eventsFolder: string, site: string, span: SpanUs): Sql {
  const paths = filesFor(snapshot, site, span)
    .map((file) => literalPath(`${eventsFolder}/${file.path}`));
  const within = sql`timestamp >= make_timestamp(${span.fromUs})
      and timestamp < make_timestamp(${span.toUs})`;
  const hot = snapshot.hotTables.map((table) =>
    sql`select ${COLUMNS} from ${ident(table)} where site_id = ${site} and ${within}`
  );
  const stored = snapshot.lake === undefined
    ? hot
    : [...hot, lakeRows(snapshot.lake, site, span, within)];
  if (paths.length === 0) return join(stored, "\n  union all\n  ");
  const cold = sql`select * from read_parquet(
      ${paths}, union_by_name = true, hive_partitioning = false
    ) where ${within}`;
  return sql`select ${TYPED} from (
    ${join([...stored, cold], "\n  union all by name\n  ")}
  )`;
}

/**
 * The rows of a snapshot of the lake. Site and dates are no bound values: DuckDB chooses the files
 * by them before it knows those.
 */
function lakeRows(snapshot: number, site: string, span: SpanUs, within: Sql): Sql {
  const { first, last } = datesOf(span);
  return sql`select ${COLUMNS} from lake.events at (version => ${raw(String(snapshot))})
    where site_id = ${literal(site)} and date >= ${literal(first)}::date
      and date <= ${literal(last)}::date and ${within}`;
}

const NAMES = EVENT_COLUMN_NAMES.filter((name) => name !== "site_id");
const COLUMNS = join(NAMES.map(ident));

/** Files from elsewhere may lack visitor ids: all events without one are of one visitor. */
const TYPED = sql`${typedColumns(NAMES.filter((name) => name !== "visitor_id"))},
    coalesce(visitor_id::varchar, '') as visitor_id`;
