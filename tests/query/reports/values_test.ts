import assert from "node:assert/strict";
import { pageview } from "../../support/events.ts";
import { DIMENSIONS } from "../../../src/query/dimensions.ts";
import { isIntervalName } from "../../../src/query/parse.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

const EVENTS = [
  pageview({ at: "2024-03-10T10:00", visitor: "a", browser: "Chrome", props: '{"plan":"pro"}' }),
  pageview({
    at: "2024-03-10T10:00",
    visitor: "b",
    browser: "Chromium",
    props: '{"plan":"x","n":1}',
  }),
  pageview({ at: "2024-03-10T10:00", visitor: "c", browser: "Chrome", props: "broken" }),
  pageview({ at: "2024-03-10T10:00", visitor: "d", browser: "100%", props: '["list"]' }),
];

Deno.test("VALUES lists what contains the text, in any case, most visitors first", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const values = async (query: string) => (await get("values", query)).json;
    assert.deepEqual(await values("&dimension=browser&text=CHROM"), [
      { value: "Chrome", visitors: 2 },
      { value: "Chromium", visitors: 1 },
    ]);
    assert.deepEqual(await values("&dimension=browser&text=%25"), [{ value: "100%", visitors: 1 }]);
    assert.deepEqual(await values("&dimension=browser&limit=1"), [{
      value: "Chrome",
      visitors: 2,
    }]);
    assert.deepEqual(
      await values("&dimension=browser&filters=is(props:plan,x)"),
      [{ value: "Chromium", visitors: 1 }],
    );
  });
});

Deno.test("VALUES lists keys of properties, also with invalid JSON in the column", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("values", "&dimension=props")).json, [
      { value: "plan", visitors: 2 },
      { value: "n", visitors: 1 },
    ]);
    assert.deepEqual((await get("values", "&dimension=props&text=PL")).json, [
      { value: "plan", visitors: 2 },
    ]);
  });
});

Deno.test("VALUES refuses buckets of time, and answers every other dimension", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    for (const dimension of [...Object.keys(DIMENSIONS), "props:plan"]) {
      for (const text of ["", "&text=1"]) {
        const { status, json } = await get("values", `&dimension=${dimension}${text}`);
        assert.equal(status, isIntervalName(dimension) ? 400 : 200, dimension);
        if (status === 400) assert.match(json.error, /dimension: \w+ is a bucket of time/);
      }
    }
  });
});

Deno.test("VALUES refuses a dimension that is missing or unknown", async () => {
  await withQuestions({ events: [] }, async ({ get }) => {
    assert.equal((await get("values")).status, 400);
    assert.match((await get("values", "&dimension=colour")).json.error, /dimension/);
    assert.equal((await get("values", `&dimension=page&text=${"x".repeat(3000)}`)).status, 400);
  });
});
