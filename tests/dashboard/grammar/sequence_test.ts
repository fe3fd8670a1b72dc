import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ANYTHING,
  type Link,
  parseSequence,
  printSequence,
} from "../../../dashboard/grammar/sequence.js";
import { printStep, type Step } from "../../../dashboard/grammar/steps.js";
import { anySpan, anyStep } from "../../support/grammar.ts";

const link: fc.Arbitrary<Link> = fc.record({
  step: anyStep,
  within: fc.option(anySpan),
  notBefore: fc.option(anySpan),
  immediately: fc.boolean(),
  without: fc.array(anyStep, { maxLength: 2 }),
}, { noNullPrototype: true });

const written = (step: Step) => ({ ...step, text: printStep(step) });

Deno.test("parseSequence() reads back what printSequence() prints", () => {
  fc.assert(fc.property(anyStep, fc.array(link, { minLength: 1, maxLength: 4 }), (first, rest) => {
    const links = [{ ...ANYTHING, step: first }, ...rest];
    assert.deepEqual(parseSequence(printSequence(links)), {
      value: links.map(({ step, without, ...between }) => ({
        ...between,
        step: written(step),
        without: without.map(written),
      })),
    });
  }));
});

Deno.test("parseSequence() says why a text is no sequence", () => {
  const cases: readonly [string, RegExp][] = [
    ["page:/a", /1 steps where 2 to 20/],
    ["page:/a,within 1 hour", /ends with a condition/],
    ["within 1 hour,page:/a,page:/b", /stands before any step/],
    ["page:/a,within 1 month,page:/b", /no span like/],
    ["page:/a,without,page:/b", /none of page/],
    ["page:/a,without x,page:/b", /none of page/],
    ["page:/a,soon,page:/b", /none of page/],
    [Array(21).fill("page:/a").join(","), /21 steps/],
  ];
  for (const [text, fault] of cases) assert.match(parseSequence(text).fault ?? "", fault, text);
});
