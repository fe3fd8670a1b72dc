// Flow in plain SQL: the paths of visits after (or before) a page, as the nodes of a tree with
// counts.
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import { FLOW_END, type FlowSpec } from "../engine.ts";

/**
 * The nodes of the tree: depth (from 1), path (a JSON list of labels; FLOW_END as the last one if
 * the visit ends there) and visits (BIGINT); and one row of depth 0 with the number of all matching
 * visits. `items` is a relation of visitor_id, visit_start_us, us and label. Equal labels in a row
 * count as one. If the start label occurs more than once in a visit, the path begins at its first
 * occurrence (backwards: its last). Events of the same microsecond are ordered by label.
 */
export function flowNodes(items: Sql, spec: FlowSpec): Sql {
  const { start, backwards, depth, byVisitors } = spec;
  const directed = backwards ? sql`list_reverse(labels)` : raw("labels");
  const from = start === null ? raw("0") : sql`list_position(way, ${start})`;
  const levels = Array.from({ length: depth }, (_, index) => index + 1);
  return sql`(
    with visits as (
      select visitor_id, visit_start_us,
        list_transform(list_sort(list({'us': us, 'label': label})), lambda item: item.label)
          as every_label
      from ${items}
      group by visitor_id, visit_start_us
      ${start === null ? raw("") : sql`having bool_or(label = ${start})`}
    ),
    ways as (
      select visitor_id, visit_start_us, ${directed} as way
      from (
        select visitor_id, visit_start_us, list_filter(every_label, lambda label, place:
          place = 1 or label <> every_label[place - 1]) as labels
        from visits
      )
    ),
    cut as (
      select visitor_id, visit_start_us, way[place + 1:place + ${depth}] as steps
      from (select *, ${from} as place from ways)
    ),
    ended as (
      select visitor_id, visit_start_us, case when len(steps) < ${depth}
        then list_append(steps, ${FLOW_END}) else steps end as path
      from cut
    ),
    paths as (
      select path, count(*) as visits
      from ${
    byVisitors
      ? sql`(select arg_min(path, visit_start_us) as path from ended group by visitor_id)`
      : raw("ended")
  }
      group by path
    ),
    ${join(levels.map((level) => levelSql(level, spec)), "")}
    totals as (select coalesce(sum(visits), 0)::bigint as visits from paths)
    select 0 as depth, '[]' as path, visits from totals
    ${
    join(
      levels.map((level) =>
        sql`union all select ${raw(String(level))}, to_json(prefix)::varchar, visits
      from ${ident(`level_${level}`)}`
      ),
      "\n    ",
    )
  }
    order by depth, visits desc, path
  )`;
}

function levelSql(level: number, { childrenMax, nodesMax }: FlowSpec): Sql {
  const here = raw(`path[1:${level}]`);
  const parent = raw(`prefix[1:${level - 1}]`);
  const of = level === 1
    ? raw("paths")
    : sql`paths semi join ${ident(`level_${level - 1}`)} as above
          on above.prefix = ${raw(`path[1:${level - 1}]`)}`;
  return sql`${ident(`level_${level}`)} as materialized (
      select prefix, visits
      from (
        select *,
          row_number() over (partition by ${parent} order by visits desc, prefix) as place,
          row_number() over (order by visits desc, prefix) as rank
        from (
          select ${here} as prefix, sum(visits)::bigint as visits
          from ${of}
          where len(path) >= ${raw(String(level))}
          group by prefix
        )
      )
      where place <= ${childrenMax} and rank <= ${nodesMax}
    ),
    `;
}
