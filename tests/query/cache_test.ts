import assert from "node:assert/strict";
import { CACHE_CHARS_MAX } from "../../src/core/limits.ts";
import { Cache } from "../../src/query/cache.ts";
import { FakeClock } from "../support/fake_system.ts";

const clockAt = () => new FakeClock(1_000_000);

Deno.test("Cache.get() computes once, until the entry is too old", async () => {
  const clock = clockAt();
  const cache = new Cache(clock, { ttlMs: 60_000, entriesMax: 10 });
  let computed = 0;
  const ask = () => cache.get("key", () => Promise.resolve(++computed));
  assert.deepEqual([await ask(), await ask()], [1, 1]);
  clock.advance(59_999);
  assert.equal(await ask(), 1);
  clock.advance(1);
  assert.equal(await ask(), 2);
  assert.deepEqual(cache.counts(), { entries: 1, hits: 2, misses: 2 });
});

Deno.test("Cache.get() keeps the latest used entries only", async () => {
  const cache = new Cache(clockAt(), { ttlMs: 60_000, entriesMax: 2 });
  const computed: string[] = [];
  const ask = (key: string) =>
    cache.get(key, () => {
      computed.push(key);
      return Promise.resolve(key);
    });
  for (const key of ["a", "b", "a", "c", "a", "b"]) await ask(key);
  assert.deepEqual(computed, ["a", "b", "c", "b"]);
  assert.equal(cache.counts().entries, 2);
});

Deno.test("Cache.get() joins concurrent requests and keeps nothing at ttl 0", async () => {
  const cache = new Cache(clockAt(), { ttlMs: 0, entriesMax: 10 });
  let computed = 0;
  const ask = () => cache.get("key", () => Promise.resolve(++computed));
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1]);
  assert.equal(await ask(), 2);
  assert.equal(cache.counts().entries, 0);
});

Deno.test("Cache.get() does not keep a failure", async () => {
  const cache = new Cache(clockAt(), { ttlMs: 60_000, entriesMax: 10 });
  await assert.rejects(cache.get("key", () => Promise.reject(new Error("no"))), /no/);
  assert.equal(await cache.get("key", () => Promise.resolve("yes")), "yes");
});

Deno.test("Cache.get() stops the computation when the last waiting caller has left", async () => {
  const cache = new Cache(clockAt(), { ttlMs: 60_000, entriesMax: 10 });
  const signals: AbortSignal[] = [];
  const compute = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<string>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))
    );
  };
  const [one, two] = [new AbortController(), new AbortController()];
  const first = cache.get("key", compute, one.signal);
  const second = cache.get("key", compute, two.signal);
  one.abort();
  await assert.rejects(first, { name: "AbortError" });
  assert.equal(signals[0]?.aborted, false);
  two.abort();
  await assert.rejects(second, { name: "AbortError" });
  assert.equal(signals[0]?.aborted, true);
  assert.equal(await cache.get("key", () => Promise.resolve("fresh")), "fresh");
});

Deno.test("Cache.get() keeps answers up to a size in all", async () => {
  const cache = new Cache(clockAt(), { ttlMs: 60_000, entriesMax: 1000 });
  const large = "x".repeat(CACHE_CHARS_MAX / 8);
  for (const key of ["a", "b", "c", "d", "e"]) await cache.get(key, () => Promise.resolve(large));
  assert.equal(cache.counts().entries, 3);
  await cache.get("huge", () => Promise.resolve(large.repeat(5)));
  assert.equal(cache.counts().entries, 0);
  await cache.get("small", () => Promise.resolve(1));
  assert.equal(cache.counts().entries, 1);
});

Deno.test("Cache.clear() removes every entry", async () => {
  const cache = new Cache(clockAt(), { ttlMs: 60_000, entriesMax: 10 });
  await cache.get("key", () => Promise.resolve(1));
  cache.clear();
  assert.equal(await cache.get("key", () => Promise.resolve(2)), 2);
});
