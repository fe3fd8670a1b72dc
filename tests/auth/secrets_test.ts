import { strictEqual as equal } from "node:assert";
import { findByDigest, sameSecret, sha256, sha256Hex } from "../../src/auth/secrets.ts";

Deno.test("sameSecret() compares secrets of any length", () => {
  equal(sameSecret("a", "a"), true);
  equal(sameSecret("", ""), true);
  equal(sameSecret("a", "b"), false);
  equal(sameSecret("a", "aa"), false);
  equal(sameSecret("é", "e\u0301"), false);
});

Deno.test("sha256Hex() gives the digest of the standard's example", () => {
  const hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  equal(sha256Hex("abc"), hex);
  equal(sha256("abc").toHex(), hex);
});

Deno.test("findByDigest() finds the entry at any position", () => {
  const entries = ["a", "b", "c"].map((name) => ({ name, digest: sha256(name) }));
  for (const name of ["a", "b", "c"]) equal(findByDigest(entries, sha256(name))?.name, name);
  equal(findByDigest(entries, sha256("d")), undefined);
  equal(findByDigest([], sha256("d")), undefined);
});
