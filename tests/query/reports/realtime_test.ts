import assert from "node:assert/strict";
import { pageview } from "../../support/events.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

Deno.test("REALTIME counts the last 5 and 30 minutes to the microsecond", async () => {
  const events = [
    pageview({ at: "2024-03-10T15:00:20", visitor: "now", country_code: "DE" }),
    pageview({ at: "2024-03-10T14:55:30.000000", visitor: "five", page: "/x" }),
    pageview({ at: "2024-03-10T14:55:29.999999", visitor: "older", page: "/x" }),
    pageview({ at: "2024-03-10T14:30:30", visitor: "thirty" }),
    pageview({ at: "2024-03-10T14:30:29.999999", visitor: "gone" }),
  ];
  await withQuestions({ events, now: "2024-03-10T15:00:30Z" }, async ({ get, clock }) => {
    const { json } = await get("realtime");
    assert.equal(json.visitors_5, 2);
    assert.equal(json.visitors_30, 4);
    assert.equal(json.per_minute.length, 30);
    assert.deepEqual(json.per_minute.at(-1), {
      minute: "2024-03-10 15:00",
      visitors: 1,
      pageviews: 1,
    });
    assert.equal(json.per_minute[0].minute, "2024-03-10 14:31");
    assert.deepEqual(json.pages, [
      { value: "/x", visitors: 2, pageviews: 2 },
      { value: "/", visitors: 1, pageviews: 1 },
    ]);
    assert.deepEqual(json.countries[0], { value: "(not set)", visitors: 2, pageviews: 2 });
    clock.advance(10 * 60_000);
    assert.equal((await get("realtime")).json.visitors_5, 0);
    assert.equal((await get("realtime", "&filters=is(page,/x)")).json.visitors_30, 2);
  });
});
