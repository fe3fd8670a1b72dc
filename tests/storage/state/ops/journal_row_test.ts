import assert from "node:assert/strict";
import { packRow, unpackRows } from "../../../../src/storage/state/ops/journal_row.ts";

Deno.test("unpackRows() reads what packRow() wrote, whatever the event holds", () => {
  const texts = ["", "\t", "\n", "\r\n", "a\tb\nc", "\u2028\u0000", "\ud800", "日本 😀", '"\\'];
  const events = texts.map((text) => JSON.stringify({ pathname: text }));
  const rows = events.map((event, at) => packRow(`site-${at}.example:8080`, "2024-01-15", event));
  assert.deepEqual(
    unpackRows(rows.join("")),
    events.flatMap((event, at) => [`site-${at}.example:8080`, "2024-01-15", event]),
  );
  assert.deepEqual(unpackRows(""), []);
});

Deno.test("unpackRows() refuses a text that was cut short", () => {
  const row = packRow("a.example", "2024-01-15", "{}");
  for (let length = 1; length < row.length; length++) {
    assert.throws(() => unpackRows(row.slice(0, length)), /cut short/);
  }
});
