import assert from "node:assert/strict";
import { parseFilters, printFilters } from "../../../dashboard/grammar/filter.js";
import { filterOf, groupOf, isComplete, valuesOf } from "../../../dashboard/lib/filter_group.js";

Deno.test("groupOf() and filterOf() are each other's way back", () => {
  for (
    const text of [
      "is(page,/a)",
      "or(is(page,/a),contains(source,b))",
      "not(is(page,/a))",
      "has_done(or(is(name,x),is(name,y)))",
    ]
  ) {
    const [filter] = parseFilters(text).value ?? [];
    assert.ok(filter);
    const group = groupOf(filter);
    assert.ok(group, text);
    const back = filterOf(group);
    assert.equal(printFilters(back ? [back] : []), text);
  }
});

Deno.test("groupOf() is null for what is more than a group", () => {
  for (const text of ["and(is(a,1),is(b,2))", "or(is(a,1),not(is(b,2)))", "not(not(is(a,1)))"]) {
    const [filter] = parseFilters(text).value ?? [];
    assert.ok(filter);
    assert.equal(groupOf(filter), null, text);
  }
});

Deno.test("filterOf() of no condition is null", () => {
  assert.equal(filterOf({ mode: "", conditions: [] }), null);
});

Deno.test("isComplete() asks for what the operator takes", () => {
  const row = (values: string[], dimension = "page") => ({ op: "x", dimension, values });
  assert.ok(isComplete(row(["a"]), "some"));
  assert.ok(!isComplete(row([]), "some"));
  assert.ok(isComplete(row([]), "none"));
  assert.ok(isComplete(row(["-1.5"]), "number"));
  assert.ok(!isComplete(row(["a"]), "number"));
  assert.ok(!isComplete(row(["a"], ""), "some"));
});

Deno.test("valuesOf() has a filter for each value, also for those that are left out", () => {
  const filters = (text: string) => {
    const [filter] = parseFilters(text).value ?? [];
    assert.ok(filter);
    return valuesOf(filter).map((one) => printFilters([one.filter]));
  };
  assert.deepEqual(filters("is(os,Linux)"), []);
  assert.deepEqual(filters("is(os,Linux,Atlant)"), ["is(os,Linux)", "is(os,Atlant)"]);
  assert.deepEqual(filters("is_not(os,Atlant)"), ["is(os,Atlant)"]);
  assert.deepEqual(filters("or(contains=(page,a),is_set(goal),at_least(hour,3))"), [
    "contains=(page,a)",
  ]);
  assert.deepEqual(filters("not(or(is(os,a),matches_not(page,b)))"), [
    "is(os,a)",
    "matches(page,b)",
  ]);
  assert.deepEqual(filters("has_not_done(is(page,/a,/b))"), [
    "has_done(is(page,/a))",
    "has_done(is(page,/b))",
  ]);
});
