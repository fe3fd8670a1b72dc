// A start over a lake with a journal that is larger than what may be hot.
import assert from "node:assert/strict";
import { plainRows } from "../../../scripts/lake/plain.ts";
import { realSystem } from "../../../src/runtime/system.ts";
import { openStorage } from "../../../src/storage/open.ts";
import { ALL_DATES } from "../../../src/storage/tiers/erase.ts";
import { numbered, SITES } from "../../support/lake/data.ts";
import {
  lakeDuckDb,
  lakeTest,
  openOverLake,
  optionsOf,
  partsOfFile,
} from "../../support/lake/lake.ts";
import { accept, numbersOf } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();
const system = realSystem({ format: "text", levelMin: "error" });
/** The least memory that is divided: some 63,000 events are hot at most. */
const MEMORY_BYTES = 200 * 2 ** 20;
const EVENTS = 95_000;

lakeTest(
  "what was erased while a server was stopped does not come back with a large journal",
  partsNow,
  async (env, folder) => {
    for (const node of ["one", "two"]) await Deno.mkdir(`${folder}/${node}`);
    const one = await openOverLake(`${folder}/one`, env, { node: "one" });
    try {
      let two = await openOverLake(`${folder}/two`, env, { node: "two" });
      for (let from = 0; from < EVENTS; from += 5000) await accept(two, numbered(from, 5000, 3));
      await two.close();
      await one.eraser.erase(SITES[0], ...ALL_DATES);
      two = await openStorage(system, {
        pid: Deno.pid,
        memoryBytes: MEMORY_BYTES,
        loadDuckDb: () => Promise.resolve(lakeDuckDb),
      }, {
        dataDir: `${folder}/two`,
        memory_limit: null,
        threads: 1,
        lake: { ...optionsOf(env), node: "two" },
      });
      try {
        assert.ok(two.flusher.counts.flushes > 0, "it was full at its start");
        assert.deepEqual(await numbersOf(two, SITES[0]), []);
        await two.flusher.flush();
        const kept = numbered(0, EVENTS, 3).filter(({ site_id }) => site_id === SITES[1]);
        assert.deepEqual(
          await plainRows(
            partsNow(),
            env,
            "select site_id, count(*)::integer from lake.events group by 1",
          ),
          [[SITES[1], kept.length]],
        );
      } finally {
        await two.close();
      }
    } finally {
      await one.close();
    }
  },
);
