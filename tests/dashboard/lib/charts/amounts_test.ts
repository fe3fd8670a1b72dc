import assert from "node:assert/strict";
import { currenciesOf, sizeIn } from "../../../../dashboard/lib/charts/amounts.js";

const eur = (value: number) => ({ currency: "EUR", value });
const jpy = (value: number) => ({ currency: "JPY", value });
const usd = (value: number) => ({ currency: "USD", value });

Deno.test("currenciesOf() orders by the sum over all steps, and earlier ones come last", () => {
  const rows = [
    { metrics: { r: [eur(700)] }, comparison: { r: [usd(9000), eur(1)] } },
    { metrics: { r: [jpy(600), eur(100)] } },
    { metrics: { r: [jpy(600)] } },
    { metrics: { r: [] } },
  ];
  assert.deepEqual(currenciesOf(rows, "r"), ["JPY", "EUR", "USD"]);
  assert.deepEqual(currenciesOf([{ metrics: { r: [jpy(5), eur(5)] } }], "r"), ["EUR", "JPY"]);
  assert.deepEqual(currenciesOf([{ metrics: { r: 5 } }, { metrics: {} }], "r"), []);
});

Deno.test("sizeIn() takes one currency wherever it stands, and nothing of the others", () => {
  assert.equal(sizeIn([jpy(90_000), eur(12)], "EUR"), 12);
  assert.equal(sizeIn([jpy(90_000)], "EUR"), 0);
  assert.equal(sizeIn([], undefined), 0);
  assert.equal(sizeIn(7, undefined), 7);
  assert.equal(sizeIn(null, undefined), null);
  assert.equal(sizeIn(undefined, "EUR"), null);
});
