// How many events each site has, as GET /api/sites adds it up: stored and waiting, each event in
// one of the two at every moment of a flush, of this server or of another one.
import assert from "node:assert/strict";
import type { Storage } from "../../../../src/storage/open.ts";
import { numbered, SITES } from "../../../support/lake/data.ts";
import { lakeTest, partsOfFile } from "../../../support/lake/lake.ts";
import { Nodes } from "../../../support/lake/nodes.ts";
import { accept } from "../../../support/storage/storage.ts";

const partsNow = partsOfFile();

const add = (storage: Storage, from: number, count: number) =>
  accept(storage, numbered(from, count, 3));

/** Of each site how many events are stored, and how many of all. */
function countsOf({ reader }: Storage): [stored: number, all: number][] {
  const waiting = reader.waitingEvents();
  return SITES.map((site) => {
    const stored = reader.storedEvents(site);
    return [stored, stored + (waiting.get(site) ?? 0)];
  });
}

/** Lets `told` look before and after each call of a method. */
function around<Name extends string>(
  owner: { [name in Name]: (...args: never[]) => Promise<unknown> },
  name: Name,
  told: () => void,
): void {
  const method = owner[name].bind(owner);
  owner[name] = async (...args) => {
    told();
    try {
      return await method(...args);
    } finally {
      told();
    }
  };
}

lakeTest(
  "no event counts twice while what a server has flushed is taken up",
  partsNow,
  async (env, folder) => {
    const nodes = new Nodes(folder, env);
    try {
      const [one, two] = [await nodes.open("one"), await nodes.open("two")];
      const { flusher, node, peers } = one.lake ?? assert.fail();
      await add(one, 0, 30);
      await add(two, 30, 30);
      await flusher.follow();
      const half = SITES.map((site) =>
        numbered(0, 60, 3).filter(({ site_id }) => site_id === site).length
      );
      assert.deepEqual(countsOf(one), half.map((count) => [0, count]));
      const seen: ReturnType<typeof countsOf>[] = [];
      const look = () => void seen.push(countsOf(one));
      around(node, "newest", look);
      around(peers ?? assert.fail(), "trim", look);
      around(node, "forgetJournal", look);
      around(node, "keepStock", look);

      await two.flusher.flush();
      await flusher.follow();
      assert.ok(seen.length >= 6, "it was looked while the flush of two was taken up");
      await one.flusher.flush();
      for (const counts of seen) assert.deepEqual(counts.map(([, all]) => all), half);
      assert.ok(seen.some((counts) => counts[0]?.[0] !== half[0] && counts[0]?.[0] !== 0));
      assert.deepEqual(countsOf(one), half.map((count) => [count, count]));
    } finally {
      await nodes.closeAll();
    }
  },
);
