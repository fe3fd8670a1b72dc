import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert";
import { botRoutes } from "../../../src/api/stats/bots.ts";
import { Drops } from "../../../src/ingest/drops.ts";
import { STANDARD_SETTINGS } from "../../../src/query/parse.ts";
import { openDropStore } from "../../support/drops.ts";
import { FakeClock } from "../../support/fake_system.ts";
import { callRoute } from "../../support/routes.ts";

Deno.test("botRoutes() tell robots by name and kind, and other reasons, of a period", async () => {
  const store = await openDropStore();
  const clock = new FakeClock(Date.UTC(2024, 0, 10, 12));
  const drops = new Drops(store, clock, () => true);
  const site_id = "example.com";
  drops.count({ site_id, reason: "robot", name: "Old" });
  clock.advance(5 * 86_400_000);
  for (const name of ["GPTBot", "Googlebot", "Googlebot", "Nobody"]) {
    drops.count({ site_id, reason: "robot", name });
  }
  drops.count({ site_id, reason: "opted_out" });
  drops.count({ site_id: "other.example", reason: "opted_out" });
  const settings = () => Promise.resolve(STANDARD_SETTINGS);
  const routes = botRoutes(store, () => drops.flush(), settings, clock);
  const ask = (query: string) => callRoute(routes, `/api/stats/bots?${query}`);
  const { status, json } = await ask("site_id=example.com&period=day");
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
  });
  const week = (await ask("site_id=example.com&period=7d&limit=1")).json;
  deepEqual(week.robots, [{ name: "Googlebot", kind: "search", count: 2 }]);
  deepEqual(week.dropped[0], { reason: "robot", count: 5 });
  const empty = "site_id=example.com&start_date=2024-01-15&end_date=2024-01-15";
  deepEqual((await ask(empty)).json.dropped, []);
  equal((await ask("period=day")).status, 400);
  equal((await ask("site_id=example.com&period=fortnight")).status, 400);
  store.close();
});
