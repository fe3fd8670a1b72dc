import assert from "node:assert/strict";
import { snippetOf } from "../../../../dashboard/lib/format/snippet.js";

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

Deno.test("snippetOf() names another address for events, and keeps early calls", () => {
  const options = { api: "https://a.example/e?x=1&y=2", early: true };
  const [early, tag] = snippetOf("https://m.example/mallard.js", "a.example", options).split("\n");
  assert.equal(
    tag,
    '<script async defer src="https://m.example/mallard.js" data-domain="a.example" ' +
      'data-api="https://a.example/e?x=1&amp;y=2"></script>',
  );
  // The kept calls are what the tracker reads: a list of arguments.
  const page: { mallard?: ((...call: unknown[]) => void) & { q?: ArrayLike<unknown>[] } } = {};
  const code = (early ?? "").replace(/<\/?script>/g, "").replaceAll(
    "mallard.q",
    "window.mallard.q",
  );
  new Function("window", code)(page);
  page.mallard?.("signup", { props: { plan: "pro" } });
  assert.deepEqual(Array.from(page.mallard?.q?.[0] ?? []), ["signup", { props: { plan: "pro" } }]);
});
