import assert from "node:assert/strict";
import { compilePattern, compileSequence } from "../../../../src/query/reports/sequence/pattern.ts";
import { compileSteps } from "../../../../src/query/steps.ts";
import { valueOf } from "../../../support/parsed.ts";

const noGoal = () => undefined;
const steps = valueOf(compileSteps("page:/a,page:/b,event:c", noGoal));
const anyTime = [{ minUs: 0, maxUs: null }];

Deno.test("compileSequence() reads the steps as a plain sequence", () => {
  const sequence = valueOf(compileSequence("page:/a,event:b", noGoal));
  assert.equal(sequence.plain, true);
  assert.deepEqual(sequence.elements, [
    { condition: 1, next: false, elapsed: anyTime, without: [] },
    { condition: 2, next: false, elapsed: anyTime, without: [] },
  ]);
});

Deno.test("compileSequence() reads the words between steps", () => {
  const sequence = valueOf(
    compileSequence(
      "page:/a, within 1 hour, without page:/b,not before 10 seconds,event:c,immediately,page:/d",
      noGoal,
    ),
  );
  assert.deepEqual(sequence.conditions.map((step) => step.text), [
    "page:/a",
    "page:/b",
    "event:c",
    "page:/d",
  ]);
  assert.deepEqual(sequence.elements, [
    { condition: 1, next: false, elapsed: anyTime, without: [] },
    {
      condition: 3,
      next: false,
      elapsed: [{ minUs: 10_000_000, maxUs: 3_600_000_000 }],
      without: [2],
    },
    { condition: 4, next: true, elapsed: anyTime, without: [] },
  ]);
  assert.deepEqual([sequence.plain, sequence.considered], [false, "all"]);
  assert.equal(
    valueOf(compileSequence("page:/a,immediately,page:/b", noGoal)).considered,
    "pageviews",
  );
});

Deno.test("compilePattern() reads every operator into ranges of whole seconds", () => {
  const elapsed = (text: string) =>
    valueOf(compilePattern(text, steps)).elements.at(-1)?.elapsed.map(({ minUs, maxUs }) => [
      minUs / 1e6,
      maxUs === null ? null : maxUs / 1e6,
    ]);
  assert.deepEqual(elapsed("(?1).*(?t>=5)(?2)"), [[5, null]]);
  assert.deepEqual(elapsed("(?1).*(?t>5)(?2)"), [[6, null]]);
  assert.deepEqual(elapsed("(?1).*(?t<=5)(?2)"), [[0, 5.999999]]);
  assert.deepEqual(elapsed("(?1).*(?t<5)(?2)"), [[0, 4.999999]]);
  assert.deepEqual(elapsed("(?1)(?t==5).*(?2)"), [[5, 5.999999]]);
  assert.deepEqual(elapsed("(?1) (?t != 5) (?2)"), [[0, 4.999999], [6, null]]);
  assert.deepEqual(elapsed("(?1)(?t!=0)(?t!=7)(?t<9)(?2)"), [[1, 6.999999], [8, 8.999999]]);
});

Deno.test("compilePattern() distinguishes adjacent events from events with others between", () => {
  const elements = valueOf(compilePattern(".*(?1)(?2).*(?3)..*", steps)).elements;
  assert.deepEqual(elements.map(({ condition, next }) => [condition, next]), [
    [1, false],
    [2, true],
    [3, false],
    [null, true],
  ]);
});

Deno.test("compilePattern() refuses an invalid pattern and names the position", () => {
  const cases: [string, RegExp][] = [
    ["", /at character 1 there is no event/],
    [".*", /at character 3 there is no event/],
    ["(?1)(?4)", /at character 5 \(\?4\) is none of the 3 steps/],
    ["(?0)", /at character 1/],
    ["(?1)x(?2)", /at character 5 "x/],
    ["(?1)(?t=5)(?2)", /at character 5/],
    ["(?1)(?t>=5", /at character 5/],
    ["(?t>=5)(?1)", /at character 1 a time has no event before/],
    ["(?1)(?t>=5)", /at character 5 a time has no event after/],
    ["(?1)(?t<0)(?2)", /at character 5 no time is left/],
    ["(?1)(?t>9)(?t<9)(?2)", /at character 11 no time is left/],
    ["(?1)(?t>=99999999)(?2)", /at character 5 99999999 seconds/],
    [Array(33).fill(".").join(""), /at character 33/],
    [".".repeat(1025), /1025 characters/],
  ];
  for (const [text, place] of cases) {
    assert.match(compilePattern(text, steps).fault ?? "", place, text);
  }
});

Deno.test("compileSequence() refuses conditions without a step on both sides", () => {
  for (
    const text of [
      "page:/a",
      "page:/a,within 1 hour",
      "within 1 hour,page:/a,page:/b",
      "page:/a,within 1 month,page:/b",
      "page:/a,without,page:/b",
      "page:/a,without x,page:/b",
      "page:/a,within 1 hour,not before 2 hours,page:/b",
      "page:/a,soon,page:/b",
    ]
  ) {
    assert.equal(typeof compileSequence(text, noGoal).fault, "string", text);
  }
});
