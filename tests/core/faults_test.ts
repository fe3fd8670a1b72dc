import assert from "node:assert/strict";
import { AppError } from "../../src/core/errors.ts";
import { Faults } from "../../src/core/faults.ts";
import { FAULTS_TOLD_MAX } from "../../src/core/limits.ts";

Deno.test("Faults names every fault once, with its place", () => {
  const faults = new Faults();
  faults.check();
  assert.equal(faults.valueOf("a", { value: 1 }, 2), 1);
  assert.equal(faults.valueOf("b", { fault: "it is empty" }, 2), 2);
  faults.add("c: it is missing");
  faults.add("c: it is missing");
  assert.throws(() => faults.check("Cannot query: "), (error) => {
    assert.ok(error instanceof AppError && error.status === 400);
    assert.equal(error.message, "Cannot query: b: it is empty; c: it is missing");
    return true;
  });
});

Deno.test("Faults tells so many faults and no more", () => {
  const faults = new Faults();
  for (let n = 0; n < 10_000; n++) faults.add(`k${n}: it is none of them`);
  assert.equal(faults.list.length, FAULTS_TOLD_MAX);
  assert.throws(() => faults.check(), { message: /^k0: .*; k19: it is none of them$/ });
});
