import assert from "node:assert/strict";
import fc from "fast-check";
import { pointTicks, valueTicks } from "../../../../dashboard/lib/charts/ticks.js";

Deno.test("pointTicks() steps evenly from 0 and is never more than asked", () => {
  assert.deepEqual(pointTicks(7, 10), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(pointTicks(24, 8), [0, 3, 6, 9, 12, 15, 18, 21]);
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 2000 }),
    fc.integer({ min: 1, max: 40 }),
    (count, most) => {
      const ticks = pointTicks(count, most);
      assert.ok(ticks.length <= most && ticks[0] === 0);
      assert.ok((ticks.at(-1) ?? 0) < count);
    },
  ));
});

Deno.test("valueTicks() covers the top by round steps, whole ones for counts", () => {
  assert.deepEqual(valueTicks(0, 4, true), [0, 1]);
  assert.deepEqual(valueTicks(3, 4, true), [0, 1, 2, 3]);
  assert.deepEqual(valueTicks(676, 4, true), [0, 200, 400, 600, 800]);
  assert.deepEqual(valueTicks(0.42, 4, false), [0, 0.2, 0.4, 0.6]);
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e9 }), (top) => {
    const ticks = valueTicks(top, 4, true);
    assert.ok((ticks.at(-1) ?? 0) >= top && ticks.length <= 5);
    assert.ok(ticks.every(Number.isInteger));
  }));
});
