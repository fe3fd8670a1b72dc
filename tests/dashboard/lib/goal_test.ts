import assert from "node:assert/strict";
import { goalBody, goalValues } from "../../../dashboard/lib/goal.js";

const withoutNulls = (body: object) =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));

Deno.test("goalBody() restores a goal from its form fields", () => {
  const goals = [
    { name: "Prices", page: "/pricing" },
    { name: "Big sales", event: "purchase", min_revenue: 99.5, currency: "EUR" },
    { name: "Pro, yearly", event: "signup", props: { plan: "pro", term: "1, or more" } },
  ];
  for (const goal of goals) assert.deepEqual(withoutNulls(goalBody(goalValues(goal))), goal);
});

Deno.test("goalBody() says null for what was taken away, so that a change takes it away", () => {
  const body = goalBody({
    name: "a",
    kind: "page",
    what: "/a",
    props: " ",
    least: "",
    money: "EUR",
  });
  assert.deepEqual(body, {
    name: "a",
    page: "/a",
    event: null,
    props: null,
    min_revenue: null,
    currency: null,
  });
});
