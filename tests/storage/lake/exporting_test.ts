import assert from "node:assert/strict";
import { realSystem } from "../../../src/runtime/system.ts";
import { exportEvents } from "../../../src/storage/lake/exporting.ts";
import { Importing } from "../../../src/storage/lake/importing.ts";
import { LocalFolder } from "../../../src/storage/lake/local_folder.ts";
import { fill, numbered, SITES } from "../../support/lake/data.ts";
import { newLake } from "../../../scripts/lake/plain.ts";
import { LACKS_LAKE, openLake, optionsOf, partsOfFile } from "../../support/lake/lake.ts";
import { copyTree, numbersOf, openFolder, withFolder } from "../../support/storage/storage.ts";

const partsNow = partsOfFile();

Deno.test({
  name:
    "exportEvents() goes on where it ended, refuses other events, and a server adopts its files",
  ignore: LACKS_LAKE,
  fn: () =>
    withFolder(async (folder) => {
      const [from, to] = [`${folder}/from`, `${folder}/to`];
      await fill(from, numbered(0, 60, 3), { flushes: 2, isAllFlushed: true });
      const options = optionsOf(await newLake(partsNow(), "exported"));
      const lake = await openLake(folder, options);
      const local = new LocalFolder(from);
      const { source, partitions } = local.content();
      const system = realSystem({ format: "text", levelMin: "error" });
      await new Importing(system, lake, {
        eventsFolder: `${from}/events`,
        source,
        partitionNow: (partition) => local.partition(partition),
      }).run(partitions);
      local.close();

      // The disk fails in the third partition.
      let settled = 0;
      const failing = {
        ...system.files,
        rename: async (path: string, target: string) => {
          if (++settled === 3) throw new Error("EIO: the disk failed");
          await system.files.rename(path, target);
        },
      };
      await assert.rejects(exportEvents(failing, lake, `${to}/events`), /EIO: the disk failed/);
      const { files } = system;
      const done = await exportEvents(files, lake, `${to}/events`);
      assert.deepEqual(done, { events: 40, partitions: 4, partitionsThere: 2 });

      const [one, other] = ["2026-01-01", "2026-01-02"].map((date) =>
        `/events/site_id=example.com/date=${date}/0001.parquet`
      );
      await copyTree(to, `${folder}/mixed`);
      await Deno.copyFile(`${to}${other}`, `${folder}/mixed${one}`);
      await assert.rejects(
        exportEvents(files, lake, `${folder}/mixed/events`),
        /^Error: Cannot export from the lake: .*0001\.parquet holds other events; name a new/,
      );
      await lake.close();

      const [before, after] = [await openFolder(from), await openFolder(to)];
      for (const site of SITES) {
        assert.deepEqual(await numbersOf(after, site), await numbersOf(before, site));
      }
      const events = numbered(0, 60, 3).filter(({ site_id, engaged_ms }) =>
        site_id === SITES[0] && engaged_ms === null
      );
      assert.equal((await numbersOf(after)).length, events.length);
      await Promise.all([before.close(), after.close()]);
    }),
});
