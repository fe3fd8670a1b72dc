// Retention in plain SQL: the first interval of each visitor, and the later intervals in which they
// returned. A hash aggregate makes one row per visitor and interval; all joins after it are small.
import { DAY_US } from "../../../core/durations.ts";
import { join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { OffsetTransition } from "../../../core/zone.ts";
import type { RetentionSpec } from "../engine.ts";

/**
 * The cohorts from the interval of `fromUs` on: cohort (number of the interval, see
 * `intervalOfDay`), size (its visitors), after (0 … count-1 intervals later) and visitors (those
 * who returned in that interval; in the cohort's own interval, at or after the event that made them
 * members). Ordered by cohort and after. A cohort nobody returned to has one row with `after` NULL.
 */
export function retentionCells(events: Sql, spec: RetentionSpec): Sql {
  const { first, again, fromUs, count } = spec;
  const us = raw("epoch_us(timestamp)");
  const came = sql`${us} >= ${fromUs}${again === null ? raw("") : sql` and (${again})`}`;
  const timed = first !== null;
  const seenTimes = timed
    ? sql`, min(${us}) filter (where ${first}) as first_us,
        max(${us}) filter (where ${came}) as last_us`
    : raw("");
  const peopleTimes = timed
    ? raw(", min(first_us) as first_us, list(last_us) filter (where came) as lasts")
    : raw("");
  const isMember = timed ? raw(" filter (where first_us is not null)") : raw("");
  return sql`(
    with seen as (
      select visitor_id, ${intervalSql(us, spec)} as number,
        coalesce(bool_or(${came}), false) as came,
        bool_or(${us} >= ${fromUs}) as active${seenTimes}
      from ${events}
      group by visitor_id, number
    ),
    people as (
      select min(number)${isMember} as cohort,
        list(number) filter (where came) as numbers${peopleTimes}
      from seen
      group by visitor_id
      having bool_or(active)
    ),
    members as (
      select * from people
      where cohort >= ${intervalSql(sql`${fromUs}::bigint`, spec)}
    ),
    cells as (
      select cohort, number - cohort as after, count(*) as visitors
      from (
        select cohort, unnest(numbers) as number${
    timed ? raw(", first_us, unnest(lasts) as last_us") : raw("")
  }
        from members
      )
      where number >= cohort and number - cohort < ${count}${
    timed ? raw(" and last_us >= first_us") : raw("")
  }
      group by cohort, after
    )
    select cohort, size, after, coalesce(visitors, 0) as visitors
    from (select cohort, count(*) as size from members group by cohort)
    left join cells using (cohort)
    order by cohort, after
  )`;
}

/** The number of the interval that contains an instant, by the zone's calendar. */
export function intervalSql(us: Sql, { interval, weekStart, transitions }: RetentionSpec): Sql {
  const local = localSql(us, transitions);
  if (interval === "month") {
    const time = sql`make_timestamp(${local})`;
    return sql`((year(${time}) - 1970) * 12 + month(${time}) - 1)`;
  }
  const day = sql`floor((${local}) / ${DAY_US})::bigint`;
  if (interval === "day") return day;
  return sql`floor((${day} + ${raw(weekStart === 1 ? "3" : "4")}) / 7)::bigint`;
}

function localSql(us: Sql, transitions: readonly OffsetTransition[]): Sql {
  const [only, ...others] = transitions;
  if (!only) throw new TypeError("Cannot place events in local time: no offset is given");
  if (others.length === 0) return sql`${us} + ${only.offsetUs}`;
  const cases = transitions.map((transition, index) => {
    const next = transitions[index + 1];
    return next
      ? sql`when ${us} < ${next.fromUs} then ${transition.offsetUs}`
      : sql`else ${transition.offsetUs}`;
  });
  return sql`${us} + case ${join(cases, " ")} end`;
}
