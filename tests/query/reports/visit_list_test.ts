import assert from "node:assert/strict";
import { customEvent, pageview } from "../../support/events.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

const at = (time: string) => `2024-03-10T${time}`;
const EVENTS = [
  pageview({ at: at("09:00:00"), visitor: "secret-1", page: "/", country_code: "DE" }),
  pageview({ at: at("09:00:20"), visitor: "secret-1", page: "/a", country_code: "DE" }),
  customEvent({ at: at("09:01:00"), visitor: "secret-1", page: "/a", country_code: "DE" }),
  pageview({ at: at("10:00:00"), visitor: "secret-2", page: "/b", referrer_source: "Google" }),
  pageview({ at: at("12:00:00"), visitor: "secret-1", page: "/c", country_code: "DE" }),
];
const OPEN = { listsVisits: () => true };

Deno.test("VISITS lists visits, newest first, without a visitor's id", async () => {
  await withQuestions({ events: EVENTS, options: OPEN }, async ({ get }) => {
    const { json, text } = await get("visits");
    assert.doesNotMatch(text, /secret/);
    assert.equal(json.total, 3);
    assert.deepEqual(
      json.visits.map((visit: { started_at: string; steps: unknown[] }) => [
        visit.started_at,
        visit.steps.length,
      ]),
      [
        ["2024-03-10T12:00:00.000Z", 1],
        ["2024-03-10T10:00:00.000Z", 1],
        ["2024-03-10T09:00:00.000Z", 3],
      ],
    );
    assert.equal(json.visits[1].source, "Google");
    assert.deepEqual(json.visits[2].steps, [
      { at: "2024-03-10T09:00:00.000Z", kind: "page", name: "/", page: "/" },
      { at: "2024-03-10T09:00:20.000Z", kind: "page", name: "/a", page: "/a" },
      { at: "2024-03-10T09:01:00.000Z", kind: "event", name: "signup", page: "/a" },
    ]);
    assert.equal(json.visits[2].duration_secs, 60);
    const second = (await get("visits", "&limit=1&offset=1")).json;
    assert.deepEqual([second.total, second.visits[0].steps[0].name], [3, "/b"]);
    assert.deepEqual((await get("visits", "&offset=9")).json, { visits: [], total: 3 });
    const german = (await get("visits", "&filters=is(country,DE)")).json;
    assert.equal(german.total, 2);
  });
});

Deno.test("VISITS takes a choice between what visits and what events are", async () => {
  await withQuestions({ events: EVENTS, options: OPEN }, async ({ get }) => {
    const listed = async (filters: string) => {
      const { status, json } = await get("visits", `&filters=${filters}`);
      assert.equal(status, 200);
      assert.equal(json.total, json.visits.length);
      return json.visits.map((visit: { steps: { name: string }[]; duration_secs: number }) => [
        visit.steps[0]?.name,
        visit.duration_secs,
      ]);
    };
    assert.deepEqual(await listed("or(is(source,Google),is(page,/a))"), [["/b", 0], ["/", 60]]);
    assert.deepEqual(await listed("or(is(source,Bing),is(page,/c))"), [["/c", 0]]);
    assert.deepEqual(await listed("or(is(source,Bing),is(page,/nowhere))"), []);
  });
});

Deno.test("VISITS refuses where the owner has not switched it on", async () => {
  await withQuestions({ events: EVENTS }, async ({ get }) => {
    const { status, json } = await get("visits");
    assert.equal(status, 403);
    assert.match(json.error, /visit_list/);
  });
});

Deno.test("VISITS is empty without events", async () => {
  await withQuestions({ events: [], options: OPEN }, async ({ get }) => {
    assert.deepEqual((await get("visits")).json, { visits: [], total: 0 });
    const empty = "&start_date=2024-03-01&end_date=2024-03-01";
    assert.deepEqual((await get("visits", empty)).json, { visits: [], total: 0 });
  });
});
