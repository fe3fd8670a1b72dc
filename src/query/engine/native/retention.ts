// Retention in plain SQL: the first interval of each visitor, and the later intervals in which they
// returned. A hash aggregate makes one row per visitor, with a bit for each interval if there are
// few; all joins after it are small.
import { DAY_US } from "../../../core/durations.ts";
import { ident, join, raw, type Sql, sql } from "../../../core/sql.ts";
import type { OffsetTransition } from "../../../core/zone.ts";
import type { RetentionSpec } from "../engine.ts";

/**
 * The cohorts from the interval of `fromUs` on: cohort (number of the interval, see
 * `intervalOfDay`), size (its visitors), after (0 … count-1 intervals later) and visitors (those
 * who returned in that interval; in the cohort's own interval, at or after the event that made them
 * members). Ordered by cohort and after. A cohort nobody returned to has one row with `after` NULL.
 */
export function retentionCells(events: Sql, spec: RetentionSpec): Sql {
  const words = spec.first === null ? wordsOf(spec) : null;
  return words === null ? listedCells(events, spec) : maskedCells(events, spec, words);
}

const US = raw("epoch_us(timestamp)");
/** Intervals whose bits are in one number. */
const WORD = 63;
/** So many numbers of a visitor are still less than a list. */
const WORDS_MAX = 8;
/** No interval is shorter: a day may have 23 hours. */
const SHORTEST_US = { day: DAY_US - 3_600_000_000, week: 6.9 * DAY_US, month: 27.9 * DAY_US };

/** How many numbers hold a bit for each interval of the range; null where there are too many. */
function wordsOf({ interval, fromUs, toUs }: RetentionSpec): number | null {
  if (toUs === undefined) return null;
  // Where clocks go back at an end of the range, an event may be in the interval after it.
  const intervals = Math.ceil((toUs - fromUs) / SHORTEST_US[interval]) + 2;
  const words = Math.ceil(intervals / WORD);
  return words <= WORDS_MAX ? words : null;
}

function cameSql({ again, fromUs }: RetentionSpec): Sql {
  return sql`${US} >= ${fromUs}${again === null ? raw("") : sql` and (${again})`}`;
}

/** Without `first`: the intervals in which a visitor came are bits of numbers. */
function maskedCells(events: Sql, spec: RetentionSpec, count: number): Sql {
  const base = intervalSql(sql`${spec.fromUs}::bigint`, spec);
  const words = Array.from({ length: count }, (_, at) => ({
    name: ident(`word_${at}`),
    start: raw(String(at * WORD)),
    end: raw(String(at * WORD + WORD - 1)),
  }));
  const masks = words.map(({ name, start, end }) =>
    sql`bit_or(case when came and place between ${start} and ${end}
          then 1::bigint << (place - ${start})::integer else 0 end) as ${name}`
  );
  const names = join(words.map(({ name }) => name));
  const places = words.map(({ name, start }) =>
    sql`select cohort, visitors, unnest(list_filter(range(${raw(String(WORD))}), lambda bit:
            (${name} >> bit::integer) & 1 = 1)) + ${start} as place
        from masks`
  );
  return sql`(
    with people as (
      select min(place) as cohort, ${join(masks)}
      from (
        select visitor_id, ${intervalSql(US, spec)} - ${base} as place,
          coalesce(${cameSql(spec)}, false) as came, ${US} >= ${spec.fromUs} as active
        from ${events}
      )
      group by visitor_id
      having bool_or(active)
    ),
    masks as materialized (
      select cohort, ${names}, count(*) as visitors from people where cohort >= 0
      group by cohort, ${names}
    ),
    cells as (
      select cohort, place - cohort as after, sum(visitors)::bigint as visitors
      from (
        ${join(places, "\n        union all\n        ")}
      )
      where place - cohort between 0 and ${spec.count - 1}
      group by cohort, after
    )
    select cohort + ${base} as cohort, size, after, coalesce(visitors, 0) as visitors
    from (select cohort, sum(visitors)::bigint as size from masks group by cohort)
    left join cells using (cohort)
    order by cohort, after
  )`;
}

/** The same with a list of intervals, and of times, for each visitor. */
function listedCells(events: Sql, spec: RetentionSpec): Sql {
  const { first, fromUs, count } = spec;
  const came = cameSql(spec);
  const timed = first !== null;
  const seenTimes = timed
    ? sql`, min(${US}) filter (where ${first}) as first_us,
        max(${US}) filter (where ${came}) as last_us`
    : raw("");
  const peopleTimes = timed
    ? raw(", min(first_us) as first_us, list(last_us) filter (where came) as lasts")
    : raw("");
  const isMember = timed ? raw(" filter (where first_us is not null)") : raw("");
  return sql`(
    with seen as (
      select visitor_id, ${intervalSql(US, spec)} as number,
        coalesce(bool_or(${came}), false) as came,
        bool_or(${US} >= ${fromUs}) as active${seenTimes}
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
