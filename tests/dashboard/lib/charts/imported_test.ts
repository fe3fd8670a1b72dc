// Which steps of a chart have imported days.
import assert from "node:assert/strict";
import { importedSteps, lacksDays } from "../../../../dashboard/lib/charts/imported.js";
import { META } from "../../../support/sources/imported_days.ts";

Deno.test("importedSteps() marks the steps that imported days are in", () => {
  const days = ["2024-01-02", "2024-01-03", "2024-01-09", "2024-01-10"];
  assert.deepEqual(importedSteps(days, META, "visitors"), [false, true, true, false]);
  assert.deepEqual(importedSteps(days, META, "exit_rate"), [false, false, false, false]);
  const weeks = ["2023-12-25", "2024-01-01", "2024-01-08", "2024-01-15"];
  assert.deepEqual(importedSteps(weeks, META, "visitors"), [false, true, true, false]);
  assert.deepEqual(importedSteps(days, undefined, "visitors"), [false, false, false, false]);
});

Deno.test("lacksDays() is true of steps of hours that have left imported days out", () => {
  const days = { label: "a", from: "2024-01-02", to: "2024-01-04", days: 3 };
  const hoursOf = (day: string) => [`${day} 00:00:00`, `${day} 23:00:00`];
  const lacks = (day: string, reason: "time" | "dimension") =>
    lacksDays(hoursOf(day), { left_out: [{ ...days, reason }] });
  assert.deepEqual(
    ["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-05"].map((day) => lacks(day, "time")),
    [false, true, true, false],
  );
  assert.equal(lacks("2024-01-03", "dimension"), false);
  assert.equal(lacksDays(hoursOf("2024-01-03"), META), false);
  assert.equal(lacksDays(hoursOf("2024-01-03"), undefined), false);
  assert.equal(lacksDays([], { left_out: [{ ...days, reason: "time" }] }), false);
});
