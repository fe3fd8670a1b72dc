import assert from "node:assert/strict";
import fc from "fast-check";
import { DEFAULT_STATE, parseState, printState } from "../../../dashboard/lib/state.js";
import { addDays, PERIODS } from "../../../dashboard/lib/period.js";

Deno.test("printState() of the default state is empty", () => {
  assert.equal(printState(DEFAULT_STATE), "");
});

Deno.test("parseState() reads what printState() wrote, whatever the state", () => {
  const day = fc.integer({ min: 0, max: 20_000 }).map((days) => addDays("1990-01-01", days));
  const range = fc.tuple(day, fc.integer({ min: 0, max: 365 }))
    .map(([from, days]) => ({ from, to: addDays(from, days) }));
  const state = fc.record({
    site: fc.string({ maxLength: 40 }),
    period: fc.constantFrom(...PERIODS.map(({ name }) => name)),
    range: fc.option(range, { nil: null }),
    metric: fc.stringMatching(/^[a-z_]{1,40}$/),
  }, { noNullPrototype: true });
  fc.assert(fc.property(state, (value) => {
    const read = parseState(printState(value));
    // Beside days of one's own, the named period is not kept.
    const expected = value.range ? { ...value, period: DEFAULT_STATE.period } : value;
    assert.deepEqual(read, expected);
    assert.equal(printState(read), printState(value));
  }));
});

Deno.test("parseState() falls back to the default where it cannot read", () => {
  for (
    const search of [
      "?period=32d",
      "?from=2024-02-30&to=2024-03-01",
      "?from=2024-02-02&to=2024-02-01",
      "?from=2023-01-01&to=2024-12-31",
      "?from=2024-02-02",
      "?metric=%3Cscript%3E",
      "?%E0%A4%A",
    ]
  ) assert.deepEqual(parseState(search), DEFAULT_STATE, search);
});
