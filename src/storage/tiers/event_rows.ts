// The only source of event rows: the events of one site in a range, from the files and the hot
// tables of one snapshot.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import { EVENT_COLUMN_NAMES, type EventColumnName, utcDate } from "../../core/event.ts";
import type { Snapshot } from "./snapshot.ts";
import { literal, literalPath, typedColumns } from "../parquet/schema.ts";
import type { CatalogFile } from "../parquet/partition.ts";

/** A half-open span of time in microseconds since 1970 UTC. */
export interface SpanUs {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * Gives the events of a span as a relation in parentheses of stored columns: of those that are
 * named, at least, or all but site_id.
 */
export type EventsOf = (span: SpanUs, columns?: readonly EventColumnName[]) => Sql;

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

/** What of the stored rows is read. */
export interface RowsWanted {
  /** All rows when missing. */
  readonly kind?: RowKind;
  /** All columns (but site_id, which is given) when missing: DuckDB plans fewer much faster. */
  readonly columns?: readonly EventColumnName[] | undefined;
}

/** A relation of stored columns for one site and span. */
export function eventsFor(
  snapshot: Snapshot,
  eventsFolder: string,
  site: string,
  span: SpanUs,
  { kind = "all", columns = NAMES }: RowsWanted = {},
): Sql {
  const read = kind === "all" ? columns : [...new Set<EventColumnName>([...columns, KIND_COLUMN])];
  const rows = rowsFor(snapshot, eventsFolder, site, span, read);
  return kind === "all"
    ? rows
    : sql`select ${join(columns.map(ident))} from (${rows})${OF_KIND[kind]}`;
}

/** The same of what is in no file yet, engagements included; any time. */
export function hotRowsFor({ hotTables }: Snapshot, site: string): Sql {
  const columns = join(NAMES.map(ident));
  const of = (table: string) => sql`select ${columns} from ${ident(table)} where site_id = ${site}`;
  return join(hotTables.map(of), "\n  union all\n  ");
}

/**
 * Events of several sites, of the files that each site's span needs and of the hot tables, as
 * `site` and three stored columns: events beyond the spans may be among them.
 */
export function eventsOfSites(
  snapshot: Snapshot,
  eventsFolder: string,
  spans: ReadonlyMap<string, SpanUs>,
): Sql {
  const files = [...spans].flatMap(([site, span]) =>
    filesFor(snapshot, site, span).map(({ path }) => ({ site, path: `${eventsFolder}/${path}` }))
  );
  const hot = snapshot.hotTables.map((table) =>
    sql`select site_id as site, ${join(OF_SITES.map(ident))} from ${ident(table)}
      where list_contains(${[...spans.keys()]}, site_id)`
  );
  if (files.length === 0) {
    return sql`select * from (${join(hot, "\n  union all\n  ")})${OF_KIND.events}`;
  }
  const owners = sql`select unnest(${files.map(({ path }) => path)}) as path,
      unnest(${files.map(({ site }) => site)}) as site`;
  const cold = sql`select f.site, e.* from read_parquet(
      ${files.map(({ path }) => literalPath(path))},
      union_by_name = true, hive_partitioning = false, filename = 'path_of_row'
    ) e join (${owners}) f on f.path = e.path_of_row`;
  return sql`select site, ${typed(OF_SITES)} from (
    ${join([...hot, cold], "\n  union all by name\n  ")}
  )${OF_KIND.events}`;
}

function rowsFor(
  snapshot: Snapshot,
  eventsFolder: string,
  site: string,
  span: SpanUs,
  names: readonly EventColumnName[],
): Sql {
  const paths = filesFor(snapshot, site, span)
    .map((file) => literalPath(`${eventsFolder}/${file.path}`));
  const within = sql`timestamp >= make_timestamp(${span.fromUs})
      and timestamp < make_timestamp(${span.toUs})`;
  const columns = join(names.map(ident));
  const hot = snapshot.hotTables.map((table) =>
    sql`select ${columns} from ${ident(table)} where site_id = ${site} and ${within}`
  );
  const ofPeers = (snapshot.peers ?? []).map(({ table, afterSeq }) =>
    sql`select ${columns} from ${ident(table)}
    where site_id = ${site} and seq > ${afterSeq} and ${within}`
  );
  const stored = snapshot.lake === undefined
    ? hot
    : [...hot, ...ofPeers, lakeRows(snapshot.lake, site, span, { columns, within })];
  if (paths.length === 0) return join(stored, "\n  union all\n  ");
  const cold = sql`select * from read_parquet(
      ${paths}, union_by_name = true, hive_partitioning = false
    ) where ${within}`;
  return sql`select ${typed(names)} from (
    ${join([...stored, cold], "\n  union all by name\n  ")}
  )`;
}

/**
 * The rows of a snapshot of the lake. Site and dates are no bound values: DuckDB chooses the files
 * by them before it knows those.
 */
function lakeRows(
  snapshot: number,
  site: string,
  span: SpanUs,
  { columns, within }: { readonly columns: Sql; readonly within: Sql },
): Sql {
  const { first, last } = datesOf(span);
  return sql`select ${columns} from lake.events at (version => ${raw(String(snapshot))})
    where site_id = ${literal(site)} and date >= ${literal(first)}::date
      and date <= ${literal(last)}::date and ${within}`;
}

const NAMES = EVENT_COLUMN_NAMES.filter((name) => name !== "site_id");
/** What is read of several sites at once. */
const OF_SITES: readonly EventColumnName[] = [
  "visitor_id",
  "timestamp",
  "event_name",
  "engaged_ms",
];
/** Tells what a row is. */
const KIND_COLUMN = "engaged_ms" satisfies EventColumnName;

/** Files from elsewhere may lack visitor ids: all events without one are of one visitor. */
function typed(names: readonly EventColumnName[]): Sql {
  return join(
    names.map((name) =>
      name === "visitor_id"
        ? raw("coalesce(visitor_id::varchar, '') as visitor_id")
        : typedColumns([name])
    ),
  );
}
