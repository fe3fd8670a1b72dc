import assert from "node:assert/strict";
import { ENGINES } from "../../../src/query/engine/choose.ts";
import { bruteVisits, byVisitor, randomEvents } from "../../support/numbers/behavioral_brute.ts";
import { TEST_SEEDS } from "../../support/numbers/behavioral_db.ts";
import { customEvent, pageview } from "../../support/events.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const GAP = 30 * MINUTE;

const at = (time: string) => `2024-03-10T${time}`;
const EVENTS = [
  pageview({ at: at("09:00:00"), visitor: "ann", page: "/" }),
  pageview({ at: at("09:00:20"), visitor: "ann", page: "/a" }),
  customEvent({ at: at("09:01:00"), visitor: "ann", page: "/a" }),
  pageview({ at: at("10:00:00"), visitor: "bob", page: "/a" }),
  customEvent({ at: at("11:00:00"), visitor: "cid" }),
];

Deno.test("SESSIONS gives three numbers and, in detail, how they are spread", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    assert.deepEqual((await get("sessions")).json, {
      total_sessions: 3,
      avg_session_duration_secs: 20,
      avg_pages_per_session: 1,
    });
    const { json } = await get("sessions", "&detail=true");
    assert.equal(json.median_duration_secs, 0);
    assert.equal(json.p90_duration_secs, 48);
    assert.equal(json.median_pages, 1);
    assert.deepEqual(
      json.durations.filter((one: { visits: number }) => one.visits > 0),
      [{ from: 0, to: 10, visits: 2 }, { from: 60, to: 180, visits: 1 }],
    );
    assert.deepEqual(
      json.pages.map((one: { visits: number }) => one.visits),
      [1, 1, 1, 0, 0, 0, 0, 0, 0],
    );
    assert.deepEqual(json.entries.slice(1), [
      { page: "/", visits: 1, bounces: 0 },
      { page: "/a", visits: 1, bounces: 1 },
    ]);
    assert.deepEqual(json.exits[0], { page: "/a", visits: 2 });
  });
});

Deno.test("SESSIONS in detail takes a choice between what visits and what events are", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const filters = "or(is(entry_page,/nowhere),is(name,signup))";
    const { status, json } = await get("sessions", `&detail=true&filters=${filters}`);
    assert.equal(status, 200);
    assert.equal(json.total_sessions, 2);
    assert.deepEqual(
      json.durations.filter((one: { visits: number }) => one.visits > 0),
      [{ from: 0, to: 10, visits: 1 }, { from: 60, to: 180, visits: 1 }],
    );
    assert.deepEqual(json.entries.at(-1), { page: "/", visits: 1, bounces: 0 });
  });
});

Deno.test("SESSIONS answers zeros without events and where behavioral is off", async () => {
  const zeros = {
    total_sessions: 0,
    avg_session_duration_secs: 0,
    avg_pages_per_session: 0,
  };
  await withQuestions({ events: [] }, async ({ get }) => {
    assert.deepEqual((await get("sessions")).json, zeros);
    assert.deepEqual((await get("sessions", "&detail=true")).json.entries, []);
  });
  await withQuestions({ events: EVENTS, options: { engine: ENGINES.off } }, async ({ get }) => {
    assert.deepEqual((await get("sessions")).json, zeros);
  });
});

for (const seed of TEST_SEEDS) {
  Deno.test(`SESSIONS in detail equals the brute force, seed ${seed}`, async () => {
    const from = Date.UTC(2024, 2, 9) * 1000;
    const events = randomEvents({
      seed: seed + 800,
      visitors: 2000,
      eventsMax: 14,
      fromUs: from - 3 * HOUR,
      spanUs: 27 * HOUR,
      gapsUs: [1, 9_999_999, 10_000_000, MINUTE, GAP, GAP + 1, HOUR],
      ties: 0,
    });
    const visits = [...byVisitor(events).values()].flatMap((own) => bruteVisits(own, GAP))
      .filter(([first]) =>
        first !== undefined && first.timestamp >= from && first.timestamp < from + 24 * HOUR
      );
    const secs = visits.map((visit) =>
      Math.floor(((visit.at(-1)?.timestamp ?? 0) - (visit[0]?.timestamp ?? 0)) / 1e6)
    );
    const views = visits.map((visit) => visit.filter((one) => one.event_name === "pageview"));
    await withQuestions({ events }, async ({ get }) => {
      const query = "&detail=true&start_date=2024-03-09&end_date=2024-03-10&limit=1000";
      const { json } = await get("sessions", query);
      assert.equal(json.total_sessions, visits.length);
      const within = (values: readonly number[], spread: { from: number; to: number | null }) =>
        values.filter((value) => value >= spread.from && value < (spread.to ?? Infinity)).length;
      for (const spread of json.durations) assert.equal(spread.visits, within(secs, spread));
      const lengths = views.map((one) => one.length);
      for (const spread of json.pages) assert.equal(spread.visits, within(lengths, spread));
      for (const { page, visits: counted, bounces } of json.entries) {
        const here = visits.filter((_, index) => views[index]?.[0]?.pathname === page);
        if (page.startsWith("/")) {
          assert.deepEqual([counted, bounces], [
            here.length,
            here.filter((visit) => visit.length === 1).length,
          ]);
        }
      }
    });
  });
}
