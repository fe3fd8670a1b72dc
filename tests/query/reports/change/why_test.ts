import assert from "node:assert/strict";
import type { Event } from "../../../../src/core/event.ts";
import type { WhyAnswer } from "../../../../src/query/reports/change/why.ts";
import { customEvent, pageview } from "../../../support/events.ts";
import { OF_MANY } from "../../../../src/query/reports/change/spread.ts";
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

/** The same two weeks with orders: who comes from Google buys half as often in the second one. */
function withOrders(): Event[] {
  const orders = twoWeeks().filter(({ referrer_source, visitor_id }) => {
    const [day = 0, n = 0] = visitor_id.split("-").map(Number);
    return referrer_source === "Bing" || n % (day >= 7 ? 4 : 2) === 0;
  });
  return [
    ...twoWeeks(),
    ...orders.map(({ timestamp, visitor_id, event_name: _, ...visit }) =>
      customEvent({
        ...visit,
        at: timestamp + 1_000_000,
        visitor: visitor_id,
        name: "purchase",
        revenue_amount: visit.referrer_source === "Bing" ? 1000 : 3000,
        revenue_currency: "EUR",
      })
    ),
  ];
}

const SHOP = {
  events: withOrders(),
  now: "2024-03-12T09:00:00Z",
  settings: {
    goals: [{
      name: "Purchase",
      filter: { op: "is", dimension: "name", values: ["purchase"] },
    }],
  },
} as const;

Deno.test("WHY splits a conversion rate into rates and mix of all visitors", async () => {
  await withQuestions(SHOP, async ({ get }) => {
    const goal = `${WEEK}&filters=is(goal,Purchase)`;
    const { json } = await get("why", `${goal}&metric=conversion_rate`);
    const { total, results }: WhyAnswer = json;
    // Of Google 3 of 10 a day instead of 10 of 20; of Bing all.
    assert.deepEqual([total?.now, total?.before, total?.within_noise], [13 / 20, 20 / 30, true]);
    const sources = results.filter(({ dimension }) => dimension === "source");
    const google = sources.find(({ value }) => value === "Google");
    assert.deepEqual([google?.now, google?.before, google?.within_noise], [0.3, 0.5, true]);
    assert.deepEqual([google?.weight_now, google?.weight_before], [0.5, 2 / 3]);
    const near = (found: number | undefined, expected: number) =>
      assert.ok(Math.abs((found ?? NaN) - expected) < 1e-12, `${found} is not ${expected}`);
    near(google?.rate, (1 / 2 + 2 / 3) / 2 * (0.3 - 0.5));
    near(sources.reduce((all, { difference }) => all + difference, 0), 13 / 20 - 20 / 30);
    // Those who did not convert are of the rate, too: without them each would be 1.
    assert.equal(sources.find(({ value }) => value === "Bing")?.now, 1);
  });
});

Deno.test("WHY tells what revenue comes from, and judges it by the squares of orders", async () => {
  await withQuestions(SHOP, async ({ get }) => {
    const { json } = await get("why", `${WEEK}&metric=total_revenue`);
    const { total, results, currency }: WhyAnswer = json;
    assert.equal(currency, "EUR");
    // Of Google 3 instead of 10 orders of 30 a day; of Bing 10 of 10.
    assert.deepEqual([total?.now, total?.before, total?.within_noise], [1330, 2800, false]);
    assert.deepEqual(total?.extra, 0);
    const [first] = results;
    assert.deepEqual(
      [first?.dimension, first?.value, first?.now, first?.before, first?.share],
      ["source", "Google", 630, 2100, 1],
    );
    const spread = OF_MANY * Math.sqrt((21 + 70) * 30 ** 2);
    assert.ok(Math.abs((first?.high ?? 0) - (spread - 1470)) < 1e-9);
    assert.ok(!results.some(({ value }) => value === "Bing"));
    const none = await get("why", `${WEEK}&metric=total_revenue&filters=is(name,pageview)`);
    assert.deepEqual([none.json.total, none.json.results], [null, []]);
  });
});

Deno.test("CHANGES judges what it is asked for: conversions, revenue, pages", async () => {
  await withQuestions(SHOP, async ({ get }) => {
    const names = "conversion_rate,total_revenue,exit_rate,time_on_page,scroll_depth";
    const ask = async (more: string) =>
      (await get("changes", `${WEEK}&metrics=${names}${more}`)).json.metrics;
    const all = await ask("");
    assert.deepEqual(Object.keys(all), names.split(","));
    assert.deepEqual([all.conversion_rate.now, all.conversion_rate.within_noise], [1, true]);
    assert.equal(all.total_revenue.currency, "EUR");
    assert.deepEqual([all.exit_rate.now, all.exit_rate.before], [1, 1]);
    // Nobody was seen to scroll.
    assert.equal(all.scroll_depth, null);
    const goal = await ask("&filters=is(goal,Purchase);is(source,Google)");
    assert.deepEqual([goal.conversion_rate.now, goal.conversion_rate.before], [0.3, 0.5]);
    assert.equal(goal.conversion_rate.within_noise, false);
    const { status, json } = await get("changes", `${WEEK}&metrics=percentage`);
    assert.equal(status, 400);
    assert.match(json.error, /Cannot judge metrics: "percentage"/);
  });
});
