// DuckDB's side of the stored columns: tables, column lists and typed reading of Parquet files.
import {
  type Event,
  EVENT_COLUMN_NAMES,
  EVENT_COLUMNS,
  type EventColumnName,
} from "../../core/event.ts";
import { normalPathSql } from "../../core/paths/normal_form.ts";
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Db } from "../duckdb.ts";

/** Far more than an event takes; DuckDB reads twice as much at once. */
const LINE_BYTES_MAX = 1_000_000;

/** `create table` for hot events. */
export function createHotTable(table: string): Sql {
  const columns = EVENT_COLUMN_NAMES.map((name) => {
    const { type, required } = EVENT_COLUMNS[name];
    return sql`${ident(name)} ${raw(required ? `${type} not null` : type)}`;
  });
  return sql`create table ${ident(table)} (${join(columns)})`;
}

/** The same for those of another server, with the number that each has in its journal. */
export function createPeerTable(table: string): Sql {
  const columns = EVENT_COLUMN_NAMES.map((name) =>
    sql`${ident(name)} ${raw(EVENT_COLUMNS[name].type)}`
  );
  return sql`create table ${ident(table)} (${join([...columns, sql`seq bigint`])})`;
}

/** Inserts into it the events of one bound text, as `journalText` writes it. */
export function insertPeerEvents(table: string): Sql {
  const shape = [{ q: "BIGINT", e: shapeOf() }];
  return sql`insert into ${ident(table)}
    select ${storedColumns((path) => normalPathSql(path))}, q
    from (
      select entry.q as q, entry.e as event
      from (select ${entriesOf(shape)} as entry from ${ONE_TEXT})
    )`;
}

/**
 * Inserts into a table of hot events the events of one bound text, as `jsonArray` writes it. What
 * an event lacks is NULL.
 */
export function insertHotEvents(table: string): Sql {
  return sql`insert into ${ident(table)}
    select ${storedColumns()}
    from (
      select ${entriesOf([shapeOf()])} as event from ${ONE_TEXT}
    )`;
}

/**
 * The one bound text, as a row: DuckDB must not take it for a constant. Whenever any table has been
 * made or dropped it plans a statement again, and would read a constant then, one value after the
 * other, at three times what the insert takes.
 */
const ONE_TEXT: Sql = sql`(select unnest([${""}::varchar]) as text)`;

/** What the arrays of `ONE_TEXT` hold. */
function entriesOf(shape: unknown): Sql {
  return sql`unnest(from_json(text, ${literal(JSON.stringify(shape))}))`;
}

/**
 * Inserts into a table of hot events the rows of a file, as `writeJournalLines` writes it; its
 * `literalPath` is the one bound text. A row whose event is of another partition than it says is
 * left out.
 */
export function insertJournalLines(table: string): Sql {
  const fields = Object.entries(shapeOf()).map(([name, type]) => `${name} ${type}`).join(", ");
  return sql`insert into ${ident(table)}
    select ${storedColumns((path) => normalPathSql(path))}
    from (
      select e as event, s as site, d as date
      from read_ndjson(${""}::varchar,
        columns = {s: 'VARCHAR', d: 'VARCHAR', e: 'STRUCT(${raw(fields)})'},
        maximum_object_size = ${raw(String(LINE_BYTES_MAX))})
    )
    where event.site_id = site and strftime(make_timestamp(event.timestamp), '%Y-%m-%d') = date`;
}

/** The types of an event's JSON, for `from_json`. */
function shapeOf(): Readonly<Record<string, string>> {
  return Object.fromEntries(EVENT_COLUMN_NAMES.map((name) => {
    const { type } = EVENT_COLUMNS[name];
    return [name, type === "VARCHAR" || type === "BOOLEAN" ? type : "BIGINT"];
  }));
}

/** The columns of a hot table from a struct `event`. */
function storedColumns(path: (path: Sql) => Sql = (path) => path): Sql {
  const columns = EVENT_COLUMN_NAMES.map((name) => {
    const value = sql`event.${ident(name)}`;
    if (name === "pathname") return path(value);
    switch (EVENT_COLUMNS[name].type) {
      case "VARCHAR":
      case "BOOLEAN":
        return value;
      case "TIMESTAMP":
        return sql`make_timestamp(${value})`;
      case "INTEGER":
        return sql`${value}::integer`;
      case "DECIMAL(12,2)":
        return sql`(${value}::decimal(18, 2) * 0.01::decimal(3, 2))::decimal(12, 2)`;
    }
  });
  return join(columns);
}

/**
 * Events, each as JSON, as one array. A lone surrogate, which no text in DuckDB can hold, becomes
 * U+FFFD.
 */
export function jsonArray(events: readonly string[]): string {
  const text = `[${events.join(",")}]`;
  // Most texts hold no escape of the kind: to look for it costs a tenth of the pattern.
  const isSuspect = text.includes("\\ud") && LONE_SURROGATE.test(text);
  return isSuspect ? JSON.stringify(JSON.parse(text), wellFormed) : text;
}

/** The same of events. */
export function jsonOf(events: readonly Event[]): string {
  return jsonArray(events.map((event) => JSON.stringify(event)));
}

/** The escape of a lone surrogate in JSON. Text that only quotes one matches as well: no harm. */
const LONE_SURROGATE = /\\ud[89a-f]/;

function wellFormed(_: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

/** Every stored column in order. */
export const ALL_COLUMNS: Sql = join(EVENT_COLUMN_NAMES.map(ident));

/**
 * A column of a file as its own type whatever the file says; of older files and those of other
 * programs the paths in their normal form.
 */
function typedColumn(name: EventColumnName): Sql {
  const typed = sql`${ident(name)}::${raw(EVENT_COLUMNS[name].type)}`;
  return name === "pathname" ? normalPathSql(typed) : typed;
}

/** Some columns of files, as `typedColumn` gives each. */
export function typedColumns(names: readonly EventColumnName[]): Sql {
  return join(names.map((name) => sql`${typedColumn(name)} as ${ident(name)}`));
}

/** Every stored column in order, as its own type whatever the file says. */
export const TYPED_COLUMNS: Sql = typedColumns(EVENT_COLUMN_NAMES);

/** A relation without rows that has every stored column but site_id. */
const NO_EVENTS: Sql = sql`select ${
  join(
    EVENT_COLUMN_NAMES.filter((name) => name !== "site_id").map((name) =>
      sql`null::${raw(EVENT_COLUMNS[name].type)} as ${ident(name)}`
    ),
  )
} where false`;

/**
 * All events of some files of one site, as a relation in parentheses without bound values. Columns
 * that a file lacks are NULL; the site is the given one, whatever the file says.
 */
export function coldRelation(paths: readonly string[], site: string): Sql {
  const list = join(paths.map((path) => literal(literalPath(path))));
  return sql`(
      select ${TYPED_COLUMNS} from (
        ${NO_EVENTS}
        union all by name
        select * replace (${literal(site)} as site_id) from (
          select null::varchar as site_id where false
          union all by name
          select * from read_parquet([${list}], union_by_name = true, hive_partitioning = false)
        )
      )
    )`;
}

/**
 * A hash of each event as `coldRelation` gives it, beside the path of its file: columns key and
 * file. Equal events have equal keys.
 */
export function keyRelation(paths: readonly string[], site: string): Sql {
  const list = join(paths.map((path) => literal(literalPath(path))));
  const values = EVENT_COLUMN_NAMES.map(typedColumn);
  return sql`(
      select hash(${join(values)}) as key, ${ident(FILE_COLUMN)} as file from (
        ${NO_EVENTS}
        union all by name
        select * replace (${literal(site)} as site_id) from (
          select null::varchar as site_id where false
          union all by name
          select * from read_parquet([${list}], union_by_name = true, hive_partitioning = false,
            filename = ${literal(FILE_COLUMN)})
        )
      )
    )`;
}

/** No program's column has this name. */
const FILE_COLUMN = "mallard_read_from";

/** All events of a file, each of the site that the file says, as `coldRelation` gives them. */
export function ownRelation(path: string): Sql {
  return sql`(
      select ${TYPED_COLUMNS} from (
        ${NO_EVENTS}
        union all by name
        select null::varchar as site_id where false
        union all by name
        select * from read_parquet(${literal(literalPath(path))}, hive_partitioning = false)
      )
    )`;
}

/** Names of the columns that some files have and this program does not know. */
export async function foreignColumns(db: Db, paths: readonly string[]): Promise<string[]> {
  const rows = await db.query(sql`
    select distinct name
    from parquet_schema(${paths.map(literalPath)})
    where num_children is null or num_children = 0`);
  const known = new Set<string>(EVENT_COLUMN_NAMES);
  return rows.map((row) => String(row["name"])).filter((name) => !known.has(name));
}

/** This program's own text as a literal, for statements without bound values. */
export function literal(text: string): Sql {
  return raw(`'${text.replaceAll("'", "''")}'`);
}

/** A path for `read_parquet`, with its wildcard characters escaped. */
export function literalPath(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}
