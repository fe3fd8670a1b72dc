// Random questions over random events against the brute force of tests/support/numbers/brute.ts.
// More seeds: MALLARD_TEST_SEEDS=first-last.
import assert from "node:assert/strict";
import { sql } from "../../../src/core/sql.ts";
import { type Answer, answerOf } from "../../../src/query/answer.ts";
import { buildQuery } from "../../../src/query/sql/build.ts";
import { planOf } from "../../../src/query/sql/plan.ts";
import type { Query } from "../../../src/query/query.ts";
import { bruteRows, type Rank } from "../../support/numbers/brute.ts";
import { openTestReader, type TestReader } from "../../support/events.ts";
import {
  Draw,
  NAMES,
  PAGES,
  randomEventsOf,
  randomQuery,
} from "../../support/numbers/random_questions.ts";

const [FIRST = 1, LAST = 4] = (Deno.env.get("MALLARD_TEST_SEEDS") ?? "").split("-").filter(Boolean)
  .map(Number);
const QUESTIONS = 60;

/** DuckDB's own order of events of one microsecond. */
async function rankOf(test: TestReader): Promise<Rank> {
  const rows = await test.db.query(
    sql`select name, page, (hash(name, page) & 2047)::integer as rank
      from (select unnest(${NAMES}) as name), (select unnest(${PAGES}) as page)`,
  );
  const ranks = new Map(rows.map((row) => [`${row["name"]} ${row["page"]}`, Number(row["rank"])]));
  return (event) => ranks.get(`${event.event_name} ${event.pathname}`) ?? 0;
}

async function ask(test: TestReader, query: Query): Promise<Answer> {
  const plan = planOf(query);
  const rows = await test.reader.query(
    query.site,
    plan.span,
    (events) => buildQuery(query, plan, events),
  );
  return answerOf(query, rows);
}

for (let seed = FIRST; seed <= LAST; seed++) {
  Deno.test(`buildQuery() equals the brute force on random questions, seed ${seed}`, async () => {
    const empty = await openTestReader([]);
    const rank = await rankOf(empty);
    await empty.close();
    const events = randomEventsOf(seed, 150, rank);
    const test = await openTestReader(events, { coldShare: [0, 0.5, 1][seed % 3] ?? 0 });
    try {
      const draw = new Draw(seed + 1000);
      for (let number = 0; number < QUESTIONS; number++) {
        const query = randomQuery(draw, events);
        const expected = bruteRows(query, events, rank);
        const answer = await ask(test, query);
        const shown = expected.slice(query.offset, query.offset + query.limit);
        const note = `seed ${seed} question ${number}: ${JSON.stringify(query)}`;
        assert.deepEqual(answer.rows, shown, note);
        if (shown.length > 0) assert.equal(answer.total, expected.length, note);
      }
    } finally {
      await test.close();
    }
  });
}
