import assert from "node:assert/strict";
import { LruCache } from "../../src/core/lru_cache.ts";

Deno.test("LruCache evicts the least recently used entry, and reading counts as use", () => {
  const recent = new LruCache<string, number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  assert.equal(recent.get("a"), 1);
  recent.set("c", 3);
  assert.equal(recent.get("b"), undefined);
  assert.equal(recent.get("a"), 1);
  assert.equal(recent.get("c"), 3);
});

Deno.test("LruCache replaces a value without losing another", () => {
  const recent = new LruCache<string, number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  recent.set("a", 3);
  assert.deepEqual([recent.get("a"), recent.get("b"), recent.size], [3, 2, 2]);
});

Deno.test("LruCache never holds more than it may", () => {
  const recent = new LruCache<number, number>(100);
  for (let key = 0; key < 10_000; key++) recent.set(key, key);
  assert.equal(recent.size, 100);
  assert.equal(recent.get(9_900), 9_900);
  assert.equal(recent.get(9_899), undefined);
});
