// A stop beside a PostgreSQL that answers nothing.
import assert from "node:assert/strict";
import { realSystem } from "../../../src/runtime/system.ts";
import type { Storage } from "../../../src/storage/open.ts";
import { Postgres } from "../../../src/storage/shared/postgres.ts";
import { plainRows } from "../../../scripts/lake/plain.ts";
import { numbered } from "../../support/lake/data.ts";
import { whileHanging } from "../../support/lake/hanging.ts";
import { lakeTest, openOverLake, optionsOf, partsOfFile } from "../../support/lake/lake.ts";
import { accept } from "../../support/storage/storage.ts";
import { until } from "../../support/wait.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });

/** Closes a server, which must end, and close mallard.sqlite. */
async function requireClosing(storage: Storage, folder: string): Promise<void> {
  let isClosed = false;
  storage.close().then(() => isClosed = true);
  await until(() => isClosed, "the end");
  // Whoever closes it last removes its log.
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => /sqlite/.test(name)), ["mallard.sqlite"]);
}

lakeTest("Postgres that is closed waits for no connection", partsNow, async (env) => {
  const postgres = new Postgres(optionsOf(env), "test", system.clock);
  await whileHanging(partsNow(), async () => {
    const waiting = [
      postgres.session(),
      postgres.transaction("Cannot ask", (run) => run("select 1")),
    ];
    for (const one of waiting) one.catch(() => {});
    postgres.close();
    for (const one of waiting) await assert.rejects(one, /the connection was closed/);
  });
});

lakeTest(
  "a server closes mallard.sqlite beside a PostgreSQL that hangs",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    await until(() => storage.shared?.isReached === true, "what the servers share");
    await whileHanging(partsNow(), async () => {
      await requireClosing(storage, folder);
    });
  },
);

lakeTest(
  "a server closes mallard.sqlite while the commit of a flush hangs, which counts when it comes",
  partsNow,
  async (env, folder) => {
    const storage = await openOverLake(folder, env);
    await until(() => storage.shared?.isReached === true, "what the servers share");
    const { db } = await storage.lake?.node.lake() ?? assert.fail();
    await accept(storage, numbered(0, 30, 3));
    const written = Promise.withResolvers<void>();
    const stopped = Promise.withResolvers<void>();
    const transaction = db.transaction.bind(db);
    db.transaction = (work) =>
      transaction(async (run) => {
        const result = await work(run);
        written.resolve();
        await stopped.promise;
        return result;
      });
    const flushing = storage.flusher.flush();
    await written.promise;
    await whileHanging(partsNow(), async () => {
      stopped.resolve();
      await requireClosing(storage, folder);
    });
    await flushing;
    const again = await openOverLake(folder, env);
    try {
      await again.flusher.flush();
      const counts = "select count(*), count(distinct props) from lake.events";
      assert.deepEqual(await plainRows(partsNow(), env, counts), [[30, 30]]);
    } finally {
      await again.close();
    }
  },
);
