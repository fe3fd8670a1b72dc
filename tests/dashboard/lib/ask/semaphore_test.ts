import assert from "node:assert/strict";
import { Semaphore } from "../../../../dashboard/lib/ask/semaphore.js";

/** Work that ends when told to, and notes that it began. */
function held(begun: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return {
    work: () => {
      begun.push(name);
      return promise;
    },
    end: () => resolve(name),
    fail: () => reject(new Error(name)),
  };
}

const soon = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("Semaphore.run() does so much at once, in turn, the last ones last", async () => {
  const turns = new Semaphore(2);
  const begun: string[] = [];
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => held(begun, name));
  const answers = [
    turns.run(a!.work),
    turns.run(b!.work),
    turns.run(c!.work, { last: true }),
    turns.run(d!.work),
  ];
  await soon();
  assert.deepEqual(begun, ["a", "b"]);
  b!.fail();
  await assert.rejects(answers[1]!, /^Error: b$/);
  await soon();
  assert.deepEqual(begun, ["a", "b", "d"]);
  a!.end();
  await soon();
  assert.deepEqual(begun, ["a", "b", "d", "c"]);
  c!.end();
  d!.end();
  assert.deepEqual(await Promise.all([answers[0], answers[2], answers[3]]), ["a", "c", "d"]);
});

Deno.test("Semaphore.run() releases aborted calls, both waiting and running", async () => {
  const turns = new Semaphore(1);
  const begun: string[] = [];
  const [a, b, c] = ["a", "b", "c"].map((name) => held(begun, name));
  const first = turns.run(a!.work);
  const abort = new AbortController();
  const second = turns.run(b!.work, { signal: abort.signal });
  const third = turns.run(c!.work);
  abort.abort(new Error("no longer asked"));
  await assert.rejects(second, /no longer asked/);
  a!.end();
  c!.end();
  assert.deepEqual(await Promise.all([first, third]), ["a", "c"]);
  await assert.rejects(turns.run(b!.work, { signal: abort.signal }), /no longer asked/);
  assert.equal(await turns.run(() => Promise.resolve("free")), "free");
  assert.deepEqual(begun, ["a", "c"]);
});
