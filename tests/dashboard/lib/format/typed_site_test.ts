import assert from "node:assert/strict";
import { faultOfSiteId } from "../../../../src/core/site_id.ts";
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
      ["example.com:8080", "example.com"],
      ["localhost:3000", "localhost"],
      ["shop.de:443/a", "shop.de"],
      ["https:example.com", "example.com"],
      ["HTTP:/example.com/a", "example.com"],
      ["127.0.0.1:8000", "127.0.0.1"],
    ] as const
  ) {
    assert.equal(typedSite(typed), site, typed);
  }
});

Deno.test("typedSite() is null for what the server would take for no site", () => {
  const none = ["", "http://", "https:", "not a site!!", "ex ample.com", "...", ".", "-", "a..b"];
  for (const typed of [...none, "[::1]:80", "ftp:a", "a,b", "a".repeat(257)]) {
    assert.equal(typedSite(typed), null, typed);
  }
});

Deno.test("typedSite() makes no site that the server refuses", () => {
  const signs = [
    "a",
    "9",
    ".",
    "-",
    "_",
    ":",
    "/",
    "@",
    "ü",
    " ",
    "!",
    "%",
    "www.",
    "http://",
    "\\",
  ];
  for (const first of signs) {
    for (const second of signs) {
      for (const third of signs) {
        const site = typedSite(first + second + third);
        if (site !== null) assert.equal(faultOfSiteId(site), null, site);
      }
    }
  }
});
