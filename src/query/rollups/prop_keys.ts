// The keys of custom properties as a split of closed days: by day and key, how many visitors had
// it. What is said of `visitors`, `gap` and edges in day_rows.ts holds here, too. Pure.
import { ident, join, raw, type Sql, sql } from "../../core/sql.ts";
import type { Sources } from "../../storage/reader.ts";
import { EDGE, type EdgeDay, joinLater } from "./day_rows.ts";
import { dayOf, type Days, type Tables } from "./day_tables.ts";
import { countedBy } from "./rolled.ts";
import type { Split } from "./split.ts";

/** The name of the split. */
export const PROP_KEYS = "prop_keys";

/** Stored columns that keys are read of. */
export const PROP_COLUMNS = ["visitor_id", "timestamp", "props"] as const;

/** A row for each key of an event's `props`, of events that have some. */
const KEYS = raw("unnest(json_keys(case when json_valid(props) then props else '{}' end))");

/** The keys of events with `visitor_id` and `props`: a row for each event and key. */
export function propKeys(events: Sql): Sql {
  return sql`(
  select visitor_id, ${KEYS} as key
  from ${events}
  where props is not null
)`;
}

/** Creates the table of days, keys and visitors. */
export function createPropKeys({ propKeys: name }: Tables, { scope }: Days, source: Sql): Sql {
  const events = sql`(select hash(visitor_id)::ubigint as visitor_id, ${
    dayOf(sql`epoch_us(timestamp)`, scope)
  } as day, props from ${source})`;
  return sql`create table ${ident(name)} as
    select distinct day, ${KEYS} as key, visitor_id
    from ${events}
    where props is not null`;
}

/** Inserts the rows of the split. */
export function insertPropKeys({ propKeys: name, rows }: Tables, days: Days): Sql {
  const gap = days.isKeyed
    ? raw("0")
    : raw("coalesce(day - lag(day) over (partition by key, visitor_id order by day), 0)");
  const from = days.isKeyed ? days.first : days.back;
  return sql`insert into ${ident(rows)} by name
    select ${PROP_KEYS} as shape, day, key as v1, gap, count(*) as visitors
    from (select *, ${gap} as gap from ${ident(name)} where day >= ${from})
    where day between ${days.first} and ${days.last}
    group by all`;
}

/** Inserts its edge: the key of each visitor who may be seen later. */
export function insertPropKeysEdge(tables: Tables, edges: readonly EdgeDay[]): Sql {
  return sql`insert into ${ident(tables.rows)} by name
    select ${EDGE + PROP_KEYS} as shape, * from (
      select r.day, r.key as v1, r.visitor_id as key
      from ${ident(tables.propKeys)} r
      ${joinLater(tables, edges)}
    )`;
}

/**
 * The visitors of each key over a split range, as rows of value and visitors that add up. `rowsOf`
 * gives the events of a part.
 */
export function splitPropKeys(
  split: Split,
  rowsOf: (range: Split["events"][number]) => Sql,
  sums: Sources["sums"],
): Sql {
  const { edge, paths, events } = split;
  const { firstDay, signed, within } = countedBy(split);
  const visitors = sql`case when r.gap = 0 or r.day - r.gap < ${firstDay}
      then r.visitors else 0 end`;
  const stored = sql`select r.v1 as value, ${signed(visitors)} as visitors
  from (select * from ${sums([PROP_KEYS], paths)} r where shape = ${PROP_KEYS}) r ${within}`;
  const parts = events.map((range, index) => {
    const known = edge && index === events.length - 1
      ? sql` anti join (
    select v1 as key, key as visitor_id from ${sums([EDGE + PROP_KEYS], edge.paths)} r
    where shape = ${EDGE + PROP_KEYS} and day between ${edge.first} and ${edge.last}
  ) using (key, visitor_id)`
      : raw("");
    return sql`select key as value, count(distinct visitor_id) as visitors
  from ${propKeys(rowsOf(range))}${known}
  group by key`;
  });
  return sql`(${join([...parts, stored], "\n  union all by name\n  ")})`;
}
