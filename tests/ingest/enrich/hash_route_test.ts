import { strictEqual as equal } from "node:assert";
import { hashRoutedPage } from "../../../src/ingest/enrich/hash_route.ts";
import { URL_CHARS_MAX } from "../../../src/core/limits.ts";

Deno.test("hashRoutedPage() takes the fragment for a part of the path", () => {
  const table: [address: string, pathname: string][] = [
    ["https://example.com/app#/orders", "/app#/orders"],
    ["https://example.com/#!/a b?page=2", "/#!/a%20b"],
    ["https://example.com/?x=1#/orders?page=2", "/#/orders"],
    ["/#/orders", "/#/orders"],
    ["https://example.com/a", "/a"],
    ["https://example.com/a#", "/a"],
    ["https://example.com/a#part", "/a#part"],
    ["https://example.com/a##b", "/a#%23b"],
  ];
  for (const [address, pathname] of table) equal(hashRoutedPage(address).pathname, pathname);
  const long = hashRoutedPage(`/${"x".repeat(2000)}#/${"y".repeat(2000)}`).pathname;
  equal(long.length, URL_CHARS_MAX);
});

Deno.test("hashRoutedPage() reads host and campaign as of any URL, the route's too", () => {
  const page = hashRoutedPage("https://Example.com/?utm_source=a#/b?utm_medium=mail&gclid=1");
  equal(page.hostname, "example.com");
  equal(page.utm_source, "a");
  equal(page.utm_medium, "mail");
  equal(page.click_id, "gclid");
  equal(hashRoutedPage("/#/b?utm_source=news").utm_source, "news");
});
