import assert from "node:assert/strict";
import { Pages } from "../../../src/ingest/enrich/pages.ts";
import { pageOf } from "../../../src/ingest/enrich/url.ts";

Deno.test("Pages reads as pageOf() does, the first time and later", () => {
  const pages = new Pages();
  const urls = [
    "https://Example.com/a%20b",
    "/a",
    " https://example.com/ ",
    "not a url",
    "https://example.com/?utm_source=x#top",
    `https://example.com/${"a".repeat(3000)}`,
  ];
  for (const url of [...urls, ...urls]) assert.deepEqual(pages.read(url), pageOf(url), url);
});

Deno.test("Pages remembers a bounded number, and nothing with a query or that is long", () => {
  const pages = new Pages({ remembered: 10 });
  pages.read("https://example.com/?token=abc");
  pages.read("https://example.com/#abc");
  pages.read(`https://example.com/${"a".repeat(200)}`);
  assert.equal(pages.size, 0);
  for (let at = 0; at < 30; at++) pages.read(`/${at}`);
  assert.equal(pages.size, 10);
});
