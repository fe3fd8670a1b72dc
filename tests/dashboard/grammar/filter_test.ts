import assert from "node:assert/strict";
import fc from "fast-check";
import {
  allOf,
  conditionsOf,
  type Filter,
  mapConditions,
  parseFilter,
  parseFilters,
  printFilter,
  printFilters,
} from "../../../dashboard/grammar/filter.js";
import { OPERATORS } from "../../../dashboard/grammar/operators.js";
import { filterOf } from "../../support/parsed.ts";
import { anyFilter } from "../../support/grammar.ts";

Deno.test("parseFilter() reads back what printFilter() prints, whatever the values", () => {
  fc.assert(fc.property(anyFilter, (filter) => {
    assert.deepEqual(parseFilter(printFilter(filter)), { value: filter });
  }));
});

Deno.test("parseFilters() reads back what printFilters() prints", () => {
  fc.assert(fc.property(fc.array(anyFilter, { maxLength: 3 }), (filters) => {
    assert.deepEqual(parseFilters(printFilters(filters)), { value: filters });
  }));
});

Deno.test("parseFilters() and parseFilter() agree", () => {
  fc.assert(fc.property(fc.array(anyFilter, { minLength: 1, maxLength: 3 }), (filters) => {
    assert.deepEqual(parseFilter(printFilters(filters)), { value: allOf(filters) });
  }));
});

Deno.test("parseFilter() gives a value or a fault for any text", () => {
  const piece = fc.constantFrom(
    ...["is(", "and(", "not(", ")", ",", ";", "\\", "~", "page", "(", "é"],
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
    const { value, fault } = parseFilter(pieces.join(""));
    assert.equal(value === undefined, typeof fault === "string");
    if (value) assert.deepEqual(parseFilter(printFilter(value)).value, value);
  }));
});

Deno.test("parseFilters() refuses what is no filter; an empty text is none", () => {
  assert.deepEqual(parseFilters(""), { value: [] });
  assert.deepEqual(parseFilter("  "), { value: null });
  for (
    const text of ["is", "is(", "is(page", "(page)", "is(page);", "or()", "not~(is(a))", "IS(a)"]
  ) {
    assert.match(parseFilters(text).fault ?? "", /^expected .* at character \d+, found/, text);
  }
});

Deno.test("parseFilter() joins by ; and lets a backslash escape a comma", () => {
  assert.deepEqual(filterOf("is(page,/a\\,b,/c\\));contains~(source,Goo)"), {
    op: "and",
    of: [
      { op: "is", dimension: "page", values: ["/a,b", "/c)"] },
      { op: "contains", dimension: "source", values: ["Goo"], caseSensitive: false },
    ],
  });
  assert.deepEqual(filterOf("has_done(is(goal,Signup))"), {
    op: "has_done",
    of: [{ op: "is", dimension: "goal", values: ["Signup"] }],
  });
  assert.deepEqual(filterOf("or(is(page,/))"), { op: "is", dimension: "page", values: ["/"] });
});

Deno.test("parseFilter() bounds depth, conditions, values and size, and says where", () => {
  const deep = (count: number) => `${"not(".repeat(count)}is(page,/)${")".repeat(count)}`;
  assert.ok(filterOf(deep(8)));
  const cases: readonly [string, RegExp][] = [
    [deep(9), /nested more than 8/],
    [Array.from({ length: 101 }, () => "is(page,/)").join(";"), /more than 100 conditions/],
    [`is(page${",a".repeat(201)})`, /more than 200 values/],
    [`is(page,${"a".repeat(2049)})`, /longer than 2048/],
    ["x".repeat(8193), /longer than 8192/],
    ["is(page,/a)x", /character 12, found "x"/],
    ["has_done(has_done(is(page,/)))", /cannot hold/],
    ["not(is(page,/),is(page,/))", /one filter, not 2/],
  ];
  for (const [text, fault] of cases) {
    assert.match(parseFilter(text).fault ?? "", fault, text.slice(0, 40));
  }
});

Deno.test("allOf(), conditionsOf() and mapConditions() keep the tree's meaning", () => {
  const one: Filter = { op: "is", dimension: "page", values: ["/"] };
  const two: Filter = { op: "or", of: [one, { op: "not", of: [one] }] };
  assert.equal(allOf([null, null]), null);
  assert.equal(allOf([null, one]), one);
  const all = allOf([one, allOf([one, two])]);
  assert.deepEqual(all, { op: "and", of: [one, one, two] });
  assert.equal(conditionsOf(all).length, 4);
  const { value } = mapConditions(two, (leaf) => ({ value: { ...leaf, dimension: "name" } }));
  assert.deepEqual(conditionsOf(value ?? null).map(({ dimension }) => dimension), ["name", "name"]);
  assert.deepEqual(mapConditions(two, () => ({ fault: "no" })), { fault: "no" });
});

Deno.test("OPERATORS name as opposites operators that are no opposite themselves", () => {
  for (const [name, row] of Object.entries(OPERATORS)) {
    if (!("not" in row)) continue;
    const opposite = OPERATORS[row.not];
    assert.ok(!("not" in opposite), name);
    assert.deepEqual([row.values, row.caseSensitive], [opposite.values, opposite.caseSensitive]);
  }
});
