import assert from "node:assert/strict";
import { DAY_US, HOUR_US, MINUTE_US } from "../../src/core/durations.ts";
import {
  bucketsOf,
  cutToElapsed,
  monotoneLocal,
  rangeBefore,
  rangeBetween,
  rangeOfDays,
  rangeOfPeriod,
} from "../../src/core/period.ts";
import {
  type Interval,
  INTERVALS,
  type PeriodName,
  PERIODS,
} from "../../dashboard/grammar/period.js";
import { dayOfDate, isDate } from "../../dashboard/grammar/days.js";
import { localDate, offsetTransitions } from "../../src/core/zone.ts";
import { valueOf } from "../support/parsed.ts";

const at = (iso: string) => Date.parse(iso) * 1000;
const shown = (us: number) => new Date(us / 1000).toISOString().replace(":00.000Z", "Z");
const days = (zone: string, from: string, to: string) =>
  rangeOfDays(zone, dayOfDate(from), dayOfDate(to));

Deno.test("rangeOfPeriod() ends named days with today and counts N of them", () => {
  const today = {
    nowUs: at("2024-03-10T15:30:20Z"),
    zone: "UTC",
    firstUs: at("2023-05-06T07:08Z"),
  };
  const expected: Record<PeriodName, [string, string]> = {
    day: ["2024-03-10T00:00Z", "2024-03-11T00:00Z"],
    today: ["2024-03-10T00:00Z", "2024-03-11T00:00Z"],
    yesterday: ["2024-03-09T00:00Z", "2024-03-10T00:00Z"],
    "24h": ["2024-03-09T15:31Z", "2024-03-10T15:31Z"],
    "7d": ["2024-03-04T00:00Z", "2024-03-11T00:00Z"],
    "28d": ["2024-02-12T00:00Z", "2024-03-11T00:00Z"],
    "30d": ["2024-02-10T00:00Z", "2024-03-11T00:00Z"],
    "90d": ["2023-12-12T00:00Z", "2024-03-11T00:00Z"],
    "91d": ["2023-12-11T00:00Z", "2024-03-11T00:00Z"],
    month: ["2024-03-01T00:00Z", "2024-04-01T00:00Z"],
    last_month: ["2024-02-01T00:00Z", "2024-03-01T00:00Z"],
    "6mo": ["2023-10-01T00:00Z", "2024-04-01T00:00Z"],
    "12mo": ["2023-04-01T00:00Z", "2024-04-01T00:00Z"],
    year: ["2024-01-01T00:00Z", "2025-01-01T00:00Z"],
    all: ["2023-05-06T00:00Z", "2024-03-11T00:00Z"],
  };
  for (const name of Object.keys(PERIODS) as PeriodName[]) {
    const range = rangeOfPeriod(name, today);
    assert.deepEqual([shown(range.fromUs), shown(range.toUs)], expected[name], name);
  }
  const nothing = rangeOfPeriod("all", { ...today, firstUs: null });
  assert.deepEqual(nothing.dates, { from: "2024-03-10", to: "2024-03-11" });
});

Deno.test("rangeOfPeriod() takes today from the zone", () => {
  const nowUs = at("2024-03-10T03:30:00Z");
  const range = rangeOfPeriod("day", { nowUs, zone: "America/New_York", firstUs: null });
  assert.deepEqual(range, {
    fromUs: at("2024-03-09T05:00:00Z"),
    toUs: at("2024-03-10T05:00:00Z"),
    dates: { from: "2024-03-09", to: "2024-03-10" },
  });
});

Deno.test("isDate() takes real calendar dates only", () => {
  for (const date of ["2024-02-29", "2000-12-31", "1970-01-01"]) assert.ok(isDate(date), date);
  for (
    const date of [
      "2024-02-30",
      "2023-02-29",
      "2024-13-01",
      "2024-00-10",
      "2024-1-1",
      "2024-01-01T00:00",
      "20240101",
      "",
      "abcd-ef-gh",
    ]
  ) assert.ok(!isDate(date), date);
});

Deno.test("rangeBetween() reads dates and minutes and names the parameter at fault", () => {
  const between = (start: string, end: string, zone = "UTC") =>
    rangeBetween(zone, { name: "start_date", text: start }, { name: "end_date", text: end });
  assert.deepEqual(between("2024-03-01", "2024-03-03").value, {
    fromUs: at("2024-03-01T00:00Z"),
    toUs: at("2024-03-03T00:00Z"),
    dates: { from: "2024-03-01", to: "2024-03-03" },
  });
  assert.deepEqual(between("2024-03-01T10:15", "2024-03-01T10:45", "Asia/Kathmandu").value, {
    fromUs: at("2024-03-01T04:30Z"),
    toUs: at("2024-03-01T05:00Z"),
    dates: null,
  });
  const same = valueOf(between("2024-03-01T00:00", "2024-03-01"));
  assert.equal(same.fromUs, same.toUs);
  assert.match(between("2024-02-30", "2024-03-03").fault ?? "", /start_date/);
  assert.match(between("2024-03-01", "2024-03-01T24:00").fault ?? "", /end_date/);
  assert.match(between("2024-03-02", "2024-03-01").fault ?? "", /end_date/);
  assert.ok(between("2023-03-01", "2024-03-01").value);
  assert.ok(between("2014-03-01", "2024-03-01").value);
  assert.match(between("2014-03-01", "2024-03-03").fault ?? "", /ten years/);
});

Deno.test("rangeBefore() goes back by days, by months, by a year, or to the same weekday", () => {
  const range = days("Europe/Berlin", "2024-03-28", "2024-04-04");
  const dates = (...args: [Parameters<typeof rangeBefore>[2], boolean]) =>
    rangeBefore(range, "Europe/Berlin", ...args).dates;
  assert.deepEqual(dates("previous_period", false), { from: "2024-03-21", to: "2024-03-28" });
  assert.deepEqual(dates("year_over_year", false), { from: "2023-03-28", to: "2023-04-04" });
  assert.deepEqual(dates("year_over_year", true), { from: "2023-03-30", to: "2023-04-06" });
  const hours = { fromUs: 10 * HOUR_US, toUs: 12 * HOUR_US, dates: null };
  assert.equal(rangeBefore(hours, "UTC", "previous_period", false).fromUs, 8 * HOUR_US);
});

Deno.test("rangeBefore() shifts start and end by calendar months and years", () => {
  const before = (from: string, to: string, how: "previous_period" | "year_over_year") => {
    const { dates } = rangeBefore(days("Europe/Berlin", from, to), "Europe/Berlin", how, false);
    return [dates?.from, dates?.to];
  };
  const year = (from: string, to: string) => before(from, to, "year_over_year");
  assert.deepEqual(year("2024-01-01", "2025-01-01"), ["2023-01-01", "2024-01-01"]);
  assert.deepEqual(year("2025-02-01", "2025-03-01"), ["2024-02-01", "2024-03-01"]);
  assert.deepEqual(year("2024-02-29", "2024-03-01"), ["2023-02-28", "2023-03-01"]);
  assert.deepEqual(year("2024-02-22", "2024-02-29"), ["2023-02-22", "2023-03-01"]);
  assert.deepEqual(year("2024-03-05", "2024-03-05"), ["2023-03-05", "2023-03-05"]);
  const previous = (from: string, to: string) => before(from, to, "previous_period");
  assert.deepEqual(previous("2024-03-01", "2024-04-01"), ["2024-02-01", "2024-03-01"]);
  assert.deepEqual(previous("2024-01-01", "2025-01-01"), ["2023-01-01", "2024-01-01"]);
  assert.deepEqual(previous("2024-03-01", "2024-03-31"), ["2024-01-31", "2024-03-01"]);
  const local = { fromUs: at("2024-02-29T23:30Z"), toUs: at("2024-03-31T00:30Z"), dates: null };
  const shifted = rangeBefore(local, "Europe/Berlin", "year_over_year", false);
  assert.equal(shifted.fromUs, at("2023-02-28T23:30Z"));
  assert.equal(shifted.toUs, at("2023-03-30T23:30Z"));
});

Deno.test("rangeBefore() with matchWeekday ends before the range and keeps the weekdays", () => {
  const start = Date.parse("2024-01-01") / 86_400_000;
  for (let length = 1; length <= 400; length++) {
    for (const how of ["previous_period", "year_over_year"] as const) {
      const range = rangeOfDays("UTC", start + length, start + 2 * length);
      const before = rangeBefore(range, "UTC", how, true);
      const back = (range.fromUs - before.fromUs) / DAY_US;
      assert.equal(before.toUs - before.fromUs, range.toUs - range.fromUs);
      assert.equal(back % 7, 0);
      assert.ok(before.toUs <= range.fromUs, `${how} ${length}`);
      if (how === "previous_period") assert.ok(back < length + 7, `${length}: ${back}`);
      else assert.ok(Math.abs(back - 365.5) <= 4 || back - length < 7, `${length}: ${back}`);
    }
  }
});

Deno.test("cutToElapsed() leaves as much of the earlier range as this one has had", () => {
  const now = at("2024-03-10T03:02:30Z");
  const cut = (range: ReturnType<typeof days>, zone = "UTC") =>
    cutToElapsed(rangeBefore(range, zone, "previous_period", false), range, now);
  assert.deepEqual(cut(days("UTC", "2024-03-10", "2024-03-11")), {
    fromUs: at("2024-03-09T00:00Z"),
    toUs: at("2024-03-09T03:02Z"),
    dates: null,
  });
  assert.equal(cut(days("UTC", "2024-03-04", "2024-03-11")).toUs, at("2024-03-03T03:02Z"));
  assert.equal(cut(days("UTC", "2024-03-01", "2024-04-01")).toUs, at("2024-02-10T03:02Z"));
  assert.equal(cut(days("UTC", "2024-01-01", "2025-01-01")).toUs, at("2023-03-11T03:02Z"));
  assert.deepEqual(cut(days("UTC", "2024-03-09", "2024-03-10")).dates, {
    from: "2024-03-08",
    to: "2024-03-09",
  });
  const hours = rangeOfPeriod("24h", { nowUs: now, zone: "UTC", firstUs: null });
  assert.equal(cut(hours).toUs, hours.fromUs);
  const future = cut(days("UTC", "2024-03-12", "2024-03-13"));
  assert.equal(future.fromUs, future.toUs);
});

Deno.test("rangeBefore() keeps whole local days across a change of clocks", () => {
  const range = days("Europe/Berlin", "2024-03-31", "2024-04-01");
  assert.equal(range.toUs - range.fromUs, 23 * HOUR_US);
  const before = rangeBefore(range, "Europe/Berlin", "previous_period", false);
  assert.equal(before.toUs, range.fromUs);
  assert.equal(before.toUs - before.fromUs, 24 * HOUR_US);
});

Deno.test("bucketsOf() covers every zone without gap or overlap, each label once", () => {
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    for (
      const [from, to] of [["2024-03-29", "2024-04-08"], ["2024-10-26", "2024-11-04"]] as const
    ) {
      const range = days(zone, from, to);
      for (const interval of ["hour", "day", "week", "month"] as Interval[]) {
        const buckets = bucketsOf(range, interval, zone, 1);
        assert.equal(buckets[0]?.fromUs, range.fromUs);
        assert.equal(buckets.at(-1)?.toUs, range.toUs);
        for (const [index, bucket] of buckets.entries()) {
          assert.ok(bucket.fromUs < bucket.toUs, `${zone} ${bucket.label}`);
          const next = buckets[index + 1];
          if (next) assert.equal(next.fromUs, bucket.toUs, `${zone} ${bucket.label}`);
          if (interval === "day") {
            assert.equal(localDate(zone, bucket.fromUs), bucket.label);
            assert.equal(localDate(zone, bucket.toUs - 1), bucket.label);
          }
        }
        assert.equal(new Set(buckets.map(({ label }) => label)).size, buckets.length);
        assert.equal(new Set(buckets.map(({ key }) => key)).size, buckets.length);
      }
    }
  }
});

Deno.test("bucketsOf() gives a day of 23, 24 or 25 hours its hours", () => {
  const labels = (zone: string, date: string) =>
    bucketsOf(days(zone, date, nextDay(date)), "hour", zone, 1).map(({ label }) => label.slice(11));
  assert.equal(labels("Europe/Berlin", "2024-03-30").length, 24);
  const spring = labels("Europe/Berlin", "2024-03-31");
  assert.equal(spring.length, 23);
  assert.deepEqual(spring.slice(0, 4), ["00:00", "01:00", "03:00", "04:00"]);
  const autumn = labels("Europe/Berlin", "2024-10-27");
  assert.equal(autumn.length, 25);
  assert.deepEqual(autumn.slice(1, 5), ["01:00", "02:00", "02:00+01:00", "03:00"]);
  const half = labels("Australia/Lord_Howe", "2024-04-07");
  assert.deepEqual(half.slice(0, 4), ["00:00", "01:00", "01:00+10:30", "02:00"]);
});

function nextDay(date: string): string {
  return new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);
}

Deno.test("bucketsOf() cuts weeks and months at the range and starts weeks as asked", () => {
  const range = days("UTC", "2024-12-26", "2025-01-08");
  const labels = (interval: Interval, weekStart: 1 | 7) =>
    bucketsOf(range, interval, "UTC", weekStart).map(({ label }) => label);
  assert.deepEqual(labels("week", 1), ["2024-12-26", "2024-12-30", "2025-01-06"]);
  assert.deepEqual(labels("week", 7), ["2024-12-26", "2024-12-29", "2025-01-05"]);
  assert.deepEqual(labels("month", 1), ["2024-12-26", "2025-01-01"]);
});

Deno.test("bucketsOf() begins in the middle of a minute or hour where the range does", () => {
  const range = { fromUs: at("2024-03-10T10:20:30Z"), toUs: at("2024-03-10T12:10Z"), dates: null };
  assert.deepEqual(
    bucketsOf(range, "hour", "UTC", 1).map(({ label, fromUs, toUs }) => [label, toUs - fromUs]),
    [
      ["2024-03-10 10:00", 39.5 * MINUTE_US],
      ["2024-03-10 11:00", HOUR_US],
      ["2024-03-10 12:00", 10 * MINUTE_US],
    ],
  );
  assert.equal(bucketsOf(range, "minute", "UTC", 1).length, 110);
  assert.deepEqual(bucketsOf({ ...range, toUs: range.fromUs }, "minute", "UTC", 1), []);
});

Deno.test("monotoneLocal() never steps back", () => {
  for (const zone of ["America/New_York", "Australia/Lord_Howe", "America/St_Johns"]) {
    const from = at("2006-10-01T00:00Z");
    const transitions = offsetTransitions(zone, from, from + 60 * DAY_US);
    let last = -Infinity;
    for (let us = from; us < from + 60 * DAY_US; us += 7 * MINUTE_US) {
      const local = monotoneLocal(transitions, us);
      assert.ok(local >= last, `${zone} ${us}`);
      last = local;
    }
  }
  assert.ok(INTERVALS.includes("month"));
});
