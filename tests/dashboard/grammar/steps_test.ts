import assert from "node:assert/strict";
import fc from "fast-check";
import {
  pageMatch,
  pageRegex,
  parseConditions,
  parseStep,
  parseSteps,
  plainName,
  printConditions,
  printStep,
  splitItems,
} from "../../../dashboard/grammar/steps.js";
import { anyStep, anyStepCondition } from "../../support/grammar.ts";
import { valueOf } from "../../support/parsed.ts";

Deno.test("parseStep() reads back what printStep() prints", () => {
  fc.assert(fc.property(anyStep, (step) => {
    const text = printStep(step);
    assert.deepEqual(parseStep(text), { value: { ...step, text } });
  }));
});

Deno.test("parseSteps() reads back a list of printed steps", () => {
  fc.assert(fc.property(fc.array(anyStep, { minLength: 1, maxLength: 4 }), (steps) => {
    const read = valueOf(parseSteps(steps.map(printStep).join(",")));
    assert.deepEqual(read.map(({ text: _, ...step }) => step), steps);
  }));
});

Deno.test("parseConditions() reads back what printConditions() prints", () => {
  fc.assert(fc.property(fc.array(anyStepCondition, { maxLength: 5 }), (conditions) => {
    assert.deepEqual(parseConditions(printConditions(conditions)), { value: conditions });
  }));
});

Deno.test("printStep() escapes what separates, and leaves wildcards", () => {
  const page = (name: string, conditions = "") => printStep({ kind: "page", name, conditions });
  assert.equal(page("/a,b[c]"), "page:/a\\,b\\[c\\]");
  assert.equal(page("/blog/**"), "page:/blog/**");
  assert.equal(page("/star\\*"), "page:/star\\*");
  assert.equal(page("/back\\slash"), "page:/back\\\\slash");
  assert.equal(page("/", " plan=pro "), "page:/[plan=pro]");
});

Deno.test("splitItems() splits at commas outside brackets of conditions", () => {
  assert.deepEqual(splitItems("page:/a,event:b"), ["page:/a", "event:b"]);
  assert.deepEqual(splitItems(" page:/a , event:b "), ["page:/a", "event:b"]);
  assert.deepEqual(splitItems("page:/a\\,b,event:c"), ["page:/a\\,b", "event:c"]);
  assert.deepEqual(splitItems("event:a[x=1,y=2],event:b"), ["event:a[x=1,y=2]", "event:b"]);
  assert.deepEqual(splitItems("event:a[0],event:b]"), ["event:a[0]", "event:b]"]);
  assert.deepEqual(splitItems("event:[,event:b"), ["event:[", "event:b"]);
});

Deno.test("parseStep() and parseSteps() name what is no step", () => {
  for (const text of ["", "a", "page", "PAGE:/a", "visit:/a"]) {
    assert.match(parseStep(text).fault ?? "", /is none of page:\/path, event:name/, text);
  }
  assert.match(parseStep("page:").fault ?? "", /names no page/);
  assert.equal(parseSteps("").fault, "it is empty");
  assert.match(parseSteps("page:/a", 2).fault ?? "", /1 steps where 2 to 20/);
  assert.match(parseSteps(Array(21).fill("page:/a").join(",")).fault ?? "", /21 steps/);
});

Deno.test("parseConditions() refuses what is no condition and too many", () => {
  for (
    const text of ["plan", "=x", "a>x", "a>=", `a=${"x".repeat(513)}`, "a=1,a=2,a=3,a=4,a=5,a=6"]
  ) {
    assert.equal(typeof parseConditions(text).fault, "string", text.slice(0, 30));
  }
});

Deno.test("pageMatch() and pageRegex() tell which paths a name matches", () => {
  assert.deepEqual(pageMatch("/a.b"), { path: "/a.b" });
  assert.deepEqual(pageMatch("/a\\*b"), { path: "/a*b" });
  assert.deepEqual(pageMatch("/blog/**"), { beginning: "/blog/" });
  const whole = (name: string) => new RegExp(`^${pageRegex(name)}$`);
  assert.match("/a.b/x/y/z", whole("/a.b/*/**"));
  assert.doesNotMatch("/aXb/x/y", whole("/a.b/*/**"));
  assert.doesNotMatch("/a.b/x", whole("/a.b/*/**"));
  assert.equal(plainName("/a\\*b\\\\"), "/a*b\\");
});
