import assert from "node:assert/strict";
import type { Event } from "../../../../src/core/event.ts";
import type { WhyAnswer } from "../../../../src/query/reports/change/why.ts";
import { pageview } from "../../../support/events.ts";
import { withQuestions } from "../../../support/numbers/questions.ts";

/** Two weeks of ten visits a day; in the second one Google sends half as many, and phones come. */
function twoWeeks(): Event[] {
  const events: Event[] = [];
  for (let day = 0; day < 14; day++) {
    const date = new Date(Date.UTC(2024, 1, 26 + day)).toISOString().slice(0, 10);
    const late = day >= 7;
    for (let n = 0; n < (late ? 20 : 30); n++) {
      const google = n < (late ? 10 : 20);
      events.push(pageview({
        at: `${date}T10:${String(n).padStart(2, "0")}`,
        visitor: `${day}-${n}`,
        referrer_source: google ? "Google" : "Bing",
        country_code: "DE",
        device_type: n % 10 < 5 ? "mobile" : "desktop",
      }));
    }
  }
  return events;
}

const WEEK = "&start_date=2024-03-04&end_date=2024-03-11&compare=previous_period&limit=100";

Deno.test("WHY names the value that a change comes from, surest first", async () => {
  await withQuestions({ events: twoWeeks(), now: "2024-03-12T09:00:00Z" }, async ({ get }) => {
    const { json } = await get("why", WEEK);
    const { total, results, meta }: WhyAnswer = json;
    assert.deepEqual([total?.now, total?.before, total?.within_noise], [140, 210, false]);
    assert.deepEqual(meta.comparison_range?.from, "2024-02-26T00:00:00.000Z");
    const [first] = results;
    assert.deepEqual(
      [first?.dimension, first?.value, first?.now, first?.before, first?.share],
      ["source", "Google", 70, 140, 1],
    );
    assert.equal(first?.within_noise, false);
    // A country that all have explains nothing, and Bing did not change.
    assert.ok(!results.some(({ dimension }) => dimension === "country"));
    assert.ok(!results.some(({ value }) => value === "Bing"));
    const devices = results.filter(({ dimension }) => dimension === "device");
    assert.deepEqual(devices.map(({ share }) => share), [0.5, 0.5]);
  });
});

Deno.test("WHY says of a rate what comes from rates and what from the mix", async () => {
  await withQuestions({ events: twoWeeks(), now: "2024-03-12T09:00:00Z" }, async ({ get }) => {
    const { json } = await get("why", `${WEEK}&metric=bounce_rate`);
    assert.deepEqual([json.total.now, json.total.within_noise], [1, true]);
    assert.deepEqual(json.results, []);
    const { json: none } = await get("why", "&period=7d");
    assert.deepEqual([none.total, none.results], [null, []]);
    const { status, json: refusal } = await get("why", `${WEEK}&metric=exit_rate`);
    assert.equal(status, 400);
    assert.match(refusal.error, /metric/);
  });
});

Deno.test("CHANGES judges every headline number, nothing without a comparison", async () => {
  await withQuestions({ events: twoWeeks(), now: "2024-03-12T09:00:00Z" }, async ({ get }) => {
    const { json } = await get("changes", WEEK);
    assert.equal(json.metrics.visitors.within_noise, false);
    assert.equal(json.metrics.bounce_rate.within_noise, true);
    assert.equal(json.metrics.visit_duration.difference, 0);
    assert.deepEqual((await get("changes", "&period=7d")).json, { metrics: {} });
    // A day is judged by its hours.
    const day = "&start_date=2024-03-04&end_date=2024-03-05&compare=previous_period";
    assert.equal((await get("changes", day)).json.metrics.visitors.difference, -10);
  });
});
