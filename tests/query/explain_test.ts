import assert from "node:assert/strict";
import { pageview } from "../support/events.ts";
import { withQuestions } from "../support/numbers/questions.ts";

const EVENTS = [pageview({ at: "2024-03-10T10:00", page: "/secret" })];

Deno.test("explained() returns statements, values and plan if allowed", async () => {
  await withQuestions({ events: EVENTS, options: { explain: true } }, async ({ get }) => {
    const { json } = await get("main", "&period=day&filters=is(page,/secret)&explain=1");
    assert.equal(json.answer.unique_visitors, 1);
    const [statement] = json.statements;
    assert.match(statement.sql, /^with "range_events" as/);
    assert.ok(!statement.sql.includes("/secret"));
    assert.ok(JSON.stringify(statement.values).includes("/secret"));
    assert.match(statement.plan, /PROJECTION/);
    assert.equal(statement.rows, 1);
  });
});

Deno.test("explain=1 is ignored if not allowed", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { json } = await get("main", "&period=day&explain=1");
    assert.equal(json.statements, undefined);
    assert.equal(json.unique_visitors, 1);
  });
});
