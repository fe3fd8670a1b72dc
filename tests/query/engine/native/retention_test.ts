import assert from "node:assert/strict";
import { sql } from "../../../../src/core/sql.ts";
import { localDate, offsetTransitions } from "../../../../src/core/zone.ts";
import {
  COHORT_INTERVALS,
  dayOfInterval,
  intervalOfDay,
} from "../../../../src/query/engine/engine.ts";
import { retentionCells } from "../../../../src/query/engine/native/retention.ts";
import type { Row } from "../../../../src/storage/duckdb.ts";
import {
  type BruteCohort,
  bruteRetention,
  byVisitor,
  type Meets,
  randomEvents,
  withNulls,
} from "../../../support/numbers/behavioral_brute.ts";
import {
  EVENTS,
  TEST_SEEDS,
  THOROUGH,
  withEvents,
} from "../../../support/numbers/behavioral_db.ts";

/** Its clocks change in the time of the events. */
const BERLIN = "Europe/Berlin";
const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2024, 2, 4) * 1000;

const any: Meets = () => true;
const signup: Meets = (event) => event.event_name === "signup";
const purchase: Meets = (event) => event.event_name === "purchase";

for (const seed of TEST_SEEDS) {
  for (const zone of THOROUGH ? ["UTC", "America/St_Johns", BERLIN] : [BERLIN]) {
    Deno.test(`retentionCells() equals the brute force in ${zone}, seed ${seed}`, async () => {
      const events = randomEvents({
        seed: seed + 300,
        visitors: THOROUGH ? 2500 : 1000,
        eventsMax: 12,
        fromUs: FROM - 20 * DAY,
        spanUs: 50 * DAY,
        gapsUs: [1, HOUR - 1, HOUR, 11 * HOUR, DAY, 3 * DAY, 7 * DAY - 1, 7 * DAY, 20 * DAY],
        ties: 0.2,
      });
      const visitors = [...byVisitor(withNulls(events)).values()];
      const toUs = Math.max(...events.map(({ timestamp }) => timestamp)) + 1;
      const transitions = offsetTransitions(zone, FROM - 40 * DAY, FROM + 200 * DAY);
      await withEvents(events, async (ask) => {
        for (const interval of COHORT_INTERVALS) {
          for (const weekStart of weekStarts(interval)) {
            for (const { fromUs, ...end } of rangesTo(toUs)) {
              for (
                const [first, again, firstSql, againSql] of [
                  [any, any, null, null],
                  [any, purchase, null, sql`event_name = 'purchase'`],
                  [signup, any, sql`event_name = 'signup'`, null],
                  [signup, purchase, sql`event_name = 'signup'`, sql`event_name = 'purchase'`],
                ] as const
              ) {
                const count = interval === "day" ? 40 : 6;
                const rows = await ask(
                  sql`select * from ${
                    retentionCells(EVENTS, {
                      interval,
                      weekStart,
                      transitions,
                      fromUs,
                      ...end,
                      count,
                      first: firstSql,
                      again: againSql,
                    })
                  }`,
                );
                const list = cohortsOf(rows, count);
                const dayOf = dayNumbers(zone);
                const expected = bruteRetention(visitors, {
                  intervalOf: (us) => intervalOfDay(dayOf(us), interval, weekStart),
                  fromUs,
                  count,
                  first,
                  again,
                });
                assert.ok(expected.length > 1 || interval === "month");
                assert.deepEqual(list, expected, `${interval} ${weekStart} ${fromUs}`);
              }
            }
          }
        }
      });
    });
  }
}

/** Whether the end of the range is known decides how intervals are kept. */
function rangesTo(toUs: number): { fromUs: number; toUs?: number }[] {
  return [
    { fromUs: 0 },
    { fromUs: FROM },
    { fromUs: FROM + 2 * DAY + 1 },
    { fromUs: FROM, toUs },
    { fromUs: FROM + 2 * DAY + 1, toUs },
    { fromUs: FROM - 25 * DAY, toUs },
  ];
}

/** The rows of cells as cohorts. */
function cohortsOf(rows: readonly Row[], count: number): BruteCohort[] {
  const found = new Map<number, { size: number; returned: number[] }>();
  for (const { cohort, size, after, visitors } of rows) {
    const row = found.get(Number(cohort)) ??
      { size: Number(size), returned: new Array<number>(count).fill(0) };
    if (after !== null && after !== undefined) row.returned[Number(after)] = Number(visitors);
    found.set(Number(cohort), row);
  }
  return [...found].map(([cohort, rest]) => ({ cohort, ...rest }));
}

/** The first day of the week matters to weeks alone. */
function weekStarts(interval: string): readonly (1 | 7)[] {
  return interval === "week" || THOROUGH ? [1, 7] : [1];
}

const days = new Map<string, number>();

function dayNumbers(zone: string): (us: number) => number {
  return (us) => {
    const key = `${zone} ${Math.floor(us / 60_000_000)}`;
    const known = days.get(key);
    if (known !== undefined) return known;
    const day = Date.parse(`${localDate(zone, us)}T00:00:00Z`) / 86_400_000;
    days.set(key, day);
    return day;
  };
}

Deno.test("intervalOfDay() and dayOfInterval() begin weeks on Monday or Sunday", () => {
  const day = (text: string) => Date.parse(`${text}T00:00:00Z`) / 86_400_000;
  const firstDay = (text: string, interval: "day" | "week" | "month", weekStart: 1 | 7) =>
    dayOfInterval(intervalOfDay(day(text), interval, weekStart), interval, weekStart);
  assert.equal(firstDay("2024-03-31", "week", 1), day("2024-03-25"));
  assert.equal(firstDay("2024-03-31", "week", 7), day("2024-03-31"));
  assert.equal(firstDay("2024-04-01", "week", 1), day("2024-04-01"));
  assert.equal(firstDay("2024-12-31", "month", 1), day("2024-12-01"));
  assert.equal(firstDay("1969-12-31", "week", 1), day("1969-12-29"));
  assert.equal(firstDay("2024-02-29", "day", 1), day("2024-02-29"));
});
