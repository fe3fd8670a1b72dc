import assert from "node:assert/strict";
import { KnownAnswers } from "../../../src/query/budget/known_answers.ts";
import { type Query, queryOf } from "../../../src/query/query.ts";
import { Params } from "../../../src/query/params.ts";
import { REPORTS } from "../../../src/query/reports/reports.ts";
import { pageview } from "../../support/events.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { withQuestions } from "../../support/numbers/questions.ts";

const SCOPE = {
  site: "example.com",
  nowUs: 5,
  range: { fromUs: 0, toUs: 9, dates: null },
  zone: "UTC",
  weekStart: 1 as const,
  gapUs: 3,
  filter: null,
  goals: [],
};
const query = (what: Partial<Query>) =>
  queryOf(SCOPE, { metrics: ["visitors", "events"], ...what });
const BY_DAY = query({ dimensions: ["day"] });
const ROWS = {
  rows: [{ keys: [1], values: { visitors: 2, events: 3 } }, {
    keys: [2],
    values: { visitors: 4, events: 5 },
  }],
  total: 2,
};

Deno.test("KnownAnswers answers the same question and those about fewer of its metrics", () => {
  const known = new KnownAnswers(fakeSystem().clock, { ttlMs: 1000 });
  known.keep(["v1"], BY_DAY, ROWS);
  const find = (what: Partial<Query>, about = "v1") =>
    known.find([about], query({ dimensions: ["day"], ...what }));
  assert.deepEqual(find({}), ROWS);
  assert.deepEqual(find({ metrics: ["events"], order: [{ by: "day", direction: "asc" }] }), {
    rows: [{ keys: [1], values: { events: 3 } }, { keys: [2], values: { events: 5 } }],
    total: 2,
  });
  const others: Partial<Query>[] = [
    { metrics: ["visitors", "pageviews"] },
    // Buckets without an event can have visits, and those without a visit events.
    { metrics: ["visits"] },
    { metrics: ["total_revenue"] },
    { dimensions: ["week"] },
    { dimensions: [] },
    { limit: 1 },
    { offset: 1 },
    { order: [{ by: "events", direction: "desc" }] },
    { order: [{ by: "day", direction: "desc" }] },
    { range: { fromUs: 0, toUs: 8, dates: null } },
    { gapUs: 4 },
    { filter: { op: "is", dimension: "page", values: ["/"] } },
  ];
  for (const what of others) assert.equal(find(what), null, JSON.stringify(what));
  assert.equal(find({}, "v2"), null);
});

Deno.test("KnownAnswers keeps no answer that is a part, long, old or of texts", () => {
  const { clock } = fakeSystem();
  const known = new KnownAnswers(clock, { ttlMs: 1000 });
  const isKept = (what: Partial<Query>, answer = ROWS) => {
    known.keep([], query(what), answer);
    return known.find([], query(what)) !== null;
  };
  assert.equal(isKept({ dimensions: ["day"] }), true);
  clock.advance(1001);
  assert.equal(known.find([], BY_DAY), null);
  assert.equal(isKept({ dimensions: ["hour"] }, { ...ROWS, total: 3 }), false);
  const rows = Array.from(
    { length: 401 },
    (_, day) => ({ keys: [day], values: ROWS.rows[0]!.values }),
  );
  assert.equal(isKept({ dimensions: ["month"] }, { rows, total: 401 }), false);
  assert.equal(isKept({ dimensions: ["page"] }), false);
  assert.equal(isKept({ dimensions: ["day", "page"] }), false);
  assert.equal(isKept({ metrics: ["percentage"] }), false);
  known.keep([], BY_DAY, ROWS);
  known.clear();
  assert.equal(known.find([], BY_DAY), null);
  const none = new KnownAnswers(clock, { ttlMs: 0 });
  none.keep([], BY_DAY, ROWS);
  assert.equal(none.find([], BY_DAY), null);
});

Deno.test("KnownAnswers keeps so many characters, the last, and no answer within another", () => {
  const known = new KnownAnswers(fakeSystem().clock, { ttlMs: 1000, charsMax: 2000 });
  const days = Array.from(
    { length: 9 },
    (_, day) => query({ range: { fromUs: 0, toUs: day, dates: null } }),
  );
  for (const day of days) known.keep([], day, { ...ROWS, rows: ROWS.rows.slice(1), total: 1 });
  const kept = days.map((day) => known.find([], day) !== null);
  const count = kept.filter((one) => one).length;
  assert.ok(count > 1 && count < days.length, String(count));
  assert.deepEqual(kept, days.map((_, day) => day >= days.length - count));
  const long = new KnownAnswers(fakeSystem().clock, { ttlMs: 1000 });
  const wide = query({ dimensions: ["day"], metrics: ["visitors", "events"] });
  const wider = query({ dimensions: ["day"], metrics: ["events", "pageviews"] });
  long.keep([], wider, ROWS);
  for (let turn = 0; turn < 5; turn++) long.keep([], wide, ROWS);
  assert.notEqual(long.find([], wider), null);
});

Deno.test("Reports of one view are told of the same data once, until it changes", async () => {
  const events = ["a", "b", "c"].map((visitor, at) =>
    pageview({ at: `2024-03-10T1${at}:00`, visitor })
  );
  // Nothing is asked about a range without events.
  events.push(pageview({ at: "2024-01-20T10:00", visitor: "earlier" }));
  await withQuestions({ events, coldShare: 0 }, async ({ runner, test }) => {
    let statements = 0;
    const { db } = test;
    const own = db.query;
    db.query = (statement, limits) => {
      // Others look for the first event.
      if (statement.text.includes("merged")) statements++;
      return own.call(db, statement, limits);
    };
    const text = "site_id=example.com&period=30d&compare=previous_period";
    const params = (more: string) => new Params(new URLSearchParams(text + more));
    const metrics = "&metrics=visitors,visits,pageviews";
    const ask = async (name: "query" | "changes", more: string) => {
      const before = statements;
      const answer = await runner.answer(name, REPORTS[name], "example.com", params(more));
      return { answer, asked: statements - before };
    };
    const alone = await ask("changes", metrics);
    await test.journal.append([pageview({ at: "2024-03-10T15:00", visitor: "d" })]);
    await ask("query", metrics);
    const first = await ask("query", `${metrics},total_revenue&dimensions=time`);
    const again = await ask("changes", metrics);
    assert.deepEqual([first.asked, again.asked], [2, 0]);
    runner.forget();
    const fresh = await ask("changes", metrics);
    assert.equal(fresh.asked, 4);
    assert.deepEqual(again.answer, fresh.answer);
    assert.notDeepEqual(again.answer, alone.answer);
    db.query = own;
  });
});
