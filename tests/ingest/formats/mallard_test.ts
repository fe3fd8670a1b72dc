import assert from "node:assert";
import { parseJson } from "../../../src/ingest/formats/json_body.ts";
import { readFields, readQuery } from "../../../src/ingest/formats/mallard.ts";
import type { Checked, Payload } from "../../../src/ingest/payload.ts";

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const GOOD = { d: "example.com", n: "pageview", u: "https://example.com/" };

function readJson(bytes: Uint8Array): Checked<Payload> {
  const parsed = parseJson(bytes);
  return "fault" in parsed ? parsed : readFields(parsed.value);
}

function codeOf(value: unknown): string {
  const checked = readJson(value instanceof Uint8Array ? value : encode(value));
  return "fault" in checked ? checked.fault.code : "ok";
}

Deno.test("readJson() takes every field", () => {
  const checked = readJson(encode({
    ...GOOD,
    r: "https://www.google.com/",
    w: 1920,
    t: "Home",
    la: "de-AT",
    p: '{"plan":"pro"}',
    ra: 12.345,
    rc: "eur",
    unknown: [1],
  }));
  assert.deepStrictEqual(checked, {
    value: {
      site_id: "example.com",
      event_name: "pageview",
      url: "https://example.com/",
      referrer: "https://www.google.com/",
      screenPixels: 1920,
      title: "Home",
      language: "de-AT",
      userId: null,
      props: '{"plan":"pro"}',
      revenueCents: 1235,
      revenueCurrency: "EUR",
      isHashRouted: false,
      isLocal: false,
      isEvent: true,
      isInteractive: true,
      engagement: null,
      vitals: null,
      notices: [],
    },
  });
});

Deno.test("readJson() takes what was measured of a page view as an engagement alone", () => {
  const sent = { ...GOOD, r: "https://a.example/", p: '{"a":1}', ra: 1, w: 900 };
  const checked = readJson(encode({ ...sent, en: { ms: 1234.6, depth: 250 } }));
  assert.ok("value" in checked);
  const { event_name, engagement, isEvent, props, referrer, revenueCents } = checked.value;
  assert.deepStrictEqual(
    [event_name, engagement, isEvent, props, referrer, revenueCents],
    ["engagement", { engaged_ms: 1235, scroll_depth: 100 }, true, null, null, null],
  );
  const empty = readJson(encode({ ...GOOD, en: { ms: "soon" } }));
  assert.ok("value" in empty);
  assert.strictEqual(empty.value.isEvent, false);
  const text = readJson(encode({ ...GOOD, n: "engagement", en: "5" }));
  assert.deepStrictEqual("value" in text && text.value.engagement, null);
});

Deno.test("readJson() takes absent, null and empty optional fields as null", () => {
  for (const extra of [{}, { r: null, w: null, p: null, ra: null, rc: null }, { r: "", p: "" }]) {
    const checked = readJson(encode({ ...GOOD, ...extra }));
    assert.ok("value" in checked);
    const { referrer, screenPixels, props, revenueCents, revenueCurrency } = checked.value;
    assert.deepStrictEqual(
      [referrer, screenPixels, props, revenueCents, revenueCurrency],
      [null, null, null, null, null],
    );
  }
});

Deno.test("readJson() distinguishes a wrong shape (422) from a wrong value (400)", () => {
  const unprocessable: unknown[] = [
    new TextEncoder().encode("{"),
    new Uint8Array(),
    new Uint8Array([0xff, 0xfe]),
    [],
    "text",
    null,
    {},
    { ...GOOD, d: undefined },
    { ...GOOD, n: undefined },
    { ...GOOD, u: undefined },
    { ...GOOD, d: 1 },
    { ...GOOD, n: null },
    { ...GOOD, u: ["x"] },
  ];
  for (const value of unprocessable) assert.strictEqual(codeOf(value), "unprocessable", `${value}`);
  const bad: unknown[] = [
    { ...GOOD, d: "" },
    { ...GOOD, n: "" },
    { ...GOOD, u: "" },
    { ...GOOD, d: "exa mple" },
    { ...GOOD, d: "a/b" },
    { ...GOOD, d: "a..b" },
    { ...GOOD, d: "ä" },
    { ...GOOD, d: "x".repeat(257) },
    { ...GOOD, n: "x".repeat(257) },
    { ...GOOD, u: "/" + "x".repeat(2048) },
  ];
  for (const value of bad) {
    assert.strictEqual(codeOf(value), "bad_request", JSON.stringify(value).slice(0, 80));
  }
});

Deno.test("readJson() refuses a text that is no UTF-8, and takes the mark of one as a text", () => {
  const [before = "", after = ""] = JSON.stringify({ ...GOOD, t: "|" }).split("|");
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const body = (...bytes: number[]) => Uint8Array.from([...utf8(before), ...bytes, ...utf8(after)]);
  // A byte alone, half a character, half of a surrogate pair, a slash in two bytes.
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
    assert.strictEqual(codeOf(body(...bytes)), "unprocessable", bytes.join());
  }
  const checked = readJson(body(...utf8("\ufffd 🦆")));
  assert.ok("value" in checked);
  assert.strictEqual(checked.value.title, "\ufffd 🦆");
});

Deno.test("readJson() takes everything up to the limits", () => {
  const good: unknown[] = [
    { ...GOOD, d: "x".repeat(256) },
    { ...GOOD, d: "a.b-c_d:8080" },
    { ...GOOD, n: "😀".repeat(256) },
    { ...GOOD, u: "/" + "x".repeat(2047) },
    { ...GOOD, u: "/?" + "x".repeat(9000) },
    { ...GOOD, u: "https://example.com/#" + "x".repeat(9000) },
    { ...GOOD, p: { a: "x".repeat(4088) } },
    { ...GOOD, ra: 9999999999.99 },
    { ...GOOD, ra: -9999999999.99 },
    { ...GOOD, w: 0 },
    { ...GOOD, w: 1280.5 },
  ];
  for (const value of good) {
    assert.strictEqual(codeOf(value), "ok", JSON.stringify(value).slice(0, 80));
  }
});

Deno.test("readQuery() reads the same fields, with pageview as the default name", () => {
  const query = new URLSearchParams({ d: "example.com", u: "/a", w: "390", ra: "1.5", rc: "USD" });
  const checked = readQuery(query);
  assert.ok("value" in checked);
  assert.strictEqual(checked.value.event_name, "pageview");
  assert.strictEqual(checked.value.screenPixels, 390);
  assert.strictEqual(checked.value.revenueCents, 150);
  const empty = readQuery(new URLSearchParams({ d: "example.com", u: "/a", w: " ", ra: "" }));
  assert.deepStrictEqual("value" in empty && empty.value.notices, []);
  const wrong = readQuery(new URLSearchParams({ d: "example.com", u: "/a", w: "wide", p: "x" }));
  assert.ok("value" in wrong);
  assert.deepStrictEqual(wrong.value.notices, ["width_dropped", "props_dropped"]);
  assert.deepStrictEqual([wrong.value.screenPixels, wrong.value.props], [null, null]);
});
