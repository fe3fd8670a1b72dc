import assert from "node:assert/strict";
import { AppError } from "../../../src/core/errors.ts";
import { sql } from "../../../src/core/sql.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { pageview } from "../../support/events.ts";
import { type FakeSystem, fakeSystem } from "../../support/fake_system.ts";
import { PauseError } from "../../../src/storage/duckdb/faults.ts";
import { FATAL } from "../../support/storage/duckdb.ts";
import { accept, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";
import { turn, until } from "../../support/wait.ts";

const event = (n: number, day = 15) =>
  pageview({ at: `2024-01-${day} 10:00:00`, props: JSON.stringify({ n }) });

const isRefusal = (error: unknown) =>
  error instanceof AppError && error.status === 503 && "retry-after" in error.headers;

/** Waits until DuckDB answers again; the pauses pass at once. */
async function reopened({ reopening }: Storage, { clock }: FakeSystem): Promise<void> {
  await until(() => {
    clock.advance(1000);
    return !reopening.isUnderWay;
  }, "DuckDB is opened again");
}

Deno.test("Reopening loses and doubles nothing, whatever DuckDB was doing", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    await accept(storage, [event(1), event(2, 14)]);
    await storage.flusher.flush();
    await accept(storage, [event(3)]);
    const flushing = storage.flusher.flush();
    const gate = Promise.withResolvers<void>();
    // It is opened again when nothing else changes what is stored.
    const held = storage.mutex.run(() => gate.promise);
    const asking = Array.from({ length: 6 }, () => numbersOf(storage).catch((error) => error));
    const culprit = storage.db.query(FATAL).catch((error) => error);
    for (const answer of [...await Promise.all(asking), await culprit]) {
      // Whoever was answered before the fault was answered whole.
      if (Array.isArray(answer)) assert.deepEqual(answer, [1, 2, 3]);
      else assert.ok(isRefusal(answer), String(answer));
    }
    assert.ok(storage.reopening.isUnderWay);
    await accept(storage, [event(4)]);
    await assert.rejects(numbersOf(storage), isRefusal);
    gate.resolve();
    await Promise.all([held, flushing]);
    await reopened(storage, system);
    await accept(storage, [event(5)]);
    assert.deepEqual(await numbersOf(storage), [1, 2, 3, 4, 5]);
    await storage.flusher.flush();
    assert.deepEqual(await numbersOf(storage), [1, 2, 3, 4, 5]);
    assert.equal(storage.hot.rows, 0);
    assert.deepEqual(storage.reopening.counts, { faults: 1, reopened: 1 });
    assert.deepEqual(storage.quarantined(), []);
    const told = system.lines.filter(({ message }) => message.startsWith("DuckDB has failed"));
    assert.deepEqual(told.map(({ message }) => message), [
      "DuckDB has failed: it is opened again",
      "DuckDB has failed on a statement",
    ]);
    assert.match(String(told[0]?.fields["reason"]), /Memory allocation failure/);
    assert.match(String(told[1]?.fields["statement"]), /reservoir_quantile/);
    await storage.close();
    const again = await openFolder(folder);
    assert.deepEqual(await numbersOf(again), [1, 2, 3, 4, 5]);
    await again.close();
  });
});

Deno.test("Reopening refuses a statement that failed twice, and pauses longer", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    await accept(storage, [event(1)]);
    await assert.rejects(storage.db.query(FATAL), isRefusal);
    await reopened(storage, system);
    await assert.rejects(storage.db.query(FATAL), isRefusal);
    await turn();
    await turn();
    // The second attempt of an hour waits a second.
    assert.ok(storage.reopening.isUnderWay && storage.db.hasFailed);
    await reopened(storage, system);
    await assert.rejects(storage.db.query(FATAL), /has failed on this question more than once/);
    assert.deepEqual(await numbersOf(storage), [1]);
    assert.equal(storage.reopening.counts.faults, 2);
    // A stop does not wait for the pause.
    system.clock.advance(3_600_000);
    await assert.rejects(storage.db.query(FATAL), isRefusal);
    await storage.close();
  });
});

Deno.test("DuckDB that is opened again on purpose says so, unlike after a fault", async () => {
  await withFolder(async (folder) => {
    const system = fakeSystem();
    const storage = await openFolder(folder, system);
    const { db, hot } = storage;
    await accept(storage, [event(1)]);
    const isPause = (error: unknown) => isRefusal(error) && error instanceof PauseError;
    const ask = () => db.query(sql`select 1`);
    // Nobody has failed: jobs that come in between wait.
    const refilling = hot.refill(() => db.reopen(), async () => {
      await assert.rejects(hot.sync(), isPause);
    });
    await assert.rejects(ask(), isPause);
    await refilling;
    await ask();
    await hot.sync();
    // What had failed is a fault until it is open.
    await assert.rejects(db.query(FATAL), isRefusal);
    await assert.rejects(ask(), (error) => isRefusal(error) && !(error instanceof PauseError));
    await reopened(storage, system);
    await ask();
    await storage.close();
  });
});
