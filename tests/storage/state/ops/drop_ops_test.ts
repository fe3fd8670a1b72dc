import { deepStrictEqual as deepEqual } from "node:assert";
import { openDropStore } from "../../../support/storage/drops.ts";

Deno.test("eraseDrops() removes the counts of a site's dates and no others", async () => {
  const store = await openDropStore();
  const row = { site_id: "a", date: "2024-01-15", reason: "opted_out", name: "", count: 1 };
  const dates = ["2024-01-14", "2024-01-15", "2024-01-16", "2024-01-17"];
  await store.run("addDrops", [
    ...dates.map((date, index) => ({ ...row, date, count: index + 1 })),
    { ...row, site_id: "b", count: 9 },
  ]);
  const span = { firstDate: "2024-01-15", lastDate: "2024-01-16" };
  await store.run("eraseDrops", { site_id: "a", ...span });
  const all = { firstDate: "2024-01-01", lastDate: "2024-12-31" };
  const count = async (site_id: string) =>
    (await store.run("listDrops", { site_id, ...all })).map((found) => found.count);
  deepEqual([await count("a"), await count("b")], [[5], [9]]);
  store.close();
});
