import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addDays,
  boundsOf,
  firstOfMonth,
  intervalsFor,
  lengthOf,
  minuteOf,
  periodNamed,
  periodOf,
  PERIODS,
  rangeBetween,
  stepRange,
} from "../../../dashboard/lib/period.js";
import { PERIODS as SERVER_PERIODS } from "../../../dashboard/grammar/period.js";
import { rangeOfPeriod } from "../../../src/core/period.ts";

function rangeOf(name: string, today: string) {
  return periodNamed(name)?.range(today) ?? null;
}

Deno.test("addDays() and firstOfMonth() cross months, leap days and years", () => {
  assert.equal(addDays("2024-02-28", 1), "2024-02-29");
  assert.equal(addDays("2023-12-31", 1), "2024-01-01");
  assert.equal(addDays("2024-03-01", -1), "2024-02-29");
  assert.equal(firstOfMonth("2024-01-31", -1), "2023-12-01");
  assert.equal(firstOfMonth("2024-11-15", 2), "2025-01-01");
});

Deno.test("PERIODS cover the days the server answers for the same name", () => {
  fc.assert(fc.property(fc.integer({ min: 15_000, max: 25_000 }), (dayNumber) => {
    const today = addDays("1970-01-01", dayNumber);
    const nowUs = (dayNumber * 86_400 + 40_000) * 1_000_000;
    for (const { name, range } of PERIODS) {
      assert.ok(Object.hasOwn(SERVER_PERIODS, name), name);
      const own = range(today);
      if (!own) continue;
      const server = rangeOfPeriod(name as keyof typeof SERVER_PERIODS, {
        nowUs,
        zone: "UTC",
        firstUs: null,
      });
      assert.deepEqual({ from: own.from, to: addDays(own.to, 1) }, server.dates, name);
    }
  }));
});

Deno.test("rangeBetween() takes days or times in order", () => {
  assert.deepEqual(rangeBetween("2024-01-01", "2024-01-01")?.to, "2024-01-01");
  assert.ok(rangeBetween("2004-01-01", "2024-12-31"), "the server refuses it by its length");
  assert.ok(rangeBetween("2024-01-01T10:00", "2024-01-01T10:01"));
  for (
    const [from = "", to = ""] of [
      ["2024-01-02", "2024-01-01"],
      ["2024-01-01T10:00", "2024-01-01T10:00"],
      ["2024-01-01T10:00", "2024-01-02"],
      ["2024-01-01T24:00", "2024-01-02T01:00"],
    ]
  ) assert.equal(rangeBetween(from, to), null, `${from} ${to}`);
});

Deno.test("boundsOf() excludes the end, as the server does", () => {
  assert.deepEqual(boundsOf({ from: "2024-02-01", to: "2024-02-29" }), {
    start: "2024-02-01",
    end: "2024-03-01",
  });
  assert.deepEqual(
    boundsOf({ from: "2024-02-01T01:00", to: "2024-02-01T02:00" }).end,
    "2024-02-01T02:00",
  );
});

Deno.test("stepRange() moves by the range's own length, never into the future", () => {
  const week = rangeOf("7d", "2024-03-03");
  assert.ok(week);
  const before = stepRange(week, -1, "2024-03-03");
  assert.deepEqual(before, { from: "2024-02-19", to: "2024-02-25" });
  assert.ok(before);
  assert.equal(lengthOf(before), 7);
  assert.deepEqual(stepRange(before, 1, "2024-03-03"), week);
  assert.equal(stepRange(week, 1, "2024-03-03"), null);
});

Deno.test("stepRange() moves whole months by months", () => {
  const march = { from: "2024-03-01", to: "2024-03-31" };
  assert.deepEqual(stepRange(march, -1, "2024-03-10"), { from: "2024-02-01", to: "2024-02-29" });
  assert.equal(stepRange(march, 1, "2024-03-10"), null);
  const half = { from: "2023-10-01", to: "2024-03-31" };
  assert.deepEqual(stepRange(half, -1, "2024-03-10"), { from: "2023-04-01", to: "2023-09-30" });
});

Deno.test("periodOf() finds the name of days, the shortest first", () => {
  assert.equal(periodOf({ from: "2024-02-03", to: "2024-03-03" }, "2024-03-03"), "30d");
  assert.equal(periodOf({ from: "2024-03-02", to: "2024-03-02" }, "2024-03-03"), "yesterday");
  assert.equal(periodOf({ from: "2024-02-01", to: "2024-02-29" }, "2024-03-03"), "last_month");
  assert.equal(periodOf({ from: "2024-02-19", to: "2024-02-25" }, "2024-03-03"), null);
});

Deno.test("minuteOf() is the wall clock of the zone", () => {
  const ms = Date.UTC(2024, 0, 31, 23, 30);
  assert.equal(minuteOf(ms, "UTC"), "2024-01-31 23:30");
  assert.equal(minuteOf(ms, "Asia/Kathmandu"), "2024-02-01 05:15");
  assert.equal(minuteOf(ms - 23.5 * 3_600_000, "UTC"), "2024-01-31 00:00");
});

Deno.test("intervalsFor() offers what a range has a few of", () => {
  const known = ["minute", "hour", "day", "week", "month"];
  assert.deepEqual(intervalsFor(1, known), ["minute", "hour"]);
  assert.deepEqual(intervalsFor(7, known), ["hour", "day"]);
  assert.deepEqual(intervalsFor(30, known), ["day", "week"]);
  assert.deepEqual(intervalsFor(365, known), ["day", "week", "month"]);
});
