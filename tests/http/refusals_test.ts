// Refusals of strangers: one line for the first of a kind, one for all others of a minute.
import assert from "node:assert/strict";
import { Refusals } from "../../src/http/refusals.ts";
import { fakeSystem } from "../support/fake_system.ts";

Deno.test("Refusals logs the first of a kind and sums the others", () => {
  const { log, lines } = fakeSystem();
  const refusals = new Refusals();
  const logged = Array.from({ length: 5 }, () => refusals.add("(none)", 404));
  assert.deepEqual(logged, [true, false, false, false, false]);
  assert.equal(refusals.add("/api/event", 400), true);
  refusals.report(log);
  assert.deepEqual(lines, [{
    level: "info",
    message: "Refused more requests",
    fields: { route: "(none)", status: 404, count: 4 },
  }]);
  assert.equal(refusals.add("(none)", 404), true);
  refusals.report(log);
  assert.equal(lines.length, 1);
});
