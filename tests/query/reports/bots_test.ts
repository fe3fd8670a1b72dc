import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { Drops } from "../../../src/ingest/drops.ts";
import { openDropStore } from "../../support/storage/drops.ts";
import { FakeClock } from "../../support/fake_system.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

const NOW = "2024-01-15T12:00:00Z";

Deno.test("BOTS lists robots by name and kind, and other reasons, of a period", async () => {
  const store = await openDropStore();
  const clock = new FakeClock(Date.UTC(2024, 0, 10, 12));
  const counts = new Drops(store, clock, () => true);
  const site_id = "example.com";
  counts.count({ site_id, reason: "robot", name: "Old" });
  clock.advance(5 * 86_400_000);
  for (const name of ["GPTBot", "Googlebot", "Googlebot", "Nobody"]) {
    counts.count({ site_id, reason: "robot", name });
  }
  counts.count({ site_id, reason: "opted_out" });
  counts.count({ site_id, reason: "field", name: "props_cut" });
  counts.count({ site_id: "other.example", reason: "opted_out" });
  const options = { drops: (range: Parameters<Drops["list"]>[0]) => counts.list(range) };
  await withQuestions({ events: [], now: NOW, options }, async ({ get }) => {
    const { status, json } = await get("bots", "&period=day");
    equal(status, 200);
    deepEqual(json, {
      from: "2024-01-15",
      to: "2024-01-15",
      robots: [
        { name: "Googlebot", kind: "search", count: 2 },
        { name: "GPTBot", kind: "ai_crawler", count: 1 },
        { name: "Nobody", kind: "other", count: 1 },
      ],
      dropped: [{ reason: "robot", count: 4 }, { reason: "opted_out", count: 1 }],
      fields: [{ notice: "props_cut", count: 1 }],
    });
    const week = (await get("bots", "&period=7d&limit=1")).json;
    deepEqual(week.robots, [{ name: "Googlebot", kind: "search", count: 2 }]);
    deepEqual(week.dropped[0], { reason: "robot", count: 5 });
    const empty = "&start_date=2024-01-15&end_date=2024-01-15";
    deepEqual((await get("bots", empty)).json.dropped, []);
    equal((await get("bots", "&period=fortnight")).status, 400);
    counts.count({ site_id, reason: "opted_out" });
    deepEqual((await get("bots", "&period=day")).json.dropped[1]?.count, 2);
  });
  store.close();
});
