import { deepStrictEqual as deepEqual, rejects } from "node:assert";
import { Drops } from "../../src/ingest/drops.ts";
import { openDropStore } from "../support/storage/drops.ts";
import { FakeClock } from "../support/fake_system.ts";

const RANGE = { site_id: "example.com", firstDate: "2024-01-15", lastDate: "2024-01-15" };
const OPTED_OUT = { site_id: "example.com", reason: "opted_out" } as const;
const ROBOT = { site_id: "example.com", reason: "robot", name: "Googlebot" } as const;

Deno.test("Drops add up by site, day, reason and name, over several writes", async () => {
  const store = await openDropStore();
  const clock = new FakeClock(Date.UTC(2024, 0, 15, 23, 59));
  const drops = new Drops(store, clock, (site) => site !== "unknown.example");
  for (const one of [OPTED_OUT, ROBOT, ROBOT, { ...ROBOT, name: "GPTBot" }]) drops.count(one);
  drops.count({ ...OPTED_OUT, site_id: "other.example" });
  drops.count({ ...OPTED_OUT, site_id: "unknown.example" });
  await drops.flush();
  drops.count(ROBOT);
  clock.advance(60_000);
  drops.count(ROBOT);
  await drops.flush();
  await drops.flush();
  deepEqual(await store.run("listDrops", RANGE), [
    { reason: "robot", name: "Googlebot", count: 3 },
    { reason: "opted_out", name: "", count: 1 },
    { reason: "robot", name: "GPTBot", count: 1 },
  ]);
  const next = { ...RANGE, firstDate: "2024-01-16", lastDate: "2024-01-16" };
  deepEqual(await store.run("listDrops", next), [{ reason: "robot", name: "Googlebot", count: 1 }]);
  deepEqual(await store.run("listDrops", { ...RANGE, site_id: "unknown.example" }), []);
  store.close();
});

Deno.test("Drops keep their counts while the disk refuses", async () => {
  const store = await openDropStore();
  const drops = new Drops(store, new FakeClock(Date.UTC(2024, 0, 15)), () => true);
  drops.count(OPTED_OUT);
  store.broken = true;
  await rejects(drops.flush(), /disk full/);
  drops.count(OPTED_OUT);
  await rejects(drops.flush(), /disk full/);
  store.broken = false;
  await drops.flush();
  deepEqual(await store.run("listDrops", RANGE), [{ reason: "opted_out", name: "", count: 2 }]);
  store.close();
});

Deno.test("Drops hold a bounded number of different counts", async () => {
  const store = await openDropStore();
  const clock = new FakeClock(Date.UTC(2024, 0, 15));
  const drops = new Drops(store, clock, () => true, { keysMax: 2 });
  for (const name of ["a", "b", "c", "a"]) drops.count({ ...ROBOT, name });
  await drops.flush();
  deepEqual(await store.run("listDrops", RANGE), [
    { reason: "robot", name: "a", count: 2 },
    { reason: "robot", name: "b", count: 1 },
  ]);
  store.close();
});
