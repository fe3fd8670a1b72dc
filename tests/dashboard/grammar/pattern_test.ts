import assert from "node:assert/strict";
import fc from "fast-check";
import { parsePattern, printPattern, type Token } from "../../../dashboard/grammar/pattern.js";
import { valueOf } from "../../support/parsed.ts";

const token: fc.Arbitrary<Token> = fc.oneof(
  fc.constant({ kind: "many" as const, at: 0 }),
  fc.record({
    kind: fc.constant("event" as const),
    at: fc.constant(0),
    step: fc.integer({ min: 0, max: 999_999_999 }),
  }, { noNullPrototype: true }),
  fc.record({
    kind: fc.constant("time" as const),
    at: fc.constant(0),
    operator: fc.constantFrom(">=", "<=", ">", "<", "==", "!="),
    seconds: fc.integer({ min: 0, max: 366 * 86_400 }),
  }, { noNullPrototype: true }),
);

Deno.test("parsePattern() reads back what printPattern() prints", () => {
  fc.assert(fc.property(fc.array(token, { maxLength: 20 }), (tokens) => {
    const text = printPattern(tokens);
    const read = valueOf(parsePattern(text));
    assert.deepEqual(read.map((one) => ({ ...one, at: 0 })), tokens);
    assert.deepEqual(read.map(({ at }) => text[at]), tokens.map((one) => printPattern([one])[0]));
  }));
});

Deno.test("parsePattern() reads any event, spaces, and refuses the rest with its place", () => {
  assert.deepEqual(parsePattern("(?1) . (?2)").value?.map(({ at }) => at), [0, 5, 7]);
  const cases: readonly [string, RegExp][] = [
    ["(?1)x(?2)", /^at character 5 "x/],
    ["(?1)(?t=5)(?2)", /^at character 5/],
    ["(?1)(?t>=99999999)(?2)", /^at character 5 99999999 seconds are more than 366 days/],
    [".".repeat(1025), /1025 characters, more than 1024/],
  ];
  for (const [text, fault] of cases) {
    assert.match(parsePattern(text).fault ?? "", fault, text.slice(0, 30));
  }
});
