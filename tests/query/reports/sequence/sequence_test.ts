import assert from "node:assert/strict";
import { ENGINES } from "../../../../src/query/engine/choose.ts";
import { customEvent, pageview } from "../../../support/events.ts";
import { withQuestions } from "../../../support/numbers/questions.ts";

const at = (time: string) => `2024-03-10T${time}`;
const EVENTS = [
  pageview({ at: at("09:00:00"), visitor: "ann", page: "/a" }),
  pageview({ at: at("09:00:10"), visitor: "ann", page: "/b" }),
  pageview({ at: at("09:01:00"), visitor: "ann", page: "/a" }),
  pageview({ at: at("09:03:00"), visitor: "ann", page: "/b" }),
  pageview({ at: at("09:00:00"), visitor: "bob", page: "/a" }),
  pageview({ at: at("09:00:01"), visitor: "bob", page: "/help" }),
  pageview({ at: at("09:10:00"), visitor: "bob", page: "/b" }),
  pageview({ at: at("10:00:00"), visitor: "cid", page: "/b" }),
  pageview({ at: at("11:00:00"), visitor: "cid", page: "/a" }),
  customEvent({ at: at("11:00:00"), visitor: "dan" }),
];

Deno.test("SEQUENCES counts visitors who did steps in order", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const ask = async (query: string) =>
      ((await get("sequences", query)).json as { converting_visitors: number })
        .converting_visitors;
    assert.deepEqual((await get("sequences", "&steps=page:/a,page:/b")).json, {
      converting_visitors: 2,
      total_visitors: 4,
      conversion_rate: 0.5,
    });
    assert.equal(await ask("&steps=page:/a,within+1+minute,page:/b"), 1);
    assert.equal(await ask("&steps=page:/a,not+before+10+minutes,page:/b"), 1);
    assert.equal(await ask("&steps=page:/a,without+page:/help,page:/b"), 1);
    assert.equal(await ask("&steps=page:/a,immediately,page:/b"), 1);
    assert.equal(await ask("&steps=page:/a,page:/b&pattern=(?1).*(?t<=10)(?2)"), 1);
    assert.equal(await ask("&steps=page:/a,page:/b&pattern=(?1).*(?t>10)(?2)"), 2);
    assert.equal(await ask("&steps=page:/a,page:/b,page:/a,page:/b"), 1);
  });
});

Deno.test("SEQUENCES in detail counts visitors who began, and matches", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("sequences", "&steps=page:/a,page:/b&detail=true")).json, {
      converting_visitors: 2,
      total_visitors: 4,
      conversion_rate: 0.5,
      sequence: "page:/a,page:/b",
      steps: ["page:/a", "page:/b"],
      began_visitors: 3,
      rate_of_began: 2 / 3,
      beyond_ids: true,
      matches: 3,
    });
    const compared = await get("sequences", "&steps=page:/a,page:/b&compare=previous_period");
    const { meta, ...rest } = compared.json;
    assert.equal(meta.comparison_range.from, "2024-01-11T00:00:00.000Z");
    assert.deepEqual(rest, {
      converting_visitors: 2,
      total_visitors: 4,
      conversion_rate: 0.5,
      comparison: { converting_visitors: 0, total_visitors: 0, conversion_rate: 0 },
      change: { converting_visitors: null, total_visitors: null, conversion_rate: 0.5 },
    });
  });
});

Deno.test("SEQUENCES refuses what it cannot read and names the parameter", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const cases: [string, RegExp][] = [
      ["", /steps/],
      ["&steps=page:/a", /steps/],
      ["&steps=page:/a,within+1+hour", /steps/],
      ["&steps=immediately,page:/a,page:/b", /steps/],
      ["&steps=page:/a,within+1+year,page:/b", /steps/],
      ["&steps=page:/a,within+1+hour,not+before+2+hours,page:/b", /steps/],
      ["&steps=page:/a,page:/b&pattern=(?1).*(?3)", /pattern.*at character 7/],
      ["&steps=page:/a,page:/b&pattern=(?1", /pattern.*at character 1/],
      ["&steps=page:/a,page:/b&pattern=", /pattern/],
      [`&steps=${Array(21).fill("page:/a").join(",")}`, /steps/],
    ];
    for (const [query, named] of cases) {
      const { status, json: body } = await get("sequences", query);
      assert.equal(status, 400, query);
      assert.match((body as { error: string }).error, named);
    }
  });
});

Deno.test("SEQUENCES answers zeros without events and where it is off", async () => {
  const zeros = { converting_visitors: 0, total_visitors: 0, conversion_rate: 0 };
  await withQuestions({ events: [] }, async ({ get }) => {
    assert.deepEqual((await get("sequences", "&steps=page:/a,page:/b")).json, zeros);
    const { json: body } = await get("sequences", "&steps=page:/a,page:/b&detail=true");
    assert.equal((body as { matches: number }).matches, 0);
  });
  await withQuestions({ events: EVENTS, options: { engine: ENGINES.off } }, async ({ get }) => {
    assert.deepEqual((await get("sequences", "&steps=page:/a,page:/b")).json, zeros);
  });
});
