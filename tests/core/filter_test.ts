import assert from "node:assert/strict";
import fc from "fast-check";
import {
  allOf,
  conditionsOf,
  type Filter,
  FilterFault,
  filterOfJson,
  filterOfJsonList,
  filterToJson,
  mapConditions,
  parseFilter,
  printFilter,
} from "../../src/core/filter.ts";

const leaf = fc.record({
  op: fc.constantFrom("is", "is_not", "contains", "matches"),
  dimension: fc.oneof(fc.constantFrom("page", "source"), fc.string({ maxLength: 20 })),
  values: fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 }),
  caseSensitive: fc.option(fc.boolean(), { nil: undefined }),
}).map(({ caseSensitive, ...rest }): Filter =>
  caseSensitive === undefined ? rest : { ...rest, caseSensitive }
);
const tree = fc.letrec<{ node: Filter }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({
      op: fc.constantFrom("and" as const, "or" as const),
      of: fc.array(tie("node"), { minLength: 2, maxLength: 3 }),
    }).map(({ op, of }): Filter => ({ op, of })),
    tie("node").map((node): Filter => ({ op: "not", of: [node] })),
  ),
})).node;

Deno.test("parseFilter() reads back what printFilter() prints, whatever the values", () => {
  fc.assert(fc.property(tree, (filter) => {
    assert.deepEqual(parseFilter(printFilter(filter)), filter);
  }));
});

Deno.test("filterOfJson() reads back what filterToJson() gives", () => {
  fc.assert(fc.property(tree, (filter) => {
    assert.deepEqual(filterOfJson(JSON.parse(JSON.stringify(filterToJson(filter)))), filter);
  }));
});

Deno.test("parseFilter() only ever throws FilterFault", () => {
  const piece = fc.constantFrom("is(", "and(", "not(", ")", ",", ";", "\\", "~", "page", "(", "é");
  fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
    try {
      parseFilter(pieces.join(""));
    } catch (error) {
      assert.ok(error instanceof FilterFault, String(error));
    }
  }));
});

Deno.test("parseFilter() joins by ; and takes the meaning from a comma", () => {
  assert.deepEqual(parseFilter("is(page,/a\\,b,/c\\));contains~(source,Goo)"), {
    op: "and",
    of: [
      { op: "is", dimension: "page", values: ["/a,b", "/c)"] },
      { op: "contains", dimension: "source", values: ["Goo"], caseSensitive: false },
    ],
  });
  assert.equal(parseFilter("  "), null);
  assert.deepEqual(parseFilter("has_done(is(goal,Signup))"), {
    op: "has_done",
    of: [{ op: "is", dimension: "goal", values: ["Signup"] }],
  });
});

Deno.test("parseFilter() bounds depth, conditions, values and size, and says where", () => {
  const deep = (count: number) => `${"not(".repeat(count)}is(page,/)${")".repeat(count)}`;
  assert.ok(parseFilter(deep(8)));
  assert.throws(() => parseFilter(deep(9)), /nested more than 8/);
  const many = Array.from({ length: 101 }, () => "is(page,/)").join(";");
  assert.throws(() => parseFilter(many), /more than 100 conditions/);
  assert.throws(() => parseFilter(`is(page${",a".repeat(201)})`), /more than 200 values/);
  assert.throws(() => parseFilter(`is(page,${"a".repeat(2049)})`), /longer than 2048/);
  assert.throws(() => parseFilter("x".repeat(8193)), /longer than 8192/);
  assert.throws(() => parseFilter("is(page,/a)x"), /character 12, found "x"/);
  assert.throws(() => parseFilter("has_done(has_done(is(page,/)))"), /cannot hold/);
  assert.throws(() => parseFilter("not(is(page,/),is(page,/))"), /one filter, not 2/);
});

Deno.test("filterOfJson() names the place of a fault", () => {
  const faults: readonly [unknown, RegExp][] = [
    [["and", [["is", "event:page", ["/"]], ["is", 5, []]]], /filters\[1\]\[1\]\[1\]/],
    [["is", "event:page", "x"], /filters\[2\] is no list/],
    [["is", "event:page", [null]], /filters\[2\]\[0\]/],
    [["not"], /filters/],
    [["is", "event:page", ["x"], { case_sensitive: 1 }], /case_sensitive/],
    [["is", "event:page", ["x"], { other: 1 }], /other/],
    ["is", /no list/],
    [[], /begins with an operator/],
    [["and", []], /nothing in it/],
  ];
  for (const [value, message] of faults) assert.throws(() => filterOfJson(value), message);
  assert.throws(() => filterOfJsonList({}), /no list/);
  assert.equal(filterOfJsonList([]), null);
  assert.deepEqual(filterOfJsonList([["is", "a", [1, true]]]), {
    op: "is",
    dimension: "a",
    values: ["1", "true"],
  });
});

Deno.test("allOf(), conditionsOf() and mapConditions() keep the tree's meaning", () => {
  const one: Filter = { op: "is", dimension: "page", values: ["/"] };
  const two: Filter = { op: "or", of: [one, { op: "not", of: [one] }] };
  assert.equal(allOf([null, null]), null);
  assert.equal(allOf([null, one]), one);
  const all = allOf([one, allOf([one, two])]);
  assert.deepEqual(all, { op: "and", of: [one, one, two] });
  assert.equal(conditionsOf(all).length, 4);
  assert.deepEqual(
    conditionsOf(mapConditions(two, (leaf) => ({ ...leaf, dimension: "name" })))
      .map(({ dimension }) => dimension),
    ["name", "name"],
  );
});
