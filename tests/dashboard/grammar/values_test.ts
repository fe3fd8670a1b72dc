import assert from "node:assert/strict";
import { faultOfValues } from "../../../dashboard/grammar/values.js";

Deno.test("faultOfValues() asks for what the operator takes", () => {
  assert.equal(faultOfValues("some", ["a", "b"]), null);
  assert.equal(faultOfValues("some", []), "has no value");
  assert.equal(faultOfValues("none", []), null);
  assert.equal(faultOfValues("none", ["a"]), "takes no value");
  assert.equal(faultOfValues("number", ["-1.5"]), null);
  for (const values of [["a"], ["1", "2"], ["1e3"], ["1".repeat(16)]]) {
    assert.equal(faultOfValues("number", values), "takes one number", values.join());
  }
});
