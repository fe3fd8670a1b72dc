import assert from "node:assert/strict";
import { typedSite } from "../../../../dashboard/lib/format/typed_site.js";

Deno.test("typedSite() makes a site of what people paste", () => {
  for (
    const [typed, site] of [
      ["example.com", "example.com"],
      [" https://www.Example.com/path?a=b#c ", "example.com"],
      ["http://example.com:8080", "example.com"],
      ["//example.com/", "example.com"],
      ["WWW.EXAMPLE.COM.", "example.com"],
      ["https://user@shop.example.com", "shop.example.com"],
      ["https://Bücher.example/", "xn--bcher-kva.example"],
      ["www.com", "www.com"],
      ["my-site", "my-site"],
    ] as const
  ) {
    assert.equal(typedSite(typed), site, typed);
  }
});
