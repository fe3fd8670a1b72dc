// The SQL that puts an instant into its bucket, equal to `bucketsOf` for every zone: offsets are
// constants of the statement, so daylight saving costs a CASE and no time zone data.
import type { Interval } from "../../../dashboard/grammar/period.js";
import type { Range, WeekStart } from "../../core/period.ts";
import { DAY_US } from "../../core/durations.ts";
import { join, raw, type Sql, sql } from "../../core/sql.ts";
import { type OffsetTransition, offsetTransitions } from "../../core/zone.ts";

/** Where and how time is cut. */
export interface Calendar {
  readonly range: Range;
  readonly zone: string;
  readonly weekStart: WeekStart;
}

/** The key of an instant's bucket (`Bucket.key`), BIGINT; `us` is BIGINT microseconds. */
export function bucketKey(interval: Interval, us: Sql, calendar: Calendar): Sql {
  const transitions = transitionsOf(calendar);
  if (interval === "minute" || interval === "hour") {
    return byTransition(transitions, us, (transition) =>
      sql`greatest(${transition.fromUs},
        epoch_us(date_trunc(${
        raw(`'${interval}'`)
      }, make_timestamp(${us} + ${transition.offsetUs})))
          - ${transition.offsetUs})`);
  }
  const day = sql`make_timestamp(${monotone(transitions, us)})`;
  const first = sql`make_timestamp(${
    monotone(transitions, sql`${calendar.range.fromUs}::bigint`)
  })`;
  const start = interval === "week" && calendar.weekStart === 7
    ? sql`date_trunc('week', ${day} + interval 1 day) - interval 1 day`
    : sql`date_trunc(${raw(`'${interval}'`)}, ${day})`;
  return sql`epoch_us(greatest(${start}, date_trunc('day', ${first})))`;
}

/** Visits are read for up to a day around the range: conditions see the events there, too. */
const READ_US = 2 * DAY_US;

/** `00` to `23` by the clock of the zone. */
export function hourOfDay(us: Sql, calendar: Calendar): Sql {
  return sql`strftime(make_timestamp(${localTime(us, calendar)}), '%H')`;
}

/** `1` Monday to `7` Sunday by the calendar of the zone. */
export function dayOfWeek(us: Sql, calendar: Calendar): Sql {
  return sql`isodow(make_timestamp(${localTime(us, calendar)}))::varchar`;
}

/** A clock, over some time. */
export interface Clock {
  readonly range: Pick<Range, "fromUs" | "toUs">;
  readonly zone: string;
}

/** The clock of the zone as BIGINT microseconds: what a TIMESTAMP of it is made of. */
export function localTime(us: Sql, calendar: Clock): Sql {
  const { range, zone } = calendar;
  const transitions = offsetTransitions(zone, range.fromUs - READ_US, range.toUs + READ_US);
  return byTransition(transitions, us, (transition) => sql`${us} + ${transition.offsetUs}`);
}

function transitionsOf({ range, zone }: Calendar): OffsetTransition[] {
  return offsetTransitions(zone, range.fromUs, Math.max(range.fromUs, range.toUs));
}

/** Local time that never steps back; the same rule as `monotoneLocal`. */
function monotone(transitions: readonly OffsetTransition[], us: Sql): Sql {
  return byTransition(
    transitions,
    us,
    (transition, before) =>
      before && before.offsetUs > transition.offsetUs
        ? sql`greatest(${us} + ${transition.offsetUs}, ${transition.fromUs + before.offsetUs - 1})`
        : sql`${us} + ${transition.offsetUs}`,
  );
}

function byTransition(
  transitions: readonly OffsetTransition[],
  us: Sql,
  build: (transition: OffsetTransition, before: OffsetTransition | undefined) => Sql,
): Sql {
  const cases = transitions.map((transition, index) => {
    const next = transitions[index + 1];
    const value = build(transition, transitions[index - 1]);
    return next ? sql`when ${us} < ${next.fromUs} then ${value}` : sql`else ${value}`;
  });
  const only = transitions.length === 1 ? transitions[0] : undefined;
  return only ? build(only, undefined) : sql`case ${join(cases, " ")} end`;
}
