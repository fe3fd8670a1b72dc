import assert from "node:assert";
import { Jobs } from "../../src/runtime/jobs.ts";
import { PauseError, reopeningError } from "../../src/storage/duckdb/faults.ts";
import { fakeSystem } from "../support/fake_system.ts";

Deno.test("Jobs runs each at its interval, and at start where asked", () => {
  const { clock, log } = fakeSystem();
  const runs: string[] = [];
  const job = (name: string, everyMs: number, atStart = false) => ({
    name,
    everyMs,
    atStart,
    run: () => {
      runs.push(name);
      return Promise.resolve();
    },
  });
  const jobs = new Jobs([job("a", 1000), job("b", 2500, true)], clock, log);
  jobs.start();
  assert.deepStrictEqual(runs, ["b"]);
  clock.advance(999);
  assert.deepStrictEqual(runs, ["b"]);
  clock.advance(1);
  assert.deepStrictEqual(runs, ["b", "a"]);
});

Deno.test("Jobs never runs a job twice at once, and stop() waits for running ones", async () => {
  const { clock, log } = fakeSystem();
  let running = 0;
  let finish = () => {};
  const jobs = new Jobs(
    [{
      name: "slow",
      everyMs: 1000,
      run: () => {
        running++;
        return new Promise((resolve) => finish = resolve);
      },
    }],
    clock,
    log,
  );
  jobs.start();
  clock.advance(5000);
  assert.strictEqual(running, 1);
  let stopped = false;
  const stop = jobs.stop().then(() => stopped = true);
  await Promise.resolve();
  assert.ok(!stopped);
  finish();
  await stop;
  clock.advance(5000);
  assert.strictEqual(running, 1);
});

Deno.test("Jobs logs and counts a failing one, and tries it again", async () => {
  const { clock, log, lines } = fakeSystem();
  let runs = 0;
  const fail = () => {
    runs++;
    return Promise.reject(new Error("no luck"));
  };
  const jobs = new Jobs([{ name: "bad", everyMs: 1000, run: fail }], clock, log);
  jobs.start();
  for (let round = 0; round < 2; round++) {
    clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.strictEqual(runs, 2);
  assert.deepStrictEqual(jobs.failures, { bad: 2 });
  assert.equal(lines[0]!.message, "Job failed: no luck");
  assert.equal(lines[0]!.fields?.["job"], "bad");
});

Deno.test("Jobs counts no pause of DuckDB as a failure, and tries again soon", async () => {
  const { clock, log, lines } = fakeSystem();
  const errors: Error[] = [new PauseError(), new PauseError()];
  let runs = 0;
  const run = () => {
    runs++;
    const error = errors.shift();
    return error ? Promise.reject(error) : Promise.resolve();
  };
  const jobs = new Jobs([{ name: "daily", everyMs: 86_400_000, atStart: true, run }], clock, log);
  jobs.start();
  const seconds = async (count: number) => {
    for (let second = 0; second < count; second++) {
      await new Promise((resolve) => setTimeout(resolve));
      clock.advance(1000);
    }
    await new Promise((resolve) => setTimeout(resolve));
  };
  await seconds(5);
  assert.strictEqual(runs, 3, "until it is over, and not again");
  assert.deepStrictEqual(jobs.failures, {});
  assert.deepStrictEqual(lines.map(({ level }) => level), ["debug", "debug"]);
  // A fault is one, though it is opened again after it.
  errors.push(reopeningError());
  clock.advance(86_400_000);
  await seconds(5);
  assert.strictEqual(runs, 4);
  assert.deepStrictEqual(jobs.failures, { daily: 1 });
  // Once stopped it waits no more.
  errors.push(new PauseError());
  clock.advance(86_400_000);
  await new Promise((resolve) => setTimeout(resolve));
  await jobs.stop();
  await seconds(5);
  assert.strictEqual(runs, 5);
});
