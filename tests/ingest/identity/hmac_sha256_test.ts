import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { HmacSha256 } from "../../../src/ingest/identity/hmac_sha256.ts";

function expected(key: string, message: string): string {
  return createHmac("sha256", key).update(message).digest("hex");
}

Deno.test("hex() is HMAC-SHA256 for messages of every length around the ends of blocks", () => {
  for (const key of ["", "k", "ö".repeat(32), "0".repeat(64)]) {
    const hmac = new HmacSha256(key);
    for (let length = 0; length <= 200; length++) {
      const message = "x".repeat(length);
      assert.equal(hmac.hex(message), expected(key, message), `${key} ${length}`);
    }
  }
});

Deno.test("hex() is right for any text, after longer and shorter ones", () => {
  const hmac = new HmacSha256("key");
  const texts = ["x".repeat(100_000), "", "é|ü", "a".repeat(1030) + "€", "\ud800 half", "😀", "a"];
  for (const text of [...texts, ...texts.toReversed()]) {
    assert.equal(hmac.hex(text), expected("key", text), text.slice(0, 20));
  }
});

Deno.test("HmacSha256 refuses a key that would be cut", () => {
  assert.throws(() => new HmacSha256("é".repeat(33)), RangeError);
});
