// Which steps of a chart have imported days.
import assert from "node:assert/strict";
import { importedSteps } from "../../../../dashboard/lib/charts/imported.js";
import { META } from "../../../support/sources/imported_days.ts";

Deno.test("importedSteps() marks the steps that imported days are in", () => {
  const days = ["2024-01-02", "2024-01-03", "2024-01-09", "2024-01-10"];
  assert.deepEqual(importedSteps(days, META, "visitors"), [false, true, true, false]);
  assert.deepEqual(importedSteps(days, META, "exit_rate"), [false, false, false, false]);
  const weeks = ["2023-12-25", "2024-01-01", "2024-01-08", "2024-01-15"];
  assert.deepEqual(importedSteps(weeks, META, "visitors"), [false, true, true, false]);
  assert.deepEqual(importedSteps(days, undefined, "visitors"), [false, false, false, false]);
});
