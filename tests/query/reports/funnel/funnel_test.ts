import assert from "node:assert/strict";
import type { Event } from "../../../../src/core/event.ts";
import type { Row } from "../../../../src/storage/duckdb.ts";
import { DIMENSIONS } from "../../../../src/query/dimensions.ts";
import { shapeFunnel } from "../../../../src/query/reports/funnel/funnel.ts";
import { ENGINES } from "../../../../src/query/engine/choose.ts";
import { customEvent, pageview } from "../../../support/events.ts";
import { withQuestions } from "../../../support/numbers/questions.ts";

const at = (time: string) => `2024-03-10T${time}`;
const EVENTS = [
  pageview({ at: at("09:00:00"), visitor: "ann", page: "/", country_code: "DE" }),
  pageview({ at: at("09:01:00"), visitor: "ann", page: "/pricing", country_code: "DE" }),
  customEvent({ at: at("09:04:00"), visitor: "ann", page: "/pricing", country_code: "DE" }),
  pageview({ at: at("09:00:00"), visitor: "bob", page: "/", country_code: "FR" }),
  pageview({ at: at("09:00:30"), visitor: "bob", page: "/pricing", country_code: "FR" }),
  pageview({ at: at("09:02:00"), visitor: "bob", page: "/help", country_code: "FR" }),
  pageview({ at: at("10:00:00"), visitor: "cid", page: "/", country_code: "DE" }),
  pageview({ at: at("11:00:00"), visitor: "cid", page: "/pricing", country_code: "DE" }),
  pageview({ at: at("10:00:00"), visitor: "dan", page: "/pricing" }),
  pageview({ at: at("10:01:00"), visitor: "dan", page: "/" }),
];
const STEPS = "&steps=page:/,page:/pricing,event:signup";

Deno.test("FUNNEL lists every step with the visitors who reached it", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const ask = async (query: string) => (await get("funnel", query)).json;
    assert.deepEqual(await ask(STEPS), [
      { step: 1, visitors: 4 },
      { step: 2, visitors: 3 },
      { step: 3, visitors: 1 },
    ]);
    assert.deepEqual(await ask(`${STEPS}&window=59+minutes`), [
      { step: 1, visitors: 4 },
      { step: 2, visitors: 2 },
      { step: 3, visitors: 1 },
    ]);
    assert.deepEqual(await ask(`${STEPS}&window=1+Hour`), [
      { step: 1, visitors: 4 },
      { step: 2, visitors: 3 },
      { step: 3, visitors: 1 },
    ]);
    assert.deepEqual(await ask(`${STEPS}&start_date=2024-03-01&end_date=2024-03-09`), [
      { step: 1, visitors: 0 },
      { step: 2, visitors: 0 },
      { step: 3, visitors: 0 },
    ]);
    assert.deepEqual(await ask("&steps=page:/,page:/pricing&order=any_order"), [
      { step: 1, visitors: 4 },
      { step: 2, visitors: 4 },
    ]);
    assert.deepEqual(await ask("&steps=page:/,page:/help&order=consecutive"), [
      { step: 1, visitors: 4 },
      { step: 2, visitors: 0 },
    ]);
    assert.deepEqual(await ask("&steps=page:/pricing,page:/*&filters=is(country,FR)"), [
      { step: 1, visitors: 1 },
      { step: 2, visitors: 1 },
    ]);
  });
});

Deno.test("FUNNEL in detail returns rates, times, next pages and values", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { json: body } = await get("funnel", `${STEPS}&detail=true&by=country`);
    assert.deepEqual(body, {
      order: "in_order",
      window_secs: 86400,
      beyond_ids: false,
      visitors: 4,
      converted: 1,
      conversion_rate: 0.25,
      steps: [
        {
          step: 1,
          name: "page:/",
          visitors: 4,
          rate_from_first: 1,
          rate_from_previous: 1,
          dropped: 0,
          median_secs: null,
          p90_secs: null,
          went_to: [{ page: null, visitors: 1 }],
        },
        {
          step: 2,
          name: "page:/pricing",
          visitors: 3,
          rate_from_first: 0.75,
          rate_from_previous: 0.75,
          dropped: 1,
          median_secs: 60,
          p90_secs: 2892,
          went_to: [{ page: "/help", visitors: 1 }, { page: null, visitors: 1 }],
        },
        {
          step: 3,
          name: "event:signup",
          visitors: 1,
          rate_from_first: 0.25,
          rate_from_previous: 1 / 3,
          dropped: 2,
          median_secs: 180,
          p90_secs: 180,
          went_to: [],
        },
      ],
      by: "country",
      values: [
        { value: "DE", visitors: [2, 2, 1], conversion_rate: 0.5 },
        { value: DIMENSIONS.country.missing, visitors: [1, 0, 0], conversion_rate: 0 },
        { value: "FR", visitors: [1, 1, 0], conversion_rate: 0 },
      ],
    });
    const hourly = await get("funnel", `${STEPS}&detail=true&by=hour`);
    assert.deepEqual((hourly.json as { values: unknown[] }).values, [
      { value: "2024-03-10 09:00", visitors: [2, 2, 1], conversion_rate: 0.5 },
      { value: "2024-03-10 10:00", visitors: [2, 1, 0], conversion_rate: 0 },
    ]);
    const entry = await get("funnel", "&steps=page:/&detail=true&by=visit:entry_page");
    assert.deepEqual((entry.json as { values: unknown[] }).values, [
      { value: "/", visitors: [3], conversion_rate: 1 },
      { value: "/pricing", visitors: [1], conversion_rate: 1 },
    ]);
  });
});

Deno.test("FUNNEL takes goals as steps and compares with an earlier range", async () => {
  const settings = {
    goals: [{
      name: "Signed up, paid",
      filter: { op: "is" as const, dimension: "name" as const, values: ["signup"] },
    }],
  };
  await withQuestions({ events: EVENTS, settings }, async ({ get }) => {
    const goal = await get(
      "funnel",
      "&steps=page:/,goal:Signed+up%5C,+paid&compare=previous_period",
    );
    assert.deepEqual(goal.json, [
      { step: 1, visitors: 4, comparison: { step: 1, visitors: 0 }, change: { visitors: null } },
      { step: 2, visitors: 1, comparison: { step: 2, visitors: 0 }, change: { visitors: null } },
    ]);
    const unknown = await get("funnel", "&steps=goal:nothing");
    assert.equal(unknown.status, 400);
    assert.match(JSON.stringify(unknown.json), /steps.*no goal \\"nothing\\"/);
  });
});

/** Ten visitors in each of two weeks, of whom so many do a second thing. */
function rates(page: string, second: string, now: number, before: number): Event[] {
  return [["2024-03-05", now], ["2024-02-27", before]].flatMap(([date, many]) =>
    Array.from({ length: 10 }, (_, n) => {
      const visitor = `${date} ${n}`;
      const first = pageview({ at: `${date}T10:00:00`, visitor, page });
      const then = pageview({ at: `${date}T10:01:00`, visitor, page: second });
      return n < Number(many) ? [first, then] : [first];
    }).flat()
  );
}

Deno.test("FUNNEL judges the change of rates by the interval of two proportions", async () => {
  const now = "2024-03-11T00:00:00Z";
  await withQuestions({ events: rates("/a", "/b", 9, 3), now }, async ({ get }) => {
    const week = "&start_date=2024-03-04&end_date=2024-03-11&compare=previous_period&detail=true";
    for (const [report, list] of [["funnel", "0"], ["sequences", "rate_of_began"]] as const) {
      const { json } = await get(report, `${week}&steps=page:/a,page:/b`);
      const { difference, low, high, within_noise } = json.verdicts[list];
      assert.deepEqual([difference.toFixed(4), within_noise], ["0.6000", false], report);
      // As Newcombe printed it of 9/10 - 3/10.
      assert.deepEqual([low.toFixed(4), high.toFixed(4)], ["0.1705", "0.8090"], report);
    }
    const { json } = await get("funnel", `${week}&steps=page:/b,page:/b`);
    assert.equal(json.verdicts.length, 1);
    const none = await get("funnel", `${week}&steps=page:/none,page:/b`);
    assert.deepEqual(none.json.verdicts, [null]);
  });
});

Deno.test("FUNNEL refuses what it cannot read and names the parameter", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const long = "x".repeat(257);
    const cases: [string, RegExp][] = [
      ["", /steps/],
      ["&steps=", /steps/],
      ["&steps=page:/a,,page:/b", /steps/],
      ["&steps=home", /steps/],
      ["&steps=page:", /steps/],
      [`&steps=event:${long}`, /steps/],
      [`&steps=page:/${"x".repeat(2048)}`, /steps/],
      [`&steps=${Array(21).fill("page:/a").join(",")}`, /steps/],
      ["&steps=event:buy[amount>x]", /steps/],
      [`${STEPS}&window=0+seconds`, /window/],
      [`${STEPS}&window=1+month`, /window/],
      [`${STEPS}&window=367+days`, /window/],
      [`${STEPS}&window=day`, /window/],
      [`${STEPS}&window=-1+day`, /window/],
      [`${STEPS}&window=1.5+days`, /window/],
      [`${STEPS}&order=strict`, /order/],
      [`${STEPS}&detail=maybe`, /detail/],
      [`${STEPS}&by=country`, /by/],
      [`${STEPS}&detail=true&by=colour`, /by/],
    ];
    for (const [query, named] of cases) {
      const { status, json: body } = await get("funnel", query);
      assert.equal(status, 400, query);
      assert.match((body as { error: string }).error, named);
    }
    const full = Array.from({ length: 20 }, (_, index) => `page:/${index}`).join(",");
    assert.equal(((await get("funnel", `&steps=${full}`)).json as unknown[]).length, 20);
  });
});

Deno.test("FUNNEL answers an empty list where behavioral reports are off", async () => {
  await withQuestions({ events: EVENTS, options: { engine: ENGINES.off } }, async ({ get }) => {
    assert.deepEqual((await get("funnel", STEPS)).json, []);
    const { json: body } = await get("funnel", `${STEPS}&detail=true`);
    assert.equal((body as { visitors: number }).visitors, 0);
  });
});

Deno.test("shapeFunnel() counts visitors of later steps in earlier ones", () => {
  const rows: Row[] = [{ reached: 3, visitors: 5 }, { reached: 1, visitors: 2 }];
  assert.deepEqual(shapeFunnel(rows, 4).map((row) => row.visitors), [7, 5, 5, 0]);
});
