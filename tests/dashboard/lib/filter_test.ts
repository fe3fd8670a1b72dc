import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Filter,
  hasValue,
  parseFilters,
  printFilters,
  withoutValue,
  withValue,
} from "../../../dashboard/lib/filter.js";
import {
  allOf,
  type Filter as ServerFilter,
  parseFilter,
  printFilter,
} from "../../../src/core/filter.ts";

const word = fc.string({ unit: "grapheme", maxLength: 12 });
const condition = fc.record({
  op: fc.constantFrom("is", "is_not", "contains", "is_set"),
  dimension: fc.oneof(fc.constantFrom("page", "source"), word.map((key) => `props:${key}`)),
  values: fc.array(word, { maxLength: 3 }),
  caseSensitive: fc.boolean(),
}, { requiredKeys: ["op", "dimension", "values"], noNullPrototype: true });

const { tree } = fc.letrec<{ tree: Filter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    condition,
    fc.record({
      op: fc.constantFrom("and", "or"),
      of: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
    }, { noNullPrototype: true }),
    tie("tree").map((inner) => ({ op: "not", of: [inner] })),
  ),
}));
const filters = fc.array(tree, { minLength: 1, maxLength: 3 });

Deno.test("parseFilters() reads what printFilters() wrote", () => {
  fc.assert(fc.property(filters, (list) => {
    assert.deepEqual(parseFilters(printFilters(list)), list);
  }));
});

Deno.test("printFilters() is read by the server as the same filter", () => {
  fc.assert(fc.property(filters, (list) => {
    const all = allOf(list as unknown as ServerFilter[]);
    assert.deepEqual(parseFilter(printFilters(list)), all);
  }));
});

Deno.test("parseFilters() reads what the server prints", () => {
  fc.assert(fc.property(tree, (one) => {
    assert.deepEqual(parseFilters(printFilter(one as unknown as ServerFilter)), [one]);
  }));
});

Deno.test("parseFilters() gives null where it cannot read, nothing for nothing", () => {
  assert.deepEqual(parseFilters(""), []);
  for (
    const text of ["is", "is(", "is(page", "(page)", "is(page);", "or()", "not~(is(a))", "IS(a)"]
  ) {
    assert.equal(parseFilters(text), null, text);
  }
});

const keep = { dimension: "page", op: "is", opposite: "is_not" };

Deno.test("withValue() joins the condition on the dimension and drops what contradicts it", () => {
  const one = withValue([], { ...keep, value: "/a" });
  const two = withValue(one, { ...keep, value: "/b" });
  assert.equal(printFilters(two), "is(page,/a,/b)");
  assert.equal(printFilters(withValue(two, { ...keep, value: "/b" })), "is(page,/a,/b)");
  const not = parseFilters("is_not(page,/a)") ?? [];
  assert.equal(printFilters(withValue(not, { ...keep, value: "/a" })), "is(page,/a)");
  assert.equal(
    printFilters(withValue(not, { ...keep, value: "/b" })),
    "is_not(page,/a);is(page,/b)",
  );
});

Deno.test("withoutValue() takes one value away, and an empty condition with it", () => {
  const two = parseFilters("is(page,/a,/b);is(source,x)") ?? [];
  assert.ok(hasValue(two, "is", "page", "/b"));
  const one = withoutValue(two, "is", "page", "/b");
  assert.equal(printFilters(one), "is(page,/a);is(source,x)");
  assert.equal(printFilters(withoutValue(one, "is", "page", "/a")), "is(source,x)");
});
