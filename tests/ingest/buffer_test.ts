import assert from "node:assert";
import type { Event } from "../../src/core/event.ts";
import { QUEUE_EVENTS_MAX } from "../../src/core/limits.ts";
import { Buffer } from "../../src/ingest/buffer.ts";
import { fakeSystem } from "../support/fake_system.ts";
import { pageview } from "../support/events.ts";

const event = pageview({ at: "2024-01-15" });

/** A journal whose commits wait until they are let through. */
function heldJournal() {
  const batches: (readonly Event[])[] = [];
  const gates: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const append = (events: readonly Event[]) =>
    new Promise<void>((resolve, reject) => {
      batches.push(events);
      gates.push({ resolve, reject });
    });
  return { batches, gates, append };
}

Deno.test("Buffer answers only after the commit, and many waiting requests share one", async () => {
  const journal = heldJournal();
  const buffer = new Buffer(journal.append, fakeSystem().log);
  let answered = 0;
  const waiting = [1, 2, 3].map(() => buffer.accept([event]).then(() => answered++));
  await Promise.resolve();
  const more = [4, 5].map(() => buffer.accept([event]).then(() => answered++));
  await Promise.resolve();
  assert.deepStrictEqual(journal.batches.map((batch) => batch.length), [3]);
  assert.strictEqual(answered, 0);
  journal.gates[0]!.resolve();
  await Promise.all(waiting);
  assert.strictEqual(answered, 3);
  assert.deepStrictEqual(journal.batches.map((batch) => batch.length), [3, 2]);
  journal.gates[1]!.resolve();
  await Promise.all(more);
  assert.strictEqual(buffer.counts.accepted, 5);
  assert.strictEqual(buffer.size, 0);
});

Deno.test("Buffer refuses with 503 while the disk refuses, and recovers by itself", async () => {
  const journal = heldJournal();
  const system = fakeSystem();
  const buffer = new Buffer(journal.append, system.log);
  const first = buffer.accept([event]);
  await Promise.resolve();
  journal.gates[0]!.reject(new Error("database or disk is full"));
  await assert.rejects(first, { code: "unavailable", headers: { "retry-after": "2" } });
  assert.ok(buffer.failing);
  const second = buffer.accept([event]);
  await Promise.resolve();
  await Promise.resolve();
  journal.gates[1]!.resolve();
  await second;
  assert.ok(!buffer.failing);
  assert.deepStrictEqual(system.lines.map((line) => line.level), ["error", "info"]);
});

Deno.test("Buffer refuses what is beyond its bound and keeps what came before", async () => {
  const journal = heldJournal();
  const buffer = new Buffer(journal.append, fakeSystem().log);
  const kept = buffer.accept(Array.from({ length: QUEUE_EVENTS_MAX }, () => event));
  await assert.rejects(buffer.accept([event]), { code: "unavailable" });
  await Promise.resolve();
  journal.gates[0]!.resolve();
  await kept;
  assert.strictEqual(journal.batches[0]!.length, QUEUE_EVENTS_MAX);
  const small = new Buffer(journal.append, fakeSystem().log, { eventsMax: 2 });
  small.accept([event, event]);
  await assert.rejects(small.accept([event]), { code: "unavailable" });
});
