import assert from "node:assert/strict";
import { snippetOf } from "../../../dashboard/lib/snippet.js";

Deno.test("snippetOf() names the server's own tracker and the site", () => {
  assert.equal(
    snippetOf("https://stats.example/base/mallard.js", "example.com"),
    '<script async defer src="https://stats.example/base/mallard.js" ' +
      'data-domain="example.com"></script>',
  );
});

Deno.test("snippetOf() keeps what is typed inside its attribute", () => {
  const snippet = snippetOf("https://a/m.js", '"><img src=x onerror=alert(1)>&');
  assert.equal(snippet.match(/"/g)?.length, 4);
  assert.ok(!snippet.includes("<img"));
});
