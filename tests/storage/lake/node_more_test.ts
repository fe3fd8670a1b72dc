// What a server says and answers beside a PostgreSQL that hangs, or takes no further session.
import assert from "node:assert/strict";
import { type Sql, sql } from "../../../src/core/sql.ts";
import type { System } from "../../../src/core/types.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { Session } from "../../../src/storage/shared/postgres.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { numbered } from "../../support/lake/data.ts";
import { whileFull } from "../../support/lake/full.ts";
import { whileHanging } from "../../support/lake/hanging.ts";
import { lakeTest, openOverLake, optionsOf, partsOfFile } from "../../support/lake/lake.ts";
import { accept, EVER, numbersOf } from "../../support/storage/storage.ts";
import { until } from "../../support/wait.ts";

const partsNow = partsOfFile();
const SITE = "example.com";
const FASTER = 10;
/** How long the server waits before it asks whether PostgreSQL answers. */
const ANSWER_MS = 15_000;
/** At the second of them without an answer it is said. */
const PROBES = 4;

/** A system that asks sooner whether PostgreSQL answers; `asked` is told each time. */
function impatient(asked: () => void = () => {}): System {
  const real = realSystem({ format: "text", levelMin: "error" });
  const after = (ms: number, run: () => void) => {
    if (ms === ANSWER_MS) asked();
    return real.clock.after(ms / FASTER, run);
  };
  return { ...real, clock: { ...real.clock, after }, log: () => {} };
}

async function count(storage: Storage, timeoutMs = 60_000): Promise<number> {
  const asked = (events: Sql) => sql`select count(*) as events from ${events}`;
  const [row] = await storage.reader.query(SITE, EVER, asked, { timeoutMs });
  return Number(row?.["events"]);
}

/** How many of the first `events` events there are of the site. */
function countOf(events: number): number {
  return numbered(0, events, 3)
    .filter(({ site_id, engaged_ms }) => site_id === SITE && engaged_ms === null).length;
}

/** Does work while a flush waits to commit, and everything in the lake can be read. */
async function whileFlushWaits(
  env: Readonly<Record<string, string>>,
  storage: Storage,
  work: () => Promise<void>,
): Promise<void> {
  const session = await Session.open(optionsOf(env), "locker");
  try {
    await session.run("set idle_in_transaction_session_timeout = 0");
    await session.run("begin");
    await session.run("lock table ducklake_snapshot in exclusive mode");
    void storage.flusher.flush();
    await until(async () => {
      const [row] = await session.run("select count(*) as waiting from pg_locks where not granted");
      return Number(row?.["waiting"]) > 0;
    }, "a commit that waits");
    await work();
  } finally {
    session.close();
  }
}

lakeTest(
  "questions end beside a PostgreSQL that hangs, and it is said that it does not answer",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env, { system: impatient() });
    const { node, flusher } = storage.lake ?? assert.fail();
    try {
      await accept(storage, numbered(0, 12, 3));
      await storage.flusher.flush();
      assert.equal(node.outOfReach, null);
      await accept(storage, numbered(12, 12, 3));
      await whileFlushWaits(env, storage, async () => {
        await whileHanging(partsNow(), async () => {
          void flusher.follow();
          await assert.rejects(count(storage, 5000), { code: "unavailable" });
          await until(() => node.outOfReach !== null, "what is said");
          assert.match(node.outOfReach?.reason ?? "", /Cannot connect to PostgreSQL/);
          await assert.rejects(count(storage, 5000), { code: "unavailable" });
        });
        // What had begun waits still.
        await until(() => node.outOfReach === null, "what is taken back");
        const isAnswered = async () => await count(storage, 5000).catch(() => NaN) === countOf(24);
        await until(isAnswered, "an answer");
        assert.equal(node.outOfReach, null);
      });
      await flusher.follow();
      await storage.flusher.flush();
      await flusher.follow();
      assert.equal(node.outOfReach, null);
      assert.equal((await numbersOf(storage)).length, countOf(24));
    } finally {
      await storage.close();
    }
  },
);

lakeTest(
  "what else stands in the way is said again when a PostgreSQL that hung answers",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env, { system: impatient() });
    const { node, flusher } = storage.lake ?? assert.fail();
    const reason = () => node.outOfReach?.reason ?? "";
    const other = "the bucket is gone";
    try {
      await accept(storage, numbered(0, 12, 3));
      await whileFlushWaits(env, storage, async () => {
        node.lost(new Error(other));
        await whileHanging(partsNow(), async () => {
          void flusher.follow();
          await until(() => /Cannot connect to PostgreSQL/.test(reason()), "what is said");
        });
        // What had begun waits still: nothing has looked for the bucket since.
        await until(() => !reason().includes("PostgreSQL"), "what is taken back");
        assert.equal(reason(), other);
      });
      await flusher.follow();
      assert.equal(node.outOfReach, null);
    } finally {
      await storage.close();
    }
  },
);

lakeTest(
  "a PostgreSQL that takes no further session is not said to be out of reach",
  partsNow,
  async (env, folder) => {
    let asked = 0;
    const storage = await openOverLake(folder, env, { system: impatient(() => asked++) });
    const { node, flusher } = storage.lake ?? assert.fail();
    try {
      await accept(storage, numbered(0, 12, 3));
      await storage.flusher.flush();
      await flusher.follow();
      assert.equal(await count(storage), countOf(12));
      await accept(storage, numbered(12, 12, 3));
      await whileFlushWaits(env, storage, async () => {
        void flusher.follow();
        await whileFull(env, async () => {
          const before = asked;
          await until(() => asked >= before + PROBES, "what is asked");
          assert.equal(node.outOfReach, null);
          assert.equal(await count(storage), countOf(24));
        });
      });
      await flusher.follow();
      assert.equal(node.marked.lastSeq, 24);
      assert.equal(await count(storage), countOf(24));
    } finally {
      await storage.close();
    }
  },
);
