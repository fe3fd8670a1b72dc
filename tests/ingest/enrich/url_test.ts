import assert from "node:assert/strict";
import { CAMPAIGN_CHARS_MAX, URL_CHARS_MAX } from "../../../src/core/limits.ts";
import { pageOf, referrerOf, referrerUrl } from "../../../src/ingest/enrich/url.ts";
import { seededRandom } from "../../support/fake_system.ts";

const EMPTY = {
  pathname: "/",
  hostname: null,
  utm_source: null,
  utm_medium: null,
  utm_campaign: null,
  utm_content: null,
  utm_term: null,
  click_id: null,
  source_tag: null,
};

Deno.test("pageOf() takes path and host of a full URL, and neither query nor fragment", () => {
  assert.deepEqual(pageOf("https://Example.com:8443/Blog/post-1?page=2&x=y#part"), {
    ...EMPTY,
    hostname: "example.com",
    pathname: "/Blog/post-1",
  });
  assert.deepEqual(pageOf("https://example.com"), { ...EMPTY, hostname: "example.com" });
  assert.deepEqual(pageOf("https://user:secret@example.com./a"), {
    ...EMPTY,
    hostname: "example.com",
    pathname: "/a",
  });
});

Deno.test("pageOf() writes a path as a browser does", () => {
  const table: [string, string][] = [
    ["https://example.com/über uns", "/über%20uns"],
    ["https://example.com/%C3%BCber%20uns", "/über%20uns"],
    ["https://example.com/%7euser/%2fa%zz%", "/~user/%2Fa%zz%"],
    ["https://example.com/a/../b/./c", "/b/c"],
    ["https://example.com//double//", "//double//"],
    ["/über", "/über"],
    ["//not-a-host/path", "//not-a-host/path"],
    ["/a?b#c", "/a"],
  ];
  for (const [address, pathname] of table) assert.equal(pageOf(address).pathname, pathname);
});

Deno.test("pageOf() takes for a path what is no URL, and never fails", () => {
  const table: [string, string, string | null][] = [
    ["/pricing", "/pricing", null],
    ["blog/post", "/blog/post", null],
    ["not a url", "/not%20a%20url", null],
    ["example.com/page", "/example.com/page", null],
    ["about:blank", "/about:blank", null],
    ["https://", "/https://", null],
    ["https://exa mple/p", "/https://exa%20mple/p", null],
    ["?utm_x=1", "/", null],
    ["#top", "/", null],
    ["file:///home/page.html", "/home/page.html", null],
    ["app://local/screen", "/screen", "local"],
    ["http://[2001:db8::1]:80/x", "/x", "[2001:db8::1]"],
    ["\u0000", "/", null],
    ["", "/", null],
  ];
  for (const [address, pathname, hostname] of table) {
    const page = pageOf(address);
    assert.deepEqual([page.pathname, page.hostname], [pathname, hostname], address);
  }
});

Deno.test("pageOf() decodes campaign values as forms are decoded", () => {
  const page = pageOf(
    "https://example.com/?utm_source=Google%20Ads&utm_medium=cost+per+click&utm_campaign=" +
      "%C3%BCber&UTM_Content=a%26b%3Dc&utm_term=100%",
  );
  assert.deepEqual(
    [page.utm_source, page.utm_medium, page.utm_campaign, page.utm_content, page.utm_term],
    ["Google Ads", "cost per click", "über", "a&b=c", "100%"],
  );
});

Deno.test("pageOf() takes the first value that is not empty, from a path as well", () => {
  assert.equal(pageOf("/?utm_source=&utm_source=second&utm_source=third").utm_source, "second");
  assert.equal(pageOf("/a?utm_source=news").utm_source, "news");
  for (const query of ["utm_source=", "utm_source", "=x", "utm_source=%20+%00", "xutm_source=a"]) {
    assert.equal(pageOf(`/?${query}`).utm_source, null, query);
  }
  assert.equal(pageOf("/#?utm_source=hidden").utm_source, null);
});

Deno.test("pageOf() agrees with URLSearchParams on random queries", () => {
  const { bytes } = seededRandom(5);
  const pick = <T>(list: readonly T[]) => list[bytes(1)[0]! % list.length]!;
  const pieces = ["a", "Z", "%20", "+", "%", "%4", "%C3%BC", "%ff", "ü", "=", ";", "?", "/", "😀"];
  for (let round = 0; round < 3000; round++) {
    const query = Array.from({ length: 1 + bytes(1)[0]! % 4 }, () => {
      const key = pick(["utm_source", "utm_medium", "x", "utm_sourc", ""]);
      const value = Array.from({ length: bytes(1)[0]! % 5 }, () => pick(pieces)).join("");
      return pick([`${key}=${value}`, key]);
    }).join("&");
    const address = `https://example.com/?${query}`;
    const expected = new URL(address).searchParams.getAll("utm_source")
      .map((value) => value.trim()).find((value) => value !== "") ?? null;
    assert.equal(pageOf(address).utm_source, expected, query);
  }
});

Deno.test("pageOf() bounds what it keeps, and cuts no character in half", () => {
  for (
    const [letter, before] of ["é", "€", "😀"].flatMap((one) =>
      [0, 1, 2, 3, 4, 5].map((n) => [one, n] as const)
    )
  ) {
    const { pathname } = pageOf(`/${"a".repeat(before)}${letter.repeat(2100)}`);
    assert.ok(pathname.length <= URL_CHARS_MAX && pathname.length > URL_CHARS_MAX - 24);
    assert.match(decodeURIComponent(pathname), new RegExp(`^/a*(?:${letter})+$`, "u"));
  }
  assert.equal(pageOf(`/${"a".repeat(3000)}`).pathname.length, URL_CHARS_MAX);
  const long = pageOf(`/?utm_source=${"x".repeat(1999)}&utm_term=y`);
  assert.equal(long.utm_source, "x".repeat(CAMPAIGN_CHARS_MAX));
  const pairs = pageOf(`/?utm_source=x${encodeURIComponent("😀".repeat(600))}`).utm_source!;
  assert.ok(pairs.isWellFormed() && pairs.length <= CAMPAIGN_CHARS_MAX);
  assert.equal(pageOf(`/?utm_source=a%00%0d%0ab%7f%c2%85c`).utm_source, "abc");
});

Deno.test("pageOf() keeps the name of a click id, never its value", () => {
  const page = pageOf("https://example.com/?gclid=SECRET123&utm_source=google");
  assert.equal(page.click_id, "gclid");
  assert.ok(!JSON.stringify(page).includes("SECRET123"));
  assert.equal(pageOf("/?fbclid=a&GCLID=b").click_id, "gclid");
  assert.equal(pageOf("/?ScCid=a").click_id, "sccid");
  for (const id of ["gbraid", "wbraid", "msclkid", "fbclid", "twclid", "ttclid", "li_fat_id"]) {
    assert.equal(pageOf(`/?a=b&${id}=value`).click_id, id);
  }
  assert.equal(pageOf("/?gclid=").click_id, null);
  assert.equal(pageOf("/?constructor=a&__proto__=b&toString=c").click_id, null);
});

Deno.test("referrerUrl() accepts pages and apps alone", () => {
  const host = (referrer: string) => referrerUrl(referrer)?.hostname ?? null;
  assert.equal(host("https://www.google.com/search?q=a"), "www.google.com");
  assert.equal(host("android-app://com.google.android.gm/"), "com.google.android.gm");
  assert.equal(host("news.ycombinator.com/item?id=1"), "news.ycombinator.com");
  assert.equal(host("//example.org/x"), "example.org");
  assert.equal(host(" https://example.org "), "example.org");
  const none = ["", "not a url", "/path", "about:blank", "javascript:alert(1)", "data:text/html,x"];
  for (
    const one of [...none, "chrome-extension://abc/x", "localhost", "mailto:a@b.c", "https://"]
  ) {
    assert.equal(host(one), null, one);
  }
});

Deno.test("referrerOf() keeps the address without user, password and fragment", () => {
  const kept = (referrer: string, stripQuery = false) => referrerOf(referrer, { stripQuery });
  assert.equal(kept("https://example.org/a?b=c#d"), "https://example.org/a?b=c");
  assert.equal(kept("https://u:p@example.org/a"), "https://example.org/a");
  assert.equal(kept("https://example.org/a?b=c#d", true), "https://example.org/a");
  assert.equal(kept("https://example.org/a#d?e", true), "https://example.org/a");
  assert.equal(kept("https://example.org", true), "https://example.org/");
  assert.equal(kept("about:blank"), null);
  assert.ok(kept(`https://example.org/${"é".repeat(2000)}`)!.length <= URL_CHARS_MAX);
});

Deno.test("pageOf() reads what source names, else ref, as campaign values are read", () => {
  assert.equal(pageOf("/?ref=producthunt").source_tag, "producthunt");
  assert.equal(pageOf("/?ref=a&source=b").source_tag, "b");
  assert.equal(pageOf("/?source=&REF=a%20b&ref=c").source_tag, "a b");
  assert.equal(pageOf("/?utm_source=a&ref=b").source_tag, "b");
  assert.equal(pageOf("/?ref=https://News.example/x?y").source_tag, "news.example");
  assert.equal(pageOf("/?ref=https://").source_tag, "https://");
  assert.equal(pageOf("/?href=a&reference=b&sources=c").source_tag, null);
});
