import assert from "node:assert/strict";
import { filterOfGoal } from "../../src/sites/goals.ts";
import { checkFilter, STANDARD_SETTINGS } from "../../src/query/parse.ts";
import { pageview } from "../support/events.ts";
import { withQuestions } from "../support/numbers/questions.ts";

/** As older programs stored it, in files; the last as it is stored now, not yet in a file. */
const SPELLINGS = ["/caf%C3%A9%20x", "/caf%c3%a9%20x", "/%63af%C3%A9%20x", "/café%20x"];
const EVENTS = [...SPELLINGS, "/next", "/100%25"].flatMap((page, index) => [
  pageview({ at: `2024-03-10T1${index}:00`, visitor: `v${index}`, page }),
  pageview({ at: `2024-03-10T1${index}:01`, visitor: `v${index}`, page: "/last" }),
]);
const COLD = 6 / EVENTS.length;

/** One page, as people, browsers and other tools write it. */
const WRITTEN = ["/café x", "/caf%C3%A9%20x", "/caf%c3%a9 x", "/%63afé%20x"];

Deno.test("the spelling of a page makes no difference to any question about it", async () => {
  const goal = checkFilter(filterOfGoal({ name: "café", page: "/caf%c3%a9*" }), STANDARD_SETTINGS);
  assert.equal(goal.fault, undefined);
  const settings = { goals: [{ name: "café", filter: goal.value }] };
  await withQuestions({ events: EVENTS, coldShare: COLD, settings }, async ({ get }) => {
    const ask = async (path: string, query: string) => {
      const { status, json } = await get(path, query);
      assert.equal(status, 200, `${query}: ${JSON.stringify(json)}`);
      return json;
    };
    const visitors = async (filters: string) =>
      (await ask("main", `&filters=${encodeURIComponent(filters)}`)).unique_visitors;
    for (const page of WRITTEN) {
      assert.equal(await visitors(`is(page,${page})`), 4, page);
      assert.equal(await visitors(`is_not(page,${page},/last)`), 2, page);
      assert.equal(await visitors(`is(entry_page,${page})`), 4, page);
      assert.equal(await visitors(`contains(page,${page})`), 4, page);
      assert.equal(await visitors(`starts_with(exit_page,${page})`), 0, page);
      assert.equal(await visitors(`has_done(is(page,${page}))`), 4, page);
      const text = encodeURIComponent(page);
      assert.deepEqual(await ask("funnel", `&steps=page:${text},page:/last`), [
        { step: 1, visitors: 4 },
        { step: 2, visitors: 4 },
      ]);
      assert.deepEqual(await ask("flow", `&page=${text}`), [{ next_page: "/last", visitors: 4 }]);
      assert.deepEqual(await ask("values", `&dimension=page&text=${text}`), [
        { value: "/café%20x", visitors: 4 },
      ]);
      const found = await ask("query", `&metrics=visitors&dimensions=page&search=${text}`);
      assert.equal(found.results.length, 1, page);
    }
    for (const pattern of ["/café.*", "/caf%C3%A9%20x$", "%c3%a9"]) {
      assert.equal(await visitors(`matches(page,${pattern})`), 4, pattern);
    }
    assert.equal(await visitors("is(goal,café)"), 4);
    assert.equal(await visitors("contains(page,%25)"), 1);
    assert.deepEqual(await ask("funnel", "&steps=page:/caf%25C3%25A9*"), [
      { step: 1, visitors: 4 },
    ]);
    const pages = await ask("breakdown/pages", "");
    assert.deepEqual(
      pages.map(({ value, visitors }: Record<string, unknown>) => [value, visitors]),
      [["/last", 6], ["/café%20x", 4], ["/100%25", 1], ["/next", 1]],
    );
  });
});
