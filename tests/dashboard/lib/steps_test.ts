import assert from "node:assert/strict";
import fc from "fast-check";
import {
  conditionOf,
  KINDS,
  parseSequence,
  parseSpan,
  parseStep,
  parseSteps,
  printSequence,
  printSpan,
  printStep,
  splitItems,
  type Step,
} from "../../../dashboard/lib/steps.js";
import { parseSteps as serverSteps } from "../../../src/query/steps.ts";

const step = fc.record({
  kind: fc.constantFrom(...KINDS),
  name: fc.string({ minLength: 1, maxLength: 20 }).filter((name) =>
    name.trim() === name && !name.includes("*")
  ),
  conditions: fc.constantFrom("", "plan=pro", "amount>=10,plan!=a\\,b"),
}, { noNullPrototype: true });

Deno.test("parseSteps() reads what printStep() wrote", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 4 }), (steps) => {
    assert.deepEqual(parseSteps(steps.map(printStep).join(",")), steps);
  }));
});

Deno.test("printStep() is one step to the server, with this kind", () => {
  const anyGoal = () => ({ condition: { strings: [""], values: [], text: "" }, columns: [] });
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
    const text = steps.map(printStep).join(",");
    const read = serverSteps(text, "steps", 1, anyGoal as never);
    assert.deepEqual(read.map(({ kind }) => kind), steps.map(({ kind }) => kind));
  }));
});

Deno.test("splitItems() splits at commas outside brackets that are not escaped", () => {
  assert.deepEqual(splitItems("page:/a, event:b[c=1,d=2],page:/e\\,f"), [
    "page:/a",
    "event:b[c=1,d=2]",
    "page:/e\\,f",
  ]);
  assert.deepEqual(splitItems(""), []);
});

Deno.test("parseStep() gives null for what is no step", () => {
  for (const text of ["", "page:", "/a", "visit:/a", "page:/a]x"]) {
    const read = parseStep(text);
    assert.ok(read === null || printStep(read) !== "", text);
  }
  assert.equal(parseStep("page:"), null);
  assert.equal(parseStep("visit:/a"), null);
});

Deno.test("parseSpan() and printSpan() are each other's way back", () => {
  assert.deepEqual(parseSpan("1 day"), { count: 1, unit: "day" });
  assert.deepEqual(parseSpan("90 minutes"), { count: 90, unit: "minute" });
  assert.equal(printSpan({ count: 2, unit: "hour" }), "2 hours");
  assert.equal(parseSpan("soon"), null);
});

Deno.test("parseSequence() reads what printSequence() wrote", () => {
  const text = "page:/a,within 1 hour,without page:/help,event:b,page:/c";
  const links = parseSequence(text);
  assert.equal(links.length, 3);
  assert.deepEqual(links[1]?.within, { count: 1, unit: "hour" });
  assert.equal(links[1]?.without?.name, "/help");
  assert.equal(links[2]?.within, null);
  assert.equal(printSequence(links), text);
});

Deno.test("conditionOf() keeps the events of a step; a star is a pattern", () => {
  const of = (text: string) => conditionOf(parseStep(text) as Step);
  assert.deepEqual(of("event:buy"), { op: "is", dimension: "name", values: ["buy"] });
  assert.deepEqual(of("page:/a.b"), { op: "is", dimension: "page", values: ["/a.b"] });
  assert.deepEqual(of("page:/a\\*b"), { op: "is", dimension: "page", values: ["/a*b"] });
  const { op, values: [pattern = ""] } = of("page:/a.b/*/**");
  assert.equal(op, "matches");
  assert.match("/a.b/x/y/z", new RegExp(pattern));
  assert.doesNotMatch("/aXb/x/y", new RegExp(pattern));
  assert.doesNotMatch("/a.b/x", new RegExp(pattern));
});
