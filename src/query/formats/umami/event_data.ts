// Umami's lists of event data: the custom properties of custom events, their values, and how many
// events have them; and the texts after the `?` of pages, which are listed beside them.
import { type Sql, sql } from "../../../core/sql.ts";
import type { Row } from "../../../storage/duckdb.ts";
import type { ReportRequest, Scope } from "../../query.ts";
import { unreadable } from "../params.ts";

type Params = URLSearchParams;

/** The request of the events of a scope. */
export function requestOf(scope: Scope): ReportRequest {
  return { ...scope, interval: "day", limit: ROWS_MAX, offset: 0, comparison: null, notes: [] };
}

/** The columns that the lists are made of. */
export const DATA_COLUMNS = ["event_name", "props"] as const;

/** The columns of the list of texts after `?`. */
export const QUERY_COLUMNS = ["visitor_id", "pathname"] as const;

const ROWS_MAX = 1000;

/** That API's number for the type of a value: text, number, boolean or list. */
const TYPE_NUMBER = sql`case kind
    when 'BOOLEAN' then 3 when 'ARRAY' then 5 when 'OBJECT' then 5 when 'VARCHAR' then 1
    when 'NULL' then 1 else 2 end`;

/** A row for each property of each custom event: its name, the key, the text and its type. */
function dataOf(events: Sql): Sql {
  return sql`with named as (
      select event_name, props, unnest(json_keys(props)) as key
      from (
        select event_name, case when json_valid(props) then props else '{}' end as props
        from ${events} where event_name <> 'pageview'
      )
    ), pointed as (
      select *, '/' || replace(replace(key, '~', '~0'), '/', '~1') as pointer from named
    ), typed as (
      select event_name, key, json_extract_string(props, pointer) as value,
        json_type(props, pointer) as kind
      from pointed
    ), data as (select event_name, key, value, ${TYPE_NUMBER} as type from typed)`;
}

/** Properties by event, or by event and value where `event` names one. */
export function eventsSql(events: Sql, hasEvent: boolean): Sql {
  const value = hasEvent ? sql`value` : sql`null`;
  return sql`${dataOf(events)}
    select event_name, key, ${value} as value, type, count(*) as total from data
    group by all order by total desc, event_name, key, value limit ${ROWS_MAX}`;
}

/** Properties and their values. */
export function fieldsSql(events: Sql): Sql {
  return sql`${dataOf(events)}
    select key, value, type, count(*) as total from data
    group by all order by total desc, key, value limit ${ROWS_MAX}`;
}

/** The values of one property. */
export function valuesSql(events: Sql, key: string): Sql {
  return sql`${dataOf(events)}
    select value, count(*) as total from data where key = ${key}
    group by all order by total desc, value limit ${ROWS_MAX}`;
}

/** How many events have properties, how many there are, and how many values in all. */
export function statsSql(events: Sql): Sql {
  return sql`${dataOf(events)}
    select count(distinct key) as properties, count(*) as records, (
      select count(*) from ${events} where event_name <> 'pageview'
        and case when json_valid(props) then len(json_keys(props)) > 0 else false end
    ) as events
    from data`;
}

/** The texts after the `?` of pages with their visitors. */
export function queriesSql(
  events: Sql,
  search: string,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Sql {
  return sql`select x, count(distinct visitor_id) as y
    from (
      select visitor_id, substr(pathname, strpos(pathname, '?') + 1) as x
      from ${events} where contains(pathname, '?')
    )
    where x <> '' and contains(lower(x), lower(${search}))
    group by x order by y desc, x limit ${limit} offset ${offset}`;
}

/** The property that is asked for. Throws `bad_request`. */
export function propertyOf(params: Params): string {
  const key = params.get("propertyName") ?? "";
  if (key === "") throw unreadable("propertyName", "it is missing");
  return key;
}

/** Rows of the list by event. */
export function eventsOf(rows: readonly Row[], hasEvent: boolean) {
  return rows.map((row) => ({
    eventName: String(row["event_name"]),
    ...fieldOf(row),
    ...(hasEvent ? { propertyValue: String(row["value"] ?? "") } : {}),
    total: Number(row["total"]),
  }));
}

/** Rows of the list of properties and values. */
export function fieldsOf(rows: readonly Row[]) {
  return rows.map((row) => ({ ...fieldOf(row), ...valueOf(row) }));
}

/** Rows of the list of values. */
export function valuesOf(rows: readonly Row[]) {
  return rows.map(valueOf);
}

/** The numbers of events, properties and values. */
export function statsOf([row]: readonly Row[]) {
  const number = (name: string) => Number(row?.[name] ?? 0);
  return {
    events: number("events"),
    properties: number("properties"),
    records: number("records"),
  };
}

/** Rows of the list of texts after `?`. */
export function queriesOf(rows: readonly Row[]) {
  return rows.map((row) => ({ x: String(row["x"]), y: Number(row["y"]) }));
}

function fieldOf(row: Row) {
  return { propertyName: String(row["key"]), dataType: Number(row["type"]) };
}

function valueOf(row: Row) {
  return { value: String(row["value"] ?? ""), total: Number(row["total"]) };
}
