import assert from "node:assert/strict";
import { PasswordQueue, type Turn } from "../../src/auth/password_queue.ts";
import { AppError } from "../../src/core/errors.ts";
import { PASSWORD_QUEUE_MAX, PASSWORD_QUEUE_SHARE_MAX } from "../../src/core/limits.ts";

/** A queue whose first turn lasts until `open` is called; the others are noted as they come. */
function heldQueue() {
  const queue = new PasswordQueue();
  const order: string[] = [];
  const held = Promise.withResolvers<void>();
  const first = queue.run({ key: "first", isKnown: false }, () => held.promise);
  const ask = (key: string, isKnown = false, more: Partial<Turn> = {}) =>
    queue.run({ key, isKnown, ...more }, () => Promise.resolve(order.push(key)))
      .then(() => "done", (error) => error instanceof AppError ? error.code : String(error));
  const open = async () => {
    held.resolve();
    await first;
  };
  return { queue, order, ask, open };
}

Deno.test("PasswordQueue.run() takes known callers first, then each address in turn", async () => {
  const { order, ask, open } = heldQueue();
  const asked = ["a", "a", "a", "b", "b", "c"].map((key) => ask(key));
  asked.push(ask("owner", true));
  await open();
  assert.deepEqual([...new Set(await Promise.all(asked))], ["done"]);
  assert.deepEqual(order, ["owner", "a", "b", "c", "a", "b", "a"]);
});

Deno.test("PasswordQueue.run() refuses an address with a full share, and no other", async () => {
  const { ask, open } = heldQueue();
  const shares = Array.from({ length: PASSWORD_QUEUE_SHARE_MAX }, () => ask("a"));
  assert.equal(await ask("a"), "too_many_requests");
  const other = ask("b");
  await open();
  assert.equal(await other, "done");
  assert.ok((await Promise.all(shares)).every((answer) => answer === "done"));
});

Deno.test("PasswordQueue.run() gives up the last of the longest share when full", async () => {
  const { queue, order, ask, open } = heldQueue();
  const asked: Promise<string>[] = [];
  for (let n = 0; asked.length < PASSWORD_QUEUE_MAX; n++) {
    const share = n === 7 ? 2 : 1;
    for (let one = 0; one < share && asked.length < PASSWORD_QUEUE_MAX; one++) {
      asked.push(ask(`address ${n}`));
    }
  }
  assert.equal(queue.size, PASSWORD_QUEUE_MAX);
  const fresh = ask("fresh");
  assert.equal(await asked[8], "too_many_requests", "the second one of address 7");
  assert.equal(await ask("later"), "too_many_requests", "all have one: nobody has too many");
  const owner = ask("owner", true);
  assert.equal(
    await Promise.race(asked.slice(0, 1).concat(fresh, open().then(() => "opened"))),
    "too_many_requests",
    "a known caller takes a stranger's place",
  );
  await open();
  assert.equal(await owner, "done");
  assert.equal(order[0], "owner");
});

Deno.test("PasswordQueue.run() skips aborted requests, and continues after a failure", async () => {
  const { queue, order, ask, open } = heldQueue();
  const gone = new AbortController();
  const left = ask("left", false, { signal: gone.signal });
  const failed = queue.run({ key: "bad", isKnown: false }, () => Promise.reject(new Error("bad")));
  const after = ask("after");
  gone.abort();
  assert.equal(await left, "too_many_requests");
  assert.equal(queue.size, 2);
  await open();
  await assert.rejects(failed, /bad/);
  assert.equal(await after, "done");
  assert.deepEqual(order, ["after"]);
  queue.refuseAll(new Error("stopping"));
  assert.equal(await ask("next"), "done");
});
