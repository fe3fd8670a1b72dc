import assert from "node:assert/strict";
import { STANDARD_SETTINGS } from "../../../../src/query/parse.ts";
import { earlierRange, scopeOf } from "../../../../src/query/formats/umami/umami.ts";

/** The earlier range as local times, both ends included. */
function earlier(startAt: string, endAt: string, compare: string, timezone: string): string[] {
  const params = new URLSearchParams({
    startAt: String(Date.parse(startAt)),
    endAt: String(Date.parse(endAt)),
    compare,
    timezone,
  });
  const scope = scopeOf(params, "example.com", 0, STANDARD_SETTINGS);
  const { fromUs, toUs } = earlierRange(scope, params);
  return [fromUs, toUs - 1000].map((us) => new Date(us / 1000).toISOString());
}

Deno.test("earlierRange() is the range before, or a calendar year earlier in the zone", () => {
  assert.deepEqual(
    earlier("2024-03-10T00:00:00Z", "2024-03-10T23:59:59.999Z", "prev", "UTC"),
    ["2024-03-09T00:00:00.000Z", "2024-03-09T23:59:59.999Z"],
  );
  // The last day of February is the last day of February, wherever it is.
  assert.deepEqual(
    earlier("2024-02-29T00:00:00Z", "2024-02-29T23:59:59.999Z", "yoy", "UTC"),
    ["2023-02-28T00:00:00.000Z", "2023-02-28T23:59:59.999Z"],
  );
  assert.deepEqual(
    earlier("2024-02-28T15:00:00Z", "2024-02-29T14:59:59.999Z", "yoy", "Asia/Tokyo"),
    ["2023-02-27T15:00:00.000Z", "2023-02-28T14:59:59.999Z"],
  );
});
