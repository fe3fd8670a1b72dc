import assert from "node:assert/strict";
import {
  faultOfFilterSize,
  goalsMeant,
  instructionsOf,
} from "../../../src/query/budget/filter_size.ts";
import type { CheckedFilter, QueryGoal } from "../../../src/query/query.ts";

const matches = (...values: string[]): CheckedFilter => ({
  op: "matches",
  dimension: "page",
  values,
});
const is = (count: number): CheckedFilter => ({
  op: "is",
  dimension: "page",
  values: Array.from({ length: count }, (_, index) => String(index)),
});

Deno.test("instructionsOf() counts repeats of repeats, classes and foreign letters", () => {
  const cases: [string, number][] = [
    ["abc", 3],
    ["a{100}", 100],
    ["(a{30}){30}", (30 + 2) * 30],
    ["((a{10}){10}){10}", ((10 + 2) * 10 + 2) * 10],
    ["a{2,}", 3],
    ["a{,5}", 5],
    [".{9}", 90],
    ["\\pL{10}", 4000],
    ["\\p{L}", 400],
    ["[\\pL]{10}", 4100],
    ["(?i)ab", 2 * (2 + 2 + 2)],
    ["é", 4],
    ["[", 10],
    ["(((", 0],
    [")))", 6],
    ["\\", 5],
  ];
  for (const [pattern, least] of cases) {
    const found = instructionsOf(pattern);
    assert.ok(found >= least && found <= 10 * least + 10, `${pattern}: ${found}`);
  }
});

Deno.test("instructionsOf() takes no time for any pattern of the longest length", () => {
  for (const unit of ["(", "[", "\\", "{9}", "(a{9}){9}", "[[:", "a{999999999}"]) {
    assert.ok(instructionsOf(unit.repeat(Math.ceil(2048 / unit.length))) >= 0);
  }
});

Deno.test("faultOfFilterSize() allows what people write and bounds the rest", () => {
  const fine = [
    null,
    matches("^/blog/[0-9]{4}/.*", "\\.(pdf|zip)$", "(?i)^/(de|en)/produkte?/\\p{L}+"),
    matches(...Array.from({ length: 20 }, (_, index) => `^/page-${index}$`)),
    is(200),
  ];
  for (const filter of fine) assert.equal(faultOfFilterSize(filter), null);
  const and = (count: number, part: CheckedFilter): CheckedFilter => ({
    op: "and",
    of: Array.from({ length: count }, () => part),
  });
  const refused: [CheckedFilter, RegExp][] = [
    [matches(...Array.from({ length: 21 }, () => "a")), /more than 20 regular/],
    [and(21, matches("a")), /more than 20 regular/],
    [{ op: "not", of: [matches("((.{99}){99}){99}")] }, /too large/],
    [matches("\\PL{99}"), /too large/],
    [and(201, is(1)), /more than 200 conditions/],
    [and(11, is(200)), /more than 2000 values/],
    [and(1000, and(1000, and(1000, is(200)))), /more than 2000 values/],
  ];
  for (const [filter, fault] of refused) assert.match(faultOfFilterSize(filter) ?? "", fault);
});

Deno.test("faultOfFilterSize() bounds the conditions of the goals that a filter is about", () => {
  const goals = Array.from({ length: 60 }, (_, index): QueryGoal => ({
    name: `goal ${index}`,
    filter: { op: "and", of: [is(1), matches("a")] },
  }));
  const many = (condition: CheckedFilter): CheckedFilter => ({
    op: "or",
    of: Array.from({ length: 100 }, () => condition),
  });
  const named: CheckedFilter = { op: "is", dimension: "goal", values: ["goal 1", "goal 2"] };
  const any: CheckedFilter = { op: "contains", dimension: "goal", values: ["goal"] };
  assert.equal(faultOfFilterSize(many(named), goals), null);
  assert.equal(faultOfFilterSize(any, goals), null);
  const fault = /its goals have more than 1000 conditions together/;
  assert.match(faultOfFilterSize(many(any), goals) ?? "", fault);
  assert.match(faultOfFilterSize(many({ ...named, caseSensitive: false }), goals) ?? "", fault);
});

Deno.test("goalsMeant() leaves out the goals that a condition does not name", () => {
  const goals = ["Signup", "signup", "Buy"].map((name): QueryGoal => ({ name, filter: is(1) }));
  const names = (op: "is" | "is_not" | "contains", more = {}) =>
    goalsMeant({ op, dimension: "goal", values: ["signup"], ...more }, goals)
      .map(({ name }) => name);
  assert.deepEqual(names("is"), ["signup"]);
  assert.deepEqual(names("is_not"), ["signup"]);
  assert.deepEqual(names("is", { caseSensitive: false }), ["Signup", "signup", "Buy"]);
  assert.deepEqual(names("contains"), ["Signup", "signup", "Buy"]);
  assert.deepEqual(names("is", { dimension: "page" }), []);
});
