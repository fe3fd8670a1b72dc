// The behavioral engine that uses DuckDB's community extension `behavioral`. Plain SQL answers what
// the extension's functions define differently: overlapping steps, other orders and intervals.
import { DAY_US } from "../../../core/durations.ts";
import type { EventColumnName } from "../../../core/event.ts";
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import { extraColumns, lastJoinedDay, type VisitColumns } from "../../sql/visits.ts";
import type { BehavioralEngine, FunnelSpec, RetentionSpec } from "../engine.ts";
import { nativeEngine } from "../native/native.ts";
import { intervalSql } from "../native/retention.ts";

/** Timestamps must differ within a visitor: the extension gives ties no order. */
export const extensionEngine: BehavioralEngine = {
  ...nativeEngine,
  name: "extension",
  visits,
  visitEvents,
  funnel,
  retention,
  sequence,
  next,
};

/** The functions take 2 to 32 conditions; other numbers are an error there. */
const CONDITIONS_MAX = 32;

/** Events with the number of their chain and the part of it that is their visit. */
function numbered(events: Sql, gapUs: number): Sql {
  const us = sql`epoch_us(timestamp)`;
  const chainUs = sql`min(${us}) over (partition by visitor_id, chain)`;
  return sql`select *, greatest(${us} // ${DAY_US}, ${lastJoinedDay(chainUs, gapUs)}) as part
        from (
          select *, sessionize(timestamp, to_microseconds(${gapUs})) over (
            partition by visitor_id order by timestamp
          ) as chain from ${events}
        )`;
}

function visits(events: Sql, gapUs: number, columns: VisitColumns = {}): Sql {
  const extra = extraColumns(columns);
  const collected = extra.map((column) => sql`, ${column.collect} as ${ident(column.name)}`);
  return sql`(
    with whole as (
      select visitor_id, min(epoch_us(timestamp)) as start_us, max(epoch_us(timestamp)) as end_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events${join(collected, "")}
      from (${numbered(events, gapUs)})
      group by visitor_id, chain, part
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events${
    join(extra.map((column) => column.shown), "")
  }
    from whole
  )`;
}

function visitEvents(events: Sql, gapUs: number, columns: readonly EventColumnName[]): Sql {
  const wanted = columns.filter((name) => name !== "visitor_id").map((name) =>
    sql`, ${ident(name)}`
  );
  return sql`(
    select visitor_id${join(wanted, "")}, epoch_us(timestamp) as us,
      min(epoch_us(timestamp)) over (partition by visitor_id, chain, part) as visit_start_us
    from (${numbered(events, gapUs)})
  )`;
}

function funnel(events: Sql, spec: FunnelSpec): Sql {
  const { steps, windowUs, order, overlap } = spec;
  if (order !== "in_order" || overlap || steps.length < 2) {
    return nativeEngine.funnel(events, spec);
  }
  return sql`(
    select * from (
      select visitor_id,
        window_funnel(to_microseconds(${windowUs}), timestamp, ${join(steps)}) as reached
      from ${events}
      group by visitor_id
    )
    where reached > 0
  )`;
}

function sequence(
  events: Sql,
  steps: readonly Sql[],
  overlap: boolean,
  everyone?: boolean,
): Sql {
  if (overlap) return nativeEngine.sequence(events, steps, overlap, everyone);
  const pattern = steps.map((_, index) => `(?${index + 1})`).join(".*");
  return sql`(
    select visitor_id,
      coalesce(sequence_match(${raw(`'${pattern}'`)}, timestamp, ${join(steps)}), false)
        as converted
    from ${events}
    group by visitor_id
  )`;
}

function retention(events: Sql, spec: RetentionSpec): Sql {
  const { fromUs, count, first, again } = spec;
  if (first !== null || again !== null || count + 1 > CONDITIONS_MAX) {
    return nativeEngine.retention(events, spec);
  }
  const us = raw("epoch_us(timestamp)");
  const cells = Array.from(
    { length: count },
    (_, after) => sql`came and number = cohort + ${raw(String(after))}`,
  );
  return sql`(
    with seen as (
      select visitor_id, ${intervalSql(us, spec)} as number, ${us} >= ${fromUs} as came
      from ${events}
    ),
    members as (
      select visitor_id, min(number) as cohort from seen
      group by visitor_id
      having bool_or(came) and min(number) >= ${intervalSql(sql`${fromUs}::bigint`, spec)}
    ),
    people as (
      select visitor_id, cohort, retention(true, ${join(cells)}) as flags
      from seen join members using (visitor_id)
      group by visitor_id, cohort
    ),
    flagged as (
      select cohort, unnest(range(0, ${raw(String(count))})) as after, unnest(flags[2:]) as flag
      from people
    ),
    sizes as (select cohort, count(*) as size from people group by cohort),
    cells as (
      select cohort, after, count(*) as visitors from flagged where flag group by cohort, after
    )
    select cohort, size, after, coalesce(visitors, 0) as visitors
    from sizes left join cells using (cohort)
    order by cohort, after
  )`;
}

function next(events: Sql, page: string, limit: number, offset: number): Sql {
  const isPage = sql`pathname = ${page}`;
  return sql`(
    select next_page, count(*) as visitors
    from (
      select visitor_id, sequence_next_node(
        'forward', 'first_match', timestamp, pathname, ${isPage}, ${isPage}
      ) as next_page
      from ${events}
      where event_name = 'pageview' and pathname is not null
      group by visitor_id
    )
    where next_page is not null
    group by next_page
    order by visitors desc, next_page
    limit ${limit} offset ${offset}
  )`;
}
