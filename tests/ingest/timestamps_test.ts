import assert from "node:assert";
import { Timestamps } from "../../src/ingest/timestamps.ts";

Deno.test("Timestamps.next() increases while the clock stops or steps back a little", () => {
  const times = new Timestamps({ roundToHour: false, lastUs: 0 });
  const at = [1000, 1000, 1000, 999, 1001, 1001];
  const given = at.map((ms) => times.next(ms));
  assert.deepStrictEqual(given, [1_000_000, 1_000_001, 1_000_002, 1_000_003, 1_001_000, 1_001_001]);
});

Deno.test("Timestamps.next() continues above the times of an earlier process", () => {
  const times = new Timestamps({ roundToHour: false, lastUs: 5_000_000 });
  assert.strictEqual(times.next(4999), 5_000_001);
});

Deno.test("Timestamps.next() follows a clock that was set back by hours", () => {
  const times = new Timestamps({ roundToHour: false, lastUs: 0 });
  times.next(10_000_000);
  assert.strictEqual(times.next(1000), 1_000_000);
});

Deno.test("Timestamps rounded to the hour keep the order in the microseconds after it", () => {
  const hourMs = 3_600_000;
  const times = new Timestamps({ roundToHour: true, lastUs: hourMs * 1000 + 7 });
  const given = [hourMs + 1, hourMs + 500, 2 * hourMs - 1, 2 * hourMs].map((ms) => times.next(ms));
  const base = hourMs * 1000;
  assert.deepStrictEqual(given, [base + 8, base + 9, base + 10, 2 * base]);
});

Deno.test("Timestamps.past() keeps the millisecond and separates events within it", () => {
  const times = new Timestamps({ roundToHour: false, lastUs: 0 });
  const given = [times.past(5, "a"), times.past(6, "a"), times.past(5, "a"), times.past(5, "a")];
  assert.deepStrictEqual(given, [5000, 6000, 5001, 5002]);
  // Another's events do not make a pause of exactly the timeout longer.
  assert.strictEqual(times.past(5, "b"), 5000);
});

Deno.test("Timestamps.past() keeps the order of thousands of events of one second", () => {
  for (const roundToHour of [false, true]) {
    const times = new Timestamps({ roundToHour, lastUs: 0 });
    // Other events come between, so that a running number over all would wrap.
    const given = Array.from(
      { length: 3000 },
      (_, index) => times.past(index % 3 ? 9000 + index : 7, "a"),
    )
      .filter((_, index) => index % 3 === 0);
    assert.deepStrictEqual(given, given.toSorted((a, b) => a - b));
    assert.strictEqual(new Set(given).size, 1000);
  }
});
