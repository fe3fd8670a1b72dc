import assert from "node:assert/strict";
import {
  judgeCounts,
  judged,
  judgeMeans,
  judgeShares,
  NORMAL,
  type Part,
  student,
} from "../../../../src/query/reports/change/spread.ts";

const near = (found: number | undefined, expected: number, by = 1e-9) =>
  assert.ok(Math.abs((found ?? NaN) - expected) < by, `${found} is not ${expected}`);

Deno.test("judged() is within noise where the interval holds zero", () => {
  const { low, high, within_noise } = judged(10, 25);
  assert.deepEqual([low, high, within_noise], [10 - 5 * NORMAL, 10 + 5 * NORMAL, false]);
  assert.equal(judged(10, 36).within_noise, true);
  assert.equal(judged(0, 0).within_noise, true);
});

Deno.test("judged() takes a bound that is shown as zero for zero", () => {
  const reach = (bound: number) => ((10 - bound) / NORMAL) ** 2;
  assert.equal(judged(10, reach(0.6), { step: 1 }).within_noise, false);
  assert.equal(judged(10, reach(0.4), { step: 1 }).within_noise, true);
  assert.equal(judged(-10, reach(0.4), { step: 1 }).within_noise, true);
  assert.equal(judged(10, reach(0.4)).within_noise, false);
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

Deno.test("judgeCounts() judges amounts by the least that it is told", () => {
  const even = [100, 100, 100, 100];
  const amounts = judgeCounts([400, 400], [even, even], { least: 400 * 100, step: 0.01 });
  near(amounts.high, student(3) * 200);
});

Deno.test("judgeShares() has the intervals that Newcombe printed for his method 10", () => {
  // Statistics in Medicine 17 (1998), p. 878, contrasts (a) to (h).
  const printed: [Part, Part, low: number, high: number][] = [
    [[56, 70], [48, 80], 0.0524, 0.3339],
    [[9, 10], [3, 10], 0.1705, 0.8090],
    [[6, 7], [2, 7], 0.0582, 0.8062],
    [[5, 56], [0, 29], -0.0381, 0.1926],
    [[0, 10], [0, 20], -0.1611, 0.2775],
    [[0, 10], [0, 10], -0.2775, 0.2775],
    [[10, 10], [0, 20], 0.6791, 1],
    [[10, 10], [0, 10], 0.6075, 1],
  ];
  for (const [now, before, low, high] of printed) {
    const found = judgeShares([now, before]);
    near(found?.low, low, 0.00006);
    near(found?.high, high, 0.00006);
  }
  assert.equal(judgeShares([[0, 0], [1, 2]]), null);
});

Deno.test("judgeShares() counts fewer cases where days vary more than those would", () => {
  const even: Part[] = [[50, 100], [50, 100], [50, 100], [50, 100]];
  const uneven: Part[] = [[90, 100], [10, 100], [90, 100], [10, 100]];
  const whole = [[200, 400], [200, 400]] as const;
  const narrow = judgeShares(whole, [even, even]);
  const wide = judgeShares(whole, [uneven, uneven]);
  // Each day is 40 off its mean: 4 · 40² · 4/3 ÷ 400² instead of 0.25 ÷ 400.
  const design = (4 * 1600 * 4 / 3 / 400 ** 2) / (0.25 / 400);
  const half = (cases: number) => {
    const square = student(3) ** 2;
    const reach = Math.sqrt(0.25 * square / cases + square ** 2 / (4 * cases ** 2));
    return Math.SQRT2 * reach / (1 + square / cases);
  };
  near(narrow?.high, half(400));
  near(wide?.high, half(400 / design));
});

Deno.test("judgeMeans() judges a mean by its buckets, and says nothing of few", () => {
  const part = (above: number) => [above, 100] as const;
  const few = [part(50), part(50)];
  assert.equal(judgeMeans([0.5, 0.4], [few, few]), null);
  const now = [part(60), part(62), part(58), part(60)];
  const before = [part(40), part(42), part(38), part(40)];
  const found = judgeMeans([0.6, 0.4], [now, before]);
  near(found?.difference, 0.2);
  // Squares of 0, 2, 2, 0 around the mean, twice.
  near(found?.high, 0.2 + student(3) * Math.sqrt(2 * (8 * 4 / 3 / 400 ** 2)));
});

/** Numbers between 0 and 1, the same in each run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A count of independent events, by the times between them. */
function poisson(mean: number, next: () => number): number {
  const pause = () => -Math.log(1 - next());
  let count = 0;
  for (let time = pause(); time < mean; time += pause()) count++;
  return count;
}

/** How often no change at all is taken for one. */
function falseAlarms(trial: (next: () => number) => boolean): number {
  const next = random(1);
  const trials = 2000;
  return Array.from({ length: trials }, () => trial(next)).filter((noise) => !noise).length /
    trials;
}

const days = <T>(count: number, of: () => T): T[] => Array.from({ length: count }, of);
const total = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
const wholeOf = (parts: readonly Part[]): Part => [
  total(parts.map(([above]) => above)),
  total(parts.map(([, below]) => below)),
];
const aboutOneIn20 = (found: number) => assert.ok(found > 0.01 && found < 0.07, `${found}`);

Deno.test("where nothing changed, at most about one in twenty numbers seems to", () => {
  aboutOneIn20(falseAlarms((next) => {
    const [now, before] = [days(14, () => poisson(9, next)), days(14, () => poisson(9, next))];
    return judgeCounts([total(now), total(before)], [now, before]).within_noise;
  }));
  const shares = (rateOf: (next: () => number) => number) => (next: () => number) => {
    const part = (): Part => {
      const rate = rateOf(next);
      const cases = days(40, next);
      return [cases.filter((one) => one < rate).length, cases.length];
    };
    const [now, before] = [days(14, part), days(14, part)];
    return judgeShares([wholeOf(now), wholeOf(before)], [now, before])?.within_noise ?? false;
  };
  aboutOneIn20(falseAlarms(shares(() => 0.3)));
  // Rates that differ from day to day.
  aboutOneIn20(falseAlarms(shares((next) => 0.1 + 0.4 * next())));
  aboutOneIn20(falseAlarms((next) => {
    const part = (): Part => {
      const cases = days(1 + poisson(20, next), () => -60 * Math.log(1 - next()));
      return [total(cases), cases.length];
    };
    const [now, before] = [days(14, part), days(14, part)];
    const means = [now, before].map(wholeOf).map(([above, below]) => above / below);
    return judgeMeans([means[0] ?? 0, means[1] ?? 0], [now, before])?.within_noise ?? false;
  }));
  // Orders of very different amounts, on few days.
  aboutOneIn20(falseAlarms((next) => {
    const day = () => total(days(poisson(3, next), () => Math.exp(3 + 1.5 * next() * next())));
    const [now, before] = [days(14, day), days(14, day)];
    return judgeCounts([total(now), total(before)], [now, before], { least: 0, step: 0.01 })
      .within_noise;
  }));
});
