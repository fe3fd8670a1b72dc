import assert from "node:assert/strict";
import { plainRows } from "../../../scripts/lake/plain.ts";
import { isOverLake } from "../../../src/cli/lake/over_lake.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { runCommand } from "../../support/command.ts";
import { pageview } from "../../support/events.ts";
import { lakeDuckDb, lakeTest, openOverLake, partsOfFile } from "../../support/lake/lake.ts";
import { accept, numbersOf, openFolder } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });
const AT = Date.UTC(2024, 0, 15, 12) * 1000;

lakeTest(
  "adopt over a lake says how files come into it, and so they do, beside a server",
  partsNow,
  async (env, folder) => {
    const loadDuckDb = () => Promise.resolve(lakeDuckDb);
    const run = (dataDir: string, name: "adopt" | "lake", ...args: string[]) =>
      runCommand(dataDir, name, args, { env, system, loadDuckDb });
    const [server, other, empty] = ["server", "other", "empty"].map((name) => `${folder}/${name}`);
    for (const path of [server, other, empty]) await Deno.mkdir(path ?? "");
    const local = await openFolder(other ?? "");
    await accept(local, [pageview({ at: AT + 1 }), pageview({ at: AT + 2 })]);
    await local.flusher.flush({ all: true });
    await local.close();
    await Deno.rename(`${other}/events`, `${empty}/events`);
    const storage = await openOverLake(server ?? "", env);
    try {
      await accept(storage, [pageview({ at: AT })]);
      await storage.flusher.flush();
      assert.equal(await isOverLake({ system }, server ?? ""), true);
      assert.equal(await isOverLake({ system }, other ?? ""), false);
      await assert.rejects(run(server ?? "", "adopt"), /"mallard adopt" and "mallard lake import"/);
      await run(empty ?? "", "adopt");
      await run(empty ?? "", "lake", "import");
      await storage.lake?.flusher.follow();
      assert.equal((await numbersOf(storage)).length, 3);
      const counts = await plainRows(partsNow(), env, "select count(*) from lake.events");
      assert.deepEqual(counts, [[3]]);
    } finally {
      await storage.close();
    }
  },
);
