import assert from "node:assert/strict";
import {
  comparableSource,
  kindOfSource,
  SOURCE_KINDS,
  SOURCE_TEXTS,
  sourceOfHost,
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

Deno.test("kindOfSource() recognises stored names, hosts and campaign words", () => {
  const table: Record<string, string | null> = {
    "Google": "search",
    " google.com": "search",
    "www.bing.com": "search",
    "FB": "social",
    "ig": "social",
    "x": "social",
    "chatgpt.com": "assistant",
    "newsletter": "email",
    "yt": "video",
    "blog.example.net": null,
    "constructor": null,
    "": null,
  };
  for (const [text, kind] of Object.entries(table)) assert.equal(kindOfSource(text), kind, text);
});

Deno.test("SOURCE_TEXTS has every text that kindOfSource() recognises", () => {
  for (const [text, kind] of SOURCE_TEXTS) assert.equal(kindOfSource(text), kind);
  assert.ok(SOURCE_TEXTS.size > 1000);
});
