import assert from "node:assert";
import { toCents } from "../../src/ingest/payload.ts";

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
