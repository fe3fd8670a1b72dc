import assert from "node:assert/strict";
import { DAY_US } from "../../../src/core/durations.ts";
import { bucketsOf, rangeOfDays } from "../../../src/core/period.ts";
import { type Interval, INTERVALS } from "../../../dashboard/grammar/period.js";
import { sql } from "../../../src/core/sql.ts";
import { dayOfDate } from "../../../dashboard/grammar/days.js";
import { offsetTransitions } from "../../../src/core/zone.ts";
import { bucketKey, dayOfWeek, hourOfDay } from "../../../src/query/sql/buckets.ts";
import { withEvents } from "../../support/numbers/behavioral_db.ts";
import { Draw } from "../../support/numbers/random_questions.ts";

/** Zones with odd offsets and changes, and a share of all others; all with MALLARD_TEST_SEEDS. */
function zones(): string[] {
  const all = Intl.supportedValuesOf("timeZone");
  const odd = [
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "America/St_Johns",
    "America/Havana",
    "Asia/Kathmandu",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Gaza",
  ];
  if (Deno.env.has("MALLARD_TEST_SEEDS")) return all;
  return [...odd, ...all.filter((_, index) => index % 20 === 0)];
}

/** Instants at and around the bounds and every change of the zone, and some by chance. */
function instants(zone: string, fromUs: number, toUs: number, draw: Draw): number[] {
  const changes = offsetTransitions(zone, fromUs, toUs).slice(1).map((transition) =>
    transition.fromUs
  );
  const around = [fromUs, toUs - 1, ...changes].flatMap((us) =>
    [-1, 0, 1, 1_800_000_000, 3_600_000_000 - 1, 3_600_000_000].map((by) => us + by)
  );
  const chance = Array.from({ length: 20 }, () => fromUs + draw.below(toUs - fromUs));
  return [...around, ...chance].filter((us) => us >= fromUs && us < toUs);
}

Deno.test("bucketKey() puts every instant into its bucket in every zone", async () => {
  const draw = new Draw(1);
  await withEvents([], async (ask) => {
    for (const zone of zones()) {
      const start = draw.one(["2024-03-08", "2024-03-30", "2024-10-25", "2024-12-30"]);
      const day = dayOfDate(start);
      const range = rangeOfDays(zone, day, day + 11);
      const weekStart = draw.one([1, 7] as const);
      const calendar = { range, zone, weekStart };
      const times = instants(zone, range.fromUs, range.toUs, draw);
      const keys = INTERVALS.map((interval) => bucketKey(interval, sql`us`, calendar));
      const rows = await ask(
        sql`select us, ${keys[0] ?? sql``} as minute, ${keys[1] ?? sql``} as hour,
          ${keys[2] ?? sql``} as day, ${keys[3] ?? sql``} as week, ${keys[4] ?? sql``} as month
          from (select unnest(${times.map(String)})::bigint as us)`,
      );
      for (const interval of INTERVALS) check(rows, interval, zone, calendar);
    }
  });
});

function check(
  rows: readonly Record<string, unknown>[],
  interval: Interval,
  zone: string,
  calendar: Parameters<typeof bucketKey>[2],
) {
  const buckets = bucketsOf(calendar.range, interval, zone, calendar.weekStart);
  for (const row of rows) {
    const us = Number(row["us"]);
    const bucket = buckets.find((one) => one.fromUs <= us && us < one.toUs);
    assert.equal(row[interval], bucket?.key, `${zone} ${interval} ${us}`);
  }
}

Deno.test("hourOfDay() and dayOfWeek() read the clock of the zone", async () => {
  await withEvents([], async (ask) => {
    for (const zone of ["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]) {
      const range = rangeOfDays(zone, dayOfDate("2024-04-01"), dayOfDate("2024-04-15"));
      const calendar = { range, zone, weekStart: 1 as const };
      const times = Array.from(
        { length: 300 },
        (_, index) => range.fromUs + Math.floor((index / 300) * (14 * DAY_US - 1)),
      );
      const rows = await ask(
        sql`select us, ${hourOfDay(sql`us`, calendar)} as hour, ${
          dayOfWeek(sql`us`, calendar)
        } as day
          from (select unnest(${times.map(String)})::bigint as us)`,
      );
      const format = new Intl.DateTimeFormat("en-GB", {
        timeZone: zone,
        hourCycle: "h23",
        hour: "2-digit",
        weekday: "short",
      });
      const names = ["", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
      for (const row of rows) {
        const parts = format.formatToParts(Number(row["us"]) / 1000);
        const part = (type: string) => parts.find((one) => one.type === type)?.value;
        assert.equal(row["hour"], part("hour"));
        assert.equal(names[Number(row["day"])], part("weekday"));
      }
    }
  });
});
