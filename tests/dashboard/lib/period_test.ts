import assert from "node:assert/strict";
import {
  addDays,
  isDay,
  lengthOf,
  minuteOf,
  periodOf,
  rangeOf,
  stepRange,
} from "../../../dashboard/lib/period.js";

Deno.test("isDay() takes days that exist only", () => {
  assert.ok(isDay("2024-02-29"));
  for (const text of ["2023-02-29", "2024-13-01", "2024-1-1", "", "2024-01-01T00:00"]) {
    assert.ok(!isDay(text), text);
  }
});

Deno.test("addDays() crosses months, leap days and years", () => {
  assert.equal(addDays("2024-02-28", 1), "2024-02-29");
  assert.equal(addDays("2023-12-31", 1), "2024-01-01");
  assert.equal(addDays("2024-03-01", -1), "2024-02-29");
});

Deno.test("rangeOf() counts today as the last day", () => {
  assert.deepEqual(rangeOf("7d", "2024-03-03"), { from: "2024-02-26", to: "2024-03-03" });
  assert.deepEqual(rangeOf("day", "2024-03-03"), { from: "2024-03-03", to: "2024-03-03" });
});

Deno.test("stepRange() moves by the range's own length, never into the future", () => {
  const week = rangeOf("7d", "2024-03-03");
  const before = stepRange(week, -1, "2024-03-03");
  assert.deepEqual(before, { from: "2024-02-19", to: "2024-02-25" });
  assert.ok(before);
  assert.equal(lengthOf(before), 7);
  assert.deepEqual(stepRange(before, 1, "2024-03-03"), week);
  assert.equal(stepRange(week, 1, "2024-03-03"), null);
});

Deno.test("periodOf() finds the name of days that end today", () => {
  assert.equal(periodOf(rangeOf("30d", "2024-03-03"), "2024-03-03"), "30d");
  assert.equal(periodOf({ from: "2024-02-19", to: "2024-02-25" }, "2024-03-03"), null);
});

Deno.test("minuteOf() is the wall clock of the zone", () => {
  const ms = Date.UTC(2024, 0, 31, 23, 30);
  assert.equal(minuteOf(ms, "UTC"), "2024-01-31 23:30");
  assert.equal(minuteOf(ms, "Asia/Kathmandu"), "2024-02-01 05:15");
  assert.equal(minuteOf(ms - 23.5 * 3_600_000, "UTC"), "2024-01-31 00:00");
});
