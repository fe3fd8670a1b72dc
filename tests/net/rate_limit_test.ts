import assert from "node:assert/strict";
import { RateLimit } from "../../src/net/rate_limit.ts";
import { FakeClock, seededRandom } from "../support/fake_system.ts";

const START_MS = Date.UTC(2024, 0, 15, 12);

function taken(rates: RateLimit, key: string, times: number): number {
  let count = 0;
  for (let time = 0; time < times; time++) if (rates.take(key) === 0) count++;
  return count;
}

Deno.test("take() allows a burst, then the rate", () => {
  const clock = new FakeClock(START_MS);
  const rates = new RateLimit(clock, { perSecond: 10 });
  assert.equal(taken(rates, "a", 100), 10);
  clock.advance(500);
  assert.equal(taken(rates, "a", 100), 5);
  clock.advance(60_000);
  assert.equal(taken(rates, "a", 100), 10);
});

Deno.test("take() returns the seconds to wait, rounded up", () => {
  const clock = new FakeClock(START_MS);
  const rates = new RateLimit(clock, { perSecond: 0.1, burst: 1 });
  assert.equal(rates.take("a"), 0);
  assert.equal(rates.take("a"), 10);
  clock.advance(3_500);
  assert.equal(rates.take("a"), 7);
  clock.advance(6_500);
  assert.equal(rates.take("a"), 0);
  const fast = new RateLimit(clock, { perSecond: 1000, burst: 1 });
  assert.equal(fast.take("a"), 0);
  assert.equal(fast.take("a"), 1);
});

Deno.test("take() counts keys separately, each at its own rate", () => {
  const clock = new FakeClock(START_MS);
  const rates = new RateLimit(clock, { perSecond: 2 });
  assert.equal(taken(rates, "a", 9), 2);
  assert.equal(taken(rates, "b", 9), 2);
  let own = 0;
  for (let time = 0; time < 9; time++) if (rates.take("c", 5) === 0) own++;
  assert.equal(own, 5);
});

Deno.test("take() does not limit at a rate of 0", () => {
  const rates = new RateLimit(new FakeClock(START_MS), { perSecond: 0 });
  assert.equal(taken(rates, "a", 1000), 1000);
  assert.equal(rates.size, 0);
});

Deno.test("take() makes no key wait longer when the clock is set back", () => {
  const clock = new FakeClock(START_MS);
  const rates = new RateLimit(clock, { perSecond: 2 });
  assert.equal(taken(rates, "a", 9), 2);
  clock.advance(-86_400_000);
  assert.equal(rates.take("a"), 1);
  clock.advance(1000);
  assert.equal(taken(rates, "a", 9), 2);
});

Deno.test("take() agrees with a plain token bucket on random arrivals", () => {
  const { bytes } = seededRandom(3);
  const clock = new FakeClock(START_MS);
  const perSecond = 8;
  const burst = 5;
  const rates = new RateLimit(clock, { perSecond, burst });
  const tokens = new Map<string, { left: number; atMs: number }>();
  for (let step = 0; step < 20_000; step++) {
    const [wait = 0, which = 0] = bytes(2);
    // Multiples of 125 ms are whole tokens: no rounding decides.
    clock.advance(wait < 128 ? 0 : (wait % 8) * 125);
    const key = `k${which % 5}`;
    const bucket = tokens.get(key) ?? { left: burst, atMs: clock.nowMs() };
    const gained = (clock.nowMs() - bucket.atMs) * perSecond / 1000;
    bucket.left = Math.min(burst, bucket.left + gained);
    bucket.atMs = clock.nowMs();
    const passes = bucket.left >= 1;
    if (passes) bucket.left--;
    tokens.set(key, bucket);
    assert.equal(rates.take(key) === 0, passes, `step ${step}`);
  }
});

Deno.test("take() remembers a bounded number of keys and evicts full buckets first", () => {
  const clock = new FakeClock(START_MS);
  const rates = new RateLimit(clock, { perSecond: 1, keysMax: 100 });
  assert.equal(taken(rates, "idle", 1), 1);
  clock.advance(5000);
  assert.equal(taken(rates, "busy", 5), 1);
  for (let key = 0; key < 98; key++) rates.take(`other ${key}`);
  assert.equal(rates.size, 100);
  rates.take("one more");
  assert.equal(rates.size, 100);
  assert.equal(taken(rates, "busy", 5), 0);
});

Deno.test("take() keeps a key in use through a flood of new keys", () => {
  const clock = new FakeClock(START_MS);
  const rates = new RateLimit(clock, { perSecond: 0.001, burst: 1, keysMax: 100 });
  assert.equal(rates.take("busy"), 0);
  let passed = 0;
  for (let key = 0; key < 5000; key++) {
    rates.take(`flood ${key}`);
    if (key % 50 === 0 && rates.take("busy") === 0) passed++;
  }
  assert.equal(passed, 0);
  assert.equal(rates.size, 100);
});

Deno.test("forgetFull() removes exactly the keys whose buckets are full", () => {
  const clock = new FakeClock(0);
  const rates = new RateLimit(clock, { perSecond: 1, burst: 10 });
  rates.take("once");
  for (let count = 0; count < 10; count++) rates.take("often");
  rates.forgetFull();
  assert.equal(rates.size, 2);
  clock.advance(1000);
  rates.forgetFull();
  assert.equal(rates.size, 1);
  assert.equal(rates.take("often"), 0);
  assert.equal(rates.take("often"), 1, "it has taken what there was");
});
