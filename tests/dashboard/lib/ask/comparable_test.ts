// The earlier range where the site's data begins within it: gaps, not zeros.
import assert from "node:assert/strict";
import { comparable } from "../../../../dashboard/lib/ask/comparable.js";

/** An answer about days or hours whose earlier buckets have these labels. */
function answerOf(buckets: readonly string[], from: string) {
  return {
    meta: {
      range: { from: "2026-11-01T00:00:00Z", to: "2026-12-01T00:00:00Z", timezone: "Europe/Paris" },
      comparison_range: { from: "2026-10-01T22:00:00.000Z", to: "2026-10-04T22:00:00.000Z" },
      data_from: from,
    },
    results: buckets.map((bucket) => ({
      comparison: { bucket, visitors: 0 },
      change: { visitors: 1 },
    })),
  };
}

/** The earlier visitors that are shown. */
function shown(buckets: readonly string[], from: string) {
  return comparable(answerOf(buckets, from)).results.map(({ comparison }) => comparison.visitors);
}

Deno.test("comparable: buckets that end before the data are unknown, others are kept", () => {
  const days = ["2026-10-02", "2026-10-03", "2026-10-04"];
  // 00:30 of October 4 in Paris.
  assert.deepEqual(shown(days, "2026-10-03T22:30:00.000Z"), [null, null, 0]);
  assert.deepEqual(shown(days, "2026-10-01T23:00:00.000Z"), [0, 0, 0]);
  assert.deepEqual(shown(days, "2026-10-09T00:00:00.000Z"), [null, null, null]);
  const hours = ["2026-10-04 10:00", "2026-10-04 11:00", "2026-10-04 12:00"];
  assert.deepEqual(shown(hours, "2026-10-04T09:20:00.000Z"), [null, 0, 0]);
});

Deno.test("comparable: labels of what is unknown stay; without data_from nothing changes", () => {
  const answer = answerOf(["2026-10-02"], "2026-10-09T00:00:00.000Z");
  const [row] = comparable(answer).results;
  assert.deepEqual(row, {
    comparison: { bucket: "2026-10-02", visitors: null },
    change: { visitors: null },
  });
  const { data_from: _, ...meta } = answer.meta;
  const whole = { ...answer, meta };
  assert.equal(comparable(whole), whole);
});
