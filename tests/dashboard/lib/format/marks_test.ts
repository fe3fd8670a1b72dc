import assert from "node:assert/strict";
import { flagOf, markOf } from "../../../../dashboard/lib/format/marks.js";

Deno.test("flagOf() draws the flags it knows; others have their code", () => {
  for (const code of ["DE", "FR", "SE", "NO", "JP", "GB", "US"]) assert.ok(flagOf(code), code);
  for (const code of ["", "ZZ", "toString", "de"]) assert.equal(flagOf(code), null, code);
});

Deno.test("markOf() marks well-known sources, browsers and systems", () => {
  for (const name of ["Google", "Firefox", "Windows"]) assert.ok(markOf(name), name);
  for (const name of ["", "example.com", "constructor"]) assert.equal(markOf(name), null, name);
});
