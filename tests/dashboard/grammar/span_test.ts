import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSpan, printSpan, secondsOf } from "../../../dashboard/grammar/span.js";
import { anySpan } from "../../support/grammar.ts";
import { valueOf } from "../../support/parsed.ts";

Deno.test("parseSpan() reads back what printSpan() prints", () => {
  fc.assert(fc.property(anySpan, (span) => {
    assert.deepEqual(parseSpan(printSpan(span)), { value: span });
  }));
});

Deno.test("parseSpan() reads seconds to weeks within 1 second and 366 days", () => {
  const seconds = (text: string) => secondsOf(valueOf(parseSpan(text)));
  assert.equal(seconds("1 second"), 1);
  assert.equal(seconds(" 90  Minutes "), 5400);
  assert.equal(seconds("366 days"), 366 * 86_400);
  assert.equal(seconds("52 weeks"), 364 * 86_400);
  const wrong = ["", "1", "day", "1 month", "1 year", "0 days", "367 days", "53 weeks", "1.5 days"];
  const odd = ["-1 day", "1 dayss", "1e3 seconds", "999999999 weeks", "١ day", "1 constructor"];
  for (const text of [...wrong, ...odd]) {
    assert.equal(typeof parseSpan(text).fault, "string", text);
  }
});
