import assert from "node:assert/strict";
import { realSystem } from "../../src/runtime/system.ts";

Deno.test("Clock.turn() is one turn for all who ask in the same one", async () => {
  const { clock } = realSystem({ format: "text", levelMin: "error" });
  const order: string[] = [];
  const first = clock.turn();
  assert.strictEqual(clock.turn(), first);
  const noted = first.then(() => order.push("turn"));
  void Promise.resolve().then(() => order.push("microtask"));
  await noted;
  assert.deepEqual(order, ["microtask", "turn"]);
  const second = clock.turn();
  assert.notStrictEqual(second, first);
  await second;
});
