import assert from "node:assert/strict";
import { changeOf, changesOf } from "../../src/query/compare.ts";

Deno.test("changeOf() is a share of the earlier value, for ratios the difference", () => {
  assert.equal(changeOf("count", 15, 10), 0.5);
  assert.equal(changeOf("count", 0, 10), -1);
  assert.equal(changeOf("count", 5, 0), null);
  assert.equal(changeOf("ratio", 0.75, 0.5), 0.25);
  assert.equal(changeOf("ratio", 0.5, 0), 0.5);
  assert.equal(changeOf("seconds", null, 3), null);
});

Deno.test("changesOf() computes a change of money within one currency only", () => {
  const euro = (value: number) => ({ total_revenue: [{ currency: "EUR", value }] });
  const dollar = { total_revenue: [{ currency: "USD", value: 1 }] };
  assert.deepEqual(changesOf(["total_revenue"], euro(30), euro(20)), { total_revenue: 0.5 });
  assert.deepEqual(changesOf(["total_revenue"], euro(30), dollar), { total_revenue: null });
  assert.deepEqual(changesOf(["total_revenue"], { total_revenue: [] }, euro(1)), {
    total_revenue: null,
  });
  assert.deepEqual(changesOf(["visitors"], { visitors: 3 }, { visitors: 2 }), { visitors: 0.5 });
});
