import { strictEqual as equal } from "node:assert";
import { hashRoutedPage } from "../../../src/ingest/enrich/hash_route.ts";
import { pathRewrite } from "../../../src/core/paths/rules.ts";
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

Deno.test("hashRoutedPage() gives path and route to the site's path rules as one", () => {
  const rewrite = pathRewrite({
    lowercase: true,
    trailing_slash: "remove",
    query_parameters: ["page", "x"],
    masks: [{ from: "/app#/user/*", to: "/app#/user/:id" }],
  });
  const path = hashRoutedPage("https://example.com/App?x=1&y=2#/User/7/?page=2", rewrite).pathname;
  equal(path, "/app#/user/:id?page=2&x=1");
  equal(hashRoutedPage("/A/?x=1", rewrite).pathname, "/a?x=1");
});

Deno.test("hashRoutedPage() reads host and campaign as of any URL, the route's too", () => {
  const page = hashRoutedPage("https://Example.com/?utm_source=a#/b?utm_medium=mail&gclid=1");
  equal(page.hostname, "example.com");
  equal(page.utm_source, "a");
  equal(page.utm_medium, "mail");
  equal(page.click_id, "gclid");
  equal(hashRoutedPage("/#/b?utm_source=news").utm_source, "news");
});
