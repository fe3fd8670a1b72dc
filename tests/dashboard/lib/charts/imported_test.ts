// What a chart says of imported days.
import assert from "node:assert/strict";
import { importedSteps, importedTexts } from "../../../../dashboard/lib/charts/imported.js";

const META = {
  imported: [{
    label: "Plausible",
    from: "2024-01-03",
    to: "2024-01-09",
    days: 7,
    metrics: ["visitors"],
  }],
  left_out: [{
    label: "Plausible",
    from: "2024-01-03",
    to: "2024-01-09",
    days: 7,
    reason: "metrics" as const,
    metrics: ["exit_rate"],
  }],
};

Deno.test("importedSteps() marks the steps that imported days are in", () => {
  const days = ["2024-01-02", "2024-01-03", "2024-01-09", "2024-01-10"];
  assert.deepEqual(importedSteps(days, META, "visitors"), [false, true, true, false]);
  assert.deepEqual(importedSteps(days, META, "exit_rate"), [false, false, false, false]);
  const weeks = ["2023-12-25", "2024-01-01", "2024-01-08", "2024-01-15"];
  assert.deepEqual(importedSteps(weeks, META, "visitors"), [false, true, true, false]);
  assert.deepEqual(importedSteps(days, undefined, "visitors"), [false, false, false, false]);
});

Deno.test("importedTexts() says what is in a metric and what is not", () => {
  const t = (key: string, values = {}) => `${key} ${Object.values(values).join(" ")}`.trim();
  const date = (text: string) => text.slice(8);
  assert.deepEqual(importedTexts(META, "visitors", t, date), {
    added: ["imported_days Plausible 03 09", "imported_visitors"],
    leftOut: [],
  });
  assert.deepEqual(importedTexts(META, "exit_rate", t, date), {
    added: [],
    leftOut: ["imported_left_out Plausible 03 09 left_out_metrics"],
  });
});
