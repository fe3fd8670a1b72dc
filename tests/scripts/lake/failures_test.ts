import assert from "node:assert/strict";
import { Draws } from "../../../scripts/lake/failures.ts";

Deno.test("deck() deals each choice once before any comes again, in an order of the seed", () => {
  const kinds = ["a", "b", "c", "d", "e", "f"];
  const orders = new Set<string>();
  for (let seed = 1; seed <= 50; seed++) {
    const deal = new Draws(seed).deck(kinds);
    for (let turn = 0; turn < 3; turn++) {
      const dealt = kinds.map(() => deal());
      assert.deepEqual(dealt.toSorted(), kinds);
      orders.add(dealt.join(""));
    }
  }
  assert.ok(orders.size > 50, `${orders.size} orders`);
  assert.deepEqual(kinds, ["a", "b", "c", "d", "e", "f"], "what was given stays");
});

Deno.test("the numbers of a seed are the same each time, and others for another", () => {
  const numbers = (seed: number) => {
    const draws = new Draws(seed);
    return Array.from({ length: 5 }, () => draws.next());
  };
  assert.deepEqual(numbers(7), numbers(7));
  assert.notDeepEqual(numbers(7), numbers(8));
  assert.ok(numbers(1).every((number) => number >= 0 && number < 1));
});
