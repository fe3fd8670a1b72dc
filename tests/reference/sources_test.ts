import assert from "node:assert/strict";
import {
  comparableSource,
  SOURCE_KINDS,
  SOURCE_TEXTS,
  sourceNameOf,
  sourceOfHost,
  sourceOfText,
  SOURCES,
} from "../../src/reference/sources.ts";

const ROWS = Object.entries(SOURCES).flatMap(([kind, rows]) =>
  (rows as readonly (readonly [string, string, string?])[]).map(([name, hosts, words]) => ({
    kind,
    name,
    hosts: hosts.split(" "),
    words: words?.split(" ") ?? [],
  }))
);

Deno.test("SOURCES names at least 150 sources, some of every kind", () => {
  assert.ok(ROWS.filter(({ kind }) => kind !== "other").length >= 150);
  for (const kind of Object.keys(SOURCE_KINDS)) {
    assert.ok(ROWS.filter((row) => row.kind === kind).length >= 20, kind);
  }
});

Deno.test("SOURCES gives every name, host and word to one source only", () => {
  const owners = new Map<string, string>();
  for (const { name, hosts, words } of ROWS) {
    for (const text of new Set([name.toLowerCase(), ...hosts, ...words])) {
      assert.equal(owners.get(text), undefined, `${text} belongs to ${name}, too`);
      owners.set(text, name);
    }
  }
});

Deno.test("SOURCES writes hosts and words as they are compared", () => {
  for (const { hosts, words } of ROWS) {
    for (const host of hosts) assert.match(host, /^[a-z0-9-]+(\.[a-z0-9-]+)+$/);
    for (const text of [...hosts, ...words]) assert.equal(comparableSource(text), text);
  }
});

Deno.test("sourceOfHost() finds every host of the table, and whatever is below it", () => {
  for (const { name, hosts } of ROWS) {
    for (const host of hosts) {
      assert.equal(sourceOfHost(host)?.name, name, host);
      assert.equal(sourceOfHost(`www.${host}`)?.name, name, host);
    }
  }
});

Deno.test("sourceOfHost() prefers the nearest domain", () => {
  assert.equal(sourceOfHost("mail.google.com")?.kind, "email");
  assert.equal(sourceOfHost("www.google.com")?.kind, "search");
  assert.equal(sourceOfHost("gemini.google.com")?.kind, "assistant");
  assert.equal(sourceOfHost("edgeservices.bing.com")?.kind, "assistant");
  assert.equal(sourceOfHost("google.com.example"), null);
  assert.equal(sourceOfHost("com"), null);
  assert.equal(sourceOfHost(""), null);
  assert.equal(sourceOfHost("a.".repeat(1000) + "google.com"), null);
});

Deno.test("sourceOfText() recognises stored names, hosts and campaign words", () => {
  const table: Record<string, [name: string | null, kind: string] | null> = {
    "Google": ["Google", "search"],
    " google.com": ["Google", "search"],
    "www.bing.com": ["Bing", "search"],
    "FB": ["Facebook", "social"],
    "ig": ["Instagram", "social"],
    "x": ["Twitter", "social"],
    "chatgpt.com": ["ChatGPT", "assistant"],
    "perplexity": ["Perplexity", "assistant"],
    "old.reddit.com": ["Reddit", "social"],
    "docs.google.com": ["Google Docs", "other"],
    "newsletter": [null, "email"],
    "yt": ["YouTube", "video"],
    "blog.example.net": null,
    "google.com.evil.example": null,
    "com": null,
    "constructor": null,
    "": null,
  };
  for (const [text, known] of Object.entries(table)) {
    const found = sourceOfText(text);
    assert.deepEqual(found && [found.name, found.kind], known, text);
  }
});

Deno.test("SOURCE_TEXTS has every text that sourceOfText() recognises by itself", () => {
  for (const [text, known] of SOURCE_TEXTS) assert.equal(sourceOfText(text), known);
  assert.ok(SOURCE_TEXTS.size > 1000);
});

Deno.test("sourceNameOf() takes utm_source, else the tag, else the referrer's name", () => {
  const name = (
    utm_source: string | null,
    source_tag: string | null,
    referrer_source: string | null,
  ) => sourceNameOf({ utm_source, source_tag, referrer_source });
  assert.equal(name("perplexity", null, null), "Perplexity");
  assert.equal(name("perplexity", "reddit.com", "Google"), "Perplexity");
  assert.equal(name(null, "www.ProductHunt.com", "Google"), "Product Hunt");
  assert.equal(name(" ", "", "Google"), "Google");
  assert.equal(name(" Spring mail ", null, "Google"), "Spring mail");
  assert.equal(name("newsletter", null, null), "newsletter");
  assert.equal(name(null, null, "blog.example"), "blog.example");
  assert.equal(name(null, null, null), null);
});
