import assert from "node:assert/strict";
import {
  peerSnippets,
  PLATFORMS,
  platformSnippet,
  snippetOf,
} from "../../../../dashboard/lib/format/snippet.js";

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

Deno.test("snippetOf() asks for modules by one attribute", () => {
  assert.match(
    snippetOf("https://a/mallard.js", "a.example", { modules: ["outbound", "404"] }),
    / data-domain="a\.example" data-modules="outbound 404"><\/script>$/,
  );
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

Deno.test("peerSnippets() are the tags of other programs with this server's host", () => {
  const site = { site_id: "a.example", website_id: "00000000-0000-8000-8000-000000000000" };
  const snippets = peerSnippets((file) => `https://stats.example/${file}`, site);
  assert.deepEqual(snippets.map(({ code }) => code), [
    '<script defer src="https://stats.example/js/script.js" data-domain="a.example"></script>',
    '<script defer src="https://stats.example/count.js" ' +
    'data-goatcounter="https://stats.example/count"></script>',
    '<script defer src="https://stats.example/script.js" ' +
    'data-website-id="00000000-0000-8000-8000-000000000000"></script>',
  ]);
  assert.equal(peerSnippets((file) => file, { site_id: "a.example" }).length, 2);
});

Deno.test("platformSnippet() is what each platform takes, whatever the site is called", () => {
  const script = "https://stats.example/mallard.js";
  for (const { name } of PLATFORMS) {
    const code = platformSnippet(name, script, 'a"</script>.example');
    assert.ok(code.includes(script), name);
    assert.ok(!code.includes('a"</script>'), name);
  }
  assert.match(platformSnippet("Next.js", script, "a.example"), /next\/script/);
  assert.match(platformSnippet("Google Tag Manager", script, "a.example"), /createElement/);
});
