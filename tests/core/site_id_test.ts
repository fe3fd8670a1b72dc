import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert";
import { faultOfSiteId, SiteSpellings } from "../../src/core/site_id.ts";

Deno.test("faultOfSiteId() refuses what no site may be called", () => {
  for (const id of ["example.com", "A-b_c:8080", "xn--mller-kva.example"]) {
    equal(faultOfSiteId(id), null);
  }
  for (const id of ["", "a..b", "a b", "a/b", "a*b", "x".repeat(257)]) ok(faultOfSiteId(id), id);
});

Deno.test("SiteSpellings finds ids that differ in case alone, in order", () => {
  const ids = new SiteSpellings(["B.example", "b.example", "c.example"]);
  ids.add("b.example");
  deepEqual(ids.of("B.EXAMPLE"), ["B.example", "b.example"]);
  deepEqual(ids.several(), [["B.example", "b.example"]]);
  equal(ids.has("C.example"), false);
  ids.delete("B.example");
  deepEqual(ids.of("B.EXAMPLE"), ["b.example"]);
  deepEqual(ids.several(), []);
  ids.delete("b.example");
  ids.delete("b.example");
  deepEqual(ids.of("b.example"), []);
});
