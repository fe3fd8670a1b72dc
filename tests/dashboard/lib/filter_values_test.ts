import assert from "node:assert/strict";
import { parseFilters, printFilters } from "../../../dashboard/grammar/filter.js";
import { hasValue, withoutValue, withValue } from "../../../dashboard/lib/filter_values.js";

const keep = { dimension: "page", op: "is", opposite: "is_not" };

Deno.test("withValue() joins the condition on the dimension and drops what contradicts it", () => {
  const one = withValue([], { ...keep, value: "/a" });
  const two = withValue(one, { ...keep, value: "/b" });
  assert.equal(printFilters(two), "is(page,/a,/b)");
  assert.equal(printFilters(withValue(two, { ...keep, value: "/b" })), "is(page,/a,/b)");
  const not = parseFilters("is_not(page,/a)").value ?? [];
  assert.equal(printFilters(withValue(not, { ...keep, value: "/a" })), "is(page,/a)");
  assert.equal(
    printFilters(withValue(not, { ...keep, value: "/b" })),
    "is_not(page,/a);is(page,/b)",
  );
});

Deno.test("withoutValue() takes one value away, and an empty condition with it", () => {
  const two = parseFilters("is(page,/a,/b);is(source,x)").value ?? [];
  assert.ok(hasValue(two, "is", "page", "/b"));
  const one = withoutValue(two, "is", "page", "/b");
  assert.equal(printFilters(one), "is(page,/a);is(source,x)");
  assert.equal(printFilters(withoutValue(one, "is", "page", "/a")), "is(source,x)");
});
