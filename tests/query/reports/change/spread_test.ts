import assert from "node:assert/strict";
import {
  judgeCounts,
  judged,
  judgeRatios,
  NORMAL,
  student,
} from "../../../../src/query/reports/change/spread.ts";

const near = (found: number | undefined, expected: number) =>
  assert.ok(Math.abs((found ?? NaN) - expected) < 1e-9, `${found} is not ${expected}`);

Deno.test("judged() is within noise where the interval holds zero", () => {
  const { low, high, within_noise } = judged(10, 25);
  assert.deepEqual([low, high, within_noise], [10 - 5 * NORMAL, 10 + 5 * NORMAL, false]);
  assert.equal(judged(10, 36).within_noise, true);
  assert.equal(judged(0, 0).within_noise, true);
});

Deno.test("judgeCounts() compares days in pairs, so that weekdays cancel out", () => {
  const week = [100, 100, 100, 100, 100, 20, 20];
  const more = week.map((n) => n + 30);
  const { difference, within_noise, extra } = judgeCounts([750, 540], [more, week]);
  assert.deepEqual([difference, within_noise, extra], [210, false, 0]);
  // The same sum, of which one day has all.
  const wild = week.map((n, day) => n + (day === 0 ? 210 : 0));
  const one = judgeCounts([750, 540], [wild, week]);
  assert.equal(one.within_noise, true);
  const differences = [210, 0, 0, 0, 0, 0, 0];
  const variance = differences.reduce((all, d) => all + (d - 30) ** 2, 0) / 6;
  near(one.high, 210 + student(6) * Math.sqrt(7 * variance));
  near(one.extra, 7 * variance - 1290);
});

Deno.test("judgeCounts() takes few buckets as independent visits", () => {
  const { low, high } = judgeCounts([30, 20], [[30], [20]]);
  assert.deepEqual([low, high], [10 - NORMAL * Math.sqrt(50), 10 + NORMAL * Math.sqrt(50)]);
  assert.equal(judgeCounts([0, 0], [[0, 0, 0, 0], [0, 0, 0, 0]]).within_noise, true);
});

Deno.test("judgeRatios() judges a ratio by its buckets, and says nothing of few", () => {
  const part = (above: number) => [above, 100] as const;
  assert.equal(judgeRatios([part(50), part(50)], [part(40), part(40)], true), null);
  const now = [part(60), part(62), part(58), part(60)];
  const before = [part(40), part(42), part(38), part(40)];
  const found = judgeRatios(now, before, false);
  near(found?.difference, 0.2);
  // Squares of 0, 2, 2, 0 around the mean, twice.
  near(found?.high, 0.2 + student(3) * Math.sqrt(2 * (8 * 4 / 3 / 400 ** 2)));
  const share = judgeRatios(now, before, true);
  near(share?.high, 0.2 + student(3) * Math.sqrt(2 * (0.6 * 0.4 / 400)));
});
