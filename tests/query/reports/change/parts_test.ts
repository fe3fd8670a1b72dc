import assert from "node:assert/strict";
import { countPart, ratioPart } from "../../../../src/query/reports/change/parts.ts";
import { OF_MANY } from "../../../../src/query/reports/change/spread.ts";

const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-9, `${found} is not ${expected}`);

Deno.test("countPart() tells the share of the difference, and that of an even change", () => {
  const of = (above: number) => ({ above, below: 0 });
  const whole = { now: of(700), before: of(1000) };
  const part = countPart({ now: of(100), before: of(400) }, whole, 0);
  assert.deepEqual([part.difference, part.share, part.expected_share], [-300, 1, 0.4]);
  near(part.high, -300 + OF_MANY * Math.sqrt(500));
  const wide = countPart({ now: of(100), before: of(400) }, whole, 170_000);
  near(wide.high, -300 + OF_MANY * Math.sqrt(500 + 170_000 * (500 / 1700) ** 2));
  const same = countPart({ now: of(5), before: of(4) }, { now: of(9), before: of(9) }, 0);
  assert.equal(same.share, null);
});

Deno.test("ratioPart() splits a change into rates and mix that add up to it", () => {
  // Mobile bounces more, and is more of all: by mix alone for "tv", which is new.
  const rows = [
    { now: [60, 100], before: [20, 50] },
    { now: [30, 100], before: [45, 150] },
    { now: [9, 10], before: [0, 0] },
  ] as const;
  const counted = ([above, below]: readonly [number, number]) => ({ above, below });
  const sum = (range: "now" | "before") =>
    counted([
      rows.reduce((all, row) => all + row[range][0], 0),
      rows.reduce((all, row) => all + row[range][1], 0),
    ]);
  const whole = { now: sum("now"), before: sum("before") };
  const parts = rows.map(({ now, before }) =>
    ratioPart({ now: counted(now), before: counted(before) }, whole)
  );
  const total = 99 / 210 - 65 / 200;
  near(parts.reduce((all, { difference }) => all + difference, 0), total);
  near(parts.reduce((all, { share }) => all + (share ?? 0), 0), 1);
  assert.deepEqual(parts.map(({ rate }) => rate === 0), [false, true, true]);
  assert.equal(parts[2]?.before, null);
  near(parts[0]?.rate ?? NaN, (100 / 210 + 50 / 200) / 2 * (0.6 - 0.4));
});

Deno.test("ratioPart() takes the change of a single visit for noise, not that of many", () => {
  // Visitors of one visit each, so that all squares are counts.
  const of = (above: number, below: number) => ({
    above,
    below,
    squares: [above, above, below] as const,
  });
  const whole = { now: of(50, 100), before: of(50, 100) };
  const one = ratioPart({ now: of(0, 1), before: of(1, 1) }, whole);
  assert.deepEqual([one.now, one.before, one.within_noise], [0, 1, true]);
  near(one.rate ?? NaN, -0.01);
  near(one.high, -0.01 + OF_MANY * Math.sqrt(0.01 ** 2 * 0.5));
  const many = ratioPart({ now: of(0, 40), before: of(40, 40) }, whole);
  assert.equal(many.within_noise, false);
});
