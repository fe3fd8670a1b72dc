// What is said of imported days.
import assert from "node:assert/strict";
import { importedTexts } from "../../../../dashboard/lib/charts/imported_texts.js";
import { META } from "../../../support/sources/imported_days.ts";

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
