import assert, { deepStrictEqual as deepEqual } from "node:assert";
import { makeFormat, type Unit } from "../../../../dashboard/lib/format/format.js";
import { makeTranslate } from "../../../../dashboard/lib/format/text.js";
import { barOf, isEven, signed } from "../../../../dashboard/lib/format/why_words.js";
import { texts } from "../../../../dashboard/texts/en.js";

Deno.test("barOf() shows a part against the whole change otherwise than one with it", () => {
  deepEqual(barOf(0.25), { look: "why-bar", width: "25%" });
  deepEqual(barOf(-0.25), { look: "why-bar against", width: "25%" });
  deepEqual(barOf(-3), { look: "why-bar against", width: "100%" });
  deepEqual(barOf(null), { look: "why-bar", width: "0%" });
});

const english = {
  t: makeTranslate("en", texts, texts),
  format: makeFormat("en-GB"),
};

Deno.test("signed() writes a difference in the metric's unit", () => {
  const written = (unit: Unit, value: number, currency?: string) =>
    signed({ unit, currency }, value, english);
  assert.equal(written("count", 12.4), "+12");
  assert.equal(written("count", -0.3), "0");
  assert.equal(written("ratio", -0.025), "\u22122.5 points");
  assert.equal(written("number", 0.01), "0.0");
  assert.equal(written("money", -3.5, "EUR"), "\u2212€3.50");
});

Deno.test("signed() shows no bound of an interval as none that is above or below it", () => {
  const units = ["count", "ratio", "number", "seconds"] as const;
  for (const unit of units) {
    for (const value of [0.3, 0.04, 0.0031, 0.00027]) {
      for (const sign of [1, -1]) {
        const text = signed({ unit }, sign * value, english, { fine: true });
        const number = Number(/[\d.]+/.exec(text)?.[0]);
        assert.ok(number > 0 && text.startsWith(sign > 0 ? "+" : "\u2212"), `${unit}: ${text}`);
      }
    }
    const none = signed({ unit }, 0, english, { fine: true });
    assert.match(none, /^0/, unit);
    assert.equal(signed({ unit }, 1e-12, english, { fine: true }), none, unit);
  }
  assert.equal(signed({ unit: "ratio" }, -0.0004, english, { fine: true }), "\u22120.04 points");
  assert.equal(signed({ unit: "seconds" }, 0.31, english, { fine: true }), "+0.3s");
  assert.equal(signed({ unit: "number" }, 0.041, english, { fine: true }), "+0.04");
});

Deno.test("isEven() holds rows against the change that all values alike would give", () => {
  const total = { now: 135, before: 100, within_noise: false };
  const row = { expected_share: 0.4, low: 10, high: 20 };
  const told = (of: object, ...rows: object[]) =>
    isEven(
      { total: { ...total, ...of }, results: rows } as unknown as Parameters<typeof isEven>[0],
    );
  assert.equal(told({}, row), true);
  assert.equal(told({ now: 65 }, { ...row, low: -20, high: -10 }), true);
  assert.equal(told({}, row, { ...row, low: 15 }), false);
  assert.equal(told({}, row, { ...row, high: 13 }), false);
  assert.equal(told({}, { ...row, rate: 0.1 }), false);
  assert.equal(told({ within_noise: true }, row), false);
  assert.equal(told({}), false);
  assert.equal(isEven({ total: null, results: [] }), false);
});
