import assert from "node:assert";
import { pageview } from "../../support/events.ts";
import { accept, openFolder, withFolder } from "../../support/storage/storage.ts";

const event = pageview({ at: "2024-01-15 10:00:00" });

Deno.test("Sqlite keeps nothing in a file that no longer lies at its path", async () => {
  await withFolder(async (folder) => {
    for (const name of ["mallard.sqlite", "mallard.sqlite-wal"]) {
      const data = `${folder}/${name}.dir`;
      await Deno.mkdir(data);
      const storage = await openFolder(data);
      await accept(storage, [event]);
      await storage.store.run("probe", 1);
      await Deno.rename(`${data}/${name}`, `${data}/away`);
      await assert.rejects(accept(storage, [event]), /removed or replaced/);
      await assert.rejects(storage.store.run("probe", 2), /removed or replaced/);
      await Deno.rename(`${data}/away`, `${data}/${name}`);
      await accept(storage, [event]);
      await storage.close();
    }
  });
});
