import assert from "node:assert/strict";
import { chartedOf, CONVERSIONS, HEADLINES, MONEY } from "../../../dashboard/lib/headline.js";

Deno.test("chartedOf() keeps a metric that has a tile, and takes visitors for any other", () => {
  for (const kind of ["site", "goal", "pages"] as const) {
    for (const { metric } of HEADLINES[kind]) {
      assert.equal(chartedOf(kind, metric, metric === MONEY ? MONEY : ""), metric, kind);
    }
    for (const unknown of ["exits", "average_revenue", ""]) {
      assert.equal(chartedOf(kind, unknown, undefined), "visitors", kind);
    }
  }
  assert.equal(chartedOf("site", "exit_rate", MONEY), "visitors");
  assert.equal(chartedOf("pages", "bounce_rate", undefined), "visitors");
  assert.equal(chartedOf("goal", "pageviews", ""), "visitors");
});

Deno.test("chartedOf() takes revenue or conversions where they have the last tile", () => {
  for (const chosen of [MONEY, CONVERSIONS]) {
    assert.equal(chartedOf("site", chosen, chosen), chosen);
    assert.equal(chartedOf("site", chosen, undefined), chosen);
    assert.equal(chartedOf("site", chosen, chosen === MONEY ? CONVERSIONS : MONEY), "visitors");
    assert.equal(chartedOf("site", chosen, ""), "visitors");
    assert.equal(chartedOf("pages", chosen, chosen), "visitors");
  }
  assert.equal(chartedOf("goal", MONEY, ""), "visitors");
  assert.equal(chartedOf("goal", CONVERSIONS, ""), "events");
});
