import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { DAY_MS } from "../../src/core/durations.ts";
import { ID_DAYS, periodOf, startOfPeriod } from "../../src/sites/id_period.ts";
import { SITE_SETTINGS } from "../../src/sites/settings.ts";

Deno.test("periodOf() and startOfPeriod() cut time into whole UTC days without a gap", () => {
  for (const days of ID_DAYS) {
    for (let day = -40; day < 400; day++) {
      const atMs = Date.UTC(2024, 0, 1) + day * DAY_MS + day * 1_234_567 % DAY_MS;
      const period = periodOf(atMs, days);
      equal(startOfPeriod(period + 1, days) - startOfPeriod(period, days), days * DAY_MS);
      equal(startOfPeriod(period, days) <= atMs && atMs < startOfPeriod(period + 1, days), true);
      equal(startOfPeriod(period, days) % DAY_MS, 0);
      equal(periodOf(startOfPeriod(period, days), days), period);
      equal(periodOf(startOfPeriod(period, days) - 1, days), period - 1);
    }
  }
});

Deno.test("startOfPeriod() begins a period of 7 days on a Monday, as a week of retention", () => {
  for (const date of ["1970-01-05", "2024-01-01", "2024-02-29", "2026-12-31"]) {
    const start = startOfPeriod(periodOf(Date.parse(date), 7), 7);
    equal(new Date(start).getUTCDay(), 1, date);
  }
});

Deno.test("ID_DAYS are what a site may be set to", () => {
  const { check } = SITE_SETTINGS.visitor_id_days;
  const allowed = Array.from({ length: 400 }, (_, days) => days).filter((days) =>
    check(days) === null
  );
  deepEqual(allowed, [...ID_DAYS]);
});
