// What a server says and answers beside a PostgreSQL that hangs.
import assert from "node:assert/strict";
import { sql } from "../../../src/core/sql.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { numbered } from "../../support/lake/data.ts";
import { whileHanging } from "../../support/lake/hanging.ts";
import { lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept, EVER, numbersOf } from "../../support/storage/storage.ts";
import { until } from "../../support/wait.ts";

const partsNow = partsOfFile();
const SITE = "example.com";
const FASTER = 10;

lakeTest(
  "questions end beside a PostgreSQL that hangs, and it is said that it does not answer",
  partsNow,
  async (env, folder) => {
    const real = realSystem({ format: "text", levelMin: "error" });
    const clock = {
      ...real.clock,
      after: (ms: number, run: () => void) => real.clock.after(ms / FASTER, run),
    };
    const said: string[] = [];
    const system = { ...real, clock, log: (_: string, text: string) => void said.push(text) };
    const storage = await openOverLake(folder, env, { system });
    const { node, flusher } = storage.lake ?? assert.fail();
    const count = () =>
      storage.reader.query(
        SITE,
        EVER,
        (events) => sql`select count(*) as events from ${events}`,
        { timeoutMs: 5000 },
      );
    try {
      await accept(storage, numbered(0, 12, 3));
      await storage.flusher.flush();
      assert.equal(node.outOfReach, null);
      await whileHanging(partsNow(), async () => {
        await accept(storage, numbered(12, 12, 3));
        void storage.flusher.flush();
        void flusher.follow();
        await assert.rejects(count(), { code: "unavailable" });
        await until(() => node.outOfReach !== null, "what is said");
        assert.match(node.outOfReach?.reason ?? "", /Cannot connect to PostgreSQL/);
        await assert.rejects(count(), { code: "unavailable" });
      });
      await flusher.follow();
      await storage.flusher.flush();
      await flusher.follow();
      assert.equal(node.outOfReach, null);
      const expected = numbered(0, 24, 3)
        .filter(({ site_id, engaged_ms }) => site_id === SITE && engaged_ms === null);
      assert.equal((await numbersOf(storage)).length, expected.length);
    } finally {
      await storage.close();
    }
  },
);
