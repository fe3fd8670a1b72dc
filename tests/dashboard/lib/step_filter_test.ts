import assert from "node:assert/strict";
import { parseStep } from "../../../dashboard/grammar/steps.js";
import { conditionOf } from "../../../dashboard/lib/step_filter.js";
import { valueOf } from "../../support/parsed.ts";

Deno.test("conditionOf() keeps the events of a step; a star is a pattern", () => {
  const of = (text: string) => conditionOf(valueOf(parseStep(text)));
  assert.deepEqual(of("event:buy"), { op: "is", dimension: "name", values: ["buy"] });
  assert.deepEqual(of("page:/a.b"), { op: "is", dimension: "page", values: ["/a.b"] });
  assert.deepEqual(of("page:/a\\*b"), { op: "is", dimension: "page", values: ["/a*b"] });
  const { op, values: [pattern = ""] } = of("page:/a.b/*/**");
  assert.equal(op, "matches");
  assert.match("/a.b/x/y/z", new RegExp(pattern));
  assert.doesNotMatch("/aXb/x/y", new RegExp(pattern));
  assert.doesNotMatch("/a.b/x", new RegExp(pattern));
});
