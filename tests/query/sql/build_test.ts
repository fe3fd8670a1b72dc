// Random questions over random events against the brute force of tests/support/numbers/brute.ts.
// More seeds: MALLARD_TEST_SEEDS=first-last.
import assert from "node:assert/strict";
import { inLanes } from "../../../scripts/lib.ts";
import { type Answer, answerOf } from "../../../src/query/answer.ts";
import { buildQuery } from "../../../src/query/sql/build.ts";
import { planOf } from "../../../src/query/sql/plan.ts";
import type { Query } from "../../../src/query/query.ts";
import { bruteRows, type Rank } from "../../support/numbers/brute.ts";
import { openTestReader, type TestReader } from "../../support/events.ts";
import { Draw, randomEventsOf, randomQuery } from "../../support/numbers/random_questions.ts";
import { readRank } from "../../support/numbers/rank.ts";

const [FIRST = 1, LAST = 4] = (Deno.env.get("MALLARD_TEST_SEEDS") ?? "").split("-").filter(Boolean)
  .map(Number);
const QUESTIONS = 60;

/** Questions that DuckDB answers while the brute force works on the next ones. */
const LANES = 3;

async function ask(test: TestReader, query: Query): Promise<Answer> {
  const plan = planOf(query);
  const rows = await test.reader.queryOf(query.site, plan.span, ({ events, engagements }) => {
    const of = engagements ?? undefined;
    return buildQuery({ ...query, engagements: of }, plan, events);
  });
  return answerOf(query, rows);
}

let rankRead: Promise<Rank> | undefined;

for (let seed = FIRST; seed <= LAST; seed++) {
  Deno.test(`buildQuery() equals the brute force on random questions, seed ${seed}`, async () => {
    const rank = await (rankRead ??= readRank());
    const events = randomEventsOf(seed, 150, rank);
    const test = await openTestReader(events, { coldShare: [0, 0.5, 1][seed % 3] ?? 0 });
    try {
      const draw = new Draw(seed + 1000);
      const queries = Array.from({ length: QUESTIONS }, () => randomQuery(draw, events));
      await inLanes([...queries.entries()], LANES, async ([number, query]) => {
        const asked = ask(test, query);
        const expected = bruteRows(query, events, rank);
        const answer = await asked;
        const shown = expected.slice(query.offset, query.offset + query.limit);
        const note = `seed ${seed} question ${number}: ${JSON.stringify(query)}`;
        assert.deepEqual(answer.rows, shown, note);
        if (shown.length > 0) assert.equal(answer.total, expected.length, note);
      });
    } finally {
      await test.close();
    }
  });
}
