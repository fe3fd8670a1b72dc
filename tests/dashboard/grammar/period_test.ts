import assert from "node:assert/strict";
import fc from "fast-check";
import { dateOfDay } from "../../../dashboard/grammar/days.js";
import { PERIOD_NAMES, periodRow } from "../../../dashboard/grammar/period.js";

Deno.test("every period has either days or hours, and holds today or ends just before it", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 40_000 }), (today) => {
    for (const name of PERIOD_NAMES) {
      const { days, lastHours } = periodRow(name);
      assert.equal(days === undefined, lastHours !== undefined, name);
      const [from, to] = days?.(today, today - 500) ?? [today, today + 1];
      assert.ok(from < to && from <= today && to > from, name);
      const ends = ["yesterday", "last_month"].includes(name) ? to <= today : to > today;
      assert.ok(ends, `${name} on ${dateOfDay(today)}`);
    }
  }));
});

Deno.test("periods have a key each, and no key twice", () => {
  const keys = PERIOD_NAMES.map((name) => periodRow(name).key).filter((key) => key !== undefined);
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(keys.every((key) => /^[a-z]$/.test(key)));
});

Deno.test("all has no days where the first event is not known", () => {
  assert.equal(periodRow("all").days?.(100, null), null);
  assert.deepEqual(periodRow("all").days?.(100, 7), [7, 101]);
  assert.deepEqual(periodRow("all").days?.(100, 107), [100, 101]);
});
