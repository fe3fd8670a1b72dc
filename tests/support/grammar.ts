// Random filters, steps, spans, sequences and patterns for tests that print and read them.
import fc from "fast-check";
import type { Filter } from "../../dashboard/grammar/filter.js";
import { KINDS, printConditions, type Step } from "../../dashboard/grammar/steps.js";
import { type Span, UNITS } from "../../dashboard/grammar/span.js";

const word = fc.string({ unit: "grapheme", maxLength: 20 });
const plain = { noNullPrototype: true };

const condition = fc.record({
  op: fc.constantFrom("is", "is_not", "contains", "matches", "is_set"),
  dimension: fc.oneof(fc.constantFrom("page", "source"), word),
  values: fc.array(word, { maxLength: 3 }),
  caseSensitive: fc.boolean(),
}, { requiredKeys: ["op", "dimension", "values"], ...plain });

/** Any filter; and/or have more than one part, as a read filter has. */
export const anyFilter: fc.Arbitrary<Filter> = fc.letrec<{ node: Filter }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    condition,
    fc.record({
      op: fc.constantFrom("and" as const, "or" as const),
      of: fc.array(tie("node"), { minLength: 2, maxLength: 3 }),
    }, plain),
    tie("node").map((node): Filter => ({ op: "not", of: [node] })),
    condition.map((node): Filter => ({ op: "has_done", of: [node] })),
  ),
})).node;

const letter = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 })
    .filter((one) => one !== "\\" && one !== "*"),
  fc.constantFrom(..."*,[]=!<>~/", "\\\\", "\\*", "😀"),
);

/** A name with escapes as `parseStep()` gives it: no spaces around it. */
const name = fc.array(letter, { minLength: 1, maxLength: 12 }).map((all) => all.join(""))
  .filter((text) => text.trim() === text);

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 })
  .filter((one) => one.trim() === one);

/** Any condition on a property. */
export const anyStepCondition = fc.oneof(
  fc.record({
    key: text,
    operator: fc.constantFrom("=" as const, "!=" as const, "~" as const),
    value: text,
  }, plain),
  fc.record({
    key: text,
    operator: fc.constantFrom("<" as const, "<=" as const, ">" as const, ">=" as const),
    value: fc.integer().map(String),
  }, plain),
);

/** Any step. */
export const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...KINDS),
  name,
  conditions: fc.array(anyStepCondition, { maxLength: 3 }).map(printConditions),
}, plain);

/** Any span of time that is read. */
export const anySpan: fc.Arbitrary<Span> = fc.record({
  count: fc.integer({ min: 1, max: 52 }),
  unit: fc.constantFrom(...UNITS),
}, plain);
