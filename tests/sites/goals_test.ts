import assert from "node:assert/strict";
import { faultsOfGoal, filterOfGoal } from "../../src/sites/goals.ts";
import { printFilter } from "../../dashboard/grammar/filter.js";
import { pageview } from "../support/events.ts";
import { withQuestions } from "../support/numbers/questions.ts";
import { checkFilter, STANDARD_SETTINGS } from "../../src/query/parse.ts";
import { valueOf } from "../support/parsed.ts";

Deno.test("filterOfGoal() says what the goal says", () => {
  assert.equal(
    printFilter(filterOfGoal({ name: "x", page: "/thanks" })),
    "and(is(name,pageview),is(page,/thanks))",
  );
  assert.equal(
    printFilter(
      filterOfGoal({ name: "x", event: "Buy", props: { plan: "pro" }, min_revenue: 9.5 }),
    ),
    "and(is(name,Buy),is(props:plan,pro),at_least(revenue,9.5))",
  );
});

Deno.test("filterOfGoal() takes * within a folder and ** through all of them", async () => {
  const paths = ["/blog", "/blog/a", "/blog/a/b", "/blog/a.b", "/blogs/a", "/blog/"];
  const events = paths.map((page, index) =>
    pageview({ at: "2024-03-10T10:00", visitor: `v${index}`, page })
  );
  const met = async (page: string) => {
    const goals = [{
      name: "g",
      filter: valueOf(checkFilter(filterOfGoal({ name: "g", page }), STANDARD_SETTINGS)),
    }];
    const found: string[] = [];
    await withQuestions({ events, settings: { goals } }, async ({ get }) => {
      const { json } = await get("breakdown/pages", "&period=day&filters=is(goal,g)");
      found.push(...json.map((row: { value: string }) => row.value));
    });
    return found.sort();
  };
  assert.deepEqual(await met("/blog/*"), ["/blog/", "/blog/a", "/blog/a.b"]);
  assert.deepEqual(await met("/blog/**"), ["/blog/", "/blog/a", "/blog/a.b", "/blog/a/b"]);
  assert.deepEqual(await met("/blog/a.b"), ["/blog/a.b"]);
  assert.deepEqual(await met("**.b"), ["/blog/a.b"]);
  assert.deepEqual(await met("/blog*/a"), ["/blog/a", "/blogs/a"]);
});

Deno.test("faultsOfGoal() names what is missing, wrong or too much", () => {
  const wrong: readonly [Record<string, unknown>, RegExp][] = [
    [{ name: "x" }, /^page: it and event are missing/],
    [{ name: "x", page: "/", event: "Buy" }, /only one of page and event/],
    [{ name: "x", page: "" }, /^page/],
    [{ name: "x", event: "x".repeat(257) }, /^event/],
    [{ name: "x", event: "a", props: ["a"] }, /^props/],
    [{ name: "x", event: "a", props: { a: 1 } }, /^props/],
    [{ name: "x", event: "a", min_revenue: -1 }, /^min_revenue/],
    [{ name: "x", event: "a", min_revenue: 1, currency: "euro" }, /^currency/],
    [{ name: "x", event: "a", currency: "EUR" }, /^currency: min_revenue is missing/],
    [{ name: "x", event: "a", colour: "red" }, /^colour/],
  ];
  for (const [goal, message] of wrong) assert.match(faultsOfGoal(goal).list[0] ?? "", message);
  assert.deepEqual(
    faultsOfGoal({ name: "x", event: "a", min_revenue: 1, currency: "EUR" }).list,
    [],
  );
});
