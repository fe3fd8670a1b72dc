import assert from "node:assert/strict";
import { type Caller, OWNER, Turns } from "../../../src/query/budget/turns.ts";
import { WAITING_PER_CALLER_MAX } from "../../../src/core/limits.ts";
import { FakeClock } from "../../support/fake_system.ts";

const stranger = (key: string): Caller => ({ kind: "stranger", key });

/** Statements that run until they are ended, in the order in which they began. */
function statements(slots: number, ownerSlots = slots) {
  const clock = new FakeClock(0);
  const turns = new Turns(clock, { slots, ownerSlots });
  const begun: string[] = [];
  const running: { name: string; end: () => void }[] = [];
  const ask = (caller: Caller, name: string, signal?: AbortSignal, heavy = false) =>
    turns.run(caller, () => {
      begun.push(name);
      return new Promise<void>((end) => running.push({ name, end }));
    }, { timeoutMs: 60_000, signal, heavy });
  const askAlone = (caller: Caller, name: string) =>
    turns.runAlone(caller, () => {
      begun.push(name);
      return new Promise<void>((end) => running.push({ name, end }));
    }, { timeoutMs: 60_000 });
  /** Ends the statement that began first, after some time, and lets others begin. */
  const end = async (ms = 0) => {
    clock.advance(ms);
    running.shift()?.end();
    for (let count = 0; count < 20; count++) await Promise.resolve();
  };
  return { clock, turns, begun, running, ask, askAlone, end };
}

Deno.test("Turns keeps slots for owners under load of strangers", async () => {
  const { turns, begun, ask, end } = statements(4);
  const all = [];
  for (let count = 0; count < 20; count++) all.push(ask(stranger(`${count}`), `stranger ${count}`));
  assert.deepEqual(turns.counts("stranger"), { running: 2, waiting: 18 });
  const owners = [ask(OWNER, "owner 1"), ask(OWNER, "owner 2")];
  assert.deepEqual(begun.slice(2), ["owner 1", "owner 2"]);
  owners.push(ask(OWNER, "owner 3"), ask(OWNER, "owner 4"));
  await end();
  await end();
  assert.deepEqual(begun.slice(4), ["owner 3", "owner 4"]);
  assert.deepEqual(turns.counts("stranger"), { running: 0, waiting: 18 });
  // One of the slots is for strangers, too, as soon as owners leave it.
  await end();
  assert.deepEqual(turns.counts("stranger"), { running: 1, waiting: 17 });
  while (turns.counts("stranger").running + turns.counts("owner").running > 0) await end();
  await Promise.all([...all, ...owners]);
  assert.equal(begun.length, 24);
});

Deno.test("Turns leaves a slot beside the heavy reports of owners", async () => {
  const { turns, begun, ask, end } = statements(4, 3);
  const funnel = (name: string) => ask(OWNER, name, undefined, true);
  const all = [funnel("1"), funnel("2"), funnel("3"), ask(OWNER, "headline")];
  assert.deepEqual(begun, ["1", "2", "headline"]);
  all.push(ask(OWNER, "series"), funnel("4"));
  await end(1000);
  // Those that have used less come first; heavy ones have an account of their own.
  assert.deepEqual(begun.slice(3), ["series"]);
  while (turns.counts("owner").running > 0) await end(10);
  await Promise.all(all);
  assert.deepEqual(begun.slice(4), ["3", "4"]);

  const narrow = statements(1);
  const lone = [narrow.ask(OWNER, "funnel", undefined, true), narrow.ask(OWNER, "headline")];
  assert.deepEqual(narrow.begun, ["funnel"]);
  while (narrow.turns.counts("owner").running > 0) await narrow.end();
  await Promise.all(lone);
});

Deno.test("Turns leaves strangers one slot between two statements of an owner", async () => {
  const { clock, turns, ask, end } = statements(4);
  const all = [ask(OWNER, "first of a page")];
  await end();
  for (let count = 0; count < 6; count++) all.push(ask(stranger(`${count}`), "stranger"));
  assert.deepEqual(turns.counts("stranger"), { running: 1, waiting: 5 });
  clock.advance(4_999);
  await end();
  assert.equal(turns.counts("stranger").running, 1);
  await end(1);
  assert.equal(turns.counts("stranger").running, 2);
  while (turns.counts("stranger").running > 0) await end();
  await Promise.all(all);
});

Deno.test("Turns shares the strangers' part by used time, not by number of requests", async () => {
  const { begun, running, ask, end } = statements(1);
  const all = [];
  for (let count = 0; count < 50; count++) all.push(ask(stranger("greedy"), "greedy"));
  for (let count = 0; count < 4; count++) all.push(ask(stranger("modest"), "modest"));
  while (running.length > 0) await end(running[0]?.name === "greedy" ? 30 : 10);
  await Promise.all(all);
  // Each statement of the one takes as long as three of the other.
  assert.ok(begun.lastIndexOf("modest") <= 8, begun.slice(0, 12).join());
});

Deno.test("Turns gives a caller no credit for the time in which it was idle", async () => {
  const { begun, running, ask, end } = statements(1);
  const all = [ask(stranger("old"), "old")];
  await end(1000);
  for (let count = 0; count < 6; count++) all.push(ask(stranger("old"), "old"));
  for (let count = 0; count < 6; count++) all.push(ask(stranger("new"), "new"));
  while (running.length > 0) await end(10);
  await Promise.all(all);
  assert.ok(begun.slice(0, 6).includes("new") && begun.slice(2, 8).includes("old"), begun.join());
});

Deno.test("Turns refuses what would wait in too long a queue, or too long", async () => {
  const { clock, turns, running, ask } = statements(1);
  const kept = [ask(stranger("a"), "running")];
  const left: Promise<unknown>[] = [];
  for (let count = 0; count < WAITING_PER_CALLER_MAX; count++) {
    left.push(ask(stranger("a"), "waiting").catch((error) => error));
  }
  await assert.rejects(ask(stranger("a"), "late"), { status: 503 });
  const gone = new AbortController();
  const other = ask(stranger("b"), "other", gone.signal);
  gone.abort(new Error("gone"));
  await assert.rejects(other, { message: "gone" });
  await assert.rejects(ask(stranger("b"), "other", gone.signal), { message: "gone" });
  clock.advance(60_000);
  for (const error of await Promise.all(left)) {
    assert.equal((error as { status?: number }).status, 503);
  }
  assert.deepEqual(turns.counts("stranger"), { running: 1, waiting: 0 });
  running[0]?.end();
  await Promise.all(kept);
});

Deno.test("Turns runs owners' statements one at a time where memory is little", async () => {
  const { begun, running, ask, end } = statements(2, 1);
  const all = [ask(OWNER, "o1"), ask(OWNER, "o2"), ask(stranger("a"), "s1")];
  assert.deepEqual(begun, ["o1", "s1"]);
  await end();
  assert.deepEqual(begun, ["o1", "s1", "o2"]);
  while (running.length > 0) await end();
  await Promise.all(all);
});

Deno.test("Turns runs statements that need memory alone, those of owners first", async () => {
  const { begun, running, ask, askAlone, end } = statements(4);
  const all = [ask(OWNER, "o1"), ask(stranger("a"), "s1"), askAlone(stranger("b"), "alone s")];
  all.push(ask(stranger("c"), "s2"), askAlone(OWNER, "alone o"), ask(OWNER, "o2"));
  assert.deepEqual(begun, ["o1", "s1"]);
  await end();
  await end();
  assert.deepEqual(begun.slice(2), ["alone o"]);
  await end();
  assert.deepEqual(begun.slice(3), ["o2"]);
  await end();
  assert.deepEqual(begun.slice(4), ["alone s"]);
  // Owners do not wait for it, strangers do.
  all.push(ask(OWNER, "o3"));
  assert.deepEqual(begun.slice(5), ["o3"]);
  await end();
  assert.deepEqual(begun.slice(6), ["s2"]);
  while (running.length > 0) await end();
  await Promise.all(all);
});

Deno.test("Turns continues when a statement that waited to run alone timed out", async () => {
  const { clock, begun, running, ask, askAlone, end } = statements(2);
  const first = ask(OWNER, "o1");
  const late = assert.rejects(askAlone(OWNER, "alone"), { status: 503 });
  clock.advance(30_000);
  const second = ask(OWNER, "o2");
  assert.deepEqual(begun, ["o1"]);
  clock.advance(30_000);
  await late;
  assert.deepEqual(begun, ["o1", "o2"]);
  while (running.length > 0) await end();
  await Promise.all([first, second]);
});
