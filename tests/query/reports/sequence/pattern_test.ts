import assert from "node:assert/strict";
import { AppError } from "../../../../src/core/errors.ts";
import { parsePattern, parseSequence } from "../../../../src/query/reports/sequence/pattern.ts";
import { parseSteps } from "../../../../src/query/steps.ts";

const noGoal = () => undefined;
const steps = parseSteps("page:/a,page:/b,event:c", "steps", 1, noGoal);
const anyTime = [{ minUs: 0, maxUs: null }];
const refusal = (pattern: RegExp) => (error: unknown) =>
  error instanceof AppError && error.status === 400 && pattern.test(error.message);

Deno.test("parseSequence() reads the contract's steps as a plain sequence", () => {
  const sequence = parseSequence("page:/a,event:b", "steps", noGoal);
  assert.equal(sequence.plain, true);
  assert.deepEqual(sequence.elements, [
    { condition: 1, next: false, elapsed: anyTime, without: [] },
    { condition: 2, next: false, elapsed: anyTime, without: [] },
  ]);
});

Deno.test("parseSequence() reads the words between steps", () => {
  const sequence = parseSequence(
    "page:/a, within 1 hour, without page:/b,not before 10 seconds,event:c,immediately,page:/d",
    "steps",
    noGoal,
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
    parseSequence("page:/a,immediately,page:/b", "steps", noGoal).considered,
    "pageviews",
  );
});

Deno.test("parsePattern() reads every operator into ranges of whole seconds", () => {
  const elapsed = (text: string) =>
    parsePattern(text, "pattern", steps).elements.at(-1)?.elapsed.map(({ minUs, maxUs }) => [
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

Deno.test("parsePattern() tells neighbours from events with others between", () => {
  const elements = parsePattern(".*(?1)(?2).*(?3)..*", "pattern", steps).elements;
  assert.deepEqual(elements.map(({ condition, next }) => [condition, next]), [
    [1, false],
    [2, true],
    [3, false],
    [null, true],
  ]);
});

Deno.test("parsePattern() refuses a bad pattern and tells the place", () => {
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
    assert.throws(() => parsePattern(text, "pattern", steps), refusal(place), text);
  }
});

Deno.test("parseSequence() refuses conditions without a step on both sides", () => {
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
    assert.throws(
      () => parseSequence(text, "steps", noGoal),
      refusal(/^Cannot read steps: /),
      text,
    );
  }
});
