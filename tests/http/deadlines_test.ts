import assert from "node:assert/strict";
import { Deadlines } from "../../src/http/deadlines.ts";
import { FakeClock } from "../support/fake_system.ts";

const late = () => new Error("too late");

Deno.test("race() is what the work comes to, whatever comes first", async () => {
  const deadlines = new Deadlines(new FakeClock(0), 10_000);
  assert.equal(await deadlines.race(Promise.resolve(5), late), 5);
  await assert.rejects(deadlines.race(Promise.reject(new Error("its own")), late), /its own/);
});

Deno.test("race() rejects what takes longer than the limit, and nothing else", async () => {
  const clock = new FakeClock(0);
  const deadlines = new Deadlines(clock, 10_000);
  const ended: string[] = [];
  const open = (name: string, work: Promise<unknown>) =>
    void deadlines.race(work, late).then(
      () => ended.push(`${name} done`),
      (error) => ended.push(`${name} ${error.message}`),
    );
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  const never = new Promise(() => {});
  let finish = () => {};
  open("first", never);
  open("second", new Promise<void>((resolve) => finish = resolve));
  clock.advance(4_000);
  open("third", never);
  clock.advance(5_999);
  await settle();
  assert.deepEqual(ended, []);
  finish();
  await settle();
  clock.advance(1);
  await settle();
  assert.deepEqual(ended, ["second done", "first too late"]);
  clock.advance(4_000);
  await settle();
  assert.deepEqual(ended.at(-1), "third too late");
});

Deno.test("race() drops the error of work that ends after its limit", async () => {
  const clock = new FakeClock(0);
  const deadlines = new Deadlines(clock, 1_000);
  let fail = (_error: Error) => {};
  const raced = deadlines.race(new Promise<void>((_, reject) => fail = reject), late);
  clock.advance(1_000);
  await assert.rejects(raced, /too late/);
  fail(new Error("nobody listens"));
});
