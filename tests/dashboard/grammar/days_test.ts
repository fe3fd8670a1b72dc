import assert from "node:assert/strict";
import fc from "fast-check";
import {
  dateOfDay,
  dayOfDate,
  firstOfMonth,
  isDate,
  isMinute,
} from "../../../dashboard/grammar/days.js";

Deno.test("dayOfDate() reads back what dateOfDay() prints", () => {
  fc.assert(fc.property(fc.integer({ min: -200_000, max: 2_000_000 }), (day) => {
    const date = dateOfDay(day);
    assert.equal(dayOfDate(date), day);
    assert.ok(isDate(date), date);
    assert.ok(isMinute(`${date}T23:59`), date);
  }));
});

Deno.test("isDate() and isMinute() take what exists only", () => {
  assert.ok(isDate("2024-02-29"));
  for (const text of ["2023-02-29", "2024-13-01", "2024-1-1", "", "2024-01-01T00:00"]) {
    assert.ok(!isDate(text), text);
  }
  for (const text of ["2024-01-01", "2024-01-01T24:00", "2023-02-29T10:00", "2024-01-01T10:60"]) {
    assert.ok(!isMinute(text), text);
  }
});

Deno.test("firstOfMonth() crosses years", () => {
  assert.equal(dateOfDay(firstOfMonth(dayOfDate("2024-01-31"), -1)), "2023-12-01");
  assert.equal(dateOfDay(firstOfMonth(dayOfDate("2024-11-15"), 2)), "2025-01-01");
});
