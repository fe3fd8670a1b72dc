import assert from "node:assert/strict";
import fc from "fast-check";
import { filterOfJson, filterOfJsonList, filterToJson } from "../../src/core/filter_json.ts";
import { anyFilter } from "../support/grammar.ts";

Deno.test("filterOfJson() reads back what filterToJson() gives", () => {
  fc.assert(fc.property(anyFilter, (filter) => {
    const json: unknown = JSON.parse(JSON.stringify(filterToJson(filter)));
    assert.deepEqual(filterOfJson(json), { value: filter });
  }));
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
  for (const [value, fault] of faults) assert.match(filterOfJson(value).fault ?? "", fault);
  assert.match(filterOfJsonList({}).fault ?? "", /no list/);
  assert.equal(filterOfJsonList([]).value, null);
  assert.deepEqual(filterOfJsonList([["is", "a", [1, true]]]).value, {
    op: "is",
    dimension: "a",
    values: ["1", "true"],
  });
});
