import assert from "node:assert/strict";
import { Referrers, sourceOf } from "../../../src/ingest/enrich/referrer.ts";

const referrers = new Referrers({ stripQuery: false });
const source = (referrer: string, ...ownHosts: string[]) =>
  sourceOf(referrers.read(referrer), ownHosts);

Deno.test("sourceOf() names the sources that old data names, too", () => {
  const table: Record<string, string> = {
    "https://www.google.com/": "Google",
    "https://google.de/search?q=a": "Google",
    "https://www.google.co.uk/": "Google",
    "https://images.google.com.au/": "Google",
    "https://www.bing.com/search?q=a": "Bing",
    "https://search.yahoo.com/": "Yahoo",
    "https://uk.search.yahoo.com/": "Yahoo",
    "https://yahoo.co.jp/": "Yahoo",
    "https://duckduckgo.com/": "DuckDuckGo",
    "https://html.duckduckgo.com/html": "DuckDuckGo",
    "https://twitter.com/someone/status/1": "Twitter",
    "https://t.co/abc": "Twitter",
    "https://x.com/": "Twitter",
    "https://mobile.x.com/": "Twitter",
    "https://www.facebook.com/": "Facebook",
    "https://l.facebook.com/l.php?u=a": "Facebook",
    "https://lm.facebook.com/": "Facebook",
    "https://www.linkedin.com/feed": "LinkedIn",
    "https://lnkd.in/abc": "LinkedIn",
    "https://old.reddit.com/r/deno": "Reddit",
    "https://redd.it/abc": "Reddit",
    "https://github.com/denoland/deno": "GitHub",
    "https://gist.github.com/": "GitHub",
    "https://news.ycombinator.com/item?id=1": "Hacker News",
  };
  for (const [referrer, name] of Object.entries(table)) assert.equal(source(referrer), name);
});

Deno.test("sourceOf() names well-known others, and their apps", () => {
  const table: Record<string, string> = {
    "https://chatgpt.com/": "ChatGPT",
    "https://gemini.google.com/app": "Gemini",
    "https://copilot.microsoft.com/": "Copilot",
    "https://www.perplexity.ai/search": "Perplexity",
    "https://claude.ai/chat": "Claude",
    "https://mail.google.com/mail/u/0": "Gmail",
    "https://outlook.live.com/": "Outlook",
    "https://eur01.safelinks.protection.outlook.com/": "Outlook",
    "https://www.youtube.com/watch?v=1": "YouTube",
    "https://www.amazon.co.jp/dp/1": "Amazon",
    "https://l.instagram.com/": "Instagram",
    "https://someone.substack.com/p/post": "Substack",
    "https://fosstodon.org/@a": "Mastodon",
    "https://bsky.app/": "Bluesky",
    "https://yandex.com.tr/search": "Yandex",
    "https://search.brave.com/": "Brave Search",
    "https://de.wikipedia.org/wiki/Ente": "Wikipedia",
    "android-app://com.google.android.gm/": "Gmail",
    "android-app://com.google.android.googlequicksearchbox/https/www.google.com": "Google",
    "android-app://com.reddit.frontpage": "Reddit",
    "android-app://com.Slack/": "Slack",
  };
  for (const [referrer, name] of Object.entries(table)) assert.equal(source(referrer), name);
});

Deno.test("sourceOf() returns the host of every other source unchanged", () => {
  const table: Record<string, string> = {
    "https://blog.example.net/post?a=b": "blog.example.net",
    "https://www.example.net/": "www.example.net",
    "https://EXAMPLE.net:8443/": "example.net",
    "https://example.net./": "example.net",
    "https://bücher.example/": "xn--bcher-kva.example",
    "http://192.0.2.1:81/": "192.0.2.1",
    "https://sub.example.com/": "sub.example.com",
    "android-app://com.example.reader/": "com.example.reader",
  };
  for (const [referrer, host] of Object.entries(table)) assert.equal(source(referrer), host);
});

Deno.test("sourceOf() is not deceived by hosts that only look like a known one", () => {
  const hosts = "google.com.evil.io notgoogle.com google.evil.com google.co.uk.example xt.co " +
    "facebook.com-login.example mygithub.com www.google.com.example t.co.example bing.comx " +
    "com google googlecom.example x.com.example";
  for (const host of hosts.split(" ")) assert.notEqual(sourceName(host), null, host);
  function sourceName(host: string): string | null {
    const found = source(`https://${host}/`);
    assert.equal(found, host);
    return found;
  }
});

Deno.test("sourceOf() is null for the site's own hosts, with or without www", () => {
  assert.equal(source("https://example.com/other", "example.com"), null);
  assert.equal(source("https://www.example.com/other", "example.com"), null);
  assert.equal(source("https://example.com/", "www.example.com"), null);
  assert.equal(source("http://EXAMPLE.com.:8080/", "example.com"), null);
  assert.equal(source("https://www.google.com/", "google.com"), null);
  assert.equal(source("https://b.example/", "a.example", "b.example"), null);
  assert.equal(source("https://deep.shop.b.example/", "*.b.example"), null);
  assert.equal(source("https://b.example/", "*.b.example"), null);
  assert.equal(source("https://notb.example/", "*.b.example"), "notb.example");
  assert.equal(source("https://shop.example.com/", "example.com"), "shop.example.com");
  assert.equal(source("https://www.google.com/"), "Google");
});

Deno.test("sourceOf() is null without an address of a page", () => {
  for (const referrer of ["", "not a url", "about:blank", "/path"]) {
    assert.equal(source(referrer), null);
  }
});

Deno.test("read() says what is stored of a referrer, and remembers a bounded number", () => {
  const some = new Referrers({ stripQuery: false, remembered: 10 });
  const stripped = new Referrers({ stripQuery: true });
  const text = "https://me:secret@Example.com/a?b=c#d";
  for (let again = 0; again < 2; again++) {
    assert.equal(some.read(text).stored, "https://example.com/a?b=c");
    assert.equal(stripped.read(text).stored, "https://example.com/a");
    assert.equal(some.read("about:blank").stored, null);
  }
  for (let count = 0; count < 100; count++) some.read(`https://${count}.example/`);
  assert.equal(some.size, 10);
  const long = `https://long.example/${"x".repeat(500)}`;
  assert.equal(some.read(long).source, "long.example");
  assert.equal(some.size, 10);
});
