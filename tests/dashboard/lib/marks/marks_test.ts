import assert from "node:assert/strict";
import { flagOf } from "../../../../dashboard/lib/marks/marks.js";

Deno.test("flagOf() draws the flags it knows; others have their code", () => {
  for (const code of ["DE", "FR", "SE", "NO", "JP", "GB", "US"]) assert.ok(flagOf(code), code);
  for (const code of ["", "ZZ", "toString", "de"]) assert.equal(flagOf(code), null, code);
});
