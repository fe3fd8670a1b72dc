import assert from "node:assert/strict";
import { withParams } from "../../../../dashboard/lib/ask/api.js";

Deno.test("withParams() leaves out what has no value and encodes the rest", () => {
  assert.equal(withParams("api/sites", {}), "api/sites");
  assert.equal(
    withParams("api/x", { a: "é&=", b: null, c: undefined, d: "", e: 0, f: false }),
    "api/x?a=%C3%A9%26%3D&e=0&f=false",
  );
});
