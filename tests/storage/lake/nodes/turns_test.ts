// Servers that flush at the same moment, to which nothing comes, or whose clock goes wrong.
import assert from "node:assert/strict";
import { plainRows } from "../../../../scripts/lake/plain.ts";
import { realSystem } from "../../../../src/runtime/system.ts";
import { Turns } from "../../../../src/storage/lake/nodes/turns.ts";
import { Postgres } from "../../../../src/storage/shared/postgres.ts";
import { numbered } from "../../../support/lake/data.ts";
import { lakeTest, openOverLake, optionsOf, partsOfFile } from "../../../support/lake/lake.ts";
import { accept } from "../../../support/storage/storage.ts";
import { until } from "../../../support/wait.ts";

const partsNow = partsOfFile();
const clock = { sleep: () => Promise.resolve() };

lakeTest(
  "a turn is waited for, and not for long where its holder hangs",
  partsNow,
  async (env) => {
    const turns = () => new Turns(new Postgres(optionsOf(env), "turns", clock));
    const done: string[] = [];
    let end = () => {};
    const first = turns().inTurn(async () => {
      done.push("begun");
      await new Promise<void>((resolve) => end = resolve);
      done.push("ended");
    });
    await until(() => done.length === 1, "the first turn");
    const second = turns().inTurn(() => Promise.resolve(void done.push("second")));
    end();
    await Promise.all([first, second]);
    assert.deepEqual(done, ["begun", "ended", "second"]);
    const hanging = turns().inTurn(async () => {
      done.push("hanging");
      await new Promise<void>((resolve) => end = resolve);
    });
    await until(() => done.includes("hanging"), "the turn that hangs");
    await turns().inTurn(() => Promise.resolve(void done.push("without a turn")));
    assert.equal(done.at(-1), "without a turn");
    end();
    await hanging;
    const failing = turns().inTurn(() => Promise.reject(new Error("of the work")));
    await assert.rejects(failing, /of the work/);
    const nowhere = { ...optionsOf(env), catalog: "postgresql://x@127.0.0.1:1/x" };
    const alone = new Turns(new Postgres(nowhere, "turns", clock));
    assert.equal(await alone.inTurn(() => Promise.resolve("done")), "done");
  },
);

lakeTest(
  "a server flushes in its turn where there are others, and without one where there are none",
  partsNow,
  async (env, folder) => {
    const inTurn = Turns.prototype.inTurn;
    const turns: number[] = [];
    let isInTurn = false;
    let begun = 0;
    Turns.prototype.inTurn = async function (work) {
      return await inTurn.call(this, async () => {
        isInTurn = true;
        const before = begun;
        const result = await work();
        turns.push(begun - before);
        isInTurn = false;
        return result;
      }) as Awaited<ReturnType<typeof work>>;
    };
    const open = async (node: string) => {
      await Deno.mkdir(`${folder}/${node}`);
      return await openOverLake(`${folder}/${node}`, env, { node });
    };
    const one = await open("one");
    try {
      const { db } = await one.lake?.node.lake() ?? assert.fail();
      const begin = db.transaction.bind(db);
      const outside: boolean[] = [];
      Object.assign(db, {
        transaction: (...args: Parameters<typeof begin>) => {
          begun++;
          outside.push(!isInTurn);
          return begin(...args);
        },
      });
      await accept(one, numbered(0, 6, 6));
      await one.flusher.flush();
      assert.deepEqual([turns, outside], [[], [true]]);
      const two = await open("two");
      try {
        await one.lake?.flusher.follow();
        await accept(one, numbered(6, 6, 6));
        await one.flusher.flush();
        assert.deepEqual([turns, outside], [[1], [true, false]]);
      } finally {
        await two.close();
      }
      const rows = await plainRows(partsNow(), env, "select count(*) from lake.events");
      assert.deepEqual(rows, [[12]]);
    } finally {
      Turns.prototype.inTurn = inTurn;
      await one.close();
    }
  },
);

lakeTest(
  "a server to which nothing comes keeps nobody behind that does not ask it",
  partsNow,
  async (env, folder) => {
    const open = async (node: string) => {
      await Deno.mkdir(`${folder}/${node}`);
      return await openOverLake(`${folder}/${node}`, env, { node });
    };
    const [one, two] = [await open("one"), await open("two")];
    try {
      await one.lake?.flusher.follow();
      const before = one.reader.behindSinceMs() ?? NaN;
      await two.lake?.flusher.follow();
      const idleMs = Date.now();
      assert.ok(before <= idleMs);
      await two.flusher.flush();
      assert.equal(two.flusher.failing, false);
      await one.lake?.flusher.follow();
      assert.ok((one.reader.behindSinceMs() ?? NaN) >= idleMs - 1);
      const told = one.lake?.node.marked.snapshot;
      await two.flusher.flush();
      await one.lake?.flusher.follow();
      assert.equal(one.lake?.node.marked.snapshot, told, "not again at once");
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  },
);

lakeTest(
  "a clock that goes wrong while a server runs is noticed, and when it is right again",
  partsNow,
  async (env, folder) => {
    const lines: string[] = [];
    const real = realSystem({ format: "text", levelMin: "error" });
    let offMs = 0;
    const system = {
      ...real,
      clock: Object.assign(Object.create(real.clock), { nowMs: () => Date.now() + offMs }),
      log: (_: unknown, message: string) => void lines.push(message),
    };
    const storage = await openOverLake(folder, env, { system });
    try {
      const { node } = storage.lake ?? assert.fail();
      await node.checkClock();
      assert.equal(node.isClockOff, false);
      offMs = 8 * 60_000;
      for (let look = 0; look < 2; look++) await node.checkClock();
      assert.equal(node.isClockOff, true);
      const offSecs = Math.round((node.clockOffMs ?? NaN) / 10_000) * 10;
      assert.equal(offSecs, 480);
      const told = () => lines.filter((line) => /the clock|The clock/.test(line));
      assert.match(told().join(), /^Cannot trust the clock: .* 8 minutes ahead of that of Postgre/);
      assert.equal(told().length, 1);
      offMs = 0;
      await node.checkClock();
      assert.equal(node.isClockOff, false);
      assert.equal(told().at(-1), "The clock is that of PostgreSQL again");
    } finally {
      await storage.close();
    }
  },
);
