import assert from "node:assert";
import type { Notice } from "../../../src/ingest/fields/notices.ts";
import { readRevenue, toCents } from "../../../src/ingest/fields/revenue.ts";

function read(amount: unknown, currency?: unknown) {
  const notices: Notice[] = [];
  const { revenueCents, revenueCurrency } = readRevenue(
    amount,
    currency,
    (notice) => notices.push(notice),
  );
  return [revenueCents, revenueCurrency, ...notices];
}

Deno.test("toCents() rounds by the decimal digits, half away from zero", () => {
  const cases: [number, number][] = [
    [1.005, 101],
    [-1.005, -101],
    [0.004, 0],
    [-0.004, 0],
    [12, 1200],
    [1.115, 112],
    [1e-7, 0],
    [9999999999.99, 999999999999],
  ];
  for (const [amount, cents] of cases) assert.strictEqual(toCents(amount), cents, `${amount}`);
});

Deno.test("readRevenue() takes numbers, numeric text, and objects of amount and currency", () => {
  const table: [amount: unknown, currency: unknown, read: unknown[]][] = [
    [29.9, "eur", [2990, "EUR"]],
    ["29.90", "EUR", [2990, "EUR"]],
    [" +1e2 ", " usd ", [10000, "USD"]],
    ["-.5", undefined, [-50, null]],
    ["1.005", null, [101, null]],
    [{ amount: "29.90", currency: "EUR" }, undefined, [2990, "EUR"]],
    [{ amount: 5 }, "EUR", [500, "EUR"]],
    [{ amount: 5, currency: "JPY" }, "EUR", [500, "JPY"]],
    [undefined, undefined, [null, null]],
    ["", "", [null, null]],
    [null, null, [null, null]],
  ];
  for (const [amount, currency, expected] of table) {
    assert.deepStrictEqual(read(amount, currency), expected, JSON.stringify([amount, currency]));
  }
});

Deno.test("readRevenue() leaves out what it cannot read, each by itself, with a notice", () => {
  const unreadable = [
    "29,90",
    "€5",
    "0x10",
    "1e999",
    "5 EUR",
    NaN,
    Infinity,
    1e10,
    -1e10,
    true,
    [],
    [
      5,
    ],
    {},
    { currency: "EUR" },
    { amount: {} },
    { amount: null, currency: "EUR" },
    9999999999.995,
  ];
  for (const amount of unreadable) {
    const [cents, , notice] = read(amount, "EUR");
    assert.deepStrictEqual([cents, notice], [null, "revenue_dropped"], JSON.stringify(amount));
  }
  for (const currency of ["EURO", "€", 978, ["EUR"], true, "E R"]) {
    assert.deepStrictEqual(read("5", currency), [500, null, "currency_dropped"], `${currency}`);
  }
});
