import assert from "node:assert";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/durations.ts";
import { CLOCK_ALLOWED, ClockGuard } from "../../src/storage/clock_guard.ts";
import { Store } from "../../src/storage/state/store.ts";
import { type FakeClock, fakeSystem } from "../support/fake_system.ts";
import { withFolder } from "../support/storage/storage.ts";

const YEAR_MS = 365 * DAY_MS;

interface World {
  readonly clock: FakeClock;
  readonly store: Store;
  /** A guard as after a start, with the clock as it is. */
  open(): Promise<ClockGuard>;
  /** Lets time pass, with the job that runs each minute (here each ten). */
  pass(guard: ClockGuard, ms: number): Promise<void>;
}

async function withGuard(work: (world: World) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const { clock, log } = fakeSystem();
    const store = await Store.open(`${folder}/mallard.sqlite`);
    await work({
      clock,
      store,
      open: () => ClockGuard.open(store, clock, log),
      async pass(guard, ms) {
        const step = 10 * MINUTE_MS;
        for (let passed = 0; passed < ms; passed += step) {
          clock.advance(step);
          await guard.confirm();
        }
      },
    });
    await store.close();
  });
}

Deno.test("ClockGuard trusts the clock where no earlier run is on record", async () => {
  await withGuard(async ({ open }) => {
    assert.strictEqual((await open()).trusts(), true);
  });
});

Deno.test("ClockGuard doubts a start a year off, for a day of consistent time", async () => {
  for (const jump of [YEAR_MS, -YEAR_MS]) {
    await withGuard(async ({ clock, open, pass }) => {
      await open();
      clock.jump(jump);
      let guard = await open();
      await pass(guard, 13 * HOUR_MS);
      assert.strictEqual(guard.trusts(), false);
      // A restart neither earns trust nor loses the time that was consistent.
      guard = await open();
      assert.strictEqual(guard.trusts(), false);
      await pass(guard, 10 * HOUR_MS);
      assert.strictEqual(guard.trusts(), false);
      await pass(guard, 2 * HOUR_MS);
      assert.strictEqual(guard.trusts(), true);
      assert.strictEqual((await open()).trusts(), true);
    });
  }
});

Deno.test("ClockGuard trusts a clock that is set right, and one after a pause", async () => {
  await withGuard(async ({ clock, open }) => {
    await open();
    clock.jump(YEAR_MS);
    const guard = await open();
    assert.strictEqual(guard.trusts(), false);
    clock.jump(-YEAR_MS);
    assert.strictEqual(guard.trusts(), true);
    clock.jump(2 * DAY_MS);
    assert.strictEqual((await open()).trusts(), true);
  });
});

Deno.test("ClockGuard takes long uptime without events for what it is", async () => {
  await withGuard(async ({ clock, open, pass }) => {
    let guard = await open();
    await pass(guard, 10 * DAY_MS);
    assert.strictEqual(guard.trusts(), true);
    guard = await open();
    assert.strictEqual(guard.trusts(), true);
    clock.advance(DAY_MS);
    assert.strictEqual(guard.trusts(), true);
  });
});

Deno.test("ClockGuard accepts the owner's confirmation for one clock only", async () => {
  await withGuard(async ({ clock, store, open }) => {
    await open();
    clock.jump(YEAR_MS);
    const guard = await open();
    const say = (ms: number) => store.run("setMeta", { name: CLOCK_ALLOWED, value: String(ms) });
    await say(clock.nowMs() - YEAR_MS);
    assert.strictEqual(await guard.confirm(), false);
    assert.strictEqual(guard.trusts(), false);
    await say(clock.nowMs());
    assert.strictEqual(await guard.confirm(), true);
    assert.strictEqual(guard.trusts(), true);
    assert.strictEqual(await guard.confirm(), false);
  });
});

Deno.test("ClockGuard.eventMs() holds the time for an hour after a jump", async () => {
  await withGuard(async ({ clock, open, pass }) => {
    const first = await open();
    // Nothing confirms the clock of a first start: setting it right is no jump.
    clock.jump(YEAR_MS);
    assert.strictEqual(first.eventMs(), clock.nowMs());
    await pass(first, 2 * HOUR_MS);
    const right = clock.nowMs();
    clock.jump(YEAR_MS);
    assert.strictEqual(first.eventMs(), right);
    clock.advance(MINUTE_MS);
    assert.strictEqual(first.eventMs(), right + MINUTE_MS);
    clock.jump(-YEAR_MS);
    assert.strictEqual(first.eventMs(), right + MINUTE_MS);
    clock.jump(YEAR_MS);
    assert.strictEqual(first.eventMs(), right + MINUTE_MS);
    clock.advance(HOUR_MS);
    assert.strictEqual(first.eventMs(), clock.nowMs());
    assert.strictEqual(first.trusts(), false);
  });
});
